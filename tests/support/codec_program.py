"""Our codecs as a program: `native/mediacore-audio/examples/codec.rs`, which `cargo test` has built already."""

import os
import struct
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[2]
LOST = 0xFFFF_FFFF  # a record's length where nothing came

Samples = NDArray[np.int16]


@cache
def program() -> Path:
    """Its path, built where it is not."""
    command = ["cargo", "build", "--quiet", "--release", "--locked", "--package=mediacore-audio", "--example=codec"]
    subprocess.run(command, cwd=ROOT, check=True, timeout=600)
    return Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release" / "examples" / "codec"


@dataclass(frozen=True)
class OurCodec:
    """A codec by its rtpmap, at a rate and a number of channels, in frames of one length."""

    rtpmap: str
    sample_rate_hz: int
    channels: int = 1
    frame_ms: int = 20

    @property
    def frame_samples(self) -> int:
        """For each channel."""
        return self.sample_rate_hz * self.frame_ms // 1000

    def encode(self, samples: Samples, *options: str) -> list[bytes]:
        """Interleaved samples to packets."""
        return list(_records(self._run("encode", samples.tobytes(), options)))

    def decode(self, packets: Sequence[bytes | None]) -> Samples:
        """Packets to interleaved samples; None is a packet that did not come."""
        return np.frombuffer(self._run("decode", b"".join(map(_record, packets)), ()), np.int16)

    def _run(self, verb: str, data: bytes, options: Iterable[str]) -> bytes:
        sizes = map(str, (self.sample_rate_hz, self.channels, self.frame_samples))
        command = [str(program()), verb, self.rtpmap, *sizes, *options]
        return subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True, timeout=60).stdout


def _record(packet: bytes | None) -> bytes:
    return struct.pack("<I", LOST) if packet is None else struct.pack("<I", len(packet)) + packet


def _records(data: bytes) -> Iterable[bytes]:
    while data:
        (octets,) = struct.unpack_from("<I", data)
        yield data[4 : 4 + octets]
        data = data[4 + octets :]
