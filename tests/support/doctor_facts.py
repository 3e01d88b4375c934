"""Facts about a machine on which all is well, for tests to spoil one by one."""

from msgspec.structs import replace

from pbx.config.server import Server
from pbx.doctor.facts import (
    Addresses,
    Clock,
    Database,
    Facts,
    Folder,
    Installed,
    Machine,
    RtpPorts,
    Running,
    ServerFigures,
    SipPort,
    WebPort,
)

GIB = 1024**3

WELL = Facts(
    settings=Server(default_tenant="demo"),
    running=Running(712, ServerFigures(calls=2, calls_started=9)),
    sip_port=SipPort("ours"),
    rtp_ports=RtpPorts(taken=0),
    web_port=WebPort("127.0.0.1", 8080, "ours", url="http://127.0.0.1:8080"),
    addresses=Addresses(("127.0.0.1", "198.51.100.7", "::1"), "198.51.100.7", None),
    clock=Clock(is_synchronised=True, error_ms=12.0, moved_ms=0.1, watched_s=0.5, zones_missing=()),
    machine=Machine(
        cpus=4,
        memory_bytes=8 * GIB,
        memory_available_bytes=6 * GIB,
        descriptors=65_536,
        descriptors_whose="the running server",
        receive_buffer_bytes=4 * 1024 * 1024,
    ),
    folder=Folder("/srv/pbx", "pbx", is_ours=True, mode=0o700, free_bytes=50_000_000_000, sync_ms=1.5),
    databases=(Database("spool", "sound", "version 1"), Database("store", "sound", "schema 0001")),
    installed=Installed(
        version="0.1.0",
        engine_version="0.1.0",
        engine_error="",
        codecs=("PCMU", "PCMA"),
        prompts=300,
        prompts_missing=(),
        has_portal=True,
    ),
)


def facts_with(part: str, **changes: object) -> Facts:
    """The same, with one part changed: `facts_with("clock", is_synchronised=False)`."""
    return replace(WELL, **{part: replace(getattr(WELL, part), **changes)})
