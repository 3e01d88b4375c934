"""Time zones by their IANA names. What no machine knows, or not this one, is said with a remedy."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pbx.routing.spelling import did_you_mean


class UnknownTimeZone(Exception):
    """No zone of that name: what was read, and what would do."""

    def __init__(self, name: str) -> None:
        self.read = f"no time zone named {name!r}"
        self.remedy = _remedy(name)
        super().__init__(f"{self.read} ({self.remedy})")


def time_zone(name: str) -> ZoneInfo:
    """The zone of that name. Raises UnknownTimeZone."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # OSError: "Europe" is a folder of them
        raise UnknownTimeZone(name) from error


def _remedy(name: str) -> str:
    known = available_timezones()
    if known:
        return did_you_mean(name, sorted(known), otherwise='write a name such as "Europe/London"')
    return "this machine has no time zones: install the package tzdata"
