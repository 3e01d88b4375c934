"""A peer that is missing skips its tests by name; in CI, where all are installed, it fails them."""

import re
from pathlib import Path

import pytest

from tests.support.peers import PACKAGES, require

ROOT = Path(__file__).resolve().parents[3]


def test_a_peer_on_this_machine_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sipp").write_text("#!/bin/sh\n")
    (tmp_path / "sipp").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert require("sipp") == tmp_path / "sipp"


def test_a_missing_peer_skips_and_names_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("REQUIRE_PEERS", raising=False)
    with pytest.raises(pytest.skip.Exception, match="apt-get install sip-tester"):
        require("sipp")


def test_a_missing_peer_fails_where_peers_are_required(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("REQUIRE_PEERS", "1")
    with pytest.raises(pytest.fail.Exception, match="apt-get install sip-tester"):
        require("sipp")


def test_ci_installs_every_package_that_a_skip_names() -> None:
    installed = set(re.findall(r"[a-z][a-z0-9-]+", (ROOT / ".ci" / "run").read_text()))
    assert set(PACKAGES.values()) <= installed
