"""What people see of their tenant: lists put together from the call process and the Store. Changes nothing."""

import msgspec
from msgspec import Struct

from pbx.blobs.interface import Blobs, check_key
from pbx.bus.interface import NoHandler
from pbx.events.live_call import LiveCall
from pbx.events.live_registration import LiveRegistration
from pbx.events.voicemail_message import Message, record_key
from pbx.store.interface import Store
from pbx.tenants.scope import TenantScope
from pbx.web.call_process import CallProcess


class Contact(Struct, frozen=True):
    """A phone that is registered. Times are unix seconds."""

    contact: str
    source: str
    user_agent: str
    registered_at: float
    expires_at: float


class ExtensionRegistrations(Struct, frozen=True):
    """An extension and the phones it can be reached at; none: it is not registered."""

    extension: str
    name: str
    contacts: tuple[Contact, ...]


class NewestCdr(Struct, frozen=True):
    """Tells that there is a newer CDR than before."""

    id: str


class Views:
    """Each raises BusError or StoreError where what it needs is away."""

    def __init__(self, store: Store, blobs: Blobs, call_process: CallProcess) -> None:
        self._store = store
        self._blobs = blobs
        self._call_process = call_process

    async def calls(self, scope: TenantScope) -> list[LiveCall]:
        """The live calls, the oldest first."""
        return msgspec.json.decode(await self._call_process.request(scope, "calls.list"), type=list[LiveCall])

    async def registrations(self, scope: TenantScope) -> list[ExtensionRegistrations]:
        """Every extension of the tenant by number, registered or not."""
        registered = await self._registered(scope)
        newest = await self._store.tenant(scope)
        extensions = {} if newest is None else newest.tenant.extensions
        names = {each.extension: each.name for each in registered} | {e.number: e.name for e in extensions.values()}
        return [
            ExtensionRegistrations(
                number, names[number], tuple(_contact(each) for each in registered if each.extension == number)
            )
            for number in sorted(names)
        ]

    async def messages(self, scope: TenantScope) -> list[Message]:
        """The messages of all mailboxes, the newest first; none where there is no voicemail."""
        try:
            answer = await self._call_process.request(scope, "voicemail.list", b"{}")
        except NoHandler:
            return []
        messages = msgspec.json.decode(answer, type=list[Message])
        return sorted(messages, key=lambda message: (message.at, message.id), reverse=True)

    async def newest_cdr(self, scope: TenantScope) -> NewestCdr | None:
        """The CDR of the call that began last; None where there is none yet."""
        page = await self._store.cdrs(scope, limit=1)
        return NewestCdr(page.cdrs[0].id) if page.cdrs else None

    async def mark_message(self, scope: TenantScope, box: str, message_id: str, *, heard: bool) -> Message:
        """Has the call process mark a message. Raises BlobMissing where there is none."""
        await self._blobs.info(scope, record_key(box, message_id))
        payload = msgspec.json.encode({"box": box, "id": message_id, "heard": heard})
        return msgspec.json.decode(await self._call_process.request(scope, "voicemail.mark", payload), type=Message)

    async def delete_message(self, scope: TenantScope, box: str, message_id: str) -> None:
        """Has the call process delete a message; one that is not there is no error. Raises BlobRefused."""
        check_key(scope, record_key(box, message_id))
        payload = msgspec.json.encode({"box": box, "id": message_id})
        await self._call_process.request(scope, "voicemail.delete", payload)

    async def _registered(self, scope: TenantScope) -> list[LiveRegistration]:
        found: list[LiveRegistration] = []
        while True:
            payload = msgspec.json.encode({"after": found[-1].extension if found else ""})
            answer = await self._call_process.request(scope, "registrations.list", payload)
            page = msgspec.json.decode(answer, type=list[LiveRegistration])
            if not page:
                return found
            found += page


def _contact(each: LiveRegistration) -> Contact:
    return Contact(each.contact, each.source, each.user_agent, each.registered_at, each.expires_at)
