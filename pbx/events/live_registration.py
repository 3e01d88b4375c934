"""A registered contact as people see it: what the portal shows beside an extension."""

from msgspec import Struct


class LiveRegistration(Struct, frozen=True):
    """One contact of one extension. Times are unix seconds; the contact is gone after `expires_at`."""

    extension: str
    name: str  # the extension's, such as "Alice"; "" if it has none
    contact: str  # the URI as the phone gave it
    source: str  # HOST:PORT that its REGISTER came from: behind a NAT the router's
    user_agent: str  # "" if the phone named none
    registered_at: float  # when it was made or last refreshed
    expires_at: float
