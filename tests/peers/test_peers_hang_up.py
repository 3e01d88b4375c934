"""Real phones hang up at every step of every application: each call leaves its one record, and nothing else.

What was said up to then is not lost either: a message that was under way is there, whole and once; one that was being
played stays new; a greeting that was not kept is none.
"""

from collections.abc import Awaitable, Callable, Iterator
from typing import TypeAlias

import pytest
import trio

from tests.support.baresip import Baresip, start_baresip
from tests.support.pbx_process import PbxProcess, make_data_folder
from tests.support.sipp import start_sipp
from tests.support.stage import Stage, eventually, eventually_async
from tests.support.tone_heard import seconds_of

pytestmark = [pytest.mark.peers, pytest.mark.timeout(120)]
PROGRAMS = ("baresip", "sipp", "sox")

ADA_HZ, GRACE_HZ = 440.0, 1000.0
CALLERS = tuple(str(number) for number in range(111, 121))
TALKER, RINGER = "131", "132"  # one answers at once, the other never
SPEAK_S = 2.0  # a message; one of less than a second is none
FINGER_S = 0.5
SIPP_CALLS, SIPP_CALLS_PER_S = 20, 10
APPLICATIONS = ("600", "601", "602", "605", "606", "8101")
NUMBERS = {
    "13x": "extension",
    "605": "words",
    "606": "board",
    "607": "choice",
    "608": "group",
    "8101": "take",
    "8201": "wait-and-take-101",
    "8202": "wait-and-take-102",
    "*96": "messages-101",
    "*98": "messages-102",
}
NODES = """
[nodes.words]
kind = "announcement"
prompt = "menu-demo"

[nodes.board]
kind = "conference"
pin = "2580"

[nodes.choice]
kind = "menu"
prompt = "please-wait"
digits = { 1 = "talker", 2 = "ringer" }

[nodes.talker]
kind = "ring"
who = ["131"]

[nodes.ringer]
kind = "ring"
who = ["132"]

[nodes.group]
kind = "ring"
who = ["132", "101"]

[nodes.take]
kind = "voicemail"
box = "101"

[nodes.wait-and-take-101]
kind = "voicemail"
box = "101"
greeting = "please-wait"

[nodes.wait-and-take-102]
kind = "voicemail"
box = "102"
greeting = "please-wait"

[nodes.messages-101]
kind = "mailbox"
box = "101"

[nodes.messages-102]
kind = "mailbox"
box = "102"
"""

Deed: TypeAlias = Callable[[Baresip], Awaitable[object]]
Step: TypeAlias = tuple[str, str, list[Deed]]


def hears(prompt: str) -> Deed:
    """Until the first words of a prompt."""
    return lambda phone: phone.wait_said(prompt, first_s=0.5)


def hears_tone(tone_hz: float) -> Deed:
    """Until somebody, or a message, says that tone."""
    return lambda phone: phone.wait_tone(tone_hz)


def presses(keys: str) -> Deed:
    """PIN stands for the box's."""
    return lambda phone: phone.press(keys)


def waits(event: str) -> Deed:
    """Until something that the phone tells."""
    return lambda phone: phone.wait_event(event)


def lets_pass(seconds: float) -> Deed:
    """Speaks, or does nothing."""

    async def wait(phone: Baresip) -> None:
        await trio.sleep(seconds)

    return wait


async def is_answered(phone: Baresip) -> None:
    """And a finger is on its way to the keys."""
    await phone.wait_event("CALL_ESTABLISHED")
    await trio.sleep(FINGER_S)


def steps(pins: dict[str, str]) -> list[Step]:
    """Where somebody hangs up, the number that they dial, and what happens until then."""
    known = [is_answered, presses(f"{pins['102']}#")]
    to_its_end = [is_answered, presses(f"{pins['101']}#"), hears_tone(ADA_HZ), hears("vm-menu")]
    at_greeting = [*known, hears("vm-you-have"), presses("2"), hears("vm-message-from"), presses("9")]
    return [  # the longest ones first
        ("mailbox, message heard", "*96", to_its_end),
        (
            "mailbox, greeting heard",
            "*98",
            [*at_greeting, hears("beep"), lets_pass(SPEAK_S), presses("#2"), hears_tone(ADA_HZ)],
        ),
        ("mailbox, greeting recorded", "*98", [*at_greeting, hears("beep"), lets_pass(SPEAK_S)]),
        ("mailbox, greeting asked for", "*98", [*at_greeting, hears("vm-record-greeting")]),
        ("mailbox, message", "*98", [*known, hears_tone(ADA_HZ)]),
        ("echo", "600", [hears_tone(ADA_HZ)]),
        ("announcement", "605", [hears("menu-demo")]),
        ("menu, prompt", "601", [hears("menu-demo")]),
        ("menu, wrong key", "607", [is_answered, presses("9"), hears("menu-invalid")]),
        ("menu, waiting", "607", [hears("please-wait"), lets_pass(1.5)]),
        ("menu, ringing", "607", [is_answered, presses("2"), lets_pass(0.5)]),
        ("menu, talking", "607", [is_answered, presses("1"), hears_tone(GRACE_HZ)]),
        ("extension, ringing", RINGER, [waits("CALL_RINGING")]),
        ("extension, talking", TALKER, [hears_tone(GRACE_HZ)]),
        ("group, ringing", "608", [waits("CALL_RINGING")]),
        ("conference, PIN", "606", [hears("conf-enter-pin")]),
        ("conference, half a PIN", "606", [is_answered, presses("25")]),
        ("conference, welcome", "606", [is_answered, presses("2580#"), hears("conf-welcome")]),
        ("conference, inside", "602", [hears("conf-welcome"), lets_pass(2.0)]),
        ("conference, muted", "602", [hears("conf-welcome"), lets_pass(2.0), presses("*")]),
        ("voicemail, greeting", "8101", [hears("vm-unavailable")]),
        ("voicemail, beep", "8101", [is_answered, presses("1"), hears("beep")]),
        ("voicemail, recording", "8101", [is_answered, presses("1"), hears("beep"), lets_pass(SPEAK_S)]),
        ("voicemail, saved", "8101", [is_answered, presses("1"), hears("beep"), lets_pass(SPEAK_S), presses("#")]),
        ("mailbox, PIN", "*98", [hears("vm-enter-pin")]),
        ("mailbox, half a PIN", "*98", [is_answered, presses(pins["102"][:2])]),
        ("mailbox, counts", "*98", [*known, hears("vm-you-have")]),
        ("mailbox, heading", "*98", [*known, hears("vm-message-from")]),
    ]


