# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Reads the header values of headers.py: addresses, Vias, CSeq, parameters, credentials, host and port. C pointers.

One pass from left to right over a value, no way back, so the time is linear whatever comes. It knows the grammar and
makes no class of its own: the class of the value is an argument. What cannot be read raises BadMessage with the place.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.stdint cimport uint8_t, uint16_t, uint64_t
from libc.string cimport memcmp

from pbx.sip.errors import BadMessage

cdef extern from "Python.h":
    bint PyUnicode_IS_ASCII(object text)
    void *PyUnicode_DATA(object text)
    Py_ssize_t PyUnicode_GET_LENGTH(object text)

cdef enum:
    # Character classes. Everything from 0x80 on is UTF-8 and counts as a letter wherever a letter is not enough.
    TOKEN = 1
    BLANK = 2
    DISPLAY = 4  # an unquoted display name, more liberal than tokens: what could not be mistaken
    BRACKETED = 8  # a URI within < >
    PLAIN = 16  # a URI without: "?" needs brackets, ";" starts the header's parameters (RFC 3261 20)
    NAME = 32  # of a parameter
    VALUE = 64  # of a parameter, unquoted: tags with "=" and bare IPv6 addresses exist
    HOST = 128
    TOKEN68 = 256
    IPV6 = 512
    SCHEME = 1024

cdef uint16_t CLASS[256]
cdef str SIP_2 = "SIP/2.0"
cdef str TAG = "tag"
cdef str BRANCH = "branch"
cdef str RPORT = "rport"
cdef str UDP = "UDP"
cdef uint64_t CSEQ_MAX = 4294967295  # RFC 3261 8.1.1.5 asks for less than 2**31; RFC 4475 3.1.2.4 refuses from 2**32


cdef void build_classes():
    cdef int i
    for i in range(256):
        c = chr(i)
        letter = i < 128 and c.isalnum()
        visible = i > 32 and i != 127
        CLASS[i] = (
            (TOKEN if letter or c in "-.!%*_+`'~" else 0)
            | (BLANK if c in " \t\r\n" else 0)
            | (DISPLAY if (visible or c in " \t") and c not in '"<>,;:\\' else 0)
            | (BRACKETED if visible and c not in '"<>' else 0)
            | (PLAIN if visible and c not in '"<>,;?' else 0)
            | (NAME if visible and c not in '"<>,;=' else 0)
            | (VALUE if visible and c not in '"<>,;' else 0)
            | (HOST if letter or c in "._-" else 0)
            | (TOKEN68 if letter or c in "-._~+/" else 0)
            | (IPV6 if c in "0123456789abcdefABCDEF:." else 0)
            | (SCHEME if letter or c in "+-." else 0)
        )


build_classes()


# ---------------------------------------------------------------- a place in a text

cdef struct Cursor:
    const uint8_t *octets
    Py_ssize_t at
    Py_ssize_t end


cdef bytes open_text(Cursor *c, str text):
    """Sets the cursor on the text's UTF-8; the bytes returned, if any, must outlive it."""
    cdef bytes octets = None
    c.at = 0
    if PyUnicode_IS_ASCII(text):
        c.octets = <const uint8_t *> PyUnicode_DATA(text)
        c.end = PyUnicode_GET_LENGTH(text)
        return octets
    try:
        octets = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise BadMessage("text that cannot have come in octets") from None
    c.octets = <const uint8_t *> PyBytes_AS_STRING(octets)
    c.end = PyBytes_GET_SIZE(octets)
    return octets


cdef inline bint stands(Cursor *c, uint8_t octet) noexcept nogil:
    return c.at < c.end and c.octets[c.at] == octet


cdef inline void skip_blanks(Cursor *c) noexcept nogil:
    while c.at < c.end and CLASS[c.octets[c.at]] & BLANK:
        c.at += 1


cdef inline Py_ssize_t skip(Cursor *c, int kind) noexcept nogil:
    """Passes all octets of the class; how many they were."""
    cdef Py_ssize_t start = c.at
    while c.at < c.end and CLASS[c.octets[c.at]] & kind:
        c.at += 1
    return c.at - start


cdef inline bint skip_quoted(Cursor *c) noexcept nogil:
    """Passes a quoted string; False where its end is missing."""
    c.at += 1
    while c.at < c.end:
        if c.octets[c.at] == 34:
            c.at += 1
            return True
        c.at += 2 if c.octets[c.at] == 92 else 1
    c.at = c.end
    return False


