"""Compares what a TOML file holds with the types that it should have, and collects *all* that differs.

msgspec's own conversion stops at the first mistake; here the same types are walked by hand. What is wrong is left out
of the result, so that whatever is right around it can be checked further. The result always converts.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, time
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import inspect

from pbx.config.mistake import Path
from pbx.routing.spelling import did_you_mean

T = TypeVar("T")
Complain = Callable[[Path, str, str], None]  # path, what was read, what would do


class Broken(Exception):
    """This value is wrong, it has been complained of, and it has no default."""


class Shape(Generic[T]):
    """A type that tables of a file are read as. `remedies` maps an unknown key to what to say of it."""

    def __init__(self, kind: type[T], remedies: dict[str, str] | None = None) -> None:
        self._kind = kind
        self._type = inspect.type_info(kind)
        self._remedies = remedies or {}

    def read(self, value: object, complain: Complain, path: Path = ()) -> T | None:
        """The value as that type, with defaults where something was wrong; None where there is no default."""
        try:
            return msgspec.convert(_Walk(complain, self._remedies).value(value, self._type, path), self._kind)
        except Broken:
            return None


class _Walk:
    def __init__(self, complain: Complain, remedies: dict[str, str]) -> None:
        self.complain = complain
        self.remedies = remedies

    def value(self, value: Any, wanted: inspect.Type, path: Path) -> Any:
        """The value without what is wrong in it; raises Broken where nothing is left."""
        said = described(wanted)
        if isinstance(wanted, inspect.Metadata):
            wanted = wanted.type
        match wanted:
            case inspect.UnionType():
                return self._union(value, wanted, path)
            case inspect.StructType() if isinstance(value, dict):
                return self._struct(value, wanted, path)
            case inspect.DictType() if isinstance(value, dict):
                return self._dict(value, wanted, path)
            case inspect.VarTupleType() if isinstance(value, list):
                return self._list(value, wanted, path)
            case inspect.TupleType() if isinstance(value, list) and len(value) == len(wanted.item_types):
                return [
                    self.value(v, t, (*path, i)) for i, (v, t) in enumerate(zip(value, wanted.item_types, strict=True))
                ]
        if not _fits(value, wanted):
            self._wrong(value, wanted, said, path)
        return value

    def _wrong(self, value: Any, wanted: inspect.Type, said: str, path: Path) -> None:
        remedy = f"write {said}"
        if isinstance(wanted, inspect.IntType) and isinstance(value, str) and value.strip().isdecimal():
            remedy += ", without quotes"
        elif isinstance(wanted, inspect.StrType) and isinstance(value, int) and not isinstance(value, bool):
            remedy = f'write "{shortened(str(value))}", in quotes'
        elif isinstance(wanted, inspect.LiteralType) and isinstance(value, str):
            remedy = did_you_mean(value, map(str, wanted.values))
        self.complain(path, seen(value), remedy)
        raise Broken

    def _union(self, value: Any, wanted: inspect.UnionType, path: Path) -> Any:
        types = [t for t in wanted.types if not isinstance(t, inspect.NoneType)]
        if len(types) == 1:
            return self.value(value, types[0], path)
        tagged = [t for t in types if isinstance(t, inspect.StructType)]
        if not isinstance(value, dict):
            self._wrong(value, tagged[0], described(wanted), path)
        return self._tagged(value, tagged, path)

    def _tagged(self, value: dict[str, Any], kinds: list[inspect.StructType], path: Path) -> Any:
        field = str(kinds[0].tag_field)
        by_tag = {str(kind.tag): kind for kind in kinds}
        tag = value.get(field)
        if tag is None:
            self.complain(path, f"no {field!r}", f"add {field} = one of {', '.join(map(repr, by_tag))}")
            raise Broken
        if not isinstance(tag, str) or tag not in by_tag:
            remedy = (
                did_you_mean(tag, by_tag) if isinstance(tag, str) else f"write one of {', '.join(map(repr, by_tag))}"
            )
            self.complain((*path, field), f"no {field} of that name: {seen(tag)}", remedy)
            raise Broken
        return self._struct(value, by_tag[tag], path)

    def _struct(self, value: dict[str, Any], wanted: inspect.StructType, path: Path) -> dict[str, Any]:
        fields = {field.encode_name: field for field in wanted.fields}
        kept: dict[str, Any] = {}
        for key, item in value.items():
            if key == wanted.tag_field:
                kept[key] = item
            elif key in fields:
                self._field(kept, key, item, fields[key], path)
            else:
                remedy = self.remedies.get(key) or did_you_mean(key, [name for name in fields if name not in value])
                self.complain((*path, key), f"unknown key {key!r}", remedy)
        missing = [field for field in fields.values() if field.required and field.encode_name not in kept]
        for field in missing:
            if field.encode_name not in value:
                name = field.encode_name
                self.complain(path, f"no {name!r}", f"add {name} = {described(field.type)}")
        if missing:
            raise Broken
        return kept

    def _field(self, kept: dict[str, Any], key: str, item: Any, field: inspect.Field, path: Path) -> None:
        with suppress(Broken):  # complained of; the default stands in for it
            kept[key] = self.value(item, field.type, (*path, key))

    def _dict(self, value: dict[str, Any], wanted: inspect.DictType, path: Path) -> dict[str, Any]:
        kept: dict[str, Any] = {}
        for key, item in value.items():
            with suppress(Broken):
                kept[key] = self.value(item, wanted.value_type, (*path, key))
        return kept

    def _list(self, value: list[Any], wanted: inspect.VarTupleType, path: Path) -> list[Any]:
        kept: list[Any] = []
        for i, item in enumerate(value):
            with suppress(Broken):
                kept.append(self.value(item, wanted.item_type, (*path, i)))
        if len(value) < (wanted.min_length or 0):
            self.complain(path, "an empty list", f"write {described(wanted)}")
            raise Broken
        if len(kept) < len(value):
            raise Broken  # with some left out, those after them would be complained of by a wrong index
        return kept


def _fits(value: Any, wanted: inspect.Type) -> bool:
    match wanted:
        case inspect.AnyType():
            return True
        case inspect.BoolType():
            return isinstance(value, bool)
        case inspect.IntType():
            return isinstance(value, int) and not isinstance(value, bool) and _within(value, wanted)
        case inspect.FloatType():
            return isinstance(value, int | float) and not isinstance(value, bool) and _within(value, wanted)
        case inspect.StrType():
            return isinstance(value, str) and (wanted.pattern is None or re.search(wanted.pattern, value) is not None)
        case inspect.LiteralType():
            return isinstance(value, str) and value in wanted.values
    return False  # a table or a list was wanted, and this is none


def _within(value: float, wanted: inspect.IntType | inspect.FloatType) -> bool:
    return (wanted.ge is None or value >= wanted.ge) and (wanted.le is None or value <= wanted.le)


def described(wanted: inspect.Type) -> str:
    """A type as people say it: "a whole number from 1 to 600"."""
    match wanted:
        case inspect.Metadata(kind, extra):
            note = (extra or {}).get("description")
            return described(kind) + (f", {note}" if note else "")
        case inspect.UnionType():
            return described(next(t for t in wanted.types if not isinstance(t, inspect.NoneType)))
        case inspect.BoolType():
            return "true or false"
        case inspect.IntType():
            return f"a whole number{_bounds(wanted)}"
        case inspect.FloatType():
            return f"a number{_bounds(wanted)}"
        case inspect.StrType():
            return "text in quotes"
        case inspect.LiteralType():
            return f"one of {', '.join(map(repr, wanted.values))}"
        case inspect.VarTupleType():
            return (
                "a list" + (", not an empty one" if wanted.min_length else "") + f": each {described(wanted.item_type)}"
            )
        case inspect.TupleType():
            return f"a list of {len(wanted.item_types)}: each {described(wanted.item_types[0])}"
    return "a table"


def _bounds(wanted: inspect.IntType | inspect.FloatType) -> str:
    match wanted.ge, wanted.le:
        case None, None:
            return ""
        case low, None:
            return f" of {low} or more"
        case None, high:
            return f" of {high} or less"
        case low, high:
            return f" from {low} to {high}"


def seen(value: Any) -> str:
    """A value that was read, as people say it."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return f"the text {shortened(value)!r}"
        case int() | float():
            return f"the number {shortened(str(value))}"
        case list():
            return f"a list of {len(value)}"
        case dict():
            return "a table"
        case datetime() | date() | time():
            return f"the time {value.isoformat()}"
    return f"{value!r}"


def shortened(text: str) -> str:
    """At most 60 characters of it: a mistake is one line, and a secret in the wrong place is not printed whole."""
    return text if len(text) <= 60 else f"{text[:57]}…"
