"""Imports point down. The table says what each package may import besides the standard library and msgspec.

The longest name that fits a module decides. Imports inside functions and under TYPE_CHECKING count as any other.
"""

import ast
import json
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]

RECORDS = {"pbx.tenants", "pbx.events", "pbx.cdr.cdr", "pbx.routing.plan"}  # values that pure packages hand each other
LIVE = {"trio", "structlog"}  # what may wait and may log; a core does neither
INTERFACES = {"pbx.store.interface", "pbx.store.accounts", "pbx.bus.interface", "pbx.blobs.interface"}

ALLOWED: dict[str, set[str]] = {
    # What other projects import.
    "mediacore": {"numpy"},
    "mediacore.sdp": set(),
    "mediacore.trio": {"mediacore", "trio", "outcome", "numpy"},
    "pbx": set(),
    # Pure: bytes, values and `now` in; values out.
    "pbx.sip": set(),
    "pbx.routing": RECORDS | {"phonenumbers", "holidays"},
    "pbx.cdr": RECORDS,
    "pbx.events": RECORDS,
    "pbx.tenants": RECORDS,
    "pbx.prompts": RECORDS,
    # The seams: interfaces, then each backend with its library.
    "pbx.store": RECORDS | LIVE | {"sqlalchemy", "alembic", "anyio"},
    "pbx.store.interface": RECORDS,
    "pbx.store.accounts": RECORDS,
    "pbx.bus": RECORDS | LIVE | {"anyio"},
    "pbx.bus.interface": RECORDS,
    "pbx.blobs": RECORDS | LIVE | {"anyio"},
    "pbx.blobs.interface": RECORDS,
    "pbx.spool": RECORDS | INTERFACES | LIVE | {"pbx.registrar.binding"},
    "pbx.media": set(),
    "pbx.media.fake": {"pbx.media", "trio"},
    "pbx.media.native": LIVE | {"pbx.media", "mediacore"},
    # The edges, and what stands on them.
    "pbx.transport": LIVE | {"pbx.sip"},
    "pbx.security": RECORDS | {"pbx.sip"},
    "pbx.security.pin": {"argon2"},
    "pbx.observe": RECORDS | {"pbx.sip", "structlog"},
    "pbx.config": RECORDS | {"pbx.sip", "pbx.routing", "pbx.security.pin"},
    "pbx.registrar": RECORDS | INTERFACES | LIVE | {"pbx.sip", "pbx.transport", "pbx.spool", "pbx.security"},
    "pbx.trunks": RECORDS | INTERFACES | LIVE | {"pbx.sip", "pbx.transport", "pbx.spool", "pbx.security"},
    "pbx.call": RECORDS
    | INTERFACES
    | LIVE
    | {"pbx.sip", "pbx.transport", "pbx.routing", "pbx.registrar", "pbx.trunks", "pbx.media", "pbx.cdr", "pbx.spool"}
    | {"pbx.security", "pbx.prompts", "mediacore.sdp"},
    "pbx.apps": set(),
    # Each application: not another one, not sip.
    "pbx.apps.*": RECORDS
    | INTERFACES
    | LIVE
    | {"pbx.call", "pbx.media", "pbx.prompts", "pbx.routing.time_zone"}
    | {"pbx.security.pin_guard"},
    "pbx.front": RECORDS | LIVE | {"pbx.sip", "pbx.transport", "pbx.registrar", "pbx.security", "pbx.call"},
    "pbx.testphone": {"pbx.sip", "pbx.transport", "mediacore", "numpy", "trio"},
    # The web process: no SIP, no media, no trio; what it opens of this machine, only at its root.
    "pbx.web": RECORDS
    | INTERFACES
    | {"pbx.config", "pbx.routing", "anyio", "fastapi", "starlette", "pydantic", "argon2", "structlog"},
    "pbx.web.server": {"pbx.web", "pbx.config", "pbx.store", "pbx.bus", "pbx.blobs", "anyio", "uvicorn", "structlog"},
    "pbx.web.connection": {"uvicorn"},
    "pbx.web.__main__": {"pbx.web", "pbx.config", "pbx.observe", "anyio"},
    # What people start.
    "pbx.cli": RECORDS | {"pbx.config", "pbx.routing", "cyclopts", "rich"},
    "pbx.cli.pin": {"pbx.cli", "pbx.security.pin", "cyclopts"},
    "pbx.cli.calls": RECORDS | {"pbx.config", "pbx.bus", "pbx.cli", "cyclopts", "rich", "anyio", "trio"},
    "pbx.cli.cdr": RECORDS | {"pbx.config", "pbx.routing", "pbx.store", "pbx.cli", "cyclopts", "rich", "trio"},
    "pbx.cli.portal_link": RECORDS | {"pbx.config", "pbx.store", "pbx.web.auth.sign_in_link"},
    "pbx.cli.link": {"pbx.config", "pbx.routing", "pbx.store.interface", "pbx.web.auth.sign_in_link", "pbx.cli"}
    | {"cyclopts", "trio"},
    "pbx.cli.doctor": RECORDS | {"pbx.config", "pbx.doctor", "pbx.cli", "cyclopts", "rich"},
    "pbx.doctor": {"pbx.config.server"},  # facts and judgement; looking is the next row's
    "pbx.doctor.gather": {"pbx", "mediacore", "trio"},
    "pbx.cli.demo": LIVE | {"pbx", "cyclopts", "rich"},
    "pbx.cli.load": LIVE | {"pbx", "cyclopts", "rich"},
    "pbx.cli.serve": LIVE | {"pbx", "cyclopts", "rich"},
    "pbx.cli.stop": LIVE,
    "pbx.server": LIVE | {"pbx", "mediacore"},
    "pbx.self_test": LIVE | {"pbx"},
    "pbx.garbage": set(),
    "pbx.machine": LIVE | {"pbx"},
    "pbx.site": LIVE | {"pbx"},
    "pbx.control": LIVE | {"pbx"},
    "pbx.announcer": LIVE | {"pbx"},
    "pbx.liveness": {"trio"},
    "pbx.supervise": LIVE | {"pbx.sip", "pbx.liveness"},
}

