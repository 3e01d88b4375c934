"""The system's libopus, by ctypes: another build, and mostly another version, than the one in mediacore.

Called as it stands in opus.h: opuslib's calls for lost packets are broken, and its prototypes are its own.
"""

import ctypes
import ctypes.util
from functools import cache

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int16]

VOIP = 2048
LONGEST_S = 0.12


@cache
def library() -> ctypes.CDLL:
    """The shared object."""
    name = ctypes.util.find_library("opus")
    assert name is not None, "libopus is not installed (Debian: apt-get install libopus0)"
    return ctypes.CDLL(name)


class LibopusEncoder:
    """`opus_encode` with its defaults, for speech."""

    def __init__(self, sample_rate_hz: int, channels: int) -> None:
        self._library, self._channels, self._error = library(), channels, ctypes.c_int()
        create = library().opus_encoder_create
        create.restype = ctypes.c_void_p
        self._state = ctypes.c_void_p(create(sample_rate_hz, channels, VOIP, ctypes.byref(self._error)))

    def encode(self, frame: Samples) -> bytes:
        """One frame, interleaved."""
        packet = ctypes.create_string_buffer(1276)
        samples = np.ascontiguousarray(frame).ctypes.data_as(ctypes.c_void_p)
        count = len(frame) // self._channels
        octets = self._library.opus_encode(self._state, samples, count, packet, len(packet))
        assert octets > 0, octets
        return packet.raw[:octets]

    def close(self) -> None:
        """Gives its memory back."""
        self._library.opus_encoder_destroy(self._state)


class LibopusDecoder:
    """`opus_decode`: packets, copies of lost ones (FEC), concealment."""

    def __init__(self, sample_rate_hz: int, channels: int) -> None:
        self._library, self._channels, self._error = library(), channels, ctypes.c_int()
        self._longest = int(sample_rate_hz * LONGEST_S)
        create = library().opus_decoder_create
        create.restype = ctypes.c_void_p
        self._state = ctypes.c_void_p(create(sample_rate_hz, channels, ctypes.byref(self._error)))

    def decode(self, packet: bytes) -> Samples:
        """The samples of a packet, interleaved."""
        return self._call(packet, self._longest, fec=0)

    def recover(self, following: bytes, samples: int) -> Samples:
        """A lost packet of so many samples for each channel, from the one after it."""
        return self._call(following, samples, fec=1)

    def conceal(self, samples: int) -> Samples:
        """So many samples for each channel in place of a packet that did not come."""
        return self._call(None, samples, fec=0)

    def close(self) -> None:
        """Gives its memory back."""
        self._library.opus_decoder_destroy(self._state)

    def _call(self, packet: bytes | None, samples: int, *, fec: int) -> Samples:
        out = np.zeros(samples * self._channels, np.int16)
        octets = 0 if packet is None else len(packet)
        pointer = out.ctypes.data_as(ctypes.c_void_p)
        made = self._library.opus_decode(self._state, packet, octets, pointer, samples, fec)
        assert made > 0, made
        return out[: made * self._channels]
