"""What a node that runs an application does with a call: which application, with which options, and where it leads.

Pure, a part of `step.py`. Options are text, for they are kept with the call; an application reads its own.
"""

from typing import TypeAlias, get_args

from pbx.routing.match import is_pattern
from pbx.routing.plan import (
    AnnouncementNode,
    ApplicationNode,
    ConferenceNode,
    EchoNode,
    MailboxNode,
    MenuNode,
    NodeName,
    Plan,
    VoicemailNode,
)

APPLICATION_NODES = get_args(ApplicationNode)

Options: TypeAlias = dict[str, str]


class NoBox(Exception):
    """The node names no box, and the call has none of its own."""


def application(node: ApplicationNode, plan: Plan, *, dialled: str, from_number: str) -> tuple[str, Options, str]:
    """Name of the application, its options, and in words what it does. Raises NoBox."""
    match node:
        case MenuNode():
            accepted = " ".join(node.digits)
            options = {
                "prompt": node.prompt,
                "digits": accepted,
                "wait_s": str(node.wait_s),
                "tries": str(node.tries),
            }
            return "menu", options, f"says {node.prompt!r} and takes {', '.join(node.digits)}"
        case AnnouncementNode():
            return "announcement", {"prompt": node.prompt}, f"says {node.prompt!r}"
        case VoicemailNode():
            box = _box(node.box, dialled, plan)
            greeting = {} if node.greeting is None else {"greeting": node.greeting}
            return "voicemail", {"box": box, **greeting}, f"takes a message for {box}"
        case MailboxNode():
            box = _box(node.box, from_number, plan)
            return "mailbox", {"box": box}, f"plays the messages of {box}"
        case ConferenceNode():
            room = node.room or dialled
            options = {"room": room, "pin": node.pin, "members_max": str(node.members_max)}
            return "conference", options, f"the caller joins room {room!r}" + (" with its PIN" if node.pin else "")
        case EchoNode():
            return "echo", {}, "the caller hears their own audio"


def edge(node: ApplicationNode, outcome: str) -> NodeName | None:
    """Where an application's outcome leads; None: the call ends with it."""
    edges = node.edges()
    if isinstance(node, MenuNode) and outcome in node.OUTCOMES:
        return edges.get(outcome) or next((edges[other] for other in node.OUTCOMES if other in edges), None)
    return edges.get(outcome)


def _box(named: str | None, else_number: str, plan: Plan) -> str:
    if named is not None:
        return named
    if else_number not in plan.extensions:
        raise NoBox(f"{else_number!r} is no extension, so it has no mailbox")
    return else_number


def mailbox_number(plan: Plan, extension: str) -> str:
    """What the extension dials to hear its messages; its own number where the plan has none for that."""
    for number, name in plan.numbers.items():
        node = plan.node(name)
        if isinstance(node, MailboxNode) and node.box in (None, extension) and not is_pattern(number):
            return number
    return extension
