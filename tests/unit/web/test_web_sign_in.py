"""Ways in, ways out, and what ends a session: over HTTP, with a clock of ours."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from pbx.web.auth.sign_in import AGE_MAX_S, IDLE_MAX_S
from pbx.web.auth.sign_in_link import GOOD_FOR_S, make_sign_in_link
from tests.support.web_app import DEMO, HERONS, Web, open_web, problem

PASSWORD = "correct horse battery"


@pytest.fixture
async def web(tmp_path: Path) -> AsyncIterator[Web]:
    async with open_web(tmp_path) as web:
        yield web


async def sign_in_by_password(web: Web, *, name: str = "admin", password: str = PASSWORD) -> httpx.Response:
    return await web.client.post("/api/sign-in", json={"name": name, "password": password})


async def is_signed_in(client: httpx.AsyncClient) -> bool:
    return (await client.get("/api/me")).status_code == 200


# -- links -------------------------------------------------------------------------------------------------------------


async def test_a_link_signs_its_user_in(web):
    token = await make_sign_in_link(web.store.accounts, DEMO, at=web.clock.now)
    answer = await web.client.post("/api/sign-in/link", json={"token": token})
    me = {"name": "admin", "tenant": "demo", "role": "admin", "has_password": False, "must_set_password": True}
    assert (answer.status_code, answer.json()) == (200, me)
    assert (await web.client.get("/api/me")).json() == me


async def test_the_cookie_is_for_our_pages_and_no_script(web):
    token = await make_sign_in_link(web.store.accounts, DEMO, at=web.clock.now)
    answer = await web.client.post("/api/sign-in/link", json={"token": token})
    name, *flags = answer.headers["set-cookie"].split("; ")
    assert name.startswith("pbx_session=demo.")
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(flags)


async def test_neither_the_token_of_a_link_nor_that_of_a_session_is_kept(web):
    token = await make_sign_in_link(web.store.accounts, DEMO, at=web.clock.now)
    await web.client.post("/api/sign-in/link", json={"token": token})
    (session,) = await web.store.accounts.sessions(DEMO, "admin", at=web.clock.now)
    assert session.token_hash not in (token, web.client.cookies["pbx_session"])


async def test_a_used_an_expired_and_a_made_up_link_are_gone(web):
    used, expired = [await make_sign_in_link(web.store.accounts, DEMO, at=web.clock.now) for _ in range(2)]
    await web.client.post("/api/sign-in/link", json={"token": used})
    web.clock.now += GOOD_FOR_S
    for token in (used, expired, "demo." + "x" * 43, "nobody." + "x" * 43, "", "nonsense"):
        answer = await web.client.post("/api/sign-in/link", json={"token": token})
        assert problem(answer)["status"] == 410, token


# -- passwords ---------------------------------------------------------------------------------------------------------


async def test_a_password_signs_in_where_it_was_set(web):
    await web.sign_in()
    await web.set_password(PASSWORD)
    async with web.new_client() as other:
        answer = await other.post("/api/sign-in", json={"name": "admin", "password": PASSWORD})
        assert answer.json()["must_set_password"] is False
        assert await is_signed_in(other)


async def test_a_user_of_another_tenant_says_which(web):
    await web.sign_in(HERONS)
    await web.set_password(PASSWORD)
    assert (await sign_in_by_password(web, name="admin@herons")).json()["tenant"] == "herons"
    for name in ("admin", "admin@demo", "admin@nowhere", "admin@", "admin@../x"):
        assert (await sign_in_by_password(web, name=name)).status_code == 401, name


async def test_a_wrong_password_and_a_name_that_is_nobodys_are_told_alike(web):
    await web.sign_in()
    await web.set_password(PASSWORD)
    wrong = await sign_in_by_password(web, password="something else")
    nobody = await sign_in_by_password(web, name="eve")
    assert problem(wrong) == problem(nobody)
    assert wrong.status_code == 401


async def test_a_name_that_is_nobodys_costs_a_hash_too(web, monkeypatch):
    checked = []
    is_right = web.services.sign_in.passwords.is_right

    async def noted(password: str, kept: str | None) -> bool:
        checked.append(kept)
        return await is_right(password, kept)

    monkeypatch.setattr(web.services.sign_in.passwords, "is_right", noted)
    await sign_in_by_password(web, name="eve")
    await sign_in_by_password(web, name="admin@nowhere")
    assert checked == [None, None]


@pytest.mark.parametrize(
    ("password", "why"), [("short", "at least 10"), ("a" * 20, "different"), ("ab1" * 100, "at most 256")]
)
async def test_a_weak_password_is_refused_with_the_reason(web, password, why):
    await web.sign_in()
    answer = await web.client.put("/api/me/password", json={"password": password})
    assert answer.status_code == 422
    assert why in problem(answer)["detail"]


async def test_the_current_password_is_asked_for_unless_the_session_came_by_a_link(web):
    await web.sign_in()
    await web.set_password(PASSWORD)
    for current in (None, "wrong"):
        answer = await web.client.put("/api/me/password", json={"password": "another word", "current": current})
        assert problem(answer)["status"] == 403
    answer = await web.client.put("/api/me/password", json={"password": "another word", "current": PASSWORD})
    assert answer.status_code == 204
    assert (await sign_in_by_password(web, password="another word")).status_code == 200


async def test_a_link_lets_in_who_forgot_the_password(web):
    await web.sign_in()
    await web.set_password(PASSWORD)
    await web.sign_in()
    await web.set_password("a new one, then")
    assert (await sign_in_by_password(web, password="a new one, then")).status_code == 200


async def test_half_a_character_is_a_password_like_any_other(web):
    await web.sign_in()
    body = b'{"password": "\\ud800 and the rest"}'
    answer = await web.client.put("/api/me/password", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (204, 422)


# -- too many tries ----------------------------------------------------------------------------------------------------


async def test_guessing_is_slowed_down_and_told_how_long(web):
    await web.sign_in()
    await web.set_password(PASSWORD)
    answers = [await sign_in_by_password(web, password=f"guess {n} of many") for n in range(11)]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429]
    assert 0 < int(answers[-1].headers["retry-after"]) <= 12
    assert problem(answers[-1])["detail"].startswith("too many tries")
    assert (await sign_in_by_password(web)).status_code == 429, "the right one has to wait as well"
    web.clock.now += 12
    assert (await sign_in_by_password(web)).status_code == 200


async def test_who_knows_the_password_may_sign_in_as_often_as_they_like(web):
    await web.sign_in()
    await web.set_password(PASSWORD)
    assert [(await sign_in_by_password(web)).status_code for _ in range(15)] == [200] * 15


async def test_one_source_is_slowed_down_whatever_names_it_tries(web):
    answers = [await sign_in_by_password(web, name=f"user{n}") for n in range(11)]
    assert answers[-1].status_code == 429


# -- ends --------------------------------------------------------------------------------------------------------------


async def test_signing_out_ends_the_session_and_not_only_the_cookie(web):
    await web.sign_in()
    cookie = web.client.cookies["pbx_session"]
    assert (await web.client.post("/api/sign-out")).status_code == 204
    web.client.cookies.set("pbx_session", cookie)
    assert not await is_signed_in(web.client)


async def test_a_new_password_ends_the_sessions_of_other_browsers(web):
    await web.sign_in()
    async with web.new_client() as other:
        here, web.client = web.client, other
        await web.sign_in()
        web.client = here
        assert await is_signed_in(other)
        await web.set_password(PASSWORD)
        assert not await is_signed_in(other)
    assert await is_signed_in(web.client)


async def test_a_session_that_is_not_used_ends(web):
    await web.sign_in()
    web.clock.now += IDLE_MAX_S - 1
    assert await is_signed_in(web.client)
    web.clock.now += IDLE_MAX_S - 1
    assert await is_signed_in(web.client), "it was used in between"
    web.clock.now += IDLE_MAX_S
    assert not await is_signed_in(web.client)


async def test_a_session_ends_after_a_week_however_much_it_is_used(web):
    await web.sign_in()
    start = web.clock.now
    while web.clock.now + IDLE_MAX_S / 2 < start + AGE_MAX_S:
        web.clock.now += IDLE_MAX_S / 2
        assert await is_signed_in(web.client)
    web.clock.now = start + AGE_MAX_S
    assert not await is_signed_in(web.client)


@pytest.mark.parametrize("path", ["me", "calls", "registrations", "cdrs", "cdrs/x", "voicemail", "voicemail/1/2/audio"])
async def test_nothing_is_told_to_who_is_not_signed_in(web, path):
    for cookie in ("", "demo.", "demo." + "x" * 43, "\x00", "a" * 5000):
        web.client.cookies.set("pbx_session", cookie)
        answer = await web.client.get(f"/api/{path}")
        assert problem(answer)["status"] == 401


async def test_the_live_events_too_are_for_who_is_signed_in(web):
    assert problem(await web.client.get("/api/live"))["status"] == 401
