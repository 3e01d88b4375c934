"""GET /api/live: what changes, as it changes."""

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from pbx.web.live import LISTENERS_MAX
from pbx.web.problem import RETRY_AFTER_S, Problem
from pbx.web.services import COOKIE, Scope, Web

router = APIRouter(tags=["live"])


@router.get("/live", response_class=StreamingResponse, responses={200: {"content": {"text/event-stream": {}}}})
async def live(request: Request, scope: Scope, web: Web) -> StreamingResponse:
    """Server-sent events: `connection`, `calls`, `registrations`, `voicemail`, `cdrs`; lists are always whole."""
    if web.live.is_full:
        detail = f"{LISTENERS_MAX} clients follow already"
        raise Problem(503, detail, headers={"Retry-After": str(RETRY_AFTER_S)})

    async def is_signed_in() -> bool:
        return await web.sign_in.who(request.cookies.get(COOKIE, "")) is not None

    return StreamingResponse(web.live.stream(scope, is_signed_in), media_type="text/event-stream")
