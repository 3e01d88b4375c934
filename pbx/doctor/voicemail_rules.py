"""What a running server tells of voicemail and of waiting messages: what callers, owners and phones missed."""

from collections.abc import Iterator

from pbx.doctor.facts import Facts, MessageWaitingFigures, VoicemailFigures
from pbx.doctor.finding import Finding, Level
from pbx.doctor.running_rules import MEND_DISK, READ_LOG, count

MEND_BLOBS = "make room on the disk, or see who owns `blobs` and `voicemail-incoming` in the data folder"

Row = tuple[int, Level, str, str]  # how often, how bad, what, what to do


def voicemail(facts: Facts) -> Iterator[Finding]:
    """Was every message taken, and does every one reach its box."""
    figures = facts.running.figures
    if figures is None:
        return
    found = [Finding("voicemail", *rest) for rest in _told(_of_voicemail(figures.voicemail))]
    waiting = figures.voicemail.incoming.waiting
    yield from found or [
        Finding("voicemail", "ok", f"no message was lost or delayed; {count(waiting, 'recording')} under way")
    ]


def message_waiting(facts: Facts) -> Iterator[Finding]:
    """Do phones learn of their messages."""
    figures = facts.running.figures
    if figures is None:
        return
    found = [Finding("message waiting", *rest) for rest in _told(_of_message_waiting(figures.message_waiting))]
    told = figures.message_waiting.told
    said = f"phones took all of {count(told, 'NOTIFY')}" if told else "no phone had to be told yet"
    yield from found or [Finding("message waiting", "ok", said)]


def _of_voicemail(figures: VoicemailFigures) -> tuple[Row, ...]:
    incoming, mailboxes = figures.incoming, figures.mailboxes
    return (
        (incoming.undeliverable, "problem", "message left undelivered in `voicemail-incoming`", READ_LOG),
        (mailboxes.unreadable, "problem", "record of a message that this release cannot read", READ_LOG),
        (
            figures.callers_refused_failed,
            "problem",
            "caller told to try later: nothing could be recorded",
            MEND_DISK,
        ),
        (incoming.refused_full, "problem", "caller told to try later: too many messages wait for storage", MEND_BLOBS),
        (incoming.postponed, "advice", "delivery of a message put off: storage did not answer", MEND_BLOBS),
        (
            figures.callers_refused_full,
            "advice",
            "caller refused: the mailbox was full",
            "ask its owner to delete some",
        ),
        (figures.pins_refused, "advice", "PIN not looked at, after too many wrong ones", "the log says who tried"),
        (mailboxes.asks_dropped, "advice", "mailbox not counted: too many waited to be read", MEND_BLOBS),
    )


def _of_message_waiting(figures: MessageWaitingFigures) -> tuple[Row, ...]:
    report = "the log has each with its traceback: report it"
    return (
        (figures.mistakes, "problem", "mistake of the server's own met", report),
        (
            figures.dropped,
            "advice",
            "extension not told of its messages: too many waited",
            "its next REGISTER brings it",
        ),
        (figures.failed, "advice", "NOTIFY answered with a fault", "see what the phone makes of message-summary"),
        (
            figures.not_answered,
            "advice",
            "NOTIFY without an answer",
            "the phone is gone, or a NAT or firewall forgot it",
        ),
        (figures.refused, "ok", "NOTIFY refused by a phone that does not know message-summary", ""),
    )


def _told(rows: tuple[Row, ...]) -> Iterator[tuple[Level, str, str]]:
    for times, level, what, remedy in rows:
        if times:
            yield level, f"{times} × {what}", remedy
