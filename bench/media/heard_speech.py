"""Speech of our own prompts before and behind a path: as G.711, on a time line, how late it is, and what it is worth.

The score is PESQ narrow band (ITU-T P.862, the `pesq` package): what one hears of it, with alignment, as a MOS of 1 to
4.5. It does not bear that the speech is stretched much, so ViSQOL (`visqol-python`), which does, stands beside it where
it is installed.
"""

from __future__ import annotations

import importlib.util
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bench.row import Missing

RATE = 8000
PACKET = 160
PACKET_S = 0.02
PAUSE_S = 0.5  # between two prompts
WINDOW_S = 2.0  # over which delay is looked for
DELAY_MAX_S = 0.6
PIECE_S = 10.0  # of speech for one score
VISQOL_EVERY = 3  # pieces: it takes four seconds for each
SILENT_RMS = 100.0
PCMU, PCMA = 0, 8

Samples = npt.NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Datagram:
    """One RTP packet of a capture."""

    at_s: float
    port: int  # it went to
    sequence: int
    timestamp: int
    payload_type: int
    payload: bytes
    whole: bytes


def speech(folder: Path, seconds: float) -> Samples:
    """Prompts one after another, longest first, with pauses between; 8 kHz."""
    if importlib.util.find_spec("soundfile") is None:
        raise Missing("soundfile", "pip install soundfile")
    import soundfile  # type: ignore[import-not-found,import-untyped,unused-ignore]

    paths = sorted(folder.glob("*.flac"), key=lambda path: (-path.stat().st_size, path.name))
    parts: list[Samples] = []
    while sum(map(len, parts)) < seconds * RATE and paths:
        samples, rate = soundfile.read(paths.pop(0), dtype="float64")
        parts += [at_rate(samples, rate), np.zeros(int(PAUSE_S * RATE), np.int16)]
    whole = np.concatenate(parts)[: int(seconds * RATE)]
    return whole[: len(whole) // PACKET * PACKET]


def at_rate(samples: npt.NDArray[np.float64], rate: int) -> Samples:
    """Band-limited, by the spectrum: nothing here is live."""
    if samples.ndim > 1:
        samples = samples.mean(axis=1)
    length = len(samples) * RATE // rate
    spectrum = np.fft.rfft(samples)[: length // 2 + 1]
    full = np.zeros(length // 2 + 1, complex)
    full[: len(spectrum)] = spectrum
    resampled = np.fft.irfft(full, length) * length / len(samples)
    return (np.clip(resampled, -1, 1) * 32_000).astype(np.int16)


def mulaw_table() -> Samples:
    """What each octet of PCMU stands for (ITU-T G.711)."""
    octets = ~np.arange(256, dtype=np.int32) & 0xFF
    size = (((octets & 0x0F) << 3) + 0x84 << ((octets & 0x70) >> 4)) - 0x84
    return np.where(octets & 0x80, -size, size).astype(np.int16)


def alaw_table() -> Samples:
    """What each octet of PCMA stands for."""
    octets = np.arange(256, dtype=np.int32) ^ 0x55
    exponent, mantissa = (octets & 0x70) >> 4, (octets & 0x0F) << 4
    size = np.where(exponent == 0, mantissa + 8, (mantissa + 0x108) << np.maximum(exponent - 1, 0))
    return np.where(octets & 0x80, size, -size).astype(np.int16)


TABLES = {PCMU: mulaw_table(), PCMA: alaw_table()}


def to_mulaw(samples: Samples) -> bytes:
    """The nearest octets."""
    order = np.argsort(TABLES[PCMU], kind="stable")
    levels = TABLES[PCMU][order].astype(np.int32)
    place = np.clip(np.searchsorted(levels, samples), 1, 255)
    lower = samples - levels[place - 1] < levels[place] - samples
    return order[place - lower].astype(np.uint8).tobytes()


def as_sent(samples: Samples) -> Samples:
    """What is left of it in PCMU: nothing behind that is better."""
    return TABLES[PCMU][np.frombuffer(to_mulaw(samples), np.uint8)]


def captured(path: Path) -> Iterator[Datagram]:
    """The RTP of a capture as `mediacore-sim` writes it: raw IPv4, nanoseconds."""
    data, place = path.read_bytes(), 24
    while place < len(data):
        seconds, nanoseconds, octets = struct.unpack_from("<III", data, place)
        packet = data[place + 16 : place + 16 + octets]
        place += 16 + octets
        rtp = packet[28:]
        if len(rtp) >= 12 and not 64 <= rtp[1] & 0x7F < 96:
            yield datagram(seconds + nanoseconds / 1e9, struct.unpack_from("!H", packet, 22)[0], rtp)


def datagram(at_s: float, port: int, rtp: bytes) -> Datagram:
    """Reads an RTP packet without extensions."""
    kind, sequence, timestamp = struct.unpack_from("!xBHI", rtp)
    return Datagram(at_s, port, sequence, timestamp, kind & 0x7F, rtp[12:], rtp)


def heard(datagrams: list[Datagram], begins_at_s: float, seconds: float, *, cushion_s: float) -> Samples:
    """What a listener hears who plays each packet behind the one before, the first one `cushion_s` after it came, and
    silence where none is there. Begins at `begins_at_s`; the cushion is taken off again.
    """
    line = np.zeros(int((seconds + 2) * RATE), np.int16)
    plays_at_s = 0.0
    for packet in sorted(datagrams, key=lambda packet: packet.at_s):
        if packet.at_s > plays_at_s:
            plays_at_s = packet.at_s + cushion_s
        place = round((plays_at_s - cushion_s - begins_at_s) * RATE)
        samples = TABLES[packet.payload_type][np.frombuffer(packet.payload, np.uint8)]
        if 0 <= place <= len(line) - len(samples):
            line[place : place + len(samples)] = samples
        plays_at_s += len(samples) / RATE
    return line


def delays_ms(said: Samples, line: Samples, *, drift_ppm: int) -> list[tuple[float, float]]:
    """Moment and delay of what was heard, a value per WINDOW_S in which somebody spoke; from when a packet was full."""
    window, lags = int(WINDOW_S * RATE), int(DELAY_MAX_S * RATE)
    found = []
    for begin in range(0, len(said) - window, window // 2):
        piece = said[begin : begin + window].astype(np.float64)
        if np.sqrt(np.mean(piece**2)) < SILENT_RMS:
            continue
        sent_at = begin * (1 - drift_ppm * 1e-6)
        first = round(sent_at)
        around = line[first : first + window + lags].astype(np.float64)
        size = len(around) + window
        product = np.fft.irfft(np.fft.rfft(around, size) * np.conj(np.fft.rfft(piece, size)), size)[:lags]
        found.append((sent_at / RATE, (int(np.argmax(product)) + first - sent_at) / RATE * 1000))
    return found


def scores(said: Samples, line: Samples, delay_ms: float) -> dict[str, float]:
    """Each measure's mean over pieces of PIECE_S."""
    if importlib.util.find_spec("pesq") is None:
        raise Missing("pesq", "pip install pesq")
    import pesq  # type: ignore[import-not-found,import-untyped,unused-ignore]

    shift = int(delay_ms * RATE / 1000)
    pieces = list(pairs(said, line[shift:]))
    found = {"PESQ": float(np.mean([pesq.pesq(RATE, a, b, "nb") for a, b in pieces]))}
    if importlib.util.find_spec("visqol") is not None:
        found["ViSQOL"] = float(np.mean(visqol_scores(pieces[::VISQOL_EVERY])))
    return found


def visqol_scores(pieces: list[tuple[Samples, Samples]]) -> list[float]:
    """By its polynomial for speech, at the 16 kHz that it wants; what G.711 lacks above 4 kHz, both sides lack."""
    import visqol  # type: ignore[import-not-found,import-untyped,unused-ignore]
    from scipy.signal import resample_poly  # type: ignore[import-not-found,import-untyped,unused-ignore]

    api = visqol.VisqolApi()
    api.create(mode="speech", use_lattice_model=False)
    doubled = [[resample_poly(side / 32768, 2, 1) for side in pair] for pair in pieces]
    return [api.measure_from_arrays(a, b, 2 * RATE).moslqo for a, b in doubled]


def pairs(said: Samples, line: Samples) -> Iterator[tuple[Samples, Samples]]:
    """Pieces of both, of one length."""
    size = int(PIECE_S * RATE)
    for begin in range(0, len(said) - size + 1, size):
        yield said[begin : begin + size], line[begin : begin + size]
