"""The portal's types say what the web process answers: each field of records.ts is one of the Python record's."""

import re
import types
import typing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pbx.cdr.cdr import Cdr, CdrLeg, PathStep
from pbx.events.call_events import LegMedia
from pbx.events.live_call import LiveCall
from pbx.events.voicemail_message import Message
from pbx.store.interface import CdrPage
from pbx.web.auth.sign_in import Me
from pbx.web.views import Contact, ExtensionRegistrations

RECORDS = Path(__file__).resolve().parents[3] / "pbx" / "web" / "portal" / "src" / "api" / "records.ts"
KINDS: dict[str, Any] = {
    "Me": Me,
    "LiveCall": LiveCall,
    "Contact": Contact,
    "Registration": ExtensionRegistrations,
    "LegMedia": LegMedia,
    "CdrLeg": CdrLeg,
    "PathStep": PathStep,
    "Cdr": Cdr,
    "CdrPage": CdrPage,
    "VoicemailMessage": Message,
}


def interfaces(source: str) -> dict[str, dict[str, str]]:
    """Name -> field -> TypeScript type."""
    found = re.findall(r"^export interface (\w+) \{\n(.*?)^\}", source, re.MULTILINE | re.DOTALL)
    return {name: dict(re.findall(r"^  (\w+): (.*);", body, re.MULTILINE)) for name, body in found}


def in_typescript(kind: Any) -> str:
    """What a field of this Python type is in TypeScript, as far as records need it."""
    arguments = typing.get_args(kind)
    match typing.get_origin(kind):
        case types.UnionType | typing.Union:
            others = [in_typescript(each) for each in arguments if each is not types.NoneType]
            return " | ".join(others + ["null"] * (types.NoneType in arguments))
        case typing.Literal:
            return " | ".join(f'"{each}"' for each in arguments)
        case origin if origin in (tuple, list):
            return f"{in_typescript(arguments[0])}[]"
    names = {record: name for name, record in KINDS.items()}
    return {str: "string", float: "number", int: "number", bool: "boolean", **names}.get(kind, "unknown")


def mistakes(source: str) -> list[str]:
    """Where `source` says something else than the Python records; the portal need not know every field."""
    found = []
    aliases = dict(re.findall(r"^export type (\w+) =\s*((?:\s*\|?\s*\"[^\"]+\")+);", source, re.MULTILINE))
    for name, fields in interfaces(source).items():
        there = {field.encode_name: in_typescript(field.type) for field in msgspec.structs.fields(KINDS[name])}
        for field, kind in fields.items():
            expected, said = there.get(field, "nothing"), parts(aliases.get(kind, kind))
            # A union of words may be said to be any string: newer servers have more of them.
            if parts(expected) != said and not (kind == "string" and expected.startswith('"')):
                found.append(f"{name}.{field}: {kind}, but the server has {expected}")
    return found


def parts(union: str) -> set[str]:
    return {part.strip() for part in union.split("|") if part.strip()}


def test_every_record_of_the_portal_is_one_of_the_web_process():
    assert interfaces(RECORDS.read_text()).keys() == KINDS.keys()


def test_every_field_of_the_portals_records_is_the_servers():
    assert mistakes(RECORDS.read_text()) == []


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ("answered_at: number", "LiveCall.answered_at: number, but the server has number | null"),
        ("answered: boolean", "LiveCall.answered: boolean, but the server has nothing"),
        ("parties: number[]", "LiveCall.parties: number[], but the server has string[]"),
    ],
)
def test_a_field_that_is_said_wrongly_is_found(said: str, complaint: str):
    assert mistakes(f"export interface LiveCall {{\n  {said};\n}}") == [complaint]
