"""A tenant's plan: which number leads to which node, and where each node's outcomes lead.

Data only; `step.py` walks it. TOML for people and JSON for machines are the same document. A new kind of node is a
class here with its edges, a place in `Node`, and a branch in `step.py`.

| kind         | does                                              | outcomes that may name another node             |
|--------------|---------------------------------------------------|-------------------------------------------------|
| extension    | rings the extension that was dialled              | unregistered, busy, no_answer, declined, failed |
| ring         | rings everyone in `who`, at once or in turn       | the same                                        |
| schedule     | looks at the clock, takes no time                 | open, closed, holiday                           |
| menu         | says `prompt` and takes digits                    | each of `digits`, timeout, invalid              |
| announcement | says `prompt`                                     | next                                            |
| voicemail    | takes a message for `box`                         | none: the call ends with it                     |
| mailbox      | plays the messages of a box to those with its PIN | none                                            |
| conference   | brings the caller into `room`                     | full                                            |
| echo         | answers and sends the audio back                  | none                                            |
| reject       | refuses with a SIP status                         | none                                            |

An outcome that names no node ends the call. A kind that needs nothing said (extension, voicemail, mailbox, conference,
echo, reject) can be named without being defined: `"2xx" = "extension"`.
"""

from typing import Annotated, ClassVar, Literal, TypeAlias

from msgspec import Meta, Struct, field

RING_S_MIN = 1
RING_S_MAX = 600  # people give up long before; without a bound a typing error rings a phone for a week
RingSeconds: TypeAlias = Annotated[int, Meta(ge=RING_S_MIN, le=RING_S_MAX, description="seconds")]
RejectStatus: TypeAlias = Annotated[int, Meta(ge=400, le=699, description="a SIP status")]
NodeName: TypeAlias = str


class Base(Struct, frozen=True, tag_field="kind", kw_only=True):
    """What all kinds share: `OUTCOMES`, the names of the fields that are edges."""

    OUTCOMES: ClassVar[tuple[str, ...]] = ()

    def edges(self) -> dict[str, NodeName]:
        """Outcome → the node that it leads to, for those outcomes that name one."""
        return {outcome: target for outcome in self.OUTCOMES if (target := getattr(self, outcome)) is not None}

    def edge_path(self, outcome: str) -> tuple[str, ...]:
        """Where in the node's table this edge is written."""
        return (outcome,)


class Ringing(Base, frozen=True, kw_only=True):
    """What kinds that ring somebody share. An outcome that names no node ends the call with the SIP status for it."""

    OUTCOMES: ClassVar[tuple[str, ...]] = ("unregistered", "busy", "no_answer", "declined", "failed")

    ring_s: RingSeconds | None = None  # None: the extension's own, or else the plan's
    unregistered: NodeName | None = None  # nobody to ring has a phone registered
    busy: NodeName | None = None
    no_answer: NodeName | None = None
    declined: NodeName | None = None
    failed: NodeName | None = None


class ExtensionNode(Ringing, frozen=True, kw_only=True, tag="extension"):
    """Rings the extension that was dialled."""


class RingNode(Ringing, frozen=True, kw_only=True, tag="ring"):
    """Rings `who` (extension numbers); the first to answer has the call.

    "at_once" rings all of them for `ring_s`, "in_turn" one after the other, each for `ring_s`.
    """

    who: Annotated[tuple[str, ...], Meta(min_length=1)]
    order: Literal["at_once", "in_turn"] = "at_once"


class ScheduleNode(Base, frozen=True, kw_only=True, tag="schedule"):
    """Leads on by the time of the call. `hours.py` reads `hours`, `lint_schedule.py` names its mistakes."""

    OUTCOMES: ClassVar[tuple[str, ...]] = ("open", "closed", "holiday")

    hours: str  # "Mon-Fri 09:00-17:30; Sat 10:00-13:00 Europe/London"; without a zone: the tenant's
    dates: Annotated[dict[str, str], Meta(description='"2026-12-25" = "closed" or "09:00-12:00"')] = field(
        default_factory=dict
    )  # "12-25": every year
    open: NodeName
    closed: NodeName
    holiday: NodeName | None = None  # on a date that is closed; None: as `closed`


