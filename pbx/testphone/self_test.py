"""The self-test: two phones call each other through a running PBX, over real sockets, and measure what they hear.

Each plays a tone of its own while it listens for the other's. The verdict names the leg and the cause: a leg is called
by who listens on it. Beside these calls a message is left for one of them, see `voicemail_call.py`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import isfinite

import trio

from pbx.testphone.measuring import (
    LEVEL_TOLERANCE_DB,
    SEND_DBFS,
    STEP_S,
    Heard,
    Measured,
    MeasuringLeg,
    MeasuringPhone,
    hang_up,
)
from pbx.testphone.phone import Refused
from pbx.testphone.phone_call import PhoneCall
from pbx.testphone.voicemail_call import VoicemailResult, VoicemailTest, leave_message

TONES_HZ = (800.0, 1300.0)  # the caller's and the callee's: no harmonics of each other, nor digits
LISTEN_S = 1.0  # after the tones were found: with what came before, some 60 packets each way to measure loss by
LOST_RATIO_MAX = 0.01  # more than this on one machine is a fault, not weather
MOS_MIN = 3.8


Hears = Callable[[str], str | None]


@dataclass(frozen=True)
class LegResult:
    """One direction of a call: what `phone` heard of the other."""

    phone: str
    sent_hz: float
    sent_packets: int
    found_hz: float | None
    found_level_dbfs: float | None
    lost_ratio: float | None
    concealed_ratio: float | None
    delay_ms: float | None  # from the start of the tone in one mouth to its first window in the other ear
    mos: float | None
    ok: bool
    cause: str  # "" where it is ok


@dataclass(frozen=True)
class CallResult:
    """One call. `cause` names the leg that failed, or why there was no call."""

    from_number: str
    to_number: str
    ok: bool
    cause: str
    legs: tuple[LegResult, ...]


@dataclass(frozen=True)
class SelfTestResult:
    """All calls, and the message that was left; None: there was none to leave, or no phone to do it."""

    ok: bool
    calls: tuple[CallResult, ...]
    voicemail: VoicemailResult | None = None

    @property
    def causes(self) -> list[str]:
        """Why it failed, one line each."""
        message = () if self.voicemail is None else (self.voicemail,)
        return [each.cause for each in (*self.calls, *message) if each.cause]


async def self_test(
    phones: Sequence[MeasuringPhone],
    *,
    echo_number: str | None = None,
    voicemail: VoicemailTest | None = None,
    listen_s: float = LISTEN_S,
    hears: Hears = lambda number: None,
) -> SelfTestResult:
    """Registers both phones, calls from each to the other, and from the first to `echo_number`; then unregisters.

    Meanwhile the first leaves a message for the second, by `voicemail`.
    `hears` says in words why the PBX hears nothing usable from a number's phone; None: it hears it well.
    """
    async with trio.open_nursery() as nursery:
        for phone in phones:
            nursery.start_soon(phone.phone.run)
        try:
            failure = await _register(phones)
            if failure is not None:
                result = SelfTestResult(False, (failure,))
            else:
                result = await _talk(phones, echo_number, voicemail, listen_s, hears)
            await _unregister(phones)
        finally:
            nursery.cancel_scope.cancel()
            for phone in phones:
                phone.socket.close()
    return result


async def _talk(
    phones: Sequence[MeasuringPhone],
    echo_number: str | None,
    voicemail: VoicemailTest | None,
    listen_s: float,
    hears: Hears,
) -> SelfTestResult:
    """All calls of two registered phones."""
    first, second = phones
    calls = [(first, second, second.number), (second, first, first.number)]
    if echo_number is not None:
        calls.append((first, first, echo_number))
    message: VoicemailResult | None = None

    async def leave(test: VoicemailTest, *, task_status: trio.TaskStatus[None]) -> None:
        nonlocal message
        message = await leave_message(first, second, test, task_status=task_status)

    async with trio.open_nursery() as nursery:
        if voicemail is not None:
            await nursery.start(leave, voicemail)
        results = [await _call(caller, callee, to, listen_s, hears) for caller, callee, to in calls]
    is_ok = all(result.ok for result in results) and (message is None or message.ok)
    return SelfTestResult(is_ok, tuple(results), message)


async def _register(phones: Sequence[MeasuringPhone]) -> CallResult | None:
    """None where all is well."""
    for phone in phones:
        try:
            with trio.fail_after(STEP_S):
                await phone.phone.register(expires_s=60)
        except Refused as error:
            return _no_call(phone.number, phone.number, f"{phone.number} could not register: {error}")
        except trio.TooSlowError:
            return _no_call(phone.number, phone.number, f"{phone.number} could not register: no answer")
    return None


async def _unregister(phones: Sequence[MeasuringPhone]) -> None:
    with trio.move_on_after(STEP_S):
        for phone in phones:
            try:
                await phone.phone.register(expires_s=0)
            except Refused:
                continue  # its binding runs out by itself


async def _call(caller: MeasuringPhone, callee: MeasuringPhone, to: str, listen_s: float, hears: Hears) -> CallResult:
    """One call; with an application the caller is its own callee."""
    outgoing = caller.phone.dial(to)
    incoming = outgoing
    try:
        with trio.move_on_after(STEP_S) as scope:
            if callee is not caller:
                incoming = await _answer(callee, outgoing)
            await outgoing.wait_answered()
        if scope.cancelled_caught or not outgoing.answered.is_set():
            why = f"answered {outgoing.status} {outgoing.reason}" if outgoing.status else f"no answer in {STEP_S:g} s"
            return _no_call(caller.number, to, f"{caller.number} calls {to}: {why}")
        legs = await _listen([outgoing, incoming] if callee is not caller else [outgoing], listen_s, hears)
    finally:
        await hang_up(outgoing)
    cause = "; ".join(leg.cause for leg in legs if leg.cause)
    return CallResult(caller.number, to, not cause, f"{caller.number} calls {to}: {cause}" if cause else "", legs)


async def _answer(callee: MeasuringPhone, outgoing: PhoneCall) -> PhoneCall:
    incoming: PhoneCall = await callee.phone.incoming.receive()
    incoming.ring()
    incoming.answer()
    return incoming


async def _listen(calls: list[PhoneCall], listen_s: float, hears: Hears) -> tuple[LegResult, ...]:
    """Every leg plays its tone, and listens for the other's; alone with an echo, for its own."""
    legs: list[MeasuringLeg] = [call.audio for call in calls]  # type: ignore[misc]  # the phones' audio measures
    tones = dict(zip(range(len(legs)), TONES_HZ, strict=False))
    started = {i: leg.play_tone(tones[i], SEND_DBFS) for i, leg in enumerate(legs)}
    heard: dict[int, Heard] = {}

    async def listen(i: int) -> None:
        heard[i] = await legs[i].wait_tone(tones[len(legs) - 1 - i])

    with trio.move_on_after(STEP_S):
        async with trio.open_nursery() as nursery:
            for i in range(len(legs)):
                nursery.start_soon(listen, i)
    await trio.sleep(listen_s)
    measured = [leg.measured() for leg in legs]
    results = []
    for i, call in enumerate(calls):
        other = len(legs) - 1 - i
        there = replace(measured[other], unheard_because=hears(calls[other].own_number))
        results.append(judge(call.own_number, measured[i], there, tones[other], started[other], heard.get(i)))
    return tuple(results)


