"""POST /api/sign-in, /api/sign-in/link, /api/sign-out; GET /api/me; PUT /api/me/password."""

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from pbx.web.api.answers import answers, present
from pbx.web.auth.sign_in import AGE_MAX_S, Me, me
from pbx.web.problem import Problem
from pbx.web.services import COOKIE, Services, Web, Who

router = APIRouter(tags=["sign-in"])


class LinkBody(BaseModel):
    """What stood behind the # of the link."""

    token: str = Field(max_length=200)


class PasswordBody(BaseModel):
    """`name` is a user's of the default tenant, or USER@TENANT."""

    name: str = Field(min_length=1, max_length=128)
    password: str = Field(max_length=1024)


class NewPasswordBody(BaseModel):
    """`current` is needed unless the session came by a link."""

    password: str = Field(max_length=1024)
    current: str | None = Field(default=None, max_length=1024)


@router.post("/sign-in/link", responses=answers(Me))
async def sign_in_by_link(body: LinkBody, web: Web) -> Response:
    """Signs in by a one-time link; 410 when it was used or has expired."""
    token = await web.sign_in.by_link(body.token)
    return await _with_session(token, web)


@router.post("/sign-in", responses=answers(Me))
async def sign_in_by_password(body: PasswordBody, web: Web, request: Request) -> Response:
    """Signs in; 401 when name or password is wrong, 429 with Retry-After when that was tried too often."""
    source = request.client.host if request.client else ""
    token = await web.sign_in.by_password(body.name, body.password, source=source)
    return await _with_session(token, web)


@router.post("/sign-out", status_code=204)
async def sign_out(who: Who, web: Web) -> Response:
    """Ends this session."""
    await web.sign_in.out(who)
    response = Response(status_code=204)
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return response


@router.get("/me", responses=answers(Me))
async def show_me(who: Who) -> Response:
    """Who is signed in."""
    return present(me(who))


@router.put("/me/password", status_code=204)
async def set_password(body: NewPasswordBody, who: Who, web: Web) -> Response:
    """Sets the password and ends every other session; 422 says what it lacks, 403 that `current` is wrong."""
    await web.sign_in.set_password(who, body.password, current=body.current)
    return Response(status_code=204)


async def _with_session(token: str, web: Services) -> Response:
    who = await web.sign_in.who(token)
    if who is None:
        raise Problem(401, "the session has ended already")
    response = present(me(who))
    # Not `secure`: browsers would not send it back over plain HTTP, which is all that there is on loopback so far.
    response.set_cookie(COOKIE, token, max_age=int(AGE_MAX_S), httponly=True, samesite="strict")
    return response
