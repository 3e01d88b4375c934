"""The small parts of voicemail: how long files play, how often PINs may be wrong, what comes of recordings."""

import io
import wave
from pathlib import Path

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from pbx.apps.voicemail import incoming as incoming_module
from pbx.apps.voicemail.incoming import Incoming, NoRoom
from pbx.apps.voicemail.mailboxes import Mailboxes
from pbx.apps.voicemail.wav_length import HEADER_BYTES, wav_duration_s
from pbx.blobs.interface import BlobRefused
from pbx.blobs.local import LocalBlobs
from pbx.events.voicemail_message import Message
from pbx.tenants.scope import TenantScope
from tests.support.world import inline

SCOPE = TenantScope("acme")
BOX = "102"


def wav(samples: int, *, rate_hz: int = 8000, channels: int = 1) -> bytes:
    """Silence in a file that Python's own library wrote."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((channels, 2, rate_hz, 0, "NONE", ""))
        file.writeframes(bytes(2 * samples * channels))
    return out.getvalue()


# How long a file plays


@given(st.integers(0, 50_000), st.sampled_from([8000, 16_000, 48_000]), st.integers(1, 2))
def test_a_file_plays_as_long_as_its_samples(samples, rate_hz, channels):
    audio = wav(samples, rate_hz=rate_hz, channels=channels)
    assert wav_duration_s(audio) == pytest.approx(samples / rate_hz)


@given(st.integers(0, 4000))
def test_samples_that_the_header_does_not_tell_of_do_not_count(more):
    assert wav_duration_s(wav(8000) + bytes(more)) == 1.0


@given(st.integers(0, 16_000))
def test_samples_that_are_not_there_do_not_count(cut):
    audio = wav(8000)[: HEADER_BYTES + cut]
    assert wav_duration_s(audio) == cut / 16_000


@given(st.binary(max_size=100))
def test_what_is_no_such_file_plays_for_no_time(audio):
    assert wav_duration_s(audio) == 0.0


@given(st.binary(max_size=60), st.integers(0, HEADER_BYTES))
def test_no_header_can_make_a_file_longer_than_it_is(noise, at):
    audio = wav(100)
    assert 0 <= wav_duration_s(audio[:at] + noise + audio[at + len(noise) :]) <= len(audio) + len(noise)


# What comes of what was recorded


def draft(number: int = 1) -> Message:
    return Message(f"{number:013d}-t{number}", BOX, "101", "Ada", float(number), 0.0, False)


@pytest.fixture
def mailboxes(tmp_path) -> Mailboxes:
    return Mailboxes(LocalBlobs(tmp_path / "blobs", inline=True))


@pytest.fixture
def incoming(tmp_path, mailboxes) -> Incoming:
    return Incoming(tmp_path / "incoming", mailboxes, inline)


async def deliver_all(incoming: Incoming) -> None:
    """Runs it for long enough."""
    with trio.move_on_after(60):
        await incoming.run()


def files(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "incoming").rglob("*.*"))


async def test_what_an_earlier_process_left_is_delivered_with_its_length(autojump_clock, tmp_path, incoming, mailboxes):
    async with incoming.taking(SCOPE, draft()) as path:
        path.write_bytes(wav(3 * 8000))
    await deliver_all(Incoming(tmp_path / "incoming", mailboxes, inline))  # and not the one that took it
    (message,) = await mailboxes.messages(SCOPE, BOX)
    assert (message.duration_s, message.heard, message.from_number) == (3.0, False, "101")
    assert files(tmp_path) == []


async def test_a_recording_that_was_delivered_before_the_crash_is_not_doubled(
    autojump_clock, tmp_path, incoming, mailboxes
):
    async with incoming.taking(SCOPE, draft()) as path:
        path.write_bytes(wav(3 * 8000))
    await mailboxes.deliver(SCOPE, draft(), wav(3 * 8000))
    await deliver_all(incoming)
    assert len(await mailboxes.messages(SCOPE, BOX)) == 1
    assert files(tmp_path) == []


@pytest.mark.parametrize("audio", [b"", b"RIFF", wav(7999)])
async def test_less_than_a_second_is_dropped_and_counted(autojump_clock, tmp_path, incoming, mailboxes, audio):
    async with incoming.taking(SCOPE, draft()) as path:
        path.write_bytes(audio)
    await deliver_all(incoming)
    assert (await mailboxes.messages(SCOPE, BOX), files(tmp_path)) == ([], [])
    assert incoming.stats().dropped_short == 1


async def test_a_note_without_a_recording_is_dropped(autojump_clock, tmp_path, incoming):
    async with incoming.taking(SCOPE, draft()):
        assert files(tmp_path) == [f"{draft().id}.json"]
    await deliver_all(incoming)
    assert files(tmp_path) == []


async def test_what_cannot_be_delivered_stays_for_a_person_to_look_at(
    autojump_clock, tmp_path, incoming, mailboxes, monkeypatch
):
    async def refuse(*_: object) -> None:
        raise BlobRefused("never")

    monkeypatch.setattr(mailboxes, "deliver", refuse)
    async with incoming.taking(SCOPE, draft()) as path:
        path.write_bytes(wav(16_000))
    await deliver_all(incoming)
    assert files(tmp_path) == [f"{draft().id}.json", f"{draft().id}.wav"]
    assert (incoming.stats().undeliverable, incoming.stats().waiting) == (1, 0)


async def test_a_note_that_cannot_be_read_holds_up_nothing(autojump_clock, tmp_path, incoming, mailboxes):
    async with incoming.taking(SCOPE, draft(2)) as path:
        path.write_bytes(wav(16_000))
    path.with_name("0-bad.json").write_bytes(b"\xff")
    await deliver_all(Incoming(tmp_path / "incoming", mailboxes, inline))
    assert [message.id for message in await mailboxes.messages(SCOPE, BOX)] == [draft(2).id]
    assert files(tmp_path) == ["0-bad.json"]


async def test_past_the_limit_nobody_is_taken_and_that_is_counted(autojump_clock, incoming, monkeypatch):
    monkeypatch.setattr(incoming_module, "WAITING_MAX", 1)
    async with incoming.taking(SCOPE, draft(1)):
        with pytest.raises(NoRoom):
            async with incoming.taking(SCOPE, draft(2)):
                pass
    assert incoming.stats().refused_full == 1


async def test_a_folder_that_cannot_be_written_is_told_and_leaves_nothing(autojump_clock, tmp_path, incoming):
    (tmp_path / "incoming").write_text("in the way")
    with pytest.raises(OSError, match=r"exists|directory"):
        async with incoming.taking(SCOPE, draft()):
            pass
    (tmp_path / "incoming").unlink()
    await deliver_all(incoming)
    assert incoming.stats().waiting == 0
