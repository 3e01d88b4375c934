"""What a server takes of its machine: said in words where it cannot be had, noted where it comes and goes."""

import os

import pytest
import trio
from structlog.testing import capture_logs

from pbx.config.server import Rtp
from pbx.machine import ALIVE_EVERY_S, Alive, CannotOpen, bind_sip, open_media
from tests.support.free_ports import free_port_range


def test_before_the_first_process_nobody_was_seen(tmp_path):
    assert Alive(tmp_path / "alive").last_seen_at() is None


async def test_a_process_notes_every_second_that_it_lives(autojump_clock, tmp_path):
    path = tmp_path / "alive"
    alive = Alive(path)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(alive.run)
        await trio.sleep(ALIVE_EVERY_S / 2)
        os.utime(path, (1000, 1000))
        assert alive.last_seen_at() == 1000
        await trio.sleep(ALIVE_EVERY_S)
        assert alive.last_seen_at() > 1000
        nursery.cancel_scope.cancel()
    assert path.stat().st_mode & 0o777 == 0o600


async def test_a_folder_that_is_gone_is_told_once_and_ends_nothing(autojump_clock, tmp_path):
    alive = Alive(tmp_path / "gone" / "alive")
    with capture_logs() as logs, trio.move_on_after(10.5 * ALIVE_EVERY_S):
        await alive.run()
    assert (alive.failures, len(logs)) == (11, 1)


def test_a_sip_port_that_is_taken_is_named():
    taken = bind_sip("127.0.0.1", 0)
    port = taken.local[1]
    with pytest.raises(CannotOpen) as error:
        bind_sip("127.0.0.1", port)
    taken.close()
    assert f"127.0.0.1:{port}" in error.value.what
    assert "in use" in error.value.what


@pytest.mark.parametrize("host", ["203.0.113.1", "no such host"])
def test_an_address_that_is_not_ours_is_said_in_words(host):
    with pytest.raises(CannotOpen) as error:
        bind_sip(host, 5060)
    assert host in error.value.what
    assert "Unknown error" not in error.value.what


def test_an_audio_address_that_is_not_ours_is_found_at_the_start():
    ports = free_port_range(8)
    with pytest.raises(CannotOpen) as error, open_media(Rtp(address="203.0.113.1", ports=(ports[0], ports[-1])), None):
        pass
    assert "203.0.113.1" in error.value.what
    assert "[rtp]" in error.value.next


def test_audio_that_can_be_had_holds_no_port_yet():
    ports = free_port_range(8)
    with open_media(Rtp(address="127.0.0.1", ports=(ports[0], ports[-1])), None) as engine:
        assert engine.legs_open() == 0