async def test_a_hang_up_at_any_step_loses_nothing_and_leaves_nothing(stage: Stage):
    more = [*CALLERS, TALKER, RINGER]
    pbx = await PbxProcess.start(
        stage, await make_data_folder(stage, more=more, has_voicemail=True, numbers=NUMBERS, nodes=NODES)
    )
    for number in (TALKER, RINGER):
        await start_baresip(stage, pbx, number, tone_hz=GRACE_HZ, answers=number == TALKER)
    phones = [await start_baresip(stage, pbx, number, tone_hz=ADA_HZ) for number in CALLERS]
    async with trio.open_nursery() as nursery:  # messages for the others to hear
        for phone, number in zip(phones, ("8201", "8202"), strict=False):
            nursery.start_soon(hang_up_after, phone, number, [hears("beep"), lets_pass(SPEAK_S + 1)])
    await eventually_async(lambda: has_messages(pbx, 2), "a message in each box")
    before, descriptors = await pbx.stats(), pbx.descriptors()

    work = steps(pbx.folder.pins)
    calls = 2 + len(work) + SIPP_CALLS * len(APPLICATIONS)
    rest = iter(work)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(hang_up_at_random_moments, stage, pbx)
        for phone in phones:
            nursery.start_soon(do_steps, phone, rest)

    cdrs = await pbx.wait_cdrs(calls)
    assert len(cdrs) == len({cdr.id for cdr in cdrs}) == calls
    assert {cdr.ended_by for cdr in cdrs} == {"caller"}
    not_answered = {(cdr.to_number, cdr.disposition) for cdr in cdrs if cdr.disposition != "answered"}
    assert not_answered == {(RINGER, "cancelled"), ("608", "cancelled")}
    await assert_messages_are_whole(pbx)
    await pbx.wait_nothing_left(with_transactions=True)
    after = await pbx.stats()
    assert after["tasks"] == before["tasks"]
    for name in ("mistakes", "socket_failures", "inbox_dropped", "saves_failed", "records_lost"):
        assert after[name] == 0, name
    assert [path for path in (pbx.folder.path / "voicemail-audio").rglob("*") if path.is_file()] == []
    assert list((pbx.folder.path / "voicemail-incoming").rglob("*.*")) == []
    await eventually(lambda: pbx.descriptors() <= descriptors, f"{descriptors} descriptors again")


async def do_steps(phone: Baresip, work: Iterator[Step]) -> None:
    """What is left of `work`, together with the other phones."""
    for name, number, deeds in work:
        print(f"{phone.program.name}: {name}")
        await hang_up_after(phone, number, deeds)


async def hang_up_after(phone: Baresip, number: str, deeds: list[Deed]) -> None:
    await phone.dial(number)
    for deed in deeds:
        await deed(phone)
    await phone.hang_up()
    await phone.wait_event("CALL_CLOSED")


async def hang_up_at_random_moments(stage: Stage, pbx: PbxProcess) -> None:
    """SIPp, in the first four seconds of calls to each application."""
    runs = [
        await start_sipp(
            stage,
            pbx,
            "call_to_application",
            number=number,
            dials=dials,
            calls=SIPP_CALLS,
            calls_per_s=SIPP_CALLS_PER_S,
        )
        for number, dials in zip(CALLERS, APPLICATIONS, strict=False)
    ]
    for run in runs:
        outcome = await run.finish()
        assert (outcome.exit_code, outcome.succeeded, outcome.failed) == (0, SIPP_CALLS, 0), outcome


async def has_messages(pbx: PbxProcess, count: int) -> bool:
    return len(await pbx.messages()) == count


async def assert_messages_are_whole(pbx: PbxProcess) -> None:
    """The two first ones, and two more of which one was spoken up to the hang-up. One was played to its end."""
    await eventually_async(lambda: has_messages(pbx, 4), "all messages")
    messages = await pbx.messages()
    assert [message.heard for message in messages if message.box == "101"] == [True, False, False]
    assert [message.heard for message in messages if message.box == "102"] == [False]
    for message in messages:
        assert seconds_of(await pbx.message_audio(message), ADA_HZ) >= SPEAK_S - 0.5, message
