# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Finds a SIP message's parts: start line, where each header lies, body (RFC 3261 7). C pointers over the bytes.

It reads every byte of the head once and makes no Python object of a header until somebody asks for that header. It
never judges a header's value, but for Content-Length, which says where the message ends. The first fault found is kept
with the status that answers it, and the scan goes on, so that a 400 can be built from what is there.

A line may end with LF alone (RFC 5118's own examples circulate so); nothing here is ever forwarded as bytes.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.dict cimport PyDict_GetItem
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.object cimport PyObject
from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.stdint cimport uint8_t, uint16_t, uint32_t
from libc.string cimport memchr, memcpy

from pbx.sip.header_names import COMPACT, KNOWN, MANDATORY, SINGLE

SIZE_MAX = 65535  # octets: one datagram holds no more, and offsets fit 16 bits
HEADERS_MAX = 256  # header lines; more is answered 400

cdef enum:
    _SIZE_MAX = 65535
    _HEADERS_MAX = 256
    _NAMES_MAX = 128
    _BUCKETS = 512
    UNKNOWN = 255
    NONE = -1

    # Character classes of a byte.
    TOKEN = 1
    URI = 2

    # Places in header_names.KNOWN.
    CONTENT_LENGTH = 6

# ---------------------------------------------------------------- tables, built once at import

cdef uint8_t CLASS[256]
cdef uint8_t LOWER[256]
cdef const char *NAME[_NAMES_MAX]  # lower-case, borrowed from _NAME_BYTES
cdef uint8_t NAME_LENGTH[_NAMES_MAX]
cdef uint8_t NAME_IDENT[_NAMES_MAX]
cdef uint8_t NEXT[_NAMES_MAX]
cdef uint8_t BUCKET[_BUCKETS]
cdef uint32_t MANDATORY_BITS = 0
cdef uint32_t SINGLE_BITS = 0
cdef list _NAME_BYTES = []
cdef dict _IDENT = {name: place for place, name in enumerate(KNOWN)}
cdef list _KNOWN = list(KNOWN)


cdef inline unsigned int bucket_of(const uint8_t *name, Py_ssize_t length) noexcept nogil:
    cdef unsigned int letters = LOWER[name[0]] * 7 + LOWER[name[length - 1]] * 3 + LOWER[name[length >> 1]]
    return (<unsigned int> length * 31 + letters) % _BUCKETS


cdef void build_tables():
    global MANDATORY_BITS, SINGLE_BITS
    cdef int i
    for i in range(256):
        LOWER[i] = i + 32 if 65 <= i <= 90 else i
        CLASS[i] = URI if 33 <= i < 127 and chr(i) not in '<>"' else 0
        if 33 <= i < 127 and (chr(i).isalnum() or chr(i) in "-.!%*_+`'~"):
            CLASS[i] |= TOKEN
    for i in range(_BUCKETS):
        BUCKET[i] = UNKNOWN
    names = [(name.lower(), place) for place, name in enumerate(KNOWN)]
    names += [(compact, KNOWN.index(name)) for compact, name in COMPACT.items()]
    assert len(names) < _NAMES_MAX and KNOWN[CONTENT_LENGTH] == "Content-Length"
    for i, (name, place) in enumerate(names):
        encoded = name.encode()
        _NAME_BYTES.append(encoded)
        NAME[i] = PyBytes_AS_STRING(encoded)
        NAME_LENGTH[i] = len(encoded)
        NAME_IDENT[i] = place
        bucket = bucket_of(<const uint8_t *> NAME[i], len(encoded))
        NEXT[i] = BUCKET[bucket]
        BUCKET[bucket] = i
    MANDATORY_BITS = (1 << MANDATORY) - 1
    SINGLE_BITS = sum(1 << place for place in range(*SINGLE.indices(len(KNOWN))))


build_tables()


cdef inline bint same_name(const char *lowered, const uint8_t *name, Py_ssize_t length) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(length):
        if <uint8_t> lowered[i] != LOWER[name[i]]:
            return False
    return True


cdef inline uint8_t ident_of(const uint8_t *name, Py_ssize_t length) noexcept nogil:
    cdef uint8_t i = BUCKET[bucket_of(name, length)]
    while i != UNKNOWN:
        if NAME_LENGTH[i] == length and same_name(NAME[i], name, length):
            return NAME_IDENT[i]
        i = NEXT[i]
    return UNKNOWN


cdef inline bint is_blank(uint8_t c) noexcept nogil:
    return c == 32 or c == 9


cdef inline bint is_digit(uint8_t c) noexcept nogil:
    return 48 <= c <= 57


cdef inline str text(const uint8_t *at, Py_ssize_t length):
    return PyUnicode_DecodeUTF8(<const char *> at, length, "surrogateescape")


# ---------------------------------------------------------------- the result

cdef class Scanned:
    """The parts of one message, and the first fault in it (`fault` is None where there is none)."""

    def __dealloc__(self):
        PyMem_Free(self._fields)

    cdef void blame(self, str fault, int status_hint=400):
        if self.fault is None:
            self.fault = fault
            self.status_hint = status_hint

    cdef str value(self, Field *field):
        cdef const uint8_t *at = self._start + field.value_at
        if not field.folded:
            return text(at, field.value_end - field.value_at)
        raw = PyBytes_FromStringAndSize(<const char *> at, field.value_end - field.value_at)
        lines = raw.replace(b"\r", b" ").split(b"\n")
        return b" ".join([line.strip(b" \t") for line in lines]).strip(b" ").decode("utf-8", "surrogateescape")

    cdef str name(self, Field *field):
        if field.ident != UNKNOWN:
            return <str> _KNOWN[field.ident]
        return text(self._start + field.name_at, field.name_end - field.name_at)

    cdef Py_ssize_t find(self, str key, Py_ssize_t at):
        """The place of the next field with this key from `at` on, or NONE."""
        cdef Field *field
        cdef bytes lowered
        cdef PyObject *known = PyDict_GetItem(_IDENT, key)
        if known != NULL:
            return self.find_known(<object> known, at)
        lowered = key.encode("utf-8", "surrogateescape")
        while at < self._count:
            field = self._fields + at
            if field.ident == UNKNOWN and field.name_end - field.name_at == PyBytes_GET_SIZE(lowered):
                if same_name(PyBytes_AS_STRING(lowered), self._start + field.name_at, PyBytes_GET_SIZE(lowered)):
                    return at
            at += 1
        return NONE

    cdef Py_ssize_t find_known(self, int ident, Py_ssize_t at) noexcept:
        if ident < 32 and not (self._seen >> ident) & 1:
            return NONE
        while at < self._count:
            if self._fields[at].ident == ident:
                return at
            at += 1
        return NONE

    cdef str first_of(self, str key):
        """The first value of the header, None where there is none."""
        cdef Py_ssize_t at = self.find(key, 0)
        return None if at == NONE else self.value(self._fields + at)

    cdef list all_of(self, str key):
        """The header's values, one for each line."""
        cdef list values = []
        cdef Py_ssize_t at = self.find(key, 0)
        while at != NONE:
            values.append(self.value(self._fields + at))
            at = self.find(key, at + 1)
        return values

    cdef list fields_of(self):
        """Every header line in order: key, name and value."""
        cdef list fields = []
        cdef Field *field
        cdef str name
        cdef Py_ssize_t at
        for at in range(self._count):
            field = self._fields + at
            name = self.name(field)
            fields.append((name if field.ident != UNKNOWN else name.lower(), name, self.value(field)))
        return fields


# ---------------------------------------------------------------- lines

cdef struct Line:
    Py_ssize_t start
    Py_ssize_t end  # without the line's end
    Py_ssize_t next
    bint ended  # False: the data ended first
    bint bare_cr


cdef inline Line line_at(const uint8_t *data, Py_ssize_t at, Py_ssize_t size) noexcept nogil:
    cdef Line line
    cdef const uint8_t *lf = <const uint8_t *> memchr(data + at, 10, size - at) if at < size else NULL
    line.start = at
    line.ended = lf != NULL
    line.end = lf - data if lf != NULL else size
    line.next = line.end + 1 if lf != NULL else size
    if lf != NULL and line.end > at and data[line.end - 1] == 13:
        line.end -= 1
    line.bare_cr = line.end > at and memchr(data + at, 13, line.end - at) != NULL
    return line


# ---------------------------------------------------------------- the start line

cdef inline bint spells_sip(const uint8_t *at) noexcept nogil:
    return LOWER[at[0]] == 115 and LOWER[at[1]] == 105 and LOWER[at[2]] == 112 and at[3] == 47


cdef inline bint is_version_2(const uint8_t *at, Py_ssize_t length) noexcept nogil:
    return length == 7 and spells_sip(at) and at[4] == 50 and at[5] == 46 and at[6] == 48


cdef bint is_other_version(const uint8_t *at, Py_ssize_t length) noexcept nogil:
    cdef Py_ssize_t i
    cdef int dots = 0
    if length < 7 or not is_digit(at[4]) or not is_digit(at[length - 1]):
        return False
    for i in range(4, length):
        dots += at[i] == 46
        if not is_digit(at[i]) and at[i] != 46:
            return False
    return dots == 1


cdef void scan_start_line(Scanned scanned, const uint8_t *data, Py_ssize_t start, Py_ssize_t end):
    if end - start >= 4 and spells_sip(data + start):
        scan_status_line(scanned, data, start, end)
    else:
        scan_request_line(scanned, data, start, end)


cdef void scan_status_line(Scanned scanned, const uint8_t *data, Py_ssize_t start, Py_ssize_t end):
    cdef Py_ssize_t at = start + 7
    scanned.is_request = False
    if end - start < 11 or not is_version_2(data + start, 7) or data[at] != 32:
        scanned.blame("status line is not SIP/2.0 and a status")
        return
    at += 1
    if not (49 <= data[at] <= 54 and is_digit(data[at + 1]) and is_digit(data[at + 2])):
        scanned.blame("status is not 100 to 699")
        return
    # The space behind the status is required even before an empty reason; its absence does no harm (RFC 4475 3.1.1.13).
    if end > at + 3 and data[at + 3] != 32:
        scanned.blame("status is not 100 to 699")
        return
    scanned.is_sip = True
    scanned.status = (data[at] - 48) * 100 + (data[at + 1] - 48) * 10 + data[at + 2] - 48
    scanned.reason = text(data + at + 4, end - at - 4) if end > at + 4 else ""


cdef void scan_request_line(Scanned scanned, const uint8_t *data, Py_ssize_t start, Py_ssize_t end):
    cdef Py_ssize_t method_end = start
    cdef Py_ssize_t version_at, uri_at, uri_end
    cdef Py_ssize_t last = end
    scanned.is_request = True
    while method_end < end and CLASS[data[method_end]] & TOKEN:
        method_end += 1
    while last > method_end and is_blank(data[last - 1]):
        last -= 1
    version_at = last
    while version_at > method_end and not is_blank(data[version_at - 1]):
        version_at -= 1
    if method_end == start or version_at == method_end or last - version_at < 4 or not spells_sip(data + version_at):
        scanned.blame("no SIP request line")
        return
    scanned.is_sip = True
    uri_at, uri_end = method_end, version_at
    while uri_at < uri_end and is_blank(data[uri_at]):
        uri_at += 1
    while uri_end > uri_at and is_blank(data[uri_end - 1]):
        uri_end -= 1
    scanned.method = text(data + start, method_end - start)
    scanned.uri = text(data + uri_at, uri_end - uri_at)
    if not is_version_2(data + version_at, last - version_at):
        if is_other_version(data + version_at, last - version_at):
            scanned.blame("SIP version is not 2.0", 505)
        else:
            scanned.blame("bad SIP version")
    elif last != end or not is_one_space(data, method_end, uri_at) or not is_one_space(data, uri_end, version_at):
        scanned.blame("request line has other than single spaces between its parts")
    elif not is_uri(data + uri_at, uri_end - uri_at):
        scanned.blame("Request-URI is no URI")


cdef inline bint is_one_space(const uint8_t *data, Py_ssize_t at, Py_ssize_t end) noexcept nogil:
    return end - at == 1 and data[at] == 32


cdef bint is_uri(const uint8_t *at, Py_ssize_t length) noexcept nogil:
    """A scheme, a colon, something; no character that a URI cannot have."""
    cdef Py_ssize_t i, colon = 0
    for i in range(length):
        if not CLASS[at[i]] & URI:
            return False
    if length == 0 or not (97 <= LOWER[at[0]] <= 122):
        return False
    while colon < length and (
        97 <= LOWER[at[colon]] <= 122 or is_digit(at[colon]) or at[colon] == 43 or at[colon] == 45 or at[colon] == 46
    ):
        colon += 1
    return colon < length - 1 and at[colon] == 58


# ---------------------------------------------------------------- headers

cdef bint scan_header(Scanned scanned, Field *field, const uint8_t *data, Line *line):
    """Fills the field from its first line; False where the line is none."""
    cdef Py_ssize_t at = line.start
    cdef Py_ssize_t name_end
    while at < line.end and CLASS[data[at]] & TOKEN:
        at += 1
    name_end = at
    while at < line.end and is_blank(data[at]):
        at += 1
    if name_end == line.start or at == line.end or data[at] != 58:
        scanned.blame("header line without a name and colon")
        return False
    at += 1
    while at < line.end and is_blank(data[at]):
        at += 1
    field.name_at = <uint16_t> line.start
    field.name_end = <uint16_t> name_end
    field.value_at = <uint16_t> at
    field.ident = ident_of(data + line.start, name_end - line.start)
    return True


cdef void end_value(Field *field, const uint8_t *data, Py_ssize_t end) noexcept nogil:
    while end > field.value_at and is_blank(data[end - 1]):
        end -= 1
    field.value_end = <uint16_t> end


cdef void read_content_length(Scanned scanned, Field *field, const uint8_t *data):
    cdef Py_ssize_t at = field.value_at
    cdef Py_ssize_t length = 0
    if field.folded:
        # Folding a number helps nobody, and hides it from those who look for it in one line.
        scanned.blame("Content-Length is folded")
        return
    if at == field.value_end:
        scanned.blame("Content-Length is empty")
        return
    while at < field.value_end:
        if not is_digit(data[at]):
            scanned.blame("Content-Length is no number")
            return
        length = min(length * 10 + data[at] - 48, 1000000000)
        at += 1
    scanned.content_length = length


cdef void note_field(Scanned scanned, Field *field, const uint8_t *data):
    cdef uint32_t bit
    if field.ident < 32:
        bit = (<uint32_t> 1) << field.ident
        if scanned._seen & bit & SINGLE_BITS:
            scanned.blame(f"more than one {_KNOWN[field.ident]}")
            if field.ident == CONTENT_LENGTH:
                scanned.content_length = -1
                return
        scanned._seen |= bit
    if field.ident == CONTENT_LENGTH:
        read_content_length(scanned, field, data)


cdef Py_ssize_t scan_headers(Scanned scanned, const uint8_t *data, Py_ssize_t at, Py_ssize_t size):
    """Indexes the headers; returns where the body starts, or NONE where no empty line ends them."""
    cdef Field fields[_HEADERS_MAX]
    cdef Field *field = NULL
    cdef Py_ssize_t count = 0
    cdef Py_ssize_t body_at = NONE
    cdef Line line
    while at < size:
        line = line_at(data, at, size)
        if not line.ended:
            scanned.blame("the last header line has no end")
            break
        at = line.next
        if line.end == line.start:
            body_at = at
            break
        if line.bare_cr:
            scanned.blame("CR without LF in a header")
        if is_blank(data[line.start]):
            if field != NULL:
                field.folded = True
                end_value(field, data, line.end)
            elif count == 0:
                scanned.blame("the first header line is a continuation")
            continue
        if field != NULL:
            note_field(scanned, field, data)
            field = NULL
        if count == _HEADERS_MAX:
            scanned.blame("more than 256 headers")
            continue
        if scan_header(scanned, fields + count, data, &line):
            field = fields + count
            # An answer may copy the value of a refused message: the CR must not end a line there for anybody.
            field.folded = line.bare_cr
            end_value(field, data, line.end)
            count += 1
    if field != NULL:
        note_field(scanned, field, data)
    keep_fields(scanned, fields, count)
    return body_at


cdef void keep_fields(Scanned scanned, Field *fields, Py_ssize_t count):
    scanned._fields = <Field *> PyMem_Malloc(max(count, 1) * sizeof(Field))
    if scanned._fields == NULL:
        raise MemoryError
    memcpy(scanned._fields, fields, count * sizeof(Field))
    scanned._count = count


cdef void check_mandatory(Scanned scanned):
    cdef uint32_t missing = MANDATORY_BITS & ~scanned._seen
    if missing:
        names = [name for place, name in enumerate(_KNOWN[:MANDATORY]) if (missing >> place) & 1]
        scanned.blame(f"no {', '.join(names)}")


# ---------------------------------------------------------------- body and whole

cdef void take_body(Scanned scanned, const uint8_t *data, Py_ssize_t body_at, Py_ssize_t size, bint stream):
    cdef Py_ssize_t there = size - body_at
    cdef Py_ssize_t length = scanned.content_length
    if length < 0:
        if stream:
            scanned.blame("no Content-Length on a stream")
        length = there
    elif length > there:
        scanned.blame(f"Content-Length is {length} and the body {there} octets")
        length = there
    scanned.body = PyBytes_FromStringAndSize(<const char *> data + body_at, length) if length else b""


def scan(bytes data not None, bint stream=False):
    """Scans one message. A datagram's octets behind its Content-Length are ignored (RFC 3261 18.3)."""
    cdef Scanned scanned = Scanned.__new__(Scanned)
    cdef const uint8_t *start = <const uint8_t *> PyBytes_AS_STRING(data)
    cdef Py_ssize_t size = PyBytes_GET_SIZE(data)
    cdef Py_ssize_t at = 0
    cdef Py_ssize_t body_at
    cdef Line line
    scanned._data = data
    scanned._start = start
    scanned.status_hint = 400
    scanned.content_length = -1
    scanned.body = b""
    if size > _SIZE_MAX:
        scanned.blame(f"{size} octets are more than 65535", 513)
        return scanned
    while at < size and (start[at] == 13 or start[at] == 10):  # RFC 3261 7.5
        at += 1
    line = line_at(start, at, size)
    if not line.ended or line.bare_cr:
        scanned.blame("no start line")
        return scanned
    scan_start_line(scanned, start, line.start, line.end)
    body_at = scan_headers(scanned, start, line.next, size)
    if body_at == NONE:
        # A datagram may lack the empty line where it says that no body is missing either.
        if stream or scanned.content_length != 0:
            scanned.blame("no empty line behind the headers")
        body_at = size
    scanned.head_length = body_at
    check_mandatory(scanned)
    take_body(scanned, start, body_at, size, stream)
    return scanned
