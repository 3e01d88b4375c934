"""The node's own file: what must survive the process, written by one thread in groups.

Holds confirmed bindings, the state of live calls and the outbox of what the Store has yet to get. Knows nothing of SIP:
bindings and call states are bytes to it. Only one process may have it open.
"""

from pbx.spool.change import (
    AddToOutbox,
    Change,
    EndCall,
    PutBinding,
    PutCall,
    RemoveBinding,
    RemoveCall,
)
from pbx.spool.errors import SpoolBusy, SpoolClosed, SpoolError, SpoolFailed, SpoolFull, SpoolVersionError
from pbx.spool.spool import OutboxItem, SavedBinding, SavedCall, Spool, SpoolStats

__all__ = [
    "AddToOutbox",
    "Change",
    "EndCall",
    "OutboxItem",
    "PutBinding",
    "PutCall",
    "RemoveBinding",
    "RemoveCall",
    "SavedBinding",
    "SavedCall",
    "Spool",
    "SpoolBusy",
    "SpoolClosed",
    "SpoolError",
    "SpoolFailed",
    "SpoolFull",
    "SpoolStats",
    "SpoolVersionError",
]
