"""Structured logs on standard error. Passwords, keys and digits that callers press are never among the fields."""

import logging
import sys

import structlog
from structlog.typing import EventDict, WrappedLogger


def set_up_logs(*, level: str, format: str) -> None:
    """For the whole process: `level` as logging names it, `format` "text" or "json"."""
    render: structlog.typing.Processor
    if format == "json":
        render = structlog.processors.JSONRenderer()
    else:
        render = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _tame_exception,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def _tame_exception(logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
    """An exception's words may be a peer's: nothing in them moves the cursor of whoever reads the log."""
    if isinstance(trace := event.get("exception"), str):
        event["exception"] = "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in trace)
    return event
