"""Clock, processors, memory and the kernel's limits."""

from collections.abc import Iterator

from pbx.config.server import PORTS_PER_CALL
from pbx.doctor.facts import Facts
from pbx.doctor.finding import Finding

MIB = 1024 * 1024

MOVED_MAX_MS = 50.0  # in the moment that it was watched: somebody set it
CLOCK_ERROR_MAX_MS = 1000.0  # people compare call records with their own watches

DESCRIPTORS_BESIDE_CALLS = 100  # log, spool, store, bus, media threads
CALLS_MIN = 4  # fewer than these at once are no PBX

MEMORY_MIN_BYTES = 64 * MIB
MEMORY_GOOD_BYTES = 256 * MIB

# What the SIP socket asks for, so that a burst (all phones after a power cut) waits in the kernel and is not lost.
RECEIVE_BUFFER_BYTES = 4 * MIB
DATAGRAM_COST_BYTES = 2304  # what the kernel charges a REGISTER of usual size, on a buffer of twice what it grants


def clock(facts: Facts) -> Iterator[Finding]:
    """Is the time right: call records, opening hours and the ages of registrations stand on it."""
    seen = facts.clock
    remedy = "run chrony or systemd-timesyncd: call records and opening hours are as right as this clock"
    if abs(seen.moved_ms) > MOVED_MAX_MS:
        said = f"the clock was moved by {seen.moved_ms:.0f} ms within {seen.watched_s:.1f} s"
        yield Finding("clock", "advice", said, "see who sets it; a clock that is slewed, not set, is best")
    elif seen.is_synchronised is None:
        yield Finding("clock", "ok", "it runs evenly; whether it is right is unknown: the kernel does not say")
    elif not seen.is_synchronised:
        yield Finding("clock", "advice", "nothing keeps it right: the kernel knows of no time server", remedy)
    elif seen.error_ms is not None and seen.error_ms > CLOCK_ERROR_MAX_MS:
        yield Finding("clock", "advice", f"it may be {seen.error_ms / 1000:.1f} s wrong", remedy)
    else:
        within = "" if seen.error_ms is None else f", within {seen.error_ms:.0f} ms"
        yield Finding("clock", "ok", f"synchronised{within}")


def zones(facts: Facts) -> Iterator[Finding]:
    """Are the tenants' time zones known."""
    missing = facts.clock.zones_missing
    if missing:
        said = f"this machine does not know {', '.join(missing)}"
        yield Finding("time zones", "problem", said, "install tzdata (`apt-get install tzdata`, or pip's package)")
    else:
        yield Finding("time zones", "ok", "those of all tenants are known")


def cpus(facts: Facts) -> Iterator[Finding]:
    """Is there a processor for media alone."""
    count = facts.machine.cpus
    said = f"{count:g} processor{'' if count == 1 else 's'}"
    if count < 2:
        yield Finding("processors", "advice", f"{said}: media and signalling share it", "give it two or more")
    else:
        yield Finding("processors", "ok", said)


def memory(facts: Facts) -> Iterator[Finding]:
    """Is there memory left."""
    available, total = facts.machine.memory_available_bytes, facts.machine.memory_bytes
    said = f"{available // MIB} MiB of {total // MIB} MiB are available"
    if available < MEMORY_MIN_BYTES:
        yield Finding("memory", "problem", said, "stop something: the kernel kills whoever asks for more")
    elif available < MEMORY_GOOD_BYTES:
        yield Finding("memory", "advice", said, f"leave {MEMORY_GOOD_BYTES // MIB} MiB or more to the server")
    else:
        yield Finding("memory", "ok", said)


def descriptors(facts: Facts) -> Iterator[Finding]:
    """May we open as many sockets as calls_max calls need."""
    limit, calls_max = facts.machine.descriptors, facts.settings.limits.calls_max
    held = max(0, limit - DESCRIPTORS_BESIDE_CALLS) // PORTS_PER_CALL
    whose = facts.machine.descriptors_whose
    said = f"{whose} may open {limit}: sockets for {held} calls (calls_max = {calls_max})"
    wanted = calls_max * PORTS_PER_CALL + DESCRIPTORS_BESIDE_CALLS
    remedy = f"`ulimit -n {wanted}` before `pbx serve`, or LimitNOFILE={wanted} in its systemd unit"
    if held < min(CALLS_MIN, calls_max):
        yield Finding("descriptors", "problem", said, remedy)
    elif held < calls_max:
        yield Finding("descriptors", "advice", said, f"{remedy}; or lower calls_max, so that the caller hears why")
    else:
        yield Finding("descriptors", "ok", said)


def buffers(facts: Facts) -> Iterator[Finding]:
    """How many requests may come at once."""
    most = facts.machine.receive_buffer_bytes
    if most is None:
        yield Finding("socket buffers", "ok", "how large they may be is unknown: the kernel does not say")
        return
    at_once = 2 * min(most, RECEIVE_BUFFER_BYTES) // DATAGRAM_COST_BYTES
    said = f"about {at_once} requests may wait for the server; those that come on top of them are lost, and sent again"
    if most < RECEIVE_BUFFER_BYTES:
        remedy = f"for many phones: `sysctl -w net.core.rmem_max={RECEIVE_BUFFER_BYTES}`, and in /etc/sysctl.d"
        yield Finding("socket buffers", "advice", said, remedy)
    else:
        yield Finding("socket buffers", "ok", said)
