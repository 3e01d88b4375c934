"""GET /api/live: what changes, as it changes."""

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from pbx.web.closing_response import ClosingResponse
from pbx.web.problem import RETRY_AFTER_S, Problem
from pbx.web.services import COOKIE, Scope, Web

router = APIRouter(tags=["live"])


@router.get("/live", response_class=StreamingResponse, responses={200: {"content": {"text/event-stream": {}}}})
async def live(request: Request, scope: Scope, web: Web) -> StreamingResponse:
    """Server-sent events: `connection`, `calls`, `registrations`, `voicemail`, `cdrs`; lists are always whole."""
    if web.live.is_full(scope):
        raise Problem(503, "too many browsers follow already", headers={"Retry-After": str(RETRY_AFTER_S)})

    async def is_signed_in() -> bool:
        return await web.sign_in.who(request.cookies.get(COOKIE, "")) is not None

    return ClosingResponse(web.live.stream(scope, is_signed_in), media_type="text/event-stream")
