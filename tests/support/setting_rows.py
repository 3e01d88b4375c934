"""The settings of a file as its typed structs have them, in the form that the tables in docs/ have them."""

import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct, inspect

from pbx.config.shape import described

ROW = re.compile(r"^\| `([^`]+)` \|(.*)\|$", re.MULTILINE)


class Setting(Struct, frozen=True):
    """One row of a table: what can be compared with the code."""

    name: str  # dotted
    unit: str  # "—" where it has none
    default: str
    takes: str


def settings(kind: Any, prefix: str = "") -> Iterator[Setting]:
    """Every setting of a struct; those of tables in it too, named as in TOML."""
    wanted = inspect.type_info(kind)
    assert isinstance(wanted, inspect.StructType)
    yield from _of_struct(wanted, prefix)


def in_page(text: str) -> Iterator[Setting]:
    """The rows of a page's tables whose first cell is a setting: setting | unit | default | takes | what it is."""
    for name, rest in ROW.findall(text):
        cells = [cell.strip() for cell in rest.split(" | ")]
        if len(cells) == 4:
            unit, default, takes, _ = cells
            yield Setting(name, unit, default, takes)


def _of_struct(wanted: inspect.StructType, prefix: str) -> Iterator[Setting]:
    for field in wanted.fields:
        name = prefix + field.encode_name
        plain = _plain(field.type)
        if isinstance(plain, inspect.StructType):
            yield from _of_struct(plain, f"{name}.")
        elif isinstance(plain, inspect.DictType) and isinstance(_plain(plain.value_type), inspect.StructType):
            value = _plain(plain.value_type)
            assert isinstance(value, inspect.StructType)
            yield from _of_struct(value, f"{name}.NUMBER.")
        else:
            yield Setting(name, _unit(name, plain), _default(field), described(field.type))


def _plain(wanted: inspect.Type) -> inspect.Type:
    """The type itself, without its description and without "or none"."""
    if isinstance(wanted, inspect.Metadata):
        return _plain(wanted.type)
    if isinstance(wanted, inspect.UnionType):
        types = [t for t in wanted.types if not isinstance(t, inspect.NoneType)]
        return _plain(types[0]) if len(types) == 1 else wanted
    return wanted


def _unit(name: str, wanted: inspect.Type) -> str:
    """By the name's end, as everywhere in the code."""
    if not isinstance(wanted, inspect.IntType | inspect.FloatType):
        return "—"
    last = name.rpartition(".")[2]
    if last.endswith("_per_s"):
        return last.removesuffix("_per_s") + "/s"
    if last.endswith("_s"):
        return "s"
    return last.removesuffix("_max")  # a number of calls, a port, a status


def _default(field: inspect.Field) -> str:
    if field.required:
        return "required"
    default = field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
    return "none" if default is None or default == {} else f"`{json.dumps(default)}`"
