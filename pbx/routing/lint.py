"""What is wrong with a plan before any call meets it.

A *mistake* is certain to fail a call or to make the plan mean nothing; *advice* is something that works and is probably
not meant.
"""

import re
from collections import deque
from collections.abc import Iterable, Iterator

from pbx.routing import lint_schedule, match
from pbx.routing.finding import Finding
from pbx.routing.plan import BUILT_IN, ExtensionNode, MailboxNode, MenuNode, Plan, RingNode, VoicemailNode
from pbx.routing.spelling import did_you_mean

# Left by these outcomes, a node has taken no time and asked nobody: a circle of them would turn until the step limit.
INSTANT = ("unregistered", "busy", "failed", "open", "closed", "holiday")

_PRESSED = re.compile(r"[0-9*#]{1,20}")


def lint(plan: Plan) -> list[Finding]:
    """Everything found, mistakes and advice, in the order of the document's parts."""
    return [
        *_bad_numbers(plan),
        *_unknown_targets(plan),
        *_unknown_people(plan),
        *_unpressable(plan),
        *lint_schedule.findings(plan),
        *_circles(plan),
        *_overlaps(plan),
        *_unreachable(plan),
        *_dead_ends(plan),
    ]


def _bad_numbers(plan: Plan) -> Iterator[Finding]:
    for number in plan.numbers:
        remedy = match.mistake_in(number)
        if remedy is not None:
            yield Finding(("numbers", number), f"{number!r} is no number or pattern", remedy)


def _unknown_targets(plan: Plan) -> Iterator[Finding]:
    for path, target in _arrows(plan):
        if plan.node(target) is None:
            yield Finding(path, f"no node named {target!r}", did_you_mean(target, _names(plan)))


def _unknown_people(plan: Plan) -> Iterator[Finding]:
    for name, node in plan.nodes.items():
        if isinstance(node, VoicemailNode | MailboxNode) and node.box not in (None, *plan.extensions):
            yield Finding(
                ("nodes", name, "box"), f"no extension {node.box!r}", did_you_mean(str(node.box), plan.extensions)
            )
        who = node.who if isinstance(node, RingNode) else ()
        for i, number in enumerate(who):
            path = ("nodes", name, "who", i)
            if number not in plan.extensions:
                yield Finding(path, f"no extension {number!r}", did_you_mean(number, plan.extensions))
            elif number in who[:i]:
                yield Finding(path, f"extension {number!r} a second time", "remove it")


def _unpressable(plan: Plan) -> Iterator[Finding]:
    for name, node in plan.nodes.items():
        if not isinstance(node, MenuNode):
            continue
        if not node.digits:
            yield Finding(("nodes", name, "digits"), "a menu without a choice", 'write digits = { 1 = "extension" }')
        for pressed in node.digits:
            if not _PRESSED.fullmatch(pressed):
                remedy = "use up to 20 of 0-9, * and #"
                yield Finding(("nodes", name, "digits", pressed), f"nobody can press {pressed!r}", remedy)


def _circles(plan: Plan) -> Iterator[Finding]:
    reported: set[str] = set()
    for name in plan.nodes:
        circle = _circle_from(plan, name)
        if circle and not reported.intersection(circle):
            reported.update(circle)
            way = " → ".join([*circle, name])
            outcome = next(o for o, target in _instant(plan, name).items() if target == [*circle, name][1])
            yield Finding(
                ("nodes", name, outcome), f"a circle that rings nobody: {way}", "let one of them lead to another node"
            )


def _overlaps(plan: Plan) -> Iterator[Finding]:
    patterns = [number for number in plan.numbers if match.is_pattern(number) and match.mistake_in(number) is None]
    for i, second in enumerate(patterns):
        for first in patterns[:i]:
            both = match.overlap(first, second)
            if both is None or match.covers(first, second) or match.covers(second, first):
                continue
            winner = min(first, second, key=match.specificity)
            yield Finding(
                ("numbers", second),
                f"{second!r} and {first!r} both match {both}",
                f"{winner!r} wins; list {both} itself if that is not meant",
                is_advice=True,
            )


def _unreachable(plan: Plan) -> Iterator[Finding]:
    reached = _reached(plan, plan.numbers.values())
    for name in plan.nodes:
        if name not in reached:
            yield Finding(
                ("nodes", name), f"nothing leads to {name!r}", "name it in numbers or in a node", is_advice=True
            )
    rung = {number for node in plan.nodes.values() if isinstance(node, RingNode) for number in node.who}
    for number in plan.extensions:
        entry = match.find(plan.numbers, number)
        if number not in rung and (entry is None or not _rings_what_was_dialled(plan, plan.numbers[entry])):
            yield Finding(
                ("extensions", number),
                f"nothing leads to extension {number!r}",
                f'add "{number}" = "extension" to numbers',
                is_advice=True,
            )


def _dead_ends(plan: Plan) -> Iterator[Finding]:
    for number, target in plan.numbers.items():
        if isinstance(plan.node(target), ExtensionNode) and not any(match.matches(number, e) for e in plan.extensions):
            yield Finding(
                ("numbers", number),
                f"no extension matches {number!r}",
                "every call to it is refused with 404: add the extension, or lead the number elsewhere",
                is_advice=True,
            )


def _arrows(plan: Plan) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for number, target in plan.numbers.items():
        yield ("numbers", number), target
    for name, node in plan.nodes.items():
        for outcome, target in node.edges().items():
            yield ("nodes", name, *node.edge_path(outcome)), target


def _names(plan: Plan) -> list[str]:
    return [*plan.nodes, *(name for name in BUILT_IN if name not in plan.nodes)]


def _instant(plan: Plan, name: str) -> dict[str, str]:
    node = plan.node(name)
    return {} if node is None else {o: target for o, target in node.edges().items() if o in INSTANT}


def _circle_from(plan: Plan, start: str) -> list[str]:
    """The shortest way from a node back to itself by instant outcomes, without its return; [] where there is none."""
    came_from: dict[str, str] = {}
    waiting = deque([start])
    while waiting:
        name = waiting.popleft()
        for target in _instant(plan, name).values():
            if target == start:
                way = [name]
                while way[0] != start:
                    way.insert(0, came_from[way[0]])
                return way
            if target not in came_from:
                came_from[target] = name
                waiting.append(target)
    return []


def _reached(plan: Plan, starts: Iterable[str]) -> set[str]:
    """Every node that a call entering at one of `starts` can come to."""
    reached: set[str] = set()
    waiting = list(starts)
    while waiting:
        name = waiting.pop()
        node = plan.node(name)
        if name not in reached and node is not None:
            reached.add(name)
            waiting.extend(node.edges().values())
    return reached


def _rings_what_was_dialled(plan: Plan, start: str) -> bool:
    return any(isinstance(plan.node(name), ExtensionNode) for name in _reached(plan, [start]))
