"""The one loop that drives a SIP stack over real sockets; it decides nothing about SIP."""
