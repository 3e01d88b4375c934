//! RTP and RTCP without sockets, clocks, threads or samples.
