"""What was seen of a machine, its data folder and a running server. None stands for what could not be learned."""

from typing import Literal, TypeAlias

from msgspec import Struct, field

from pbx.config.server import Server


class SipPort(Struct, frozen=True):
    """What becomes of listening where the configuration says."""

    state: Literal["free", "ours", "taken", "refused"]
    holder: str = ""  # who has it, where that can be seen: "asterisk (process 712)"
    error: str = ""  # why it was refused, in the system's words


class WebPort(Struct, frozen=True):
    """What becomes of the portal's address: where it is now, or else where the configuration says."""

    host: str
    port: int
    state: Literal["free", "ours", "taken", "refused"]
    holder: str = ""  # who has it, where that can be seen
    error: str = ""  # why it was refused, in the system's words
    url: str | None = None  # where the running server says that its portal is; None: there is none


class RtpPorts(Struct, frozen=True):
    """The range for media."""

    address_error: str = ""  # why its address cannot be listened on; "": it can
    taken: int | None = None  # ports of the range that programs other than our server hold


class Addresses(Struct, frozen=True):
    """Where phones could find this machine."""

    local: tuple[str, ...]  # loopback among them, link-local IPv6 not
    source: str | None  # IPv4 address that packets to the world leave from; None: there is no way to the world
    source_ipv6: str | None


class Clock(Struct, frozen=True):
    """The wall clock beside the one that never jumps."""

    is_synchronised: bool | None
    error_ms: float | None  # at most so far off, as the kernel believes
    moved_ms: float  # wall against monotonic clock, while it was watched
    watched_s: float
    zones_missing: tuple[str, ...]  # time zones of tenants that this machine does not know


class Machine(Struct, frozen=True):
    """What the kernel allots."""

    cpus: float  # less than whole ones in a container that has a quota
    memory_bytes: int
    memory_available_bytes: int
    descriptors: int  # open files and sockets at once
    descriptors_whose: Literal["the running server", "this shell"]
    receive_buffer_bytes: int | None  # the largest that a socket may ask for


class Folder(Struct, frozen=True):
    """The data folder."""

    path: str
    owner: str  # the user's name, or number
    is_ours: bool
    mode: int
    free_bytes: int
    sync_ms: float | None  # until 4 KiB are on the disk, median; None: nothing could be written
    write_error: str = ""


DatabaseState: TypeAlias = Literal["absent", "sound", "foreign", "unreadable"]


class Database(Struct, frozen=True):
    """A SQLite file of ours."""

    name: str
    state: DatabaseState
    said: str = ""  # its version, or what is wrong


class Installed(Struct, frozen=True):
    """What came with this installation."""

    version: str
    engine_version: str | None
    engine_error: str
    codecs: tuple[str, ...]
    prompts: int
    prompts_missing: tuple[str, ...]
    has_portal: bool


class SpoolFigures(Struct, frozen=True):
    """Of the spool, counted since the start."""

    rejected_full: int = 0
    failed: int = 0


class ShipperFigures(Struct, frozen=True):
    """Of the way from spool to Store; `retry_s` and `waiting` are of now."""

    waiting: int = 0
    refused: int = 0
    retry_s: float = 0.0
    last_failure: str = ""


class RegistrarFigures(Struct, frozen=True):
    """Of the registrar, now."""

    bindings: int = 0


class MailboxesFigures(Struct, frozen=True):
    """Of the messages in their boxes, counted since the start."""

    unreadable: int = 0
    asks_dropped: int = 0


class IncomingFigures(Struct, frozen=True):
    """Of messages on their way into a box, counted since the start; `waiting` is of now."""

    waiting: int = 0
    postponed: int = 0
    undeliverable: int = 0
    refused_full: int = 0


class VoicemailFigures(Struct, frozen=True):
    """Of voicemail, counted since the start."""

    callers_refused_full: int = 0
    callers_refused_failed: int = 0
    pins_refused: int = 0
    mailboxes: MailboxesFigures = field(default_factory=MailboxesFigures)
    incoming: IncomingFigures = field(default_factory=IncomingFigures)


class MessageWaitingFigures(Struct, frozen=True):
    """Of the NOTIFYs that tell phones of messages, counted since the start."""

    told: int = 0
    refused: int = 0
    not_answered: int = 0
    failed: int = 0
    dropped: int = 0
    mistakes: int = 0


class ServerFigures(Struct, frozen=True):
    """What of `server.stats` is judged; a server of another release may know fewer."""

    calls: int = 0
    calls_started: int = 0
    calls_refused_full: int = 0
    mistakes: int = 0
    socket_failures: int = 0
    inbox_dropped: int = 0
    saves_failed: int = 0
    saves_late: int = 0
    records_lost: int = 0
    spool: SpoolFigures = field(default_factory=SpoolFigures)
    shipper: ShipperFigures = field(default_factory=ShipperFigures)
    registrar: RegistrarFigures = field(default_factory=RegistrarFigures)
    voicemail: VoicemailFigures = field(default_factory=VoicemailFigures)
    message_waiting: MessageWaitingFigures = field(default_factory=MessageWaitingFigures)


class Running(Struct, frozen=True):
    """The server of this data folder, if there is one."""

    pid: int | None = None  # None: no server
    figures: ServerFigures | None = None
    error: str = ""  # why it gave no figures


class Facts(Struct, frozen=True):
    """Everything that is judged."""

    settings: Server
    running: Running
    sip_port: SipPort
    rtp_ports: RtpPorts
    web_port: WebPort
    addresses: Addresses
    clock: Clock
    machine: Machine
    folder: Folder
    databases: tuple[Database, ...]
    installed: Installed