cdef inline str between(Cursor *c, Py_ssize_t start, Py_ssize_t end):
    return PyUnicode_DecodeUTF8(<const char *> c.octets + start, end - start, "surrogateescape")


cdef inline bint spells(
    Cursor *c, Py_ssize_t start, Py_ssize_t end, const char *word, Py_ssize_t length
) noexcept nogil:
    return end - start == length and memcmp(c.octets + start, word, length) == 0


cdef inline str name_between(Cursor *c, Py_ssize_t start, Py_ssize_t end):
    """A parameter's name; those of every message are not made anew each time."""
    if spells(c, start, end, b"tag", 3):
        return TAG
    if spells(c, start, end, b"branch", 6):
        return BRANCH
    if spells(c, start, end, b"rport", 5):
        return RPORT
    return between(c, start, end)


cdef object refusal(Cursor *c, Py_ssize_t at, str what):
    return BadMessage(f"{between(c, at, min(at + 80, c.end))!r} {what}")


cdef bint comes_next(Cursor *c) except -1:
    """Passes the comma of a list; False at the list's end."""
    if c.at >= c.end:
        return False
    if not stands(c, 44):
        raise refusal(c, c.at, "cannot be read")
    c.at += 1
    skip_blanks(c)
    if c.at >= c.end:
        raise BadMessage("nothing behind the last comma")
    return True


# ---------------------------------------------------------------- quoted strings and parameters

cdef str unquoted(str text):
    """The text of a quoted-string; a text that is not quoted as it is."""
    if not text.startswith('"'):
        return text
    if "\\" not in text:
        return text[1 : len(text) - 1]
    parts = text[1 : len(text) - 1].split("\\\\")
    return "\\".join([part.replace("\\", "") for part in parts])


cdef tuple params_at(Cursor *c):
    """All of `;name=value;name…` from here; leaves the cursor on what is neither blank nor parameter."""
    cdef list params = []
    cdef Py_ssize_t start
    cdef str name
    skip_blanks(c)
    while stands(c, 59):
        c.at += 1
        skip_blanks(c)
        start = c.at
        if not skip(c, NAME):
            raise refusal(c, start, "is no parameter")
        name = name_between(c, start, c.at)
        skip_blanks(c)
        if stands(c, 61):
            c.at += 1
            params.append((name, param_value(c)))
            skip_blanks(c)
        else:
            params.append((name, None))
    return tuple(params)


cdef str param_value(Cursor *c):
    """A value as it stands, quotes included."""
    cdef Py_ssize_t start
    skip_blanks(c)
    start = c.at
    if stands(c, 34):
        if not skip_quoted(c):
            raise refusal(c, start, "has no closing quote")
    elif not skip(c, VALUE):
        raise refusal(c, start, "is no parameter value")
    return between(c, start, c.at)


def params(str text not None):
    """Parses `;a=b;c` to the end of the text."""
    cdef Cursor c
    cdef bytes keep = open_text(&c, text)
    cdef tuple found = params_at(&c)
    if c.at != c.end:
        raise refusal(&c, c.at, "is no parameter")
    return found


def unquote(str text not None):
    """The text of a quoted-string; a text that is not quoted as it is."""
    return unquoted(text)


def find_param(tuple params not None, str name not None):
    """The value without its quotes, `""` for a parameter without one, None where it is absent."""
    cdef str own, value, lowered
    for own, value in params:
        if own == name:
            return unquoted(value) if value is not None else ""
    lowered = name.lower()
    for own, value in params:
        if own is not None and own.lower() == lowered:
            return unquoted(value) if value is not None else ""
    return None


# ---------------------------------------------------------------- addresses

cdef object address_at(object cls, Cursor *c):
    cdef Py_ssize_t start
    cdef str display = ""
    cdef str uri
    skip_blanks(c)
    start = c.at
    if stands(c, 34):
        if not skip_quoted(c):
            raise refusal(c, start, "has no closing quote")
        display = unquoted(between(c, start, c.at))
        skip_blanks(c)
        uri = bracketed_uri(c, start)
    else:
        skip(c, DISPLAY)
        if stands(c, 60):
            if c.at > start:
                display = " ".join(between(c, start, c.at).split())
            uri = bracketed_uri(c, start)
        else:
            c.at = start
            uri = plain_uri(c)
    return cls(display, uri, params_at(c))


cdef str bracketed_uri(Cursor *c, Py_ssize_t whole):
    cdef Py_ssize_t start = c.at + 1
    if stands(c, 60):
        c.at += 1
        if skip(c, BRACKETED) and stands(c, 62):
            c.at += 1
            return between(c, start, c.at - 1)
    raise refusal(c, whole, "is no address")


