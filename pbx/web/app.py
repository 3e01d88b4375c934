"""The application: the API under /api, the portal everywhere else, and the guard before both."""

from importlib.metadata import version
from typing import Any

from fastapi import APIRouter, FastAPI, Response

from pbx.web import problem
from pbx.web.api import calls, live, sign_in, voicemail
from pbx.web.api.answers import problems, schemas
from pbx.web.guard import Guard
from pbx.web.problem import Problem
from pbx.web.services import Services, Web

portal = APIRouter(include_in_schema=False)


def build_app(services: Services, *, host: str) -> Guard:
    """The ASGI application. `host` is the name that it is reached by, besides addresses and localhost."""
    app = build_api()
    app.state.services = services
    return Guard(app, host=host)


def build_api() -> FastAPI:
    """The application without what it works with: enough to describe itself."""
    app = FastAPI(
        title="pbx",
        version=version("mediacore-pbx"),
        openapi_url="/api/openapi.json",
        docs_url=None,  # its pages load scripts from elsewhere, which our Content-Security-Policy refuses
        redoc_url=None,
        redirect_slashes=False,
    )
    for module in (sign_in, calls, voicemail, live):
        app.include_router(module.router, prefix="/api", responses=problems())
    app.include_router(portal)
    problem.install(app)
    _describe_records(app)
    return app


@portal.api_route("/{path:path}", methods=["GET", "HEAD"])
async def portal_file(path: str, web: Web) -> Response:
    """A file of the portal, or its page."""
    if path == "api" or path.startswith("api/"):
        raise Problem(404, "there is nothing under this address")
    return web.portal.response(path)


def _describe_records(app: FastAPI) -> None:
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        document = generate()
        document.setdefault("components", {}).setdefault("schemas", {}).update(schemas())
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # as FastAPI's own documentation does it
