"""Looks at this machine, a data folder and the server that may run on it. Decides nothing, and changes nothing but for
one small file that is written into the data folder and removed again, to see how long the disk takes."""

from pbx.config.load import Config
from pbx.doctor.facts import Facts
from pbx.doctor.gather.addresses import see_addresses
from pbx.doctor.gather.clock import ClockWatch
from pbx.doctor.gather.data_folder import see_databases, see_folder
from pbx.doctor.gather.installed import see_installed
from pbx.doctor.gather.machine import see_machine
from pbx.doctor.gather.ports import see_rtp_ports, see_sip_port, see_web_port
from pbx.doctor.gather.running import portal_url, see_running


def gather(config: Config) -> Facts:
    """Takes as long as the disk does for some writes, and a server for an answer: a second as a rule, ten at most."""
    watch = ClockWatch()
    settings = config.server
    running = see_running(config.folder, settings.region)
    return Facts(
        settings=settings,
        running=running,
        sip_port=see_sip_port(settings.sip.host, settings.sip.port, server=running.pid),
        rtp_ports=see_rtp_ports(settings.rtp.address, settings.rtp.ports, server=running.pid),
        web_port=see_web_port(settings.web.host, settings.web.port, server=running.pid, url=portal_url(config.folder)),
        addresses=see_addresses(),
        machine=see_machine(server=running.pid),
        folder=see_folder(config.folder),
        databases=see_databases(config.folder),
        installed=see_installed(),
        clock=watch.see(tenant.time_zone for tenant in config.tenants.values()),
    )
