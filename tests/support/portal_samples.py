"""What the portal's stand-in shows: phones, calls, messages and records, as the API's JSON has them."""

import io
import math
import time
import wave
from array import array
from typing import Any

from pbx.cdr.cdr import Disposition
from tests.support.portal_stand_in import World

RATE = 8000  # samples a second
TONE_HZ = 440.0
TALK_S = 125.0


def sample_world(*, cdrs: int = 3) -> World:
    """Somebody who has a password is signed in by the link; 101 is registered, 103 is not."""
    now = time.time()
    return World(
        password="heron under the bridge",
        audio=tone(3.0),
        registrations=[
            registration("101", "Ada", contact("127.0.0.1:5071", "baresip v1.1.0 (x86_64/Linux)", now)),
            registration("102", "Grace", contact("192.0.2.31:5072", "Yealink SIP-T46U 108.86.0.20", now)),
            registration("103", "Front desk"),
        ],
        voicemail=[message("m1", "101", now - 400), message("m2", "102", now - 90_000, heard=True)],
        cdrs=[cdr(f"call-{number}", now - 60 - 5000 * number) for number in range(cdrs)],
    )


def registration(extension: str, name: str, *contacts: dict[str, Any]) -> dict[str, Any]:
    return {"extension": extension, "name": name, "contacts": list(contacts)}


def contact(source: str, user_agent: str, now: float) -> dict[str, Any]:
    uri = f"sip:phone@{source}"
    times = {"registered_at": now - 600, "expires_at": now + 1800}
    return {"contact": uri, "source": source, "user_agent": user_agent, **times}


def live_call(call_id: str, phase: str = "talking", *, started_ago_s: float = 75.0) -> dict[str, Any]:
    started_at = time.time() - started_ago_s
    return {
        "id": call_id,
        "tenant": "demo",
        "from_number": "101",
        "to_number": "102",
        "phase": phase,
        "started_at": started_at,
        "answered_at": started_at + 3 if phase == "talking" else None,
        "parties": ["102"],
    }


def message(message_id: str, box: str, at: float, *, heard: bool = False) -> dict[str, Any]:
    who = {"from_number": "102", "from_name": "Grace"}
    return {"id": message_id, "box": box, **who, "at": at, "duration_s": 3.0, "heard": heard}


def cdr(call_id: str, at: float, disposition: Disposition = "answered") -> dict[str, Any]:
    was_answered = disposition == "answered"
    ended_at = at + 4 + TALK_S if was_answered else at + 20
    return {
        "id": call_id,
        "from_number": "101",
        "from_name": "Ada",
        "to_number": "102",
        "sip_call_id": f"{call_id}@phone",
        "started_at": at,
        "ringing_at": at + 1,
        "answered_at": at + 4 if was_answered else None,
        "ended_at": ended_at,
        "talk_s": TALK_S if was_answered else 0.0,
        "disposition": disposition,
        "ended_by": "caller",
        "sip_status": 200 if was_answered else 487,
        "reason": "",
        "legs": [leg("caller", "101", at, ended_at, mos=4.3), leg("callee", "102", at, ended_at, mos=3.3)],
        "path": [
            {"at": at, "node": "numbers", "outcome": "extension", "reason": "102 matches '1xx'"},
            {"at": at, "node": "extension", "outcome": "ring", "reason": "rings 102 for 30 s"},
        ],
    }


def leg(role: str, party: str, at: float, ended_at: float, *, mos: float) -> dict[str, Any]:
    packets = {"packets_sent": 6240, "packets_received": 6233, "packets_forwarded": 6233, "packets_decoded": 0}
    media = {"codec": "PCMU/8000", **packets, "lost_ratio": 0.0112, "jitter_ms": 1.42, "mos": mos}
    times = {"started_at": at, "ringing_at": at + 1, "answered_at": at + 4, "ended_at": ended_at}
    end = {"status": None, "ended_by": "caller", "reason": "", "held_s": 0.0}
    return {
        "leg": role,
        "role": role,
        "party": party,
        "uri": f"sip:{party}@192.0.2.31:5070",
        **times,
        **end,
        "media": media,
    }


def tone(duration_s: float) -> bytes:
    """A WAV file."""
    samples = (round(8000 * math.sin(2 * math.pi * TONE_HZ * n / RATE)) for n in range(round(duration_s * RATE)))
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(RATE)
        writer.writeframes(array("h", samples).tobytes())
    return file.getvalue()
