"""How long a WAV file plays that our engine wrote, also one that it could not finish. Pure.

The engine writes samples first and the header that tells of them after, so a file whose writer died has samples that
no player plays: those do not count.
"""

HEADER_BYTES = 44  # RIFF (8), WAVE (4), a "fmt " chunk of 16 (24), the head of "data" (8)


def wav_duration_s(audio: bytes) -> float:
    """Seconds; 0.0 for what is no such file."""
    head = audio[:HEADER_BYTES]
    is_ours = len(head) == HEADER_BYTES and (head[:4], head[8:16], head[36:40]) == (b"RIFF", b"WAVEfmt ", b"data")
    bytes_per_s = int.from_bytes(head[28:32], "little")
    if not is_ours or not bytes_per_s:
        return 0.0
    data_bytes = min(int.from_bytes(head[40:44], "little"), len(audio) - HEADER_BYTES)
    return data_bytes / bytes_per_s
