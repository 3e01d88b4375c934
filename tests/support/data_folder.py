"""A data folder for tests: a sound configuration, with whatever a test wants otherwise."""

from pathlib import Path

SERVER = 'default_tenant = "demo"\n'

DEMO = """\
domains = ["demo.example"]
time_zone = "Europe/London"

[extensions.101]
name = "Ada"
ha1.MD5 = "0123456789abcdef0123456789abcdef"

[extensions.102]
name = "Grace"
ha1.MD5 = "0123456789abcdef0123456789abcdef"
ring_s = 20

[numbers]
"1xx" = "extension"
"200" = "sales"
"600" = "echo"

[nodes.sales]
kind = "ring"
who = ["101", "102"]
ring_s = 15
busy = "sales-box"

[nodes.sales-box]
kind = "reject"
status = 480
"""


def data_folder(folder: Path, *, server: str | bytes | None = SERVER, **tenants: str | bytes) -> Path:
    """Writes `pbx.toml` (None: none) and the tenants, by default one sound `demo`; returns the folder."""
    (folder / "tenants").mkdir(parents=True)
    files = {f"tenants/{name}.toml": text for name, text in (tenants or {"demo": DEMO}).items()}
    if server is not None:
        files["pbx.toml"] = server
    for name, text in files.items():
        (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        (folder / name).chmod(0o600)
    return folder


def demo_with(old: str, new: str) -> str:
    """The sound tenant with one piece of its text replaced."""
    assert DEMO.count(old) == 1, f"{old!r} is there {DEMO.count(old)} times"
    return DEMO.replace(old, new)


def demo_and(more: str) -> str:
    """The sound tenant with something added at its end; DEMO has 27 lines."""
    return DEMO + more
