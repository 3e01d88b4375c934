from collections.abc import Callable
from typing import Generic, Self, TypeVar, overload

from pbx.sip.message import Message

SIZE_MAX: int  # octets of one message
HEADERS_MAX: int  # header lines of one message

class Scanned:
    """The parts of one message, and the first fault in it (`fault` is None where there is none)."""

    is_request: bool
    is_sip: bool  # False: no answer can be made of it
    method: str  # of a request
    uri: str
    status: int  # of a response
    reason: str
    body: bytes
    fault: str | None
    status_hint: int
    head_length: int  # octets up to and including the empty line
    content_length: int  # -1 where there is no such header or it cannot be read

    # Keys are those of header_names.key.
    def first(self, key: str) -> str | None: ...
    def all(self, key: str) -> list[str]: ...
    def items(self) -> list[tuple[str, str]]: ...
    def fields(self) -> list[tuple[str, str, str]]: ...  # key, name, value

def scan(data: bytes, stream: bool = False) -> Scanned: ...

T = TypeVar("T")
V = TypeVar("V")

class Typed(Generic[T]):
    """An attribute of a message: a header parsed when first touched and kept until the headers change.

    One way to parse is given: `first` for a header that must be there, `optional` for one that may be absent (None),
    `each` for a list that may stand in several lines. The name is one of header_names.KNOWN. A BadMessage names the
    header and carries the message.
    """

    @overload
    def __init__(self, name: str, *, first: Callable[[str], T]) -> None: ...
    @overload
    def __init__(self: Typed[V | None], name: str, *, optional: Callable[[str], V | None]) -> None: ...
    @overload
    def __init__(self: Typed[list[V]], name: str, *, each: Callable[[str], list[V]]) -> None: ...
    @overload
    def __get__(self, message: None, owner: type[Message]) -> Self: ...
    @overload
    def __get__(self, message: Message, owner: type[Message]) -> T: ...
