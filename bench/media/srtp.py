"""What SRTP costs from Python, for a packet of 172 octets (20 ms of G.711): ours in batches, beside pylibsrtp.

`python -m bench.media.srtp` prints its table alone. Both take turns in one process, and a sample is the processor time
of one batch; `cargo bench -p mediacore-rtp` measures the same without Python.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pylibsrtp

import mediacore as mc
from bench.row import Row, show

COMMAND = "python -m bench.media.srtp"
BATCH = 1000  # packets: a tick of 2 ms of 100 calls has twenty
ROUNDS = 60
PROFILES = {
    "AES_CM_128_HMAC_SHA1_80": pylibsrtp.Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
    "AEAD_AES_128_GCM": pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
}


@dataclass(frozen=True, slots=True)
class Subject:
    """Who seals and opens batches."""

    name: str
    protect: Callable[[list[bytes]], list[bytes]]
    unprotect: Callable[[list[bytes]], list[bytes]]
    version: str = ""


def ours(key: mc.SrtpKey) -> Subject:
    """mediacore.Srtp."""
    sender, receiver = (mc.Srtp(send=key, receive=key) for _ in "12")
    return Subject(
        "mediacore", lambda batch: whole(sender.protect(batch)), lambda batch: whole(receiver.unprotect(batch))
    )


def theirs(key: mc.SrtpKey) -> Subject:
    """pylibsrtp, a call for each packet: it has no batches."""

    def session(direction: int) -> pylibsrtp.Session:
        profile = PROFILES[key.suite]
        return pylibsrtp.Session(policy=pylibsrtp.Policy(key=key.key, ssrc_type=direction, srtp_profile=profile))

    protect = session(pylibsrtp.Policy.SSRC_ANY_OUTBOUND).protect
    unprotect = session(pylibsrtp.Policy.SSRC_ANY_INBOUND).unprotect
    return Subject(
        "pylibsrtp",
        lambda batch: [protect(packet) for packet in batch],
        lambda batch: [unprotect(packet) for packet in batch],
        version=pylibsrtp.__version__,
    )


def whole(packets: list[bytes | None]) -> list[bytes]:
    """The packets; the bench stops where one was refused."""
    if None in packets:
        raise RuntimeError("a packet was refused")
    return packets  # type: ignore[return-value]


def batch(number: int) -> list[bytes]:
    """Packets that follow each other."""
    first = number * BATCH
    return [
        b"\x80\x00" + (sequence & 0xFFFF).to_bytes(2, "big") + bytes(4) + b"from" + b"\x55" * 160
        for sequence in range(first, first + BATCH)
    ]


def run() -> list[Row]:
    """Both suites that phones and browsers use most."""
    return [row for suite in PROFILES for row in measure(suite)]


def measure(suite: str) -> Iterator[Row]:
    """All rows of one suite."""
    key = mc.new_key(suite)
    subjects = [ours(key), theirs(key)]
    spent: dict[tuple[str, str], list[float]] = {}
    for number in range(ROUNDS):
        clear = batch(number)
        for subject in subjects:
            sealed = timed(spent, ("protect", subject.name), subject.protect, clear)
            opened = timed(spent, ("unprotect", subject.name), subject.unprotect, sealed)
            if opened != clear:
                raise RuntimeError(f"{subject.name} opens something else than it sealed")
    for work in ("protect", "unprotect"):
        for subject in subjects:
            yield Row.of(
                spent[work, subject.name],
                work=f"srtp-{work}-{suite}",
                subject=subject.name,
                unit="µs CPU/packet",
                command=COMMAND,
                version=subject.version,
                note="172 octets, from Python" + (f", batches of {BATCH}" if subject.name == "mediacore" else ""),
            )


def timed(
    spent: dict[tuple[str, str], list[float]],
    name: tuple[str, str],
    work: Callable[[list[bytes]], list[bytes]],
    packets: list[bytes],
) -> list[bytes]:
    """Does the work and notes its processor time, µs for each packet."""
    began_at = time.thread_time()
    done = work(packets)
    spent.setdefault(name, []).append((time.thread_time() - began_at) * 1e6 / len(packets))
    return done


if __name__ == "__main__":
    show(run())
