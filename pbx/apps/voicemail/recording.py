"""The caller speaks until they press #, say nothing any more, or a limit is reached."""

from pathlib import Path

import trio

from pbx.call.application import ApplicationCall
from pbx.media.interface import Digits

END_KEY = "#"
SILENCE_MAX_S = 10.0  # who says nothing for so long has left the phone, or the line is dead: nobody wants to hear it


async def record_until_done(call: ApplicationCall, path: Path, *, max_s: float) -> float:
    """Records into `path`; how many seconds it came to."""
    with call.listening() as digits:
        async with (
            call.recording(path, max_s=max_s, max_silence_s=SILENCE_MAX_S) as recording,
            trio.open_nursery() as nursery,
        ):
            nursery.start_soon(_wait_end_key, digits, nursery.cancel_scope)
            await recording.wait_ended()
            nursery.cancel_scope.cancel()
        return recording.duration_s


async def _wait_end_key(digits: Digits, scope: trio.CancelScope) -> None:
    while await digits.next() != END_KEY:
        pass
    scope.cancel()
