"""Nodes that run an application: what the application is told, and where its outcomes lead."""

import pytest

from pbx.routing.plan import (
    AnnouncementNode,
    ConferenceNode,
    MailboxNode,
    MenuNode,
    Node,
    Plan,
    RejectNode,
    RingNode,
    VoicemailNode,
)
from pbx.routing.step import (
    Action,
    Answered,
    Busy,
    Connect,
    Event,
    Facts,
    Finished,
    HangUp,
    NoAnswer,
    Reason,
    Reject,
    Ring,
    RouteState,
    RunApp,
    Start,
    Unregistered,
    step,
)

PEOPLE = {"101": None, "102": None, "103": None}


def walk(node: Node, *events: Event, to: str = "200", registered: frozenset[str] | None = None) -> list[Action]:
    """The actions of a call to `to`, which leads to `node`; "there" is a node that refuses with 410."""
    plan = Plan(numbers={to: "here"}, nodes={"here": node, "there": RejectNode(status=410)}, extensions=PEOPLE)
    facts, state, actions = Facts("101", to, registered=registered), RouteState(), []
    for event in (Start(to), *events):
        state, action, reasons = step(plan, state, facts, event)
        assert all(isinstance(reason, Reason) and reason.reason for reason in reasons)
        actions.append(action)
    return actions


MENU = MenuNode(prompt="welcome", digits={"1": "there", "22": "extension"}, wait_s=4, tries=2, timeout="there")


def test_a_menu_is_told_its_prompt_and_its_choices() -> None:
    options = {"prompt": "welcome", "digits": "1 22", "wait_s": "4", "tries": "2"}
    assert walk(MENU) == [RunApp("menu", options)]


@pytest.mark.parametrize("outcome", ["1", "timeout", "invalid"])  # invalid names no node: as timeout
def test_what_is_pressed_leads_on(outcome: str) -> None:
    assert walk(MENU, Finished(outcome))[1] == Reject(410, "Gone")


def test_a_menu_that_leads_nowhere_ends_the_call() -> None:
    assert walk(MenuNode(prompt="welcome", digits={"1": "there"}), Finished("timeout"))[1] == HangUp()


def test_a_timeout_may_go_where_wrong_digits_go() -> None:
    menu = MenuNode(prompt="welcome", digits={"1": "nowhere"}, invalid="there")
    assert walk(menu, Finished("timeout"))[1] == Reject(410, "Gone")


def test_an_announcement_leads_on_or_ends_the_call() -> None:
    said = RunApp("announcement", {"prompt": "sorry"})
    assert walk(AnnouncementNode(prompt="sorry", next="there"), Finished("next")) == [said, Reject(410, "Gone")]
    assert walk(AnnouncementNode(prompt="sorry"), Finished("next")) == [said, HangUp()]


def test_a_message_is_for_the_box_that_is_named_or_for_who_was_dialled() -> None:
    assert walk(VoicemailNode(box="103", greeting="away")) == [RunApp("voicemail", {"box": "103", "greeting": "away"})]
    assert walk(VoicemailNode(), to="102") == [RunApp("voicemail", {"box": "102"})]
    assert walk(VoicemailNode(), to="200") == [Reject(404, "Not Found")]


def test_people_hear_their_own_box_unless_another_is_named() -> None:
    assert walk(MailboxNode()) == [RunApp("mailbox", {"box": "101"})]
    assert walk(MailboxNode(box="103")) == [RunApp("mailbox", {"box": "103"})]


def test_a_room_is_named_as_it_was_dialled_unless_it_has_a_name() -> None:
    assert walk(ConferenceNode()) == [RunApp("conference", {"room": "200", "pin": "", "members_max": "50"})]
    named = ConferenceNode(room="board", pin="12", members_max=3, full="there")
    assert walk(named, Finished("full"))[1] == Reject(410, "Gone")
    assert walk(named, Finished(""))[1] == HangUp()


IN_TURN = RingNode(who=("102", "101", "103"), order="in_turn", ring_s=9, no_answer="there")


def test_those_in_turn_ring_one_after_the_other() -> None:
    assert walk(IN_TURN, Busy(), NoAnswer(), NoAnswer()) == [
        Ring(("102",), 9),
        Ring(("101",), 9),
        Ring(("103",), 9),
        Reject(410, "Gone"),
    ]


def test_who_has_no_phone_has_no_turn() -> None:
    ways = walk(IN_TURN, NoAnswer(), NoAnswer(), registered=frozenset({"102", "103"}))
    assert ways == [Ring(("102",), 9), Ring(("103",), 9), Reject(410, "Gone")]
    assert walk(IN_TURN, registered=frozenset({"9"})) == [Reject(480, "Temporarily Unavailable")]


def test_a_phone_that_goes_before_its_turn_costs_nobody_elses() -> None:
    assert walk(IN_TURN, Unregistered(), Answered())[1:] == [Ring(("101",), 9), Connect()]
