"""A small SIP phone over real sockets: the demo's self-test, the load generator and the tests use the same one."""