def judge(
    phone: str, here: Measured, there: Measured, sent_hz: float, started_at: float, heard: Heard | None
) -> LegResult:
    """What one leg's figures say. Pure."""
    delay_ms = None if heard is None else max(0.0, (heard.at - started_at) * 1000)
    cause = _cause(phone, here, there, sent_hz, heard)
    return LegResult(
        phone=phone,
        sent_hz=sent_hz,
        sent_packets=there.packets_sent,
        found_hz=None if heard is None else heard.hz,
        found_level_dbfs=None if heard is None else round(heard.level_dbfs, 1),
        lost_ratio=here.lost_ratio,
        concealed_ratio=here.concealed_ratio,
        delay_ms=None if delay_ms is None else round(delay_ms, 1),
        mos=here.mos,
        ok=not cause,
        cause=cause,
    )


def _cause(phone: str, here: Measured, there: Measured, sent_hz: float, heard: Heard | None) -> str:
    if heard is None:
        return f"{phone} is deaf: {_why_deaf(here, there, sent_hz)}"
    if abs(heard.level_dbfs - SEND_DBFS) > LEVEL_TOLERANCE_DB:
        return f"{phone} hears the tone at {heard.level_dbfs:.1f} dBFS, and it was sent at {SEND_DBFS:.1f}"
    if here.lost_ratio is not None and here.lost_ratio > LOST_RATIO_MAX:
        score = f", MOS {here.mos:.1f}" if here.mos is not None and isfinite(here.mos) else ""
        return f"{phone} lost {here.lost_ratio:.1%} of the packets sent to it{score}"
    if here.mos is not None and here.mos < MOS_MIN:
        return f"{phone} hears with MOS {here.mos:.1f}, and {MOS_MIN} is the least"
    return ""


def _why_deaf(here: Measured, there: Measured, sent_hz: float) -> str:
    if there.unheard_because:
        return f"the PBX hears nothing usable from the other phone. {there.unheard_because}"
    if here.deaf_because:
        return here.deaf_because
    if not there.packets_sent:
        return "the other phone sent no audio"
    if not here.packets_received:
        return f"the other phone sent {there.packets_sent} packets, and none came"
    level = "" if here.level_dbfs is None else f" at {here.level_dbfs:.0f} dBFS"
    return f"{here.packets_received} packets came, without the {sent_hz:g} Hz that were sent (audio{level})"


def _no_call(from_number: str, to_number: str, cause: str) -> CallResult:
    return CallResult(from_number, to_number, False, cause, ())
