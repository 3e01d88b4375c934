"""GET /api/voicemail; PUT, DELETE and the audio of one message."""

from typing import Annotated

from fastapi import APIRouter, Header, Response
from pydantic import BaseModel, StrictBool

from pbx.events.voicemail_message import Message, audio_key
from pbx.web.api.answers import answers, present
from pbx.web.audio import recording
from pbx.web.services import Scope, Web

router = APIRouter(tags=["voicemail"])

RangeHeader = Annotated[str | None, Header(alias="Range")]
IfRange = Annotated[str | None, Header(alias="If-Range")]


class MessageBody(BaseModel):
    """What of a message can be changed."""

    heard: StrictBool


@router.get("/voicemail", responses=answers(list[Message]))
async def list_messages(scope: Scope, web: Web) -> Response:
    """The messages in all mailboxes of the tenant, the newest first."""
    return present(await web.views.messages(scope))


@router.get("/voicemail/{box}/{message_id}/audio", responses={200: {"content": {"audio/wav": {}}}})
async def hear_message(
    box: str,
    message_id: str,
    scope: Scope,
    web: Web,
    range_header: RangeHeader = None,
    if_range: IfRange = None,
) -> Response:
    """A message's audio, or the range of it that is asked for."""
    key = audio_key(box, message_id)
    return await recording(web.blobs, scope, key, range_header=range_header, if_range=if_range)


@router.put("/voicemail/{box}/{message_id}", responses=answers(Message))
async def mark_message(box: str, message_id: str, body: MessageBody, scope: Scope, web: Web) -> Response:
    """Marks a message as heard, or as new."""
    return present(await web.views.mark_message(scope, box, message_id, heard=body.heard))


@router.delete("/voicemail/{box}/{message_id}", status_code=204)
async def delete_message(box: str, message_id: str, scope: Scope, web: Web) -> Response:
    """Deletes a message; one that is not there is no error."""
    await web.views.delete_message(scope, box, message_id)
    return Response(status_code=204)
