"""SIP without sockets, clocks or threads (RFC 3261)."""
