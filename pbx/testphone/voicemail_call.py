"""A call that nobody answers: the caller hears it ring, then the beep, speaks a tone and hangs up.

Then the message is measured. The number that is dialled has to ring the callee's phone for RING_S and then lead to
voicemail without a greeting.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

import trio

from pbx.testphone.measuring import (
    LEVEL_TOLERANCE_DB,
    SEND_DBFS,
    STEP_S,
    MeasuringLeg,
    MeasuringPhone,
    hang_up,
)
from pbx.testphone.phone_call import PhoneCall
from pbx.testphone.recorded_tone import SILENT_DBFS, NotAudio, Recording, find_tone, read_wav

RING_S = 1  # the least that a plan takes
BEEP_HZ = 1000.0
BEEP_S = 0.3
SPEAK_HZ = 800.0
SPEAK_S = 1.5  # a message of less than a second is none
LENGTH_TOLERANCE_S = 0.4  # of the tone in the message: the jitter buffer's fill, and a window at either end

DELIVERY_REMEDY = (
    "the log says why; see that the disk has room, and who owns `blobs` and `voicemail-incoming` in the data folder"
)
AUDIO_REMEDY = "see whether the other calls were heard, and what `pbx doctor` says of RTP ports and of NAT"


class NoMessage(Exception):
    """The mailbox cannot be read, and why."""


class MessageBox(Protocol):
    """The mailbox of whoever does not answer; empty when the call begins."""

    async def wait_message(self) -> bytes:
        """The audio of the message in it, a WAV file; returns once there is one. Raises NoMessage."""


@dataclass(frozen=True)
class VoicemailTest:
    """What to dial, and where the message will be."""

    number: str
    box: MessageBox


@dataclass(frozen=True)
class VoicemailResult:
    """What became of the message. `cause` says what failed and what to do; "" where it is ok."""

    from_number: str
    to_number: str
    sent_hz: float
    sent_s: float
    found_hz: float | None
    found_level_dbfs: float | None
    found_s: float | None
    message_s: float | None  # all of it, silence too; None: there is none
    ok: bool
    cause: str


async def leave_message(
    caller: MeasuringPhone,
    callee: MeasuringPhone,
    test: VoicemailTest,
    *,
    task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
) -> VoicemailResult:
    """The whole of it. Started once the callee's phone rings, or cannot: other calls to it may follow from then on."""
    failure, audio = "", None
    outgoing = caller.phone.dial(test.number)
    try:
        failure = await _ring(outgoing, callee)
        task_status.started()
        failure = failure or await _speak(outgoing)
    finally:
        await hang_up(outgoing)
    if not failure:
        failure, audio = await _fetch(test.box)
    return judge_message(caller.number, test.number, failure, audio)


async def _ring(outgoing: PhoneCall, callee: MeasuringPhone) -> str:
    """Until the caller hears that it rings; "" or why they do not."""

    async def hear_ringing() -> None:
        incoming = await callee.phone.incoming.receive()
        incoming.ring()
        await outgoing.ringing.wait()

    with trio.move_on_after(STEP_S):
        await _until_first(hear_ringing, outgoing.ended.wait)
    if outgoing.ended.is_set():
        return f"answered {outgoing.status} {outgoing.reason}"
    return "" if outgoing.ringing.is_set() else f"{callee.number} did not ring in {STEP_S:g} s"


async def _speak(outgoing: PhoneCall) -> str:
    """From the ringing to the last word; "" or why nothing could be said."""
    leg: MeasuringLeg = outgoing.audio  # type: ignore[assignment]  # the phones' audio measures
    with trio.move_on_after(RING_S + STEP_S):
        await outgoing.wait_answered()
    if outgoing.ended.is_set():
        return f"answered {outgoing.status} {outgoing.reason}"
    if not outgoing.answered.is_set():
        return f"rung for {RING_S + STEP_S:g} s, and no voicemail answered"
    with trio.move_on_after(STEP_S) as patience:
        await leg.wait_tone(BEEP_HZ)
    if patience.cancelled_caught:
        why = leg.measured().deaf_because
        return f"voicemail answered, and its beep was not heard{f' ({why})' if why else ''}: {AUDIO_REMEDY}"
    await trio.sleep(BEEP_S)
    leg.play_tone(SPEAK_HZ, SEND_DBFS)
    await trio.sleep(SPEAK_S)
    return ""


async def _fetch(box: MessageBox) -> tuple[str, bytes | None]:
    """Why there is no message, or its audio."""
    try:
        with trio.fail_after(STEP_S):
            return "", await box.wait_message()
    except NoMessage as error:
        return f"the mailbox cannot be read ({error}): {DELIVERY_REMEDY}", None
    except trio.TooSlowError:
        return f"no message came into the mailbox in {STEP_S:g} s: {DELIVERY_REMEDY}", None


async def _until_first(*waits: Callable[[], Awaitable[None]]) -> None:
    """Returns when one of them has."""

    async def wait(one: Callable[[], Awaitable[None]]) -> None:
        await one()
        nursery.cancel_scope.cancel()

    async with trio.open_nursery() as nursery:
        for each in waits:
            nursery.start_soon(wait, each)


def judge_message(from_number: str, to_number: str, failure: str, audio: bytes | None) -> VoicemailResult:
    """What the message's audio says, unless the call had a `failure` before there was one. Pure."""
    recording = None
    try:
        recording = None if audio is None else read_wav(audio)
    except NotAudio as error:
        failure = f"the message is not to be played: {error}; {DELIVERY_REMEDY}"
    found = None if recording is None else find_tone(recording, SPEAK_HZ)
    if recording is not None:
        failure = _fault(recording)
    return VoicemailResult(
        from_number=from_number,
        to_number=to_number,
        sent_hz=SPEAK_HZ,
        sent_s=SPEAK_S,
        found_hz=None if found is None else round(found.hz, 1),
        found_level_dbfs=None if found is None else round(found.level_dbfs, 1),
        found_s=None if found is None else round(found.duration_s, 2),
        message_s=None if recording is None else round(recording.duration_s, 2),
        ok=not failure,
        cause=f"{from_number} leaves a message by {to_number}: {failure}" if failure else "",
    )


def _fault(recording: Recording) -> str:
    """What is wrong with a message; "" where nothing is."""
    found = find_tone(recording, SPEAK_HZ)
    if found is None:
        level = recording.level_dbfs
        what = "is silent" if level < SILENT_DBFS else f"has audio at {level:.0f} dBFS without the {SPEAK_HZ:g} Hz sent"
        return f"the message of {recording.duration_s:.1f} s {what}: {AUDIO_REMEDY}"
    if abs(found.level_dbfs - SEND_DBFS) > LEVEL_TOLERANCE_DB:
        said = f"the message has the tone at {found.level_dbfs:.1f} dBFS, and it was sent at {SEND_DBFS:.1f}"
        return f"{said}: {AUDIO_REMEDY}"
    if found.duration_s < SPEAK_S - LENGTH_TOLERANCE_S:
        return f"the message has {found.duration_s:.1f} s of the {SPEAK_S:g} s that were said: {AUDIO_REMEDY}"
    return ""
