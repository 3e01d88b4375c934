"""The portal's files as they are served, and what is said where there are none."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.web_app import Web, open_web, problem


@pytest.fixture
async def web(tmp_path: Path) -> AsyncIterator[Web]:
    async with open_web(tmp_path) as web:
        yield web


@pytest.fixture
def built(tmp_path: Path) -> Path:
    static = tmp_path / "static"
    (static / "assets").mkdir(parents=True)
    (static / "index.html").write_text("<title>portal</title>")
    (static / "assets" / "index-abc123.js").write_text("export {}")
    (static / "assets" / "font-abc123.woff2").write_bytes(b"wOF2")
    (static / "favicon.svg").write_text("<svg/>")
    (tmp_path / "secret.txt").write_text("not for anybody")
    return static


async def test_where_it_was_not_built_a_page_says_how(web):
    answer = await web.client.get("/")
    assert answer.status_code == 200
    assert "make portal" in answer.text


@pytest.mark.parametrize("path", ["/", "/sign-in", "/voicemail/101", "/index.html", "/no/such.page", "/apix"])
async def test_every_path_of_the_portal_is_its_page_which_is_never_kept(web, built, path):
    answer = await web.client.get(path)
    assert (answer.status_code, answer.text) == (200, "<title>portal</title>")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(
    ("name", "kind"), [("index-abc123.js", "text/javascript"), ("font-abc123.woff2", "font/woff2")]
)
async def test_assets_are_kept_for_ever(web, built, name, kind):
    answer = await web.client.get(f"/assets/{name}")
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"].startswith(kind)


async def test_other_files_of_it_are_served_as_they_are(web, built):
    answer = await web.client.get("/favicon.svg")
    assert (answer.text, answer.headers["cache-control"]) == ("<svg/>", "no-store")


async def test_an_asset_that_is_not_there_is_no_page(web, built):
    assert problem(await web.client.get("/assets/index-old.js"))["status"] == 404


@pytest.mark.parametrize(
    "path", ["/../secret.txt", "/assets/../../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt"]
)
async def test_no_path_leads_out_of_the_folder(web, built, path):
    url = web.client.base_url.copy_with(raw_path=path.encode())
    assert "not for anybody" not in (await web.client.get(url)).text


@pytest.mark.parametrize("path", ["/%00", "/" + "x" * 5000, "/%ff"])
async def test_a_name_that_no_file_can_have_is_a_page_like_any_other(web, built, path):
    url = web.client.base_url.copy_with(raw_path=path.encode())
    assert (await web.client.get(url)).status_code == 200
