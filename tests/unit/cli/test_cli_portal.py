"""`pbx link`, `pbx cdr`, and where the portal is to listen: what they print, and with which exit code."""

import json
from pathlib import Path

import pytest
import trio

from pbx.cli.main import main
from pbx.cli.trouble import Trouble
from pbx.cli.web_address import web_address
from pbx.config.server import Web
from pbx.store.sqlite import SqliteStore
from pbx.tenants.scope import TenantScope
from pbx.web.auth.tokens import hash_of
from tests.support.data_folder import DEMO, data_folder
from tests.support.sample_cdr import sample_cdr

SCOPE = TenantScope("demo")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("PBX_DATA", str(tmp_path / "data"))
    return data_folder(tmp_path / "data", demo=DEMO, herons='domains = ["herons.example"]\n')


# -- link --------------------------------------------------------------------------------------------------------------


def test_a_link_is_for_admin_of_the_default_tenant_and_is_kept_as_a_hash(folder, capsys):
    assert main(["link"]) == 0
    url, token = capsys.readouterr().out.strip().split("#")
    assert url == "http://127.0.0.1:8080/sign-in"
    assert token.startswith("demo.")
    content = b"".join(path.read_bytes() for path in folder.glob("store.sqlite*"))
    assert hash_of(token).encode() in content
    assert token.encode() not in content


def test_a_link_is_to_where_the_portal_runs(folder, capsys):
    (folder / "web.url").write_text("http://127.0.0.1:4711\n")
    assert main(["link", "--tenant", "herons", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["link"].startswith("http://127.0.0.1:4711/sign-in#herons.")
    assert said["good_for_s"] == 900


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["--user", "eve"], "no user 'eve'"), (["--tenant", "heron"], "did you mean 'herons'?")],
)
def test_a_link_for_nobody_is_refused_with_what_would_do(folder, capsys, arguments, said):
    assert main(["link", *arguments]) == 2
    assert said in capsys.readouterr().err


# -- cdr ---------------------------------------------------------------------------------------------------------------


def keep(folder: Path, *cdrs: object) -> None:
    with SqliteStore(folder / "store.sqlite", inline=True) as store:
        trio.run(store.add_cdrs, SCOPE, cdrs)


def test_calls_that_are_over_are_shown_the_newest_first(folder, capsys):
    keep(folder, *(sample_cdr(f"call-{n}", scope=SCOPE, started_at=1_800_000_000.0 + n) for n in range(3)))
    assert main(["cdr", "--json", "--limit", "2"]) == 0
    assert [json.loads(line)["id"] for line in capsys.readouterr().out.splitlines()] == ["call-2", "call-1"]
    assert main(["cdr"]) == 0
    table = capsys.readouterr().out
    assert "2027-01-15 08:00:02" in table, "in the tenant's time zone"
    assert "answered" in table


def test_where_no_server_ever_ran_there_are_none_and_none_are_made(folder, capsys):
    assert main(["cdr", "--json"]) == 0
    assert capsys.readouterr().out == ""
    assert not (folder / "store.sqlite").exists()


def test_calls_of_another_tenant_are_not_among_them(folder, capsys):
    keep(folder, sample_cdr("ours", scope=SCOPE))
    assert main(["cdr", "--json", "--tenant", "herons"]) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("limit", ["0", "1001"])
def test_a_limit_that_cannot_be_is_misuse(folder, capsys, limit):
    assert main(["cdr", "--limit", limit]) == 2
    assert "from 1 to 1000" in capsys.readouterr().err


# -- --web -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "address"),
    [
        (None, ("127.0.0.1", 8080)),
        ("off", None),
        ("127.0.0.1:0", ("127.0.0.1", 0)),
        ("localhost:9000", ("localhost", 9000)),
        ("[::1]:9000", ("::1", 9000)),
    ],
)
def test_the_portal_listens_where_it_is_told(option, address):
    assert web_address(option, Web()) == address


@pytest.mark.parametrize("option", ["8080", "127.0.0.1:", "127.0.0.1:99999", ":80", "a b:80", "127.0.0.1:x"])
def test_an_address_that_is_none_is_named(option):
    with pytest.raises(Trouble, match="no address"):
        web_address(option, Web())


def test_an_address_that_others_can_reach_has_to_be_allowed():
    with pytest.raises(Trouble, match="unencrypted"):
        web_address("0.0.0.0:8080", Web())
    assert web_address("0.0.0.0:8080", Web(allow_plain_http=True)) == ("0.0.0.0", 8080)
