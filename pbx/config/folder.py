"""Writes a first configuration: a commented `pbx.toml` and one tenant with two extensions.

Passwords and PINs are made here, returned once for people to read, and kept nowhere: the files hold digests and hashes.
Nothing that exists is ever written over.
"""

import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pbx.config.load import SERVER_FILE, TENANTS_FOLDER
from pbx.config.server import is_host
from pbx.config.tenant_file import is_tenant_name
from pbx.security.pin import hash_pin, new_pin
from pbx.sip.auth.digest import ha1

# No 0, 1, i, l, o: passwords are read from a screen and typed into phones.
PASSWORD_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
PASSWORD_LENGTH = 16  # 79 bits: an MD5 digest that leaks must not be worth a dictionary

EXTENSIONS = (("101", "Ada"), ("102", "Grace"))


class FolderInUse(Exception):
    """There is a configuration already; it is left as it is."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} exists already")
        self.path = path


@dataclass(frozen=True)
class NewExtension:
    """An extension, with the password of its phone and the PIN of its mailbox, that nobody can read again."""

    number: str
    name: str
    password: str
    pin: str


@dataclass(frozen=True)
class Initialised:
    """What was written."""

    folder: Path
    files: tuple[Path, ...]
    tenant: str
    domain: str
    extensions: tuple[NewExtension, ...]


def new_password() -> str:
    """A password for a phone."""
    return "".join(secrets.choice(PASSWORD_ALPHABET) for _ in range(PASSWORD_LENGTH))


def init(
    folder: Path, *, tenant: str = "demo", domain: str | None = None, password: Callable[[], str] = new_password
) -> Initialised:
    """Writes the configuration into `folder`, readable by its owner alone.

    Raises FolderInUse where any of the files exists, ValueError for a tenant's name or a domain that cannot be one, and
    OSError where nothing can be written.
    """
    domain = (domain or f"{tenant}.localhost").lower()
    if not is_tenant_name(tenant):
        raise ValueError(f"no tenant's name: {tenant!r} (use small letters, digits and hyphens)")
    if not is_host(domain):
        raise ValueError(f"no domain: {domain!r} (write one such as pbx.example.org)")
    extensions = tuple(NewExtension(number, name, password(), new_pin()) for number, name in EXTENSIONS)
    texts = {
        folder / SERVER_FILE: _SERVER.replace("TENANT", tenant),
        folder / TENANTS_FOLDER / f"{tenant}.toml": _tenant_text(domain, extensions),
    }
    for path in texts:
        if path.exists():
            raise FolderInUse(path)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / TENANTS_FOLDER).mkdir(mode=0o700, exist_ok=True)
    for path, text in texts.items():
        _write_new(path, text)
    return Initialised(folder, tuple(texts), tenant, domain, extensions)


def _write_new(path: Path, text: str) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise FolderInUse(path) from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def _tenant_text(domain: str, extensions: tuple[NewExtension, ...]) -> str:
    tables = "".join(
        _EXTENSION.format(
            number=e.number,
            name=e.name,
            sha256=ha1(e.number, domain, e.password, "SHA-256"),
            md5=ha1(e.number, domain, e.password, "MD5"),
            pin_hash=hash_pin(e.pin),
        )
        for e in extensions
    )
    return _TENANT.replace("DOMAIN", domain).replace("EXTENSIONS\n", tables)


_SERVER = """\
# What this server listens on, how much it takes and how long it waits.
# A line that begins with # and a space explains; one without the space is a setting with its usual value.
# After a change: `pbx check` names every mistake with its line.

# Gets what is sent to this machine's bare address instead of to a tenant's domain.
default_tenant = "TENANT"

# The address that phones reach this server at, where it is not one of the machine's own (behind NAT).
#advertised_address = "203.0.113.5"

[sip]
#host = "0.0.0.0"            # every address of this machine
#port = 5060

[rtp]
#address = "0.0.0.0"
#ports = [20000, 39999]      # first and last; four for each call

[web]                        # the portal; without HTTPS so far, so on this machine only
#host = "127.0.0.1"
#port = 8080
#allow_plain_http = false    # other addresses too, as behind a proxy that speaks HTTPS

[limits]                     # past them calls and registrations are refused with 503 and Retry-After
#calls_max = 1000
#calls_per_s = 100
#registrations_max = 100000
#registrations_per_s = 2000
#contacts_max = 10           # phones of one extension
#transactions_max = 50000

