"""From facts to findings. Pure: the same facts always give the same words."""

from collections.abc import Callable, Iterator

from pbx.doctor.data_rules import databases, disk, folder
from pbx.doctor.facts import Facts
from pbx.doctor.finding import Finding
from pbx.doctor.installed_rules import engine, portal, prompts
from pbx.doctor.machine_rules import buffers, clock, cpus, descriptors, memory, zones
from pbx.doctor.network_rules import addresses, nat, rtp_ports, sip_port
from pbx.doctor.running_rules import server
from pbx.doctor.voicemail_rules import message_waiting, voicemail
from pbx.doctor.web_rules import portal_port

RULES: tuple[Callable[[Facts], Iterator[Finding]], ...] = (
    *(server, voicemail, message_waiting),
    *(sip_port, rtp_ports, portal_port, addresses, nat),
    *(clock, zones, cpus, memory, descriptors, buffers),
    *(folder, disk, databases),
    *(engine, prompts, portal),
)


def judge(facts: Facts) -> list[Finding]:
    """Every rule's findings, in a fixed order; each rule has at least one, unless it is of a server and none runs."""
    return [finding for rule in RULES for finding in rule(facts)]
