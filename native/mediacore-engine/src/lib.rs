//! Threads, sockets and clocks of the media engine.