cdef str plain_uri(Cursor *c):
    cdef Py_ssize_t start = c.at
    if stands(c, 42):
        c.at += 1
        return "*"
    skip(c, SCHEME)
    if c.at > start and stands(c, 58):
        c.at += 1
        if skip(c, PLAIN):
            return between(c, start, c.at)
    raise refusal(c, start, "is no address")


def address(cls, str text not None):
    """One address, to the end of the text."""
    cdef Cursor c
    cdef bytes keep = open_text(&c, text)
    value = address_at(cls, &c)
    if c.at != c.end:
        raise refusal(&c, c.at, "behind the address")
    return value


def addresses(cls, str text not None):
    """A comma-separated list of one address or more."""
    cdef Cursor c
    cdef bytes keep = open_text(&c, text)
    cdef list values = [address_at(cls, &c)]
    while comes_next(&c):
        values.append(address_at(cls, &c))
    return values


# ---------------------------------------------------------------- host and port

cdef str host_between(Cursor *c, Py_ssize_t start, Py_ssize_t end):
    """A host name or IPv4 address, or an IPv6 reference without its brackets."""
    cdef Py_ssize_t i
    cdef int kind = HOST
    cdef bint well_formed = end > start
    if well_formed and c.octets[start] == 91:
        # Characters only, not the address: RFC 5118 4.10 asks to accept the three colons of an old grammar mistake.
        kind = IPV6
        well_formed = end - start > 3 and c.octets[end - 1] == 93
        start, end = start + 1, end - 1
    elif well_formed:
        well_formed = CLASS[c.octets[start]] & TOKEN and c.octets[start] != 45 and c.octets[start] != 46
        well_formed = well_formed and c.octets[end - 1] != 45
    if well_formed:
        for i in range(start, end):
            well_formed = well_formed and CLASS[c.octets[i]] & kind
    if kind == IPV6 and well_formed:
        well_formed = b":" in c.octets[start:end]
    if not well_formed:
        raise refusal(c, start, "is no host")
    return between(c, start, end)


cdef int port_between(Cursor *c, Py_ssize_t start, Py_ssize_t end) except -1:
    cdef Py_ssize_t i
    cdef int port = 0
    for i in range(start, min(end, start + 6)):
        if not 48 <= c.octets[i] <= 57:
            port = 0
            break
        port = port * 10 + c.octets[i] - 48
    if end - start > 5 or not 0 < port <= 65535:
        raise refusal(c, start, "is no port")
    return port


def hostport(str text not None):
    """`host`, `host:port`, `[v6]` or `[v6]:port`, to the end of the text."""
    cdef Cursor c
    cdef bytes keep = open_text(&c, text)
    skip_host(&c)
    host = host_between(&c, 0, c.at)
    if c.at == c.end:
        return host, None
    if not stands(&c, 58):
        raise refusal(&c, 0, "is no host")
    return host, port_between(&c, c.at + 1, c.end)


cdef void skip_host(Cursor *c) noexcept nogil:
    if stands(c, 91):
        while c.at < c.end and c.octets[c.at] != 93:
            c.at += 1
        c.at += c.at < c.end
    else:
        skip(c, HOST)


# ---------------------------------------------------------------- Via

cdef object via_at(object cls, Cursor *c):
    cdef Py_ssize_t start
    cdef str protocol, transport, host
    cdef object port = None
    skip_blanks(c)
    protocol = sent_protocol(c)
    start = c.at
    transport = UDP if skip(c, TOKEN) == 3 and spells(c, start, c.at, b"UDP", 3) else between(c, start, c.at)
    if c.at == start:
        raise refusal(c, start, "is no transport")
    start = c.at
    skip_blanks(c)
    if c.at == start:
        raise refusal(c, start, "is no sent-by")
    start = c.at
    skip_host(c)
    host = host_between(c, start, c.at)
    skip_blanks(c)
    if stands(c, 58):
        c.at += 1
        skip_blanks(c)
        start = c.at
        skip(c, TOKEN)
        port = port_between(c, start, c.at)
    return cls(transport, host, port, params_at(c), protocol)


cdef str sent_protocol(Cursor *c):
    """The protocol and its version, up to and with the slash and blanks behind them."""
    cdef str name, version
    if c.end - c.at > 8 and memcmp(c.octets + c.at, b"SIP/2.0/", 8) == 0:
        c.at += 8
        skip_blanks(c)
        return SIP_2
    name = token(c)
    slash(c)
    version = token(c)
    slash(c)
    return f"{name}/{version}"


