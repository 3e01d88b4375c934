"""What every request meets first: foreign names, foreign pages, large bodies; and what every answer says of itself."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

import httpx
import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from pbx.web.guard import BODY_MAX_BYTES
from tests.support.web_app import BASE, Web, open_web, problem


@pytest.fixture
async def web(tmp_path: Path) -> AsyncIterator[Web]:
    async with open_web(tmp_path) as web:
        yield web


async def sign_out(web: Web, **headers: str) -> httpx.Response:
    """A change; without a session it comes to 401 where the guard lets it pass."""
    return await web.client.post("/api/sign-out", headers=headers)


# -- names -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.0.0.1:9000",
        "localhost:8080",
        "LOCALHOST",
        "[::1]:8080",
        "[::1]",
        "192.0.2.7",
        "pbx.example:8080",
    ],
)
async def test_the_server_goes_by_its_addresses_and_its_name(web, host):
    assert (await web.client.get("/", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8080", "localhost.evil.example", "", "127.0.0.1.evil.example"]
)
async def test_a_name_that_somebody_else_let_lead_here_is_refused(web, host):
    answer = await web.client.get("/api/me", headers={"Host": host})
    assert problem(answer)["status"] == 421


# -- pages of others ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"X-Requested-With": "XMLHttpRequest"},
        {"X-Requested-With": ""},
    ],
)
async def test_a_change_that_another_page_sends_is_refused(web, headers):
    assert problem(await sign_out(web, **headers))["status"] == 403


@pytest.mark.parametrize(
    "headers", [{}, {"Origin": BASE}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}]
)
async def test_a_change_that_our_page_sends_passes(web, headers):
    assert problem(await sign_out(web, **headers))["status"] == 401


# -- sizes -------------------------------------------------------------------------------------------------------------


async def test_a_large_body_is_refused_whether_or_not_it_says_how_large(web):
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(1000):
            yield b"x" * 1024

    for content in (b"x" * (BODY_MAX_BYTES + 1), endless()):
        answer = await web.client.post("/api/sign-in", content=content)
        assert problem(answer)["status"] == 413


# -- answers -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/api/me", "/api/openapi.json", "/assets/none.js"])
async def test_every_answer_keeps_browsers_from_doing_more_than_they_should(web, path):
    headers = (await web.client.get(path)).headers
    assert "default-src 'self'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "script-src" not in headers["content-security-policy"], "scripts come from us, or not at all"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api", 404),
        ("GET", "/api/", 404),
        ("GET", "/api/none", 404),
        ("POST", "/api/none", 405),
        ("DELETE", "/api/calls", 405),
        ("POST", "/", 405),
        ("POST", "/api/sign-in", 422),
    ],
)
async def test_what_is_not_there_or_cannot_be_is_a_problem_in_words(web, method, path, status):
    answer = await web.client.request(method, path)
    assert problem(answer)["status"] == status
    assert status != 405 or answer.headers["allow"]


async def test_a_body_that_does_not_fit_is_told_what_is_wrong_with_it_and_not_what_it_said(web):
    answer = await web.client.post("/api/sign-in", json={"name": "ada", "password": ["secret-word"]})
    assert problem(answer)["detail"].startswith("password: ")
    assert "secret-word" not in answer.text


async def test_a_mistake_of_ours_is_told_without_its_trace(web):
    await web.sign_in()

    def broken(scope: object, asked: object) -> object:
        raise RuntimeError("deep inside")

    web.services.views.calls = broken
    answer = await web.client.get("/api/calls")
    assert problem(answer)["status"] == 500
    assert "deep inside" not in answer.text


# -- anything at all ---------------------------------------------------------------------------------------------------

PATHS = st.one_of(
    st.text(max_size=40).map(lambda text: f"/{text}"),
    st.text(max_size=30).map(lambda text: f"/api/{text}"),
    st.tuples(st.text(max_size=10), st.text(max_size=10)).map(lambda pair: f"/api/voicemail/{pair[0]}/{pair[1]}"),
    st.tuples(st.text(max_size=10), st.text(max_size=10)).map(lambda pair: f"/api/voicemail/{pair[0]}/{pair[1]}/audio"),
    st.text(max_size=20).map(lambda text: f"/api/cdrs?after={text}"),
    st.text(max_size=20).map(lambda text: f"/api/cdrs/{text}"),
    st.sampled_from(["/api/sign-in", "/api/sign-in/link", "/api/me/password", "/api/sign-out", "/assets/../../x"]),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "password", "token", "current", "heard"]), inner, max_size=4)
    ),
    max_leaves=8,
)
REQUESTS = st.tuples(
    st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH"]),
    PATHS.filter(lambda path: not path.startswith("/api/live")),  # that one would go on
    st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()),
    st.sampled_from(["bytes=0-", "bytes=-1", "bytes=9-3", "x"]) | st.from_regex(r"bytes=[0-9]*-[0-9]*", fullmatch=True),
)


@settings(max_examples=25, deadline=None)
@given(st.lists(REQUESTS, min_size=1, max_size=20))
def test_no_request_at_all_is_a_mistake_of_ours(requests: list[tuple[str, str, bytes, str]]) -> None:
    async def send_all() -> None:
        with TemporaryDirectory() as folder:
            async with open_web(Path(folder)) as web:
                await web.sign_in()
                for method, path, body, wanted_range in requests:
                    url = httpx.URL(BASE).copy_with(raw_path=quote(path, safe="/?=&%", errors="replace").encode())
                    headers = {"Content-Type": "application/json", "Range": wanted_range}
                    answer = await web.client.request(method, url, content=body, headers=headers)
                    assert answer.status_code < 500 or answer.status_code == 503, answer.text
                    assert "Traceback" not in answer.text

    trio.run(send_all)
