"""What a running server tells of itself: every counter of something that went wrong, in words."""

from collections.abc import Iterator

from pbx.doctor.facts import Facts, ServerFigures
from pbx.doctor.finding import Finding, Level

READ_LOG = "the log says when and why"
MEND_DISK = "make room on the disk, or see what ails it"
FASTER_DISK = "use a faster disk"


def server(facts: Facts) -> Iterator[Finding]:
    """Is there one, and is it well."""
    running = facts.running
    if running.pid is None:
        yield Finding(
            "server", "ok", "none runs on this data folder", f"`pbx serve --data {facts.folder.path}` starts it"
        )
        return
    who = f"process {running.pid}" if running.pid else "a process that cannot be seen from here"
    if running.figures is None:
        said = f"{who} holds this data folder and does not answer: {running.error}"
        yield Finding("server", "problem", said, "see what it does in its log; stop it by SIGTERM and start it anew")
        return
    figures = running.figures
    said = f"it runs ({who}): {count(figures.calls, 'call')} of {figures.calls_started} since its start, "
    yield Finding("server", "ok", said + count(figures.registrar.bindings, "registered phone"))
    yield from complaints(figures)


def complaints(figures: ServerFigures) -> Iterator[Finding]:
    """One finding for each kind of thing that has gone wrong since the start."""
    shipper = figures.shipper
    rows: tuple[tuple[int, Level, str, str], ...] = (
        (figures.records_lost, "problem", "call record lost", READ_LOG),
        (figures.spool.failed, "problem", "change refused by the disk", MEND_DISK),
        (figures.saves_failed, "problem", "state of a call not saved", MEND_DISK),
        (
            figures.mistakes,
            "problem",
            "mistake of the server's own met",
            "the log has each with its traceback: report it",
        ),
        (shipper.refused, "problem", "record set aside, because the store refused it", READ_LOG),
        (
            figures.spool.rejected_full,
            "advice",
            "change turned away: too many waited for the disk",
            "use a faster disk",
        ),
        (figures.saves_late, "advice", "state of a call saved late", FASTER_DISK),
        (figures.inbox_dropped, "advice", "request dropped: its call had too many waiting", READ_LOG),
        (figures.calls_refused_full, "advice", "call refused: calls_max were there", "raise calls_max under [limits]"),
        (figures.socket_failures, "advice", "datagram refused by the network", "see its addresses and routes"),
    )
    for times, level, what, remedy in rows:
        if times:
            yield Finding("server", level, f"{times} × {what}", remedy)
    if shipper.retry_s:
        said = f"the store does not answer ({shipper.last_failure}); {count(shipper.waiting, 'record')} on the way"
        yield Finding("server", "advice", said, "nothing is lost: see what ails the store")


def count(n: int, what: str) -> str:
    """2 calls; 1 call."""
    return f"{n} {what}{'' if n == 1 else 's'}"
