"""What a registrar allows: a value, with the limits beside what happens at each."""

from typing import Literal

from msgspec import Struct


class RegistrarPolicy(Struct, frozen=True):
    """Durations are seconds. A wrong combination raises ValueError at once."""

    expires_default_s: int = 3600  # where the phone asks for none (RFC 3261 10.2.1.1), within the two below
    expires_min_s: int = 60  # below: 423 with Min-Expires, but never to an hour or more (RFC 3261 10.3 step 7)
    expires_max_s: int = 7200  # above: shortened, and the 200 says so
    contacts_max: int = 10  # per address-of-record; beyond: see when_full
    when_full: Literal["replace-oldest", "reject"] = "replace-oldest"  # reject: 403
    bindings_max: int = 200_000  # on this node (2 kB each); beyond: 503 to those that are new

    def __post_init__(self) -> None:
        if self.expires_min_s < 1:
            raise ValueError(f"expires_min_s is {self.expires_min_s}; it must be at least 1")
        if self.expires_max_s < self.expires_min_s:
            raise ValueError(f"expires_max_s is {self.expires_max_s}; it must be at least {self.expires_min_s}")
        if self.contacts_max < 1 or self.bindings_max < 1:
            raise ValueError("contacts_max and bindings_max must be at least 1")
