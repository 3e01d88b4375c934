"""The portal's port: can people reach it, and can others read what they type."""

from collections.abc import Iterator

from pbx.config.server import is_loopback
from pbx.doctor.facts import Facts
from pbx.doctor.finding import Finding

TOPIC = "portal port"


def portal_port(facts: Facts) -> Iterator[Finding]:
    """Is the portal there, or can it be; and who can listen in."""
    seen = facts.web_port
    where = f"TCP {seen.host}:{seen.port}"
    match seen.state:
        case "ours":
            yield Finding(TOPIC, "ok", f"the running server's portal is at {seen.url or where}")
        case "free" if facts.running.pid is not None:
            said = f"{where} is free: the running server has no portal there"
            yield Finding(TOPIC, "advice", said, "well, if it was started with `--web off`; else its log says why")
        case "free":
            yield Finding(TOPIC, "ok", f"{where} is free" if seen.port else f"any free port of {seen.host} will do")
        case "taken":
            who = f" by {seen.holder}" if seen.holder else ""
            said = f"{where} is taken{who}: calls work, and there is no portal"
            remedy = f"stop it (`ss -ltnp 'sport = :{seen.port}'` shows it), or write another port under [web]"
            yield Finding(TOPIC, "advice", said, remedy)
        case "refused":
            said = f"{where} cannot be listened on: {seen.error}; calls work, and there is no portal"
            remedy = "write an address of this machine as host under [web], and a port above 1023 unless you are root"
            yield Finding(TOPIC, "advice", said, remedy)
    if not is_loopback(seen.host):
        said = f"the portal speaks plain HTTP on {seen.host}: others on the way there can read passwords"
        remedy = "see that only a proxy which speaks HTTPS reaches it; where that is on this machine: 127.0.0.1"
        yield Finding(TOPIC, "advice", said, remedy)
