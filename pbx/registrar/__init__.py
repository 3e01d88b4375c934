"""Where phones are: the REGISTER requests that they send, decided in memory and kept in the spool (RFC 3261 10.3)."""
