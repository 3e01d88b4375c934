"""The self-test can fail: each fault is found, the leg that suffers is named, and the cause is said in words."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import trio
from msgspec.structs import replace

from pbx.blobs.interface import BlobInfo, BlobMissing, BlobUnavailable
from pbx.blobs.local import LocalBlobs
from pbx.config.load import Config
from pbx.config.server import Server as ServerConfig
from pbx.events.voicemail_message import Message
from pbx.media.native import NativeEngine
from pbx.prompts.tenants import TenantPrompts
from pbx.routing.plan import Plan
from pbx.self_test import RING_NODE, GuestBox, make_guest, with_unanswered
from pbx.server import Parts, Server
from pbx.spool import Spool
from pbx.store.sqlite import SqliteStore
from pbx.tenants.scope import TenantScope
from pbx.testphone.audio import Audio
from pbx.testphone.engine_audio import EngineAudio
from pbx.testphone.measuring import SEND_DBFS, MeasuringPhone
from pbx.testphone.phone import Account
from pbx.testphone.self_test import LegResult, SelfTestResult, self_test
from pbx.testphone.voicemail_call import RING_S, SPEAK_HZ, SPEAK_S, VoicemailResult, VoicemailTest
from pbx.transport.udp import UdpSocket
from tests.support.free_ports import free_port_range
from tests.support.impaired_audio import ImpairedAudio, LossyLine, behind_line, deaf, mute, wrong_payload_type
from tests.support.world import make_tenant, password

HOST = "127.0.0.1"
SEED = 20
UNANSWERED = "9000"
SCOPE = TenantScope("acme")


class FullBlobs(LocalBlobs):
    """A disk without room."""

    async def put(self, *_: object) -> BlobInfo:
        raise BlobUnavailable("No space left on device")


class MuteBlobs(LocalBlobs):
    """Keeps records, and loses every audio."""

    def get(self, scope: TenantScope, key: str) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        if key.endswith(".wav"):
            raise BlobMissing(f"there is no {key}")
        return super().get(scope, key)


@asynccontextmanager
async def pbx_and_audio(
    make_blobs: Callable[[Path], LocalBlobs] = LocalBlobs, *, unanswered: str = UNANSWERED, ring_s: int = RING_S
) -> AsyncIterator[tuple[Server, EngineAudio]]:
    """A PBX on real sockets with the native engine, and another engine for its phones."""
    tenant = make_tenant("acme")
    plan = with_unanswered(tenant.plan, unanswered, callee="102")
    ring = replace(plan.nodes[RING_NODE], ring_s=ring_s)
    tenant = replace(tenant, plan=replace(plan, nodes={**plan.nodes, RING_NODE: ring}))
    config = Config(Path(), ServerConfig(default_tenant="acme"), {"acme": tenant}, {"acme.example": "acme"})
    socket = UdpSocket.bind(HOST, 0)
    tokens = count(1)
    with (
        NativeEngine(HOST, free_port_range(64)) as media,
        EngineAudio(HOST, free_port_range(64)) as audio,
        TemporaryDirectory() as folder,
    ):
        parts = Parts(
            socket=socket,
            media=media,
            spool=Spool(None),
            store=SqliteStore(None),
            wall=lambda: 1_780_000_000 + trio.current_time(),
            prompts=TenantPrompts(Path(folder, "prompts")),
            blobs=make_blobs(Path(folder, "blobs")),
            folder=Path(folder),
            token=lambda: f"t{next(tokens)}",
        )
        async with trio.open_nursery() as nursery:
            server = await nursery.start(Server(config, parts).run)
            nursery.start_soon(audio.run)
            yield server, audio
            nursery.cancel_scope.cancel()
    socket.close()


async def run(server: Server, audio_101: Audio, audio_102: Audio, *, listen_s: float = 1.0) -> SelfTestResult:
    """The self-test of 101 and 102, each with an audio of its own."""
    tokens = count(1)
    phones = [
        MeasuringPhone(
            Account(number, password(number), "acme.example", server.endpoint.local),
            HOST,
            audio,
            lambda: f"p{next(tokens)}",
        )
        for number, audio in (("101", audio_101), ("102", audio_102))
    ]
    box = GuestBox(server.voicemail.mailboxes, SCOPE, "102")
    with box.watched():
        return await self_test(
            phones,
            echo_number="600",
            voicemail=VoicemailTest(UNANSWERED, box),
            listen_s=listen_s,
            hears=server.calls.why_unheard,
        )


def message(result: SelfTestResult) -> VoicemailResult:
    """What became of the message that 101 left for 102."""
    assert result.voicemail is not None
    return result.voicemail


def leg(result: SelfTestResult, phone: str) -> LegResult:
    """What `phone` heard in the first call."""
    return next(leg for leg in result.calls[0].legs if leg.phone == phone)


async def test_nothing_is_wrong_and_nothing_is_left():
    async with pbx_and_audio() as (server, audio):
        result = await run(server, audio, audio)
        assert result.ok, result.causes
        for call in result.calls:
            for found in call.legs:
                assert found.lost_ratio == 0
                assert found.found_level_dbfs == pytest.approx(SEND_DBFS, abs=1)
                assert found.mos > 4.2
                assert found.delay_ms >= 20
        left = message(result)
        assert left.found_hz == pytest.approx(SPEAK_HZ, abs=2)
        assert left.found_level_dbfs == pytest.approx(SEND_DBFS, abs=1)
        assert left.found_s == pytest.approx(SPEAK_S, abs=0.2)
        assert left.message_s >= left.found_s
        assert len(server.calls) == 0
        assert server.parts.media.legs_open() == 0


async def test_a_mute_phone_leaves_the_other_deaf_and_the_silence_is_named():
    async with pbx_and_audio() as (server, audio):
        result = await run(server, audio, ImpairedAudio(audio, mute))
        assert not result.ok
        assert leg(result, "102").ok
        deaf = leg(result, "101")
        assert deaf.found_hz is None
        assert deaf.cause.startswith("101 is deaf: ")
        assert "without the 1300 Hz that were sent" in deaf.cause
        assert result.calls[0].cause.startswith("101 calls 102: 101 is deaf")


async def test_a_wrong_payload_type_is_named_with_its_number():
    async with pbx_and_audio() as (server, audio):
        result = await run(server, audio, ImpairedAudio(audio, wrong_payload_type))
        deaf = leg(result, "101")
        assert not result.ok
        assert leg(result, "102").ok
        assert deaf.found_hz is None
        assert "payload type 96" in deaf.cause


async def test_a_message_without_a_word_in_it_is_a_fault_with_a_remedy():
    async with pbx_and_audio() as (server, audio):
        result = await run(server, ImpairedAudio(audio, mute), audio)
        assert not result.ok
        assert message(result).found_hz is None
        assert message(result).message_s > 1
        assert " is silent: see whether the other calls were heard" in message(result).cause
        assert message(result).cause in result.causes


async def test_a_message_that_does_not_arrive_is_a_fault_with_a_remedy():
    async with pbx_and_audio(FullBlobs) as (server, audio):
        result = await run(server, audio, audio)
        assert not result.ok
        assert all(call.ok for call in result.calls)
        assert message(result).message_s is None
        assert "no message came into the mailbox in 3 s: the log says why; see that the disk" in message(result).cause


async def test_a_message_whose_audio_is_gone_is_a_fault_with_the_storages_words():
    async with pbx_and_audio(MuteBlobs) as (server, audio):
        result = await run(server, audio, audio)
        assert not result.ok
        assert "the mailbox cannot be read (there is no voicemail/102/" in message(result).cause


async def test_a_caller_who_does_not_hear_the_beep_says_nothing():
    async with pbx_and_audio() as (server, audio):
        result = await run(server, ImpairedAudio(audio, deaf), audio)
        assert not result.ok
        assert "voicemail answered, and its beep was not heard (" in message(result).cause
        assert "payload type 0" in message(result).cause
        assert message(result).message_s is None
        assert len(server.calls) == 0


async def test_a_plan_that_rings_on_and_on_is_a_fault():
    async with pbx_and_audio(ring_s=30) as (server, audio):
        result = await run(server, audio, audio)
        assert all(call.ok for call in result.calls)
        assert message(result).cause == "101 leaves a message by 9000: rung for 4 s, and no voicemail answered"
        assert len(server.calls) == 0


async def test_a_number_that_does_not_lead_to_voicemail_is_a_fault_and_the_calls_go_on():
    async with pbx_and_audio(unanswered="9001") as (server, audio):
        result = await run(server, audio, audio)
        assert not result.ok
        assert all(call.ok for call in result.calls)
        assert message(result).cause == "101 leaves a message by 9000: answered 404 Not Found"


async def test_what_a_killed_self_test_left_does_not_fill_its_mailbox():
    async with pbx_and_audio() as (server, _):
        mailboxes = server.voicemail.mailboxes
        await mailboxes.deliver(SCOPE, Message("1-left", "102", "101", "", 1.0, 2.0, heard=False), b"RIFF")
        await GuestBox(mailboxes, SCOPE, "102").empty()
        assert await mailboxes.messages(SCOPE, "102") == []


def test_the_number_that_nobody_answers_takes_none_from_the_plan():
    tenant = make_tenant("acme", plan=Plan(numbers={"9000": "echo", "*": "reject"}), numbers=("101", "9001"))
    guest = make_guest(tenant)
    assert guest.unanswered_number == "9002"
    assert guest.tenant.plan.numbers["9000"] == "echo"


@pytest.mark.parametrize("loss", [0.05, 0.20])
async def test_loss_is_measured_named_and_concealed_and_the_score_falls(loss: float, record_property: Callable):
    line = LossyLine(loss=loss, seed=SEED)
    async with pbx_and_audio() as (server, audio), trio.open_nursery() as nursery:
        nursery.start_soon(line.run)
        lossy = ImpairedAudio(audio, behind_line, line)
        result = await run(server, audio, lossy, listen_s=4.0)
        nursery.cancel_scope.cancel()
    suffering, other = leg(result, "102"), leg(result, "101")
    record_property("seed", SEED)
    assert not result.ok
    assert other.ok, other.cause
    assert suffering.lost_ratio == pytest.approx(loss, rel=0.5)
    assert suffering.cause.startswith("102 lost ")
    assert suffering.mos < other.mos - (0.3 if loss < 0.1 else 1.0)
    assert suffering.found_level_dbfs == pytest.approx(SEND_DBFS, abs=3)
    assert suffering.concealed_ratio > loss / 2
    heard = lossy.legs[1].frames  # its first leg rings in vain, for the message
    assert share_of_audible_frames(heard) > 1 - loss / 3


def share_of_audible_frames(heard: list[np.ndarray]) -> float:
    """The share of 20 ms frames within 10 dB of the tone: silence in place of what was lost would be missing here."""
    samples = np.concatenate(heard).astype(float)
    frames = samples[: len(samples) // 160 * 160].reshape(-1, 160)
    level_dbfs = 20 * np.log10(np.sqrt((frames**2).mean(axis=1)) * np.sqrt(2) / 32767 + 1e-9)
    begin = np.argmax(level_dbfs > SEND_DBFS - 3)  # the tone's first frame: before it there was nothing to conceal
    return float((level_dbfs[begin:] > SEND_DBFS - 10).mean())
