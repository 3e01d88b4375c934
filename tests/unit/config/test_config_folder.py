import hashlib
import stat
import tomllib
from pathlib import Path

import pytest

from pbx.config.folder import PASSWORD_LENGTH, FolderInUse, init, new_password
from pbx.config.load import load
from pbx.config.server import Server
from pbx.routing.step import Facts, RouteState, RunApp, Start, step
from pbx.security.pin import verify_pin


def test_what_is_written_loads_without_advice(tmp_path: Path) -> None:
    made = init(tmp_path / "data")
    config = load(tmp_path / "data")
    assert config.advice == ()
    assert config.server == Server(default_tenant="demo")
    assert list(config.tenants) == [made.tenant]
    assert config.domains == {made.domain: made.tenant}
    assert {e.number: e.name for e in made.extensions} == {"101": "Ada", "102": "Grace"}


def test_the_digests_are_of_the_passwords_that_were_returned(tmp_path: Path) -> None:
    made = init(tmp_path / "data", tenant="herons", domain="Herons.example")
    tenant = load(tmp_path / "data").default_tenant
    for extension in made.extensions:
        text = f"{extension.number}:herons.example:{extension.password}".encode()
        assert tenant.ha1(extension.number, "SHA-256") == hashlib.sha256(text).hexdigest()
        assert tenant.ha1(extension.number, "MD5") == hashlib.md5(text).hexdigest()


def test_the_pins_that_were_returned_open_the_mailboxes(tmp_path: Path) -> None:
    made = init(tmp_path / "data")
    tenant = load(tmp_path / "data").default_tenant
    for extension in made.extensions:
        box = tenant.extensions[extension.number].voicemail
        assert box is not None
        assert len(extension.pin) == 6
        assert verify_pin(box.pin_hash, extension.pin)


@pytest.mark.parametrize(
    ("number", "application"), [("601", "menu"), ("602", "conference"), ("600", "echo"), ("*97", "mailbox")]
)
def test_every_number_of_the_demo_leads_to_its_application(tmp_path: Path, number: str, application: str) -> None:
    init(tmp_path / "data")
    plan = load(tmp_path / "data").default_tenant.plan
    _, action, _ = step(plan, RouteState(), Facts("101", number), Start(number))
    assert isinstance(action, RunApp)
    assert action.name == application


def test_no_password_is_written_and_only_the_owner_may_read(tmp_path: Path) -> None:
    made = init(tmp_path / "data")
    for path in made.files:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        secrets = [secret for each in made.extensions for secret in (each.password, f'"{each.pin}"')]
        assert not any(secret in path.read_text() for secret in secrets)
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700


def test_every_setting_that_is_shown_has_its_usual_value(tmp_path: Path) -> None:
    """Taking the # away from every commented setting changes nothing but the address, which has no usual value."""
    init(tmp_path / "data")
    path = tmp_path / "data/pbx.toml"
    lines = [
        line[1:] if line.startswith("#") and line[1:2] not in ("", " ") else line
        for line in path.read_text().splitlines()
    ]
    data = tomllib.loads("\n".join(lines))
    assert data.pop("advertised_address") == "203.0.113.5"
    path.write_text("\n".join(line for line in lines if not line.startswith("advertised")))
    assert load(tmp_path / "data").server == Server(default_tenant="demo")
    shown = {table: set(keys) for table, keys in data.items() if isinstance(keys, dict)}
    server = Server(default_tenant="demo")
    tables = {name: getattr(server, name) for name in ("sip", "rtp", "web", "limits", "timers", "log")}
    assert shown == {name: set(table.__struct_fields__) for name, table in tables.items()}


def test_the_example_nodes_of_the_tenants_file_work(tmp_path: Path) -> None:
    init(tmp_path / "data")
    path = tmp_path / "data/tenants/demo.toml"
    lines = path.read_text().splitlines()
    path.write_text("\n".join(line[1:] if line.startswith("#") and line[1:2] != " " else line for line in lines))
    assert set(load(tmp_path / "data").default_tenant.plan.nodes) >= {"front-desk", "sorry", "reception"}


@pytest.mark.parametrize("there", ["pbx.toml", "tenants/demo.toml"])
def test_what_exists_is_never_written_over(tmp_path: Path, there: str) -> None:
    (tmp_path / "tenants").mkdir()
    (tmp_path / there).write_text("mine")
    with pytest.raises(FolderInUse) as caught:
        init(tmp_path)
    assert caught.value.path == tmp_path / there
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == [tmp_path / there]
    assert (tmp_path / there).read_text() == "mine"


@pytest.mark.parametrize(
    ("tenant", "domain"), [("../x", None), ("", None), ("De mo", None), ("demo", 'a"]'), ("demo", "a b")]
)
def test_names_that_could_not_be_loaded_are_refused(tmp_path: Path, tenant: str, domain: str | None) -> None:
    with pytest.raises(ValueError, match=r"no tenant's name|no domain"):
        init(tmp_path / "data", tenant=tenant, domain=domain)
    assert not (tmp_path / "data").exists()


def test_passwords_are_long_and_never_the_same() -> None:
    passwords = {new_password() for _ in range(100)}
    assert len(passwords) == 100
    assert all(len(password) == PASSWORD_LENGTH for password in passwords)
