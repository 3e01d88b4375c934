"""requirements.lock pins what pyproject.toml asks for: a forgotten `make lock` shows here, not on a fresh machine."""

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]


def pinned() -> dict[str, str]:
    lines = re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    return {canonicalize_name(name): version for name, version in lines}


def asked_for() -> list[Requirement]:
    lines: list[str] = []
    for folder in (ROOT, ROOT / "mediacore"):
        whole = tomllib.loads((folder / "pyproject.toml").read_text())
        extras = whole["project"].get("optional-dependencies", {}).values()
        lines += whole["project"]["dependencies"] + [line for extra in extras for line in extra]
        lines += whole["build-system"]["requires"]
    return [Requirement(line) for line in lines if not line.startswith("mediacore==")]


def test_every_dependency_is_pinned_to_a_version_that_satisfies_it() -> None:
    versions = pinned()
    unmet = [str(asked) for asked in asked_for() if not asked.specifier.contains(versions.get(asked.name, "0"))]
    assert unmet == []


def test_every_pin_has_hashes_and_the_lock_names_no_index() -> None:
    text = (ROOT / "requirements.lock").read_text()
    entries = re.split(r"^(?=[A-Za-z0-9._-]+==)", text, flags=re.MULTILINE)[1:]
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []
    assert "://" not in text
