"""Our codecs against implementations that are not ours: FFmpeg's G.722, the system's libopus. Both directions."""

import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from tests.support.codec_program import OurCodec, Samples
from tests.support.libopus import LibopusDecoder, LibopusEncoder

pytestmark = [pytest.mark.peers, pytest.mark.timeout(600)]
PROGRAMS = ("ffmpeg",)

PROMPTS = Path(__file__).parents[2] / "pbx" / "prompts"
G722 = OurCodec("G722/8000", 16_000)
OPUS_RATES_HZ = (8_000, 16_000, 24_000, 48_000)


def ffmpeg(arguments: str, data: bytes) -> bytes:
    command = ["ffmpeg", "-v", "error", *arguments.split()]
    return subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True, timeout=60).stdout


def speech(sample_rate_hz: int, channels: int = 1) -> Samples:
    """The longest English prompts, one after the other; whole frames of 20 ms."""
    files = sorted((PROMPTS / "en").glob("*.flac"), key=lambda file: file.stat().st_size)[-6:]
    form = f"-f s16le -ac 1 -ar {sample_rate_hz} -"
    mono = np.concatenate([np.frombuffer(ffmpeg(f"-i {file} {form}", b""), np.int16) for file in files])
    mono = mono[: len(mono) // (sample_rate_hz // 50) * (sample_rate_hz // 50)]
    # The other side later by a millisecond and quieter, as in a room.
    sides = [np.roll(mono, side * sample_rate_hz // 1000) // (1 + side) for side in range(channels)]
    return np.stack(sides, axis=1).reshape(-1).astype(np.int16)


def wideband_signals() -> Iterator[tuple[str, Samples]]:
    random = np.random.default_rng(722)
    yield "speech", speech(16_000)
    for amplitude in (4, 300, 3_000, 32_000):
        yield f"noise of {amplitude}", random.integers(-amplitude, amplitude, 32_000).astype(np.int16)
    t = np.arange(64_000) / 16_000
    yield "a sweep up to 8 kHz", (20_000 * np.sin(np.pi * 2_000 * t * t)).astype(np.int16)
    yield "silence", np.zeros(3_200, np.int16)


def signal_to_error_db(wanted: Samples, heard: Samples) -> float:
    error = wanted.astype(float) - heard.astype(float)
    return float(10 * np.log10(np.mean(wanted.astype(float) ** 2) / max(np.mean(error**2), 1e-9)))


def test_g722_is_encoded_and_decoded_bit_by_bit_as_ffmpeg_does():
    for name, samples in wideband_signals():
        ours = b"".join(G722.encode(samples))
        assert ours == ffmpeg("-f s16le -ar 16000 -ac 1 -i - -c:a g722 -f g722 -", samples.tobytes()), name
        packets = [ours[place : place + 160] for place in range(0, len(ours), 160)]
        assert G722.decode(packets).tobytes() == ffmpeg("-f g722 -i - -f s16le -", ours), name


def test_g722_of_any_octets_is_decoded_as_ffmpeg_does():
    octets = np.random.default_rng(1).integers(0, 256, 160 * 2_000).astype(np.uint8).tobytes()
    packets = [octets[place : place + 160] for place in range(0, len(octets), 160)]
    assert G722.decode(packets).tobytes() == ffmpeg("-f g722 -i - -f s16le -", octets)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("sample_rate_hz", OPUS_RATES_HZ)
def test_our_opus_is_understood_by_libopus_and_its_by_us(sample_rate_hz: int, channels: int):
    codec = OurCodec("opus/48000/2", sample_rate_hz, channels)
    samples = speech(sample_rate_hz, channels)
    frames = samples.reshape(-1, codec.frame_samples * channels)
    with closing(LibopusEncoder(sample_rate_hz, channels)) as encoder:
        theirs = [encoder.encode(frame) for frame in frames]
    for packets in (codec.encode(samples, f"bitrate={24_000 * channels}"), theirs):
        with closing(LibopusDecoder(sample_rate_hz, channels)) as decoder:
            wanted = np.concatenate([decoder.decode(packet) for packet in packets])
        # Versions differ in rounding; the format is the same.
        assert signal_to_error_db(wanted, codec.decode(packets)) > 40


def test_a_lost_packet_is_recovered_as_libopus_does():
    codec = OurCodec("opus/48000/2", 16_000)
    packets = codec.encode(speech(16_000), "fec=25", "bitrate=32000")
    arrived = [None if place % 8 == 7 else packet for place, packet in enumerate(packets)]
    with closing(LibopusDecoder(16_000, 1)) as decoder:
        parts = [
            decoder.decode(packet) if packet is not None else decoder.recover(packets[place + 1], codec.frame_samples)
            for place, packet in enumerate(arrived[:-1])
        ]
    ours = codec.decode(arrived[:-1])
    assert signal_to_error_db(np.concatenate(parts), ours) > 30


def test_a_hole_is_concealed_at_the_level_that_libopus_gives_it():
    codec = OurCodec("opus/48000/2", 16_000)
    packets = codec.encode(speech(16_000))
    arrived = [None if place % 10 == 9 else packet for place, packet in enumerate(packets)]
    with closing(LibopusDecoder(16_000, 1)) as decoder:
        frames = [decoder.decode(packet) if packet else decoder.conceal(codec.frame_samples) for packet in arrived]
    theirs, ours = np.array(frames, float), codec.decode(arrived).reshape(-1, codec.frame_samples).astype(float)
    holes = slice(9, None, 10)
    levels = [10 * np.log10(np.mean(frames[holes] ** 2)) for frames in (theirs, ours)]
    assert abs(levels[0] - levels[1]) < 3
