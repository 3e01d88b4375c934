# What _headers.pyx needs of a scanned message without going through Python.

from libc.stdint cimport uint8_t, uint16_t, uint32_t

cdef struct Field:
    uint16_t name_at
    uint16_t name_end
    uint16_t value_at
    uint16_t value_end
    uint8_t ident  # place in header_names.KNOWN, or UNKNOWN
    uint8_t folded  # or has a stray CR: the value is not simply what lies there

cdef class Scanned:
    cdef bytes _data
    cdef const uint8_t *_start
    cdef Field *_fields
    cdef Py_ssize_t _count
    cdef uint32_t _seen  # bit i: the header with ident i has been there
    cdef readonly bint is_request
    cdef readonly bint is_sip  # False: no answer can be made of it
    cdef readonly str method
    cdef readonly str uri
    cdef readonly int status
    cdef readonly str reason
    cdef readonly bytes body
    cdef readonly str fault
    cdef readonly int status_hint
    cdef readonly Py_ssize_t head_length  # octets up to and including the empty line
    cdef readonly Py_ssize_t content_length  # -1 where there is no such header or it cannot be read

    cdef void blame(self, str fault, int status_hint=*)
    cdef str value(self, Field *field)
    cdef str name(self, Field *field)
    cdef Py_ssize_t find(self, str key, Py_ssize_t at)
    cdef Py_ssize_t find_known(self, int ident, Py_ssize_t at) noexcept
    cdef str first_of(self, str key)
    cdef list all_of(self, str key)
    cdef list fields_of(self)
