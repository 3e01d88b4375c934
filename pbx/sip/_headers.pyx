# cython: boundscheck=False, wraparound=False, initializedcheck=False
"""Header fields in order, and the attributes of a message that are parsed when first touched.

Headers from the wire stay an index into the octets (`_scan.pyx`) until they are changed; then they become a list of
fields, as those have been from the start that we make ourselves. Compiled because every message passes here many times.
"""

from cpython.dict cimport PyDict_GetItem
from cpython.object cimport PyObject

from pbx.sip._scan cimport Scanned

from pbx.sip.errors import BadMessage, LocalProtocolError
from pbx.sip.header_names import KNOWN, SPELLING
from pbx.sip.headers import is_token

cdef dict _SPELLING = SPELLING
cdef dict _IDENT = {name: place for place, name in enumerate(KNOWN)}


cdef inline str known(str name):
    """The spelling of a known name, None for another."""
    cdef PyObject *spelled = PyDict_GetItem(_SPELLING, name)
    if spelled == NULL:
        spelled = PyDict_GetItem(_SPELLING, name.lower())
    return <str> spelled if spelled != NULL else None


cdef inline str key_of(str name):
    """What two names must share to be the same header."""
    cdef str spelled = known(name)
    return spelled if spelled is not None else name.lower()


cdef tuple field_of(str name, str value):
    """Key, name and value of a field that we make."""
    cdef str spelled
    # A line break in a value would be a header of somebody else's making.
    if "\r" in value or "\n" in value:
        raise LocalProtocolError(f"line break in {name}: {value[:80]!r}")
    spelled = known(name)
    if spelled is not None:
        return spelled, spelled, value.strip(" \t")
    if not is_token(name):
        raise LocalProtocolError(f"{name[:80]!r} is no header name")
    return name.lower(), name, value.strip(" \t")


cdef class Headers:
    """Header fields in order. Names compare without case, a compact form is its long name; values are unfolded text."""

    cdef Scanned _index  # None as soon as there are fields
    cdef list _fields  # of (key, name, value)
    cdef dict _typed  # parsed values, kept by `Typed`; emptied by every change

    def __init__(self, fields=()):
        self._index = None
        self._fields = [field_of(name, value) for name, value in fields]
        self._typed = {}

    @staticmethod
    def scanned(Scanned index not None):
        """Headers of a message from the wire, read out of its index on demand."""
        cdef Headers headers = Headers.__new__(Headers)
        headers._index = index
        headers._typed = {}
        return headers

    def first(self, str name not None):
        """The first value of the header, None where there is none."""
        cdef str key = key_of(name)
        return self.first_of(key)

    cdef str first_of(self, str key):
        cdef tuple field
        if self._index is not None:
            return self._index.first_of(key)
        for field in self._fields:
            if <str> field[0] == key:
                return <str> field[2]
        return None

    def all(self, str name not None):
        """The header's values, one for each header line; a comma-separated list is one value."""
        return self.all_of(key_of(name))

    cdef list all_of(self, str key):
        cdef tuple field
        if self._index is not None:
            return self._index.all_of(key)
        return [field[2] for field in self._fields if <str> field[0] == key]

    def items(self):
        """Every header line in order: the name (known ones in our spelling) and the value."""
        return iter([(field[1], field[2]) for field in self.fields()])

    def lines(self):
        """Every header line but Content-Length as it is written, without its end."""
        cdef list lines = []
        cdef tuple field
        for field in self.fields():
            if <str> field[0] != "Content-Length":
                lines.append(f"{<str> field[1]}: {<str> field[2]}")
        return lines

    def picked(self, tuple every not None, tuple once not None):
        """New headers: all lines of the names in `every`, and of those in `once` the first that there is."""
        cdef Headers headers = Headers.__new__(Headers)
        cdef list fields = []
        cdef str name, value
        for name in every:
            for value in self.all_of(name):
                fields.append((name, name, value))
        for name in once:
            value = self.first_of(name)
            if value is not None:
                fields.append((name, name, value))
        headers._fields = fields
        headers._typed = {}
        return headers

    def __contains__(self, str name not None):
        return self.first_of(key_of(name)) is not None

    def add(self, str name not None, str value not None):
        """Appends a line. Raises LocalProtocolError for a line break in the value."""
        cdef tuple field = field_of(name, value)
        self.changing().append(field)

    def prepend(self, str name not None, str value not None):
        """Puts a line before all others, as Via and Record-Route want it."""
        cdef tuple field = field_of(name, value)
        self.changing().insert(0, field)

    def set(self, str name not None, str value not None):
        """Replaces the first such line where it stands and removes the others; appends where there is none."""
        cdef tuple new = field_of(name, value)
        cdef tuple field
        cdef list kept = []
        cdef bint is_set = False
        for field in self.changing():
            if <str> field[0] != <str> new[0]:
                kept.append(field)
            elif not is_set:
                kept.append(new)
                is_set = True
        if not is_set:
            kept.append(new)
        self._fields = kept

    def remove(self, str name not None):
        """Removes every such line; none is no error."""
        cdef str key = key_of(name)
        cdef tuple field
        self._fields = [field for field in self.changing() if <str> field[0] != key]

    def copy(self):
        """Headers that can be changed on their own."""
        cdef Headers copied = Headers.__new__(Headers)
        copied._index = self._index
        copied._fields = None if self._fields is None else self._fields.copy()
        copied._typed = {}
        return copied

    cdef list fields(self):
        return self._fields if self._index is None else self._index.fields_of()

    cdef list changing(self):
        if self._index is not None:
            self._fields = self._index.fields_of()
            self._index = None
        self._typed.clear()
        return self._fields

    def __repr__(self):
        return f"Headers({list(self.items())!r})"


cdef class Typed:
    """An attribute of a message: a header parsed when first touched and kept until the headers change."""

    cdef str _name
    cdef int _ident
    cdef object _first
    cdef object _optional
    cdef object _each

    def __init__(self, str name not None, *, first=None, optional=None, each=None):
        self._name = name
        self._ident = _IDENT[name]
        self._first = first
        self._optional = optional
        self._each = each

    def __get__(self, message, owner):
        cdef Headers headers
        cdef PyObject *kept
        if message is None:
            return self
        headers = <Headers?> message.headers
        kept = PyDict_GetItem(headers._typed, self)
        if kept != NULL:
            return <object> kept
        try:
            value = self.parsed(headers)
        except BadMessage as bad:
            reason = f"{self._name}: {bad.reason}"
            raise BadMessage(reason, status_hint=bad.status_hint, message=message) from None
        headers._typed[self] = value
        return value

    cdef object parsed(self, Headers headers):
        cdef str text
        if self._each is not None:
            values = []
            for line in headers.all_of(self._name):
                values += self._each(line)
            return values
        text = self.first_of(headers)
        if text is not None:
            return self._first(text) if self._first is not None else self._optional(text)
        if self._first is not None:
            raise BadMessage("missing")
        return None

    cdef str first_of(self, Headers headers):
        cdef Py_ssize_t at
        if headers._index is None:
            return headers.first_of(self._name)
        at = headers._index.find_known(self._ident, 0)
        return None if at < 0 else headers._index.value(headers._index._fields + at)
