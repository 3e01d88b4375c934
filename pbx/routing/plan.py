"""A tenant's plan: which number leads to which node, and where each node's outcomes lead.

Data only; `step.py` walks it. TOML for people and JSON for machines are the same document. A new kind of node is a
class here with its edges, a place in `Node`, and a branch in `step.py`.

| kind      | does                                | outcomes that may name another node                     |
|-----------|-------------------------------------|---------------------------------------------------------|
| extension | rings the extension that was dialled | unregistered, busy, no_answer, declined, failed        |
| ring      | rings everyone in `who` at once      | the same                                               |
| schedule  | looks at the clock, takes no time    | open, closed, holiday                                  |
| echo      | answers and sends the audio back     | none: the call ends with it                            |
| reject    | refuses with a SIP status            | none                                                   |

A kind that needs nothing said (extension, echo, reject) can be named without being defined: `"2xx" = "extension"`.
"""

from typing import Annotated, ClassVar, TypeAlias

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
    """Rings all of `who` (extension numbers) at once; the first to answer has the call."""

    who: Annotated[tuple[str, ...], Meta(min_length=1)]


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


class EchoNode(Base, frozen=True, kw_only=True, tag="echo"):
    """Answers and sends the caller's audio back."""


class RejectNode(Base, frozen=True, kw_only=True, tag="reject"):
    """Refuses the call."""

    status: RejectStatus = 403
    reason: str = ""  # "" is the status' own phrase


Node: TypeAlias = ExtensionNode | RingNode | ScheduleNode | EchoNode | RejectNode

# Reachable by their kind's name unless the plan defines a node of that name.
BUILT_IN: dict[NodeName, Node] = {"extension": ExtensionNode(), "echo": EchoNode(), "reject": RejectNode()}


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
