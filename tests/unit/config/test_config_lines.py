import tomllib
from collections.abc import Iterator
from textwrap import dedent
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx.config.lines import locate, nearest
from pbx.config.mistake import Path, dotted


def lines_of(text: str) -> dict[str, int]:
    text = dedent(text).lstrip("\n")
    tomllib.loads(text)
    return {dotted(path): line for path, line in locate(text).items()}


def test_keys_tables_and_dotted_keys() -> None:
    found = lines_of("""
        a = 1
        b.c.d = 2  # with = a comment

        [x.y]
        z = "="
        "quoted key" = 3
        'literal.key' = 4
    """)
    assert found == {
        "a": 1,
        "b": 2,
        "b.c": 2,
        "b.c.d": 2,
        "x": 4,
        "x.y": 4,
        "x.y.z": 5,
        'x.y."quoted key"': 6,
        'x.y."literal.key"': 7,
    }


def test_arrays_of_tables_count_their_elements() -> None:
    found = lines_of("""
        [[tests]]
        call = { from = "1", to = "2" }
        [[tests]]
        [[tests.steps]]
        [tests.steps.more]
        at = 1
        [[tests.steps]]
        expect = []
    """)
    assert found["tests"] == 1
    assert found["tests[1].call.to"] == 2
    assert found["tests[2]"] == 3
    assert found["tests[2].steps[1].more.at"] == 6
    assert found["tests[2].steps[2].expect"] == 8


def test_lists_over_several_lines() -> None:
    found = lines_of("""
        who = [
          "101",  # ] not the end
          [1,
           2],
          { a = 1 }, ]
        after = 1
    """)
    assert found == {
        "who": 1,
        "who[1]": 2,
        "who[2]": 3,
        "who[2][1]": 3,
        "who[2][2]": 4,
        "who[3]": 5,
        "who[3].a": 5,
        "after": 6,
    }


@pytest.mark.parametrize(
    "value",
    [
        '"""\n[not.a.table]\n\\""" still\n"""',
        "'''\nkey = 1\n\\'''",
        '"""two quotes of its own\n\n\n"""""',
        "'''one\n\n\n''''",
        '"""\\\n\n  folded\n"""',
    ],
)
def test_a_long_string_takes_its_lines_and_hides_what_is_in_it(value: str) -> None:
    text = f"a = {value}\nb = 1\n"
    tomllib.loads(text)
    assert locate(text) == {("a",): 1, ("b",): value.count("\n") + 2}


def test_short_strings_with_quotes_and_escapes() -> None:
    found = locate('a = "\\"]#"\nb = \'\\\'\n"c\\u0041\\t\\"" = 1\n')
    assert found == {("a",): 1, ("b",): 2, ('cA\t"',): 3}


def test_an_explicit_table_has_its_own_line_even_after_its_children() -> None:
    assert lines_of("[a.b]\n[a]\nx = 1\n")["a"] == 2


def test_line_ends_of_windows_and_no_line_end_at_all() -> None:
    assert locate("a = 1\r\n[b]\r\nc = 1979-05-27 07:32:00") == {("a",): 1, ("b",): 2, ("b", "c"): 3}


def test_a_missing_key_is_said_to_be_at_the_table_around_it() -> None:
    lines = {("nodes",): 3, ("nodes", "sales"): 4}
    assert nearest(lines, ("nodes", "sales", "who", 0)) == 4
    assert nearest(lines, ("timers",)) == 0


KEYS = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=4) | st.sampled_from(["a", "b", "a-b", "x y"])
SCALARS = st.sampled_from(
    ["1", "0x1F", "1.5e3", "true", "inf", '"#]}"', "'\"'", "1979-05-27 07:32:00Z", '"""\n"a"\n"""', "'''\n'''"]
)


@st.composite
def documents(draw: st.DrawFn) -> str:
    """TOML of every shape, with blank lines and comments between."""

    def key() -> str:
        text = draw(KEYS)
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

    def value(depth: int) -> str:
        kind = draw(st.sampled_from(["scalar", "scalar", "array", "table"] if depth < 3 else ["scalar"]))
        if kind == "array":
            gap = draw(st.sampled_from(["", "\n", " # ,]\n"]))
            return "[" + ",".join(gap + value(depth + 1) + gap for _ in range(draw(st.integers(0, 3)))) + gap + "]"
        if kind == "table":
            keys = {key() for _ in range(draw(st.integers(0, 3)))}
            return "{" + ", ".join(f"{k} = {value(depth + 1)}" for k in sorted(keys)) + "}"
        return draw(SCALARS)

    parts: list[str] = []
    for _ in range(draw(st.integers(0, 6))):
        name = ".".join(key() for _ in range(draw(st.integers(1, 2))))
        parts.append(draw(st.sampled_from(["", "[{}]", "[[{}]]", "# a = 1"])).format(name))
        parts += [f"{key()}{draw(st.sampled_from(['', ' . z']))} = {value(0)}" for _ in range(draw(st.integers(0, 3)))]
    return "\n".join(parts)


def paths(value: Any, path: Path = ()) -> Iterator[Path]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*path, key)
        yield from paths(item, (*path, key))


@given(documents())
def test_every_key_of_any_document_has_a_line_and_no_other_has(text: str) -> None:
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError:  # a table twice, or the like
        return
    lines = locate(text)
    assert set(lines) == set(paths(data))
    assert all(1 <= line <= text.count("\n") + 1 for line in lines.values())


@given(documents())
def test_a_line_put_before_moves_every_line_by_one(text: str) -> None:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    assert locate("# one more\n" + text) == {path: line + 1 for path, line in locate(text).items()}
