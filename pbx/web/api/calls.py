"""GET /api/calls, /api/registrations, /api/cdrs: what goes on, and what went on."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from pbx.cdr.cdr import Cdr
from pbx.events.live_call import LiveCall
from pbx.store.interface import PAGE_MAX, CdrPage
from pbx.web.api.answers import answers, present
from pbx.web.problem import Problem
from pbx.web.services import Scope, Web
from pbx.web.views import ExtensionRegistrations

router = APIRouter(tags=["calls"])

Limit = Annotated[int, Query(ge=1, le=PAGE_MAX, description="CDRs in one answer")]
After = Annotated[str | None, Query(max_length=300, description="the `next` of the page before")]


@router.get("/calls", responses=answers(list[LiveCall]))
async def list_calls(scope: Scope, web: Web) -> Response:
    """The live calls, the oldest first."""
    return present(await web.views.calls(scope))


@router.get("/registrations", responses=answers(list[ExtensionRegistrations]))
async def list_registrations(scope: Scope, web: Web) -> Response:
    """Every extension with the phones that are registered for it."""
    return present(await web.views.registrations(scope))


@router.get("/cdrs", responses=answers(CdrPage))
async def list_cdrs(scope: Scope, web: Web, limit: Limit = 50, after: After = None) -> Response:
    """Calls that are over, the newest first."""
    return present(await web.store.cdrs(scope, limit=limit, after=after))


@router.get("/cdrs/{cdr_id:path}", responses=answers(Cdr))
async def show_cdr(cdr_id: str, scope: Scope, web: Web) -> Response:
    """One call that is over."""
    if (cdr := await web.store.cdr(scope, cdr_id)) is None:
        raise Problem(404, "there is no such call")
    return present(cdr)
