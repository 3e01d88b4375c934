"""A peer that is missing skips its tests by name; in CI, where all are installed, it fails them."""

import re
from pathlib import Path

import pytest

from tests.support import peers
from tests.support.peers import IN_PEERS_FOLDER, PACKAGES, require

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


def test_ci_sets_up_every_peer_that_stands_in_the_peers_folder() -> None:
    assert f"bench/peers/peers.sh setup {' '.join(IN_PEERS_FOLDER)} " in (ROOT / ".ci" / "run").read_text()


def test_a_peer_that_is_not_in_the_peers_folder_skips_and_names_its_set_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PBX_PEERS", str(tmp_path / "none"))
    monkeypatch.delenv("REQUIRE_PEERS", raising=False)
    monkeypatch.setattr(peers.os, "geteuid", lambda: 0)
    with pytest.raises(pytest.skip.Exception, match=r"peers\.sh setup asterisk"):
        require("asterisk")


def test_who_is_not_root_cannot_enter_the_peers_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REQUIRE_PEERS", raising=False)
    monkeypatch.setattr(peers.os, "geteuid", lambda: 1000)
    with pytest.raises(pytest.skip.Exception, match="only root"):
        require("asterisk")
