"""How many messages wait in an extension's mailbox: what its phones' lamps show."""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from pbx.tenants.scope import TenantScope


class MessageCounts(NamedTuple):
    """`new` were not heard yet, `old` were heard and kept."""

    new: int = 0
    old: int = 0


# The counts of an extension's mailbox now, None where it has no mailbox. Asked often, answered from memory.
CountMessages: TypeAlias = Callable[[TenantScope, str], MessageCounts | None]