cdef str token(Cursor *c):
    cdef Py_ssize_t start = c.at
    if not skip(c, TOKEN):
        raise refusal(c, start, "is no token")
    return between(c, start, c.at)


cdef int slash(Cursor *c) except -1:
    skip_blanks(c)
    if not stands(c, 47):
        raise refusal(c, c.at, "is no slash")
    c.at += 1
    skip_blanks(c)
    return 0


def via(cls, str text not None):
    """One Via, to the end of the text."""
    cdef Cursor c
    cdef bytes keep = open_text(&c, text)
    value = via_at(cls, &c)
    if c.at != c.end:
        raise refusal(&c, c.at, "behind the Via")
    return value


def first_via(cls, str text not None):
    """The first of a list; the others are not looked at."""
    cdef Cursor c
    cdef bytes keep = open_text(&c, text)
    value = via_at(cls, &c)
    comes_next(&c)
    return value


def vias(cls, str text not None):
    """A comma-separated list of one Via or more."""
    cdef Cursor c
    cdef bytes keep = open_text(&c, text)
    cdef list values = [via_at(cls, &c)]
    while comes_next(&c):
        values.append(via_at(cls, &c))
    return values


# ---------------------------------------------------------------- CSeq, numbers, Call-ID, credentials

def cseq(cls, str text not None):
    """A number below 2**32 and a method, to the end of the text."""
    cdef Cursor c
    cdef bytes keep = open_text(&c, text)
    cdef uint64_t number = 0
    cdef Py_ssize_t digits_end
    cdef str method
    while c.at < c.end and 48 <= c.octets[c.at] <= 57:
        # Stays above the limit once it is there, however many digits follow.
        number = min(number * 10 + c.octets[c.at] - 48, CSEQ_MAX + 1)
        c.at += 1
    digits_end = c.at
    skip_blanks(&c)
    if digits_end == 0 or number > CSEQ_MAX or c.at == digits_end:
        raise refusal(&c, 0, "is no sequence number below 2**32 and method")
    method = token(&c)
    if c.at != c.end:
        raise refusal(&c, 0, "is no sequence number below 2**32 and method")
    return cls(number, method)


def number(str text not None):
    """The text's decimal number, None where it is none or has more than 18 digits behind leading zeros."""
    cdef Cursor c
    cdef bytes keep = open_text(&c, text)
    cdef uint64_t value = 0
    if c.end == 0:
        return None
    while c.at < c.end:
        if not 48 <= c.octets[c.at] <= 57 or value >= 100000000000000000:
            return None
        value = value * 10 + c.octets[c.at] - 48
        c.at += 1
    return value


def call_id(str text not None):
    """The text, if it is one word; which characters a word may have is not ours to judge: nobody looks into it."""
    cdef Cursor c
    cdef bytes keep = open_text(&c, text)
    while c.at < c.end and c.octets[c.at] > 32:
        c.at += 1
    if c.end == 0 or c.at < c.end:
        raise refusal(&c, 0, "is no word")
    return text


def auth(str text not None):
    """The scheme of a challenge or of credentials, and the parameters: names lower-cased, values without quotes."""
    cdef Cursor c
    cdef bytes keep = open_text(&c, text)
    cdef str scheme
    cdef Py_ssize_t start
    skip_blanks(&c)
    scheme = token(&c)
    start = c.at
    skip_blanks(&c)
    if c.at < c.end and c.at == start:
        raise refusal(&c, start, "behind the authentication scheme")
    start = c.at
    if skip(&c, TOKEN68):
        while stands(&c, 61):
            c.at += 1
        if c.at == c.end:
            return scheme, {"": between(&c, start, c.at)}
    c.at = start
    return scheme, auth_params(&c)


cdef dict auth_params(Cursor *c):
    cdef dict params = {}
    cdef str name
    while c.at < c.end:
        name = token(c).lower()
        # RFC 7616 3.4: a parameter must not come twice; taking one of them would be a guess.
        if name in params:
            raise BadMessage(f"authentication parameter {name[:40]!r} comes twice")
        skip_blanks(c)
        if not stands(c, 61):
            raise refusal(c, c.at, "is no authentication parameter")
        c.at += 1
        params[name] = unquoted(param_value(c))
        skip_blanks(c)
        if stands(c, 44):
            c.at += 1
            skip_blanks(c)
        elif c.at < c.end:
            raise refusal(c, c.at, "is no authentication parameter")
    return params
