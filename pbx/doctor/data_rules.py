"""The data folder: whose it is, how fast and how full its disk is, and whether this release reads what is in it."""

from collections.abc import Iterator

from pbx.doctor.facts import Facts
from pbx.doctor.finding import Finding

MB = 1_000_000

FREE_MIN_BYTES = 100 * MB
FREE_GOOD_BYTES = 1_000 * MB
RECORDED_BYTES_PER_H = 115 * MB  # 16 bits, 8 kHz, both sides
SYNC_GOOD_MS = 20.0  # phones wait so long for the answer to a REGISTER, and give up on none of it


def folder(facts: Facts) -> Iterator[Finding]:
    """Is it ours, and closed to others."""
    seen = facts.folder
    if seen.write_error:
        said = f"nothing can be written into {seen.path} (owner {seen.owner}): {seen.write_error}"
        yield Finding("data folder", "problem", said, f"run as {seen.owner}, or give the folder to the server's user")
    elif not seen.is_ours:
        said = f"{seen.path} belongs to {seen.owner}"
        yield Finding("data folder", "advice", said, f"run as {seen.owner}: what another user writes it may not read")
    elif seen.mode & 0o077:
        said = f"{seen.path} is open to other users of this machine (mode {seen.mode:o}); it holds digests of passwords"
        yield Finding("data folder", "advice", said, f"chmod 700 {seen.path}")
    else:
        yield Finding("data folder", "ok", f"{seen.path} is its owner's alone")


def disk(facts: Facts) -> Iterator[Finding]:
    """Is there room, and how long does a confirmation wait."""
    free = facts.folder.free_bytes
    said = f"{free / MB / 1000:.1f} GB free: {free // RECORDED_BYTES_PER_H} hours of recordings"
    if free < FREE_MIN_BYTES:
        yield Finding("disk", "problem", said, "make room: without it registrations and records are refused")
    elif free < FREE_GOOD_BYTES:
        yield Finding("disk", "advice", said, "make room before it is full")
    else:
        yield Finding("disk", "ok", said)
    sync_ms = facts.folder.sync_ms
    if sync_ms is not None and sync_ms > SYNC_GOOD_MS:
        said = f"it takes {sync_ms:.0f} ms until something is safe on it, and every confirmation waits for that"
        yield Finding("disk", "advice", said, "use a local solid-state disk for the data folder")
    elif sync_ms is not None:
        yield Finding("disk", "ok", f"what is written is safe after {sync_ms:.1f} ms")


def databases(facts: Facts) -> Iterator[Finding]:
    """Does this release read what an earlier one, or a later one, has written."""
    for database in facts.databases:
        match database.state:
            case "absent":
                yield Finding(database.name, "ok", "not there yet: the first start makes it")
            case "sound":
                yield Finding(database.name, "ok", database.said)
            case "foreign":
                remedy = "run the release that wrote it, or give this one a data folder of its own"
                yield Finding(database.name, "problem", database.said, remedy)
            case "unreadable":
                remedy = "bring it back from a backup, or see whose it is; set it aside to begin anew"
                yield Finding(database.name, "problem", database.said, remedy)
