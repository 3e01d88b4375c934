"""What the handlers of the API work with, and how they get it: parameters that FastAPI fills in.

A handler receives a `TenantScope`, never a tenant's name: what is not in scope cannot be reached.
"""

from dataclasses import dataclass
from typing import Annotated, TypeAlias

from fastapi import Depends, Request

from pbx.blobs.interface import Blobs
from pbx.store.interface import Store
from pbx.tenants.scope import TenantScope
from pbx.web.auth.sign_in import SignedIn, SignIn
from pbx.web.live import LiveFeed
from pbx.web.portal_files import PortalFiles
from pbx.web.problem import Problem
from pbx.web.views import Views

COOKIE = "pbx_session"


@dataclass(frozen=True)
class Services:
    """One of each for the whole process."""

    store: Store
    blobs: Blobs
    sign_in: SignIn
    views: Views
    live: LiveFeed
    portal: PortalFiles


async def services(request: Request) -> Services:
    """Those of the application. (A coroutine, or FastAPI would ask a thread for it.)"""
    found: Services = request.app.state.services
    return found


async def signed_in(request: Request) -> SignedIn:
    """Who asks. Raises Problem 401."""
    who = await (await services(request)).sign_in.who(request.cookies.get(COOKIE, ""))
    if who is None:
        raise Problem(401, "sign in first")
    return who


async def tenant_scope(request: Request) -> TenantScope:
    """Whose data whoever asks may reach. Raises Problem 401."""
    return (await signed_in(request)).scope


Web: TypeAlias = Annotated[Services, Depends(services)]
Who: TypeAlias = Annotated[SignedIn, Depends(signed_in)]
Scope: TypeAlias = Annotated[TenantScope, Depends(tenant_scope)]
