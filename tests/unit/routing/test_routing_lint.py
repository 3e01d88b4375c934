import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx.routing.finding import Finding
from pbx.routing.lint import lint
from pbx.routing.plan import EchoNode, ExtensionNode, Plan, RejectNode, RingNode
from pbx.routing.spelling import did_you_mean

EXTENSIONS: dict[str, int | None] = {"101": None, "102": None}


def found(**parts: object) -> list[Finding]:
    """What lint says of a sound plan with these parts instead of its own."""
    sound = {"numbers": {"1xx": "extension"}, "nodes": {}, "extensions": EXTENSIONS}
    return lint(Plan(**{**sound, **parts}))  # type: ignore[arg-type]


def test_a_sound_plan_has_nothing_to_say() -> None:
    nodes = {
        "desk": RingNode(who=("101",), busy="sales", no_answer="sales"),
        "sales": RingNode(who=("101", "102"), no_answer="desk"),  # a circle, but people are rung in it
    }
    assert found(numbers={"1xx": "extension", "200": "desk", "600": "echo"}, nodes=nodes) == []


def test_an_unknown_target_is_named_with_what_was_meant() -> None:
    nodes = {"sales": RingNode(who=("101",), busy="sale-box"), "sales-box": RejectNode()}
    numbers = {"1xx": "extension", "2": "sales", "3": "sales-box"}
    assert found(numbers=numbers, nodes=nodes) == [
        Finding(("nodes", "sales", "busy"), "no node named 'sale-box'", "did you mean 'sales-box'?")
    ]


def test_a_number_that_leads_nowhere_is_a_mistake() -> None:
    first = found(numbers={"1xx": "extension", "600": "eco"})[0]
    assert first == Finding(("numbers", "600"), "no node named 'eco'", "did you mean 'echo'?")


def test_a_bad_number_is_a_mistake() -> None:
    (only,) = [f for f in found(numbers={"1xx": "extension", "2XX": "echo"}) if not f.is_advice]
    assert only == Finding(("numbers", "2XX"), "'2XX' is no number or pattern", "write a small x for a digit")


def test_who_rings_must_be_an_extension_and_only_once() -> None:
    nodes = {"desk": RingNode(who=("101", "1011", "101"))}
    assert found(numbers={"1xx": "extension", "2": "desk"}, nodes=nodes) == [
        Finding(("nodes", "desk", "who", 1), "no extension '1011'", "did you mean '101'?"),
        Finding(("nodes", "desk", "who", 2), "extension '101' a second time", "remove it"),
    ]


def test_a_circle_that_rings_nobody_is_a_mistake_said_once() -> None:
    nodes = {
        "a": RingNode(who=("101",), unregistered="b"),
        "b": RingNode(who=("102",), unregistered="a", no_answer="a"),
    }
    assert found(numbers={"1xx": "extension", "2": "a"}, nodes=nodes) == [
        Finding(
            ("nodes", "a", "unregistered"),
            "a circle that rings nobody: a → b → a",
            "let one of them lead to another node",
        )
    ]


def test_a_node_that_leads_to_itself_at_once_is_a_circle() -> None:
    (only,) = found(numbers={"1xx": "mine"}, nodes={"mine": ExtensionNode(busy="mine")})
    assert only.read == "a circle that rings nobody: mine → mine"


def test_a_node_that_nothing_leads_to_is_advice() -> None:
    nodes = {"lost": EchoNode(), "found": RingNode(who=("101",), busy="deeper"), "deeper": EchoNode()}
    (only,) = found(numbers={"1xx": "extension", "2": "found"}, nodes=nodes)
    assert only == Finding(
        ("nodes", "lost"), "nothing leads to 'lost'", "name it in numbers or in a node", is_advice=True
    )


def test_an_extension_that_nothing_rings_is_advice() -> None:
    (only,) = found(numbers={"101": "extension"})
    assert only.path == ("extensions", "102")
    assert only.is_advice


def test_an_extension_that_only_a_ring_node_rings_is_fine() -> None:
    assert found(numbers={"2": "desk"}, nodes={"desk": RingNode(who=("101", "102"))}) == []


def test_a_number_for_extensions_that_do_not_exist_is_a_dead_end() -> None:
    (only,) = found(numbers={"1xx": "extension", "3xx": "extension"})
    assert only.path == ("numbers", "3xx")
    assert only.read == "no extension matches '3xx'"


def test_patterns_that_cross_are_advice_naming_the_number_and_the_winner() -> None:
    (only,) = found(numbers={"1xx": "extension", "2x0": "echo", "20x": "reject"})
    assert only.path == ("numbers", "20x")
    assert only.read == "'20x' and '2x0' both match 200"
    assert only.remedy.startswith("'20x' wins")


def test_a_special_case_of_a_wider_pattern_is_no_overlap() -> None:
    assert found(numbers={"1xx": "extension", "2x": "echo", "21": "reject", "3*": "echo", "31*": "reject"}) == []


@pytest.mark.parametrize(
    ("word", "known", "remedy"),
    [
        ("sale-box", ["sales", "sales-box"], "did you mean 'sales-box'?"),
        ("Busy", ["busy"], "did you mean 'busy'?"),
        ("zzz", ["a", "b"], "there is 'a', 'b'"),
        ("zzz", [], "remove it"),
        ("zzz", "abcdefghij", "there is 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h' …"),
    ],
)
def test_a_remedy_names_what_is_near_or_what_there_is(word: str, known: list[str], remedy: str) -> None:
    assert did_you_mean(word, known) == remedy


@given(st.dictionaries(st.text(max_size=3), st.text(max_size=3)), st.text(max_size=3), st.text(max_size=3))
def test_any_plan_at_all_can_be_looked_at(numbers: dict[str, str], name: str, target: str) -> None:
    node = RingNode(who=(name,), busy=target, unregistered=name)
    for finding in lint(Plan(numbers=numbers, nodes={name: node, target: ExtensionNode(busy=name)})):
        assert finding.read
        assert finding.remedy
