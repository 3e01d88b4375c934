"""What goes wrong, as `application/problem+json` (RFC 9457), for every path and whoever raised it.

A problem's `detail` is for the person in front of the screen, so it never has a trace, a path or a secret in it.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from pbx.blobs.interface import BlobError, BlobMissing, BlobRefused
from pbx.bus.interface import BusError, CommandFailed
from pbx.store.interface import StoreError, StoreRefused
from pbx.web.auth.passwords import TooManyWaiting, WeakPassword
from pbx.web.auth.sign_in import LinkGone, TooManyTries, WrongCurrentPassword, WrongPassword

RETRY_AFTER_S = 2  # for what is away and will be back: the call process restarts, a disk recovers

log = structlog.get_logger()


class Problem(Exception):
    """Ends a request. `detail` says what happened and what would do."""

    def __init__(self, status: int, detail: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = dict(headers or {})

    def response(self) -> Response:
        """As it travels."""
        body = {
            "type": "about:blank",  # RFC 9457 4.2.1: the title is the status' own
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }
        headers = {"Cache-Control": "no-store", **self.headers}
        return Response(msgspec.json.encode(body), self.status, headers, media_type="application/problem+json")


def problem_of(error: Exception) -> Problem:
    """What a person is told of an error."""
    match error:
        case Problem():
            return error
        case LinkGone():
            return Problem(410, "this link was used or has expired: `pbx link` makes a new one")
        case WrongPassword():
            return Problem(401, "the name or the password is wrong")
        case WrongCurrentPassword():
            return Problem(403, "the current password is wrong")
        case WeakPassword():
            return Problem(422, str(error))
        case TooManyTries():
            return Problem(429, str(error), headers={"Retry-After": str(error.retry_after_s)})
        case RequestValidationError():
            return Problem(422, _in_words(error.errors()))
        case HTTPException():
            return Problem(error.status_code, _of_status(error), headers=error.headers)
        case StoreRefused() | BlobRefused():
            return Problem(400, str(error))
        case BlobMissing():
            return Problem(404, "there is no such recording")
        case CommandFailed():
            return Problem(503, str(error), headers={"Retry-After": str(RETRY_AFTER_S)})
        case StoreError() | BlobError() | BusError() | TooManyWaiting():
            return Problem(503, _WHY_UNAVAILABLE[_kind(error)], headers={"Retry-After": str(RETRY_AFTER_S)})
    return Problem(500, "a mistake of ours; the log of the server has it")


def install(app: FastAPI) -> None:
    """Has `app` answer every error with its problem."""

    async def answer(request: Request, error: Exception) -> Response:
        problem = problem_of(error)
        if problem.status == 503:  # a 500 is logged, with its trace, by the guard
            log.warning("request failed", path=request.url.path, status=problem.status, error=repr(error))
        return problem.response()

    for kind in (
        Problem,
        LinkGone,
        WrongPassword,
        WrongCurrentPassword,
        WeakPassword,
        TooManyTries,
        TooManyWaiting,
        RequestValidationError,
        HTTPException,
        StoreError,
        BlobError,
        BusError,
        Exception,
    ):
        app.add_exception_handler(kind, answer)


_WHY_UNAVAILABLE: dict[type[Exception], str] = {
    StoreError: "the records cannot be reached now; try again",
    BlobError: "the recordings cannot be reached now; try again",
    BusError: "the call process is not answering now; try again",
    TooManyWaiting: "too many sign-ins at once; try again",
}


def _kind(error: Exception) -> type[Exception]:
    return next(kind for kind in _WHY_UNAVAILABLE if isinstance(error, kind))


def _of_status(error: HTTPException) -> str:
    match error.status_code:
        case 404:
            return "there is nothing under this address"
        case 405:
            return f"this cannot be done here; what can: {(error.headers or {}).get('Allow', 'nothing')}"
    return str(error.detail)


def _in_words(errors: Any) -> str:
    """What pydantic found: "password: Field required; …". What was sent is not repeated: it may be a password."""
    found = []
    for error in errors:
        where = ".".join(str(part) for part in error["loc"] if part not in ("body", "query", "path"))
        found.append(f"{where}: {error['msg']}" if where else str(error["msg"]))
    return "; ".join(found)