[timers]
#ring_s = 30                 # unless the tenant, the node or the extension says otherwise
#register_min_s = 60
#register_max_s = 3600
#nonce_s = 300               # how long a phone may go on using one digest challenge

[log]
#level = "info"              # debug, info, warning, error
#format = "text"             # text, json
"""

_TENANT = """\
# One tenant: its SIP domains, its extensions and where its numbers lead.

domains = ["DOMAIN"]
# The digests below are made with the realm: another one needs new digests.
realm = "DOMAIN"
# Such as "Europe/London".
time_zone = "UTC"

# What phones are challenged with. Add "SHA-256" (RFC 8760) once every phone of this tenant knows it: many that do not
# fail at its mere mention, where they should take the MD5 challenge beside it.
digest_algorithms = ["MD5"]

# A password is never kept, only its digests. To make one by hand:
#   printf '%s' '101:DOMAIN:PASSWORD' | sha256sum
# Nor is the PIN of a mailbox: `pbx pin` prints the line for another one.
EXTENSIONS

# Where a dialled number leads: x is any digit, * at the end is the rest, the most specific entry wins.
[numbers]
"1xx" = "extension"          # the extension that was dialled
"600" = "echo"               # hear yourself
"601" = "welcome"            # a menu
"602" = "room"               # a conference
"*97" = "mailbox"            # hear your messages, with the PIN

[nodes.extension]
kind = "extension"
no_answer = "voicemail"      # a message for whoever was dialled
busy = "voicemail"
declined = "voicemail"
unregistered = "voicemail"

[nodes.welcome]
kind = "menu"
prompt = "menu-demo"
digits = { 1 = "ada", 2 = "grace", 3 = "room" }
timeout = "ada-box"

[nodes.ada]
kind = "ring"
who = ["101"]
no_answer = "ada-box"
busy = "ada-box"
declined = "ada-box"
unregistered = "ada-box"

[nodes.ada-box]
kind = "voicemail"
box = "101"

[nodes.grace]
kind = "ring"
who = ["102"]
no_answer = "grace-box"
busy = "grace-box"
declined = "grace-box"
unregistered = "grace-box"

[nodes.grace-box]
kind = "voicemail"
box = "102"

[nodes.room]
kind = "conference"
room = "602"                 # the same one from the menu

# More nodes of your own, for example:
#[nodes.front-desk]
#kind = "ring"               # ring, extension, schedule, echo, reject
#who = ["101", "102"]        # all at once
#ring_s = 20
#no_answer = "sorry"         # also: busy, declined, unregistered, failed
#
#[nodes.sorry]
#kind = "reject"
#status = 480
#
#[nodes.reception]
#kind = "schedule"
#hours = "Mon-Fri 09:00-17:30"   # several after ";", a zone other than the tenant's at the end
#dates.12-25 = "closed"          # or other hours; with a year before it, once
#open = "front-desk"
#closed = "sorry"

# Calls that must go a certain way; `pbx check` tries them.
[[tests]]
call = { from = "101", to = "102", registered = ["101", "102"] }
expect = ["extension: ring", "ring 102"]

[[tests]]
call = { from = "101", to = "102", registered = ["101", "102"], outcomes = ["no_answer"] }
expect = ["extension: no_answer", "run voicemail"]

[[tests]]
call = { from = "101", to = "102", registered = ["101"] }
expect = ["extension: unregistered", "run voicemail"]

[[tests]]
call = { from = "101", to = "600" }
expect = ["echo"]

[[tests]]
call = { from = "102", to = "601", registered = ["101"], outcomes = ["press 1"] }
expect = ["welcome: 1", "ring 101"]

[[tests]]
call = { from = "102", to = "601", outcomes = ["press 3"] }
expect = ["welcome: 3", "run conference"]

[[tests]]
call = { from = "102", to = "601", outcomes = ["timeout"] }
expect = ["ada-box", "run voicemail"]

[[tests]]
call = { from = "101", to = "602" }
expect = ["room", "run conference"]

[[tests]]
call = { from = "101", to = "*97" }
expect = ["mailbox", "run mailbox"]
"""

_EXTENSION = """
[extensions.{number}]
name = "{name}"
ha1.SHA-256 = "{sha256}"
ha1.MD5 = "{md5}"
voicemail.pin_hash = "{pin_hash}"
"""