# A core's absence of these is what makes a 32-second timer testable in no time.
NO_IO = {"asyncio", "multiprocessing", "select", "selectors", "socket", "sqlite3", "subprocess", "threading", "time"}
SANS_IO = ["mediacore.sdp", "pbx.sip", "pbx.routing", "pbx.cdr", "pbx.events", "pbx.tenants"]

# Crates: what of ours each may depend on. The first two also refuse whatever brings sockets, threads or clocks.
CRATES = {
    "mediacore-rtp": set(),
    "mediacore-audio": set(),
    "mediacore-sim": {"mediacore-rtp", "mediacore-audio", "mediacore-engine"},
    "mediacore-engine": {"mediacore-rtp", "mediacore-audio"},
    "mediacore-py": {"mediacore-engine"},
    "mediacore-fuzz": {"mediacore-rtp", "mediacore-audio", "mediacore-engine", "mediacore-sim"},
    "mediacore-bench": {"mediacore-rtp", "mediacore-audio"},  # measures media paths; nothing depends on it
}
PURE_CRATES = {"mediacore-rtp", "mediacore-audio"}
PURE_CRATES_MAY_USE = {
    "rtcp-types",
    *("aes", "aes-gcm", "sha1", "subtle", "zeroize"),  # SRTP's primitives: bytes in, bytes out
    *("claxon", "opusic-sys"),  # FLAC; libopus, which opens no file and starts no thread
    *("symphonia-bundle-mp3", "symphonia-core"),  # MP3 out of octets that it is given
}


def imports(path: Path, module: str) -> Iterator[str]:
    """Every name that the file imports, in full: `from trio import Event` is `trio.Event`."""
    package = module if path.name.startswith("__init__.") else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_bytes(), filename=str(path))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package.split(".")[: len(package.split(".")) - node.level + 1]) if node.level else ""
            prefix = ".".join(part for part in (base, node.module) if part)
            yield from (f"{prefix}.{alias.name}" for alias in node.names)


