"""Records as answers: msgspec writes them, and describes them for OpenAPI, so that no record is spelled out twice."""

from typing import Any

import msgspec
from fastapi import Response
from msgspec import Struct

_REFERENCE = "#/components/schemas/{name}"
_described: list[Any] = []  # every kind of answer that a route was given, for `schemas`


class ProblemDetails(Struct, frozen=True):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str


def present(value: object, *, status: int = 200) -> Response:
    """A record, or a list of them, as JSON."""
    return Response(msgspec.json.encode(value), status, media_type="application/json")


def answers(kind: Any, *, description: str = "as asked") -> dict[int | str, dict[str, Any]]:
    """What a route says of itself: its answer is of this type, or it is a problem."""
    _described.append(kind)
    (schema,), _ = msgspec.json.schema_components([kind], ref_template=_REFERENCE)
    return {200: {"description": description, "content": {"application/json": {"schema": schema}}}}


def problems() -> dict[int | str, dict[str, Any]]:
    """What every route may answer besides."""
    schema = {"$ref": _REFERENCE.format(name=ProblemDetails.__name__)}
    content = {"application/problem+json": {"schema": schema}}
    return {"default": {"description": "what went wrong, in words", "content": content}}


def schemas() -> dict[str, Any]:
    """The records in all answers, by name."""
    _, components = msgspec.json.schema_components([*_described, ProblemDetails], ref_template=_REFERENCE)
    return components
