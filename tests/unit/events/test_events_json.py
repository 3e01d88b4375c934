import msgspec
import pytest

from pbx.events.call_events import CallEnded, CallEvent, CallStarted, LegAnswered, LegEnded, LegMedia
from pbx.tenants.scope import TenantScope

HISTORY: list[CallEvent] = [
    CallStarted(1.0, "call-1", TenantScope("herons", "eu"), "101", "Ada", "102", "abc"),
    LegAnswered(2.0, "a"),
    LegEnded(3.0, "a", None, "caller", "BYE", LegMedia("PCMA/8000", 1, 2, mos=4.1)),
    CallEnded(3.0, "caller", None, "BYE"),
]


def test_a_history_comes_back_from_json_as_it_went() -> None:
    assert msgspec.json.decode(msgspec.json.encode(HISTORY), type=list[CallEvent]) == HISTORY
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(HISTORY), type=list[CallEvent]) == HISTORY


def test_an_event_says_its_name_in_json() -> None:
    assert msgspec.to_builtins(HISTORY[1]) == {"event": "LegAnswered", "at": 2.0, "leg": "a"}


def test_an_event_cannot_be_changed_afterwards() -> None:
    with pytest.raises(AttributeError):
        HISTORY[1].at = 5.0
