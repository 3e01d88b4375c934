"""Which rooms there are, and who is in them. A room is there from its first member to its last."""

from collections.abc import Callable
from dataclasses import dataclass, field

import trio

from pbx.media.interface import MediaRoom
from pbx.tenants.scope import TenantScope

SOUNDS_MAX = 4  # that wait to be played in a room; when a crowd comes or goes at once, the rest is left out and counted


@dataclass
class Room:
    """One conference."""

    name: str
    members_max: int
    media: MediaRoom
    members: set[str] = field(default_factory=set)  # the ids of their calls
    sounds_dropped: int = 0

    def __post_init__(self) -> None:
        self._send, self._sounds = trio.open_memory_channel[str](SOUNDS_MAX)

    def tell(self, prompt: str) -> None:
        """Has one of the members' tasks play it to all."""
        try:
            self._send.send_nowait(prompt)
        except trio.WouldBlock:
            self.sounds_dropped += 1

    async def next_sound(self) -> str:
        """What is to be played next; each is given to one task."""
        return await self._sounds.receive()


class Rooms:
    """All rooms of a process."""

    def __init__(self) -> None:
        self._rooms: dict[tuple[TenantScope, str], Room] = {}

    def __len__(self) -> int:
        return len(self._rooms)

    def enter(
        self, scope: TenantScope, name: str, call_id: str, *, members_max: int, open_media: Callable[[], MediaRoom]
    ) -> Room | None:
        """The room, with this call counted in; None where it is full. The first member's `members_max` holds."""
        room = self._rooms.get((scope, name))
        if room is None:
            room = self._rooms[scope, name] = Room(name, members_max, open_media())
        if len(room.members) >= room.members_max:
            return None
        room.members.add(call_id)
        return room

    def leave(self, scope: TenantScope, room: Room, call_id: str) -> None:
        """The call is in it no longer; the last one closes it."""
        room.members.discard(call_id)
        if not room.members:
            del self._rooms[scope, room.name]  # first: nobody may come into a room that could not be closed
            room.media.close()