def within(name: str, packages: Iterable[str]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def row_of(module: str) -> tuple[str, set[str]] | None:
    """The package that decides for `module`, and what it may import; `pbx` is a row for its `__init__.py` alone."""
    if module.startswith("pbx.apps."):
        return ".".join(module.split(".")[:3]), ALLOWED["pbx.apps.*"]
    rows = [row for row in ALLOWED if within(module, [row]) and (row != "pbx" or module == "pbx")]
    row = max(rows, key=len, default=None)
    return None if row is None else (row, ALLOWED[row])


def violations(folder: Path, package: str) -> Iterator[str]:
    """Every import in `folder`/`package` that the table does not allow."""
    for path in sorted((folder / package).rglob("*.py")):
        names = path.relative_to(folder).with_suffix("").parts
        module = ".".join(names[:-1] if names[-1] == "__init__" else names)
        row = row_of(module)
        if row is None:
            yield f"{module} has no row in the table"
            continue
        own_package, allowed = row
        for name in imports(path, module):
            if within(module, SANS_IO) and within(name, NO_IO):
                yield f"{module} imports {name}: no socket, clock or thread here"
            elif not within(name, allowed | {own_package, "msgspec"} | sys.stdlib_module_names):
                yield f"{module} imports {name}"


def crate_violations(packages: list[dict[str, Any]]) -> Iterator[str]:
    """Every dependency of our crates (as `cargo metadata` tells them) that CRATES does not allow."""
    for package in packages:
        crate = package["name"]
        for dependency in package["dependencies"]:
            name = dependency["name"]
            if name in CRATES and name not in CRATES.get(crate, set()):
                yield f"{crate} depends on {name}"
            elif crate in PURE_CRATES and dependency["kind"] is None and name not in PURE_CRATES_MAY_USE:
                yield f"{crate} depends on {name}: only samples and packets here"
        if crate not in CRATES:
            yield f"{crate} has no row in the table"


@pytest.mark.parametrize(("folder", "package"), [(ROOT, "pbx"), (ROOT / "mediacore" / "src", "mediacore")])
def test_imports_point_down(folder: Path, package: str) -> None:
    complaints = "\n".join(violations(folder, package))
    assert complaints == ""


def test_a_bad_file_is_complained_of(tmp_path: Path) -> None:
    bad = {
        "pbx/__init__.py": "",
        "pbx/sip/stack.py": "import socket\nfrom pbx.transport import udp\nfrom time import monotonic\nimport msgspec",
        "pbx/sip/transaction/timers.py": "from ..stack import SipStack\nfrom ...call import leg",
        "pbx/transport/udp.py": "import socket\nimport trio\nfrom pbx.sip.stack import SipStack",
        "pbx/games/__init__.py": "",
        "pbx/apps/menu/step.py": "from pbx.call.call import Call\nfrom pbx.apps import echo, menu",
        "pbx/tenants/tenant.py": "def later():\n    import requests",
        "pbx/media/fake.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from mediacore import Leg",
        "pbx/media/native.py": "from mediacore import Leg\nfrom pbx.media.interface import Media",
        "pbx/call/leg.py": "from mediacore import sdp, Engine",
    }
    for name, source in bad.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(source)
    assert list(violations(tmp_path, "pbx")) == [
        "pbx.apps.menu.step imports pbx.apps.echo",
        "pbx.call.leg imports mediacore.Engine",
        "pbx.games has no row in the table",
        "pbx.media.fake imports mediacore.Leg",
        "pbx.sip.stack imports socket: no socket, clock or thread here",
        "pbx.sip.stack imports pbx.transport.udp",
        "pbx.sip.stack imports time.monotonic: no socket, clock or thread here",
        "pbx.sip.transaction.timers imports pbx.call.leg",
        "pbx.tenants.tenant imports requests",
    ]


def test_crates_point_down() -> None:
    command = ["cargo", "metadata", "--no-deps", "--format-version=1", "--locked", "--offline"]
    told = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout
    assert list(crate_violations(json.loads(told)["packages"])) == []


@pytest.mark.parametrize("crate", sorted(PURE_CRATES))
def test_the_compiler_refuses_clocks_sockets_and_threads_in_a_pure_crate(crate: str) -> None:
    """`make lint` runs clippy, and clippy reads this; the workspace makes it an error."""
    told = tomllib.loads((ROOT / "native" / crate / "clippy.toml").read_text())["disallowed-methods"]
    paths = {entry if isinstance(entry, str) else entry["path"] for entry in told}
    wanted = {
        "std::time::Instant::now",
        "std::time::SystemTime::now",
        "std::net::UdpSocket::bind",
        "std::thread::spawn",
    }
    assert wanted <= paths


def test_a_bad_crate_is_complained_of() -> None:
    def depends_on(*names: str, kind: str | None = None) -> list[dict[str, str | None]]:
        return [{"name": name, "kind": kind} for name in names]

    packages = [
        {"name": "mediacore-rtp", "dependencies": depends_on("mediacore-audio", "tokio")},
        {"name": "mediacore-audio", "dependencies": depends_on("proptest", kind="dev")},
        {"name": "mediacore-py", "dependencies": depends_on("mediacore-engine", "mediacore-rtp", "pyo3")},
        {"name": "mediacore-video", "dependencies": []},
    ]
    assert list(crate_violations(packages)) == [
        "mediacore-rtp depends on mediacore-audio",
        "mediacore-rtp depends on tokio: only samples and packets here",
        "mediacore-py depends on mediacore-rtp",
        "mediacore-video has no row in the table",
    ]