class MenuNode(Base, frozen=True, kw_only=True, tag="menu"):
    """Says `prompt`, takes digits, and leads on by them. `prompt` is the name of one: ours, or of the tenant's own."""

    OUTCOMES: ClassVar[tuple[str, ...]] = ("timeout", "invalid")

    prompt: str
    digits: Annotated[dict[str, NodeName], Meta(description="what is pressed = the node that it leads to")]
    wait_s: Annotated[int, Meta(ge=1, le=60, description="seconds")] = 5  # for a digit, once the prompt is over
    tries: Annotated[int, Meta(ge=1, le=10, description="how often the prompt is said")] = 3
    timeout: NodeName | None = None  # nothing was pressed, in all tries; None: as `invalid`, or else the call ends
    invalid: NodeName | None = None  # only what leads nowhere was pressed, in all tries; None: as `timeout`

    def edges(self) -> dict[str, NodeName]:
        """The digits' too."""
        return {**self.digits, **Base.edges(self)}

    def edge_path(self, outcome: str) -> tuple[str, ...]:
        """Digits are a table of their own."""
        return ("digits", outcome) if outcome in self.digits else (outcome,)


class AnnouncementNode(Base, frozen=True, kw_only=True, tag="announcement"):
    """Answers, says `prompt` to its end, and leads on."""

    OUTCOMES: ClassVar[tuple[str, ...]] = ("next",)

    prompt: str
    next: NodeName | None = None


class VoicemailNode(Base, frozen=True, kw_only=True, tag="voicemail"):
    """Takes a message for the extension `box`."""

    box: str | None = None  # None: the extension that was dialled
    greeting: str | None = None  # a prompt's name, "" for none; None: the box's own, or else the usual words


class MailboxNode(Base, frozen=True, kw_only=True, tag="mailbox"):
    """Asks for the PIN of a box and plays its messages."""

    box: str | None = None  # None: the caller's own


class ConferenceNode(Base, frozen=True, kw_only=True, tag="conference"):
    """Brings the caller into a room, where everybody hears everybody else."""

    OUTCOMES: ClassVar[tuple[str, ...]] = ("full",)

    room: str | None = None  # None: named as the number that was dialled
    pin: Annotated[str, Meta(pattern="^[0-9]{0,12}$", description='digits, or "" for none')] = ""
    members_max: Annotated[int, Meta(ge=2, le=1000)] = 50
    full: NodeName | None = None


class EchoNode(Base, frozen=True, kw_only=True, tag="echo"):
    """Answers and sends the caller's audio back."""


class RejectNode(Base, frozen=True, kw_only=True, tag="reject"):
    """Refuses the call."""

    status: RejectStatus = 403
    reason: str = ""  # "" is the status' own phrase


ApplicationNode: TypeAlias = MenuNode | AnnouncementNode | VoicemailNode | MailboxNode | ConferenceNode | EchoNode
Node: TypeAlias = ExtensionNode | RingNode | ScheduleNode | RejectNode | ApplicationNode

# Reachable by their kind's name unless the plan defines a node of that name.
BUILT_IN: dict[NodeName, Node] = {
    "extension": ExtensionNode(),
    "voicemail": VoicemailNode(),
    "mailbox": MailboxNode(),
    "conference": ConferenceNode(),
    "echo": EchoNode(),
    "reject": RejectNode(),
}


class CallToTry(Struct, frozen=True, rename={"from_number": "from", "to_number": "to"}, forbid_unknown_fields=True):
    """The call that a test makes."""

    from_number: str
    to_number: str
    at: str = ""  # "2026-11-28T19:00" in the tenant's time zone; "" leaves the time unknown
    registered: tuple[str, ...] | None = None  # None: not known
    outcomes: tuple[str, ...] = ()  # what the world answers, in order: "busy", "no_answer" …


class PlanTest(Struct, frozen=True, forbid_unknown_fields=True):
    """A call and the steps that it must take, as "node: outcome" or "node"."""

    call: CallToTry
    expect: tuple[str, ...]


class Plan(Struct, frozen=True):
    """The whole graph, self-contained: a call can be replayed against it without the tenant it came from."""

    numbers: dict[str, NodeName] = field(default_factory=dict)  # number or pattern → node
    nodes: dict[NodeName, Node] = field(default_factory=dict)
    tests: tuple[PlanTest, ...] = ()
    extensions: dict[str, int | None] = field(default_factory=dict)  # number → its own ring_s
    ring_s: RingSeconds = 30

    def node(self, name: NodeName) -> Node | None:
        """The node of that name, the plan's own before the built-in ones."""
        return self.nodes.get(name) or BUILT_IN.get(name)
