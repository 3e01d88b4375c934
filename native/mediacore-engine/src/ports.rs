//! Which ports are free, and the sockets on them: RTP on an even port, RTCP on the next odd one (RFC 3550 11).

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::ops::Range;

use crate::os::{bind_udp, mark};

/// The sockets of one leg. RTCP has none of its own when it is multiplexed (RFC 5761).
#[derive(Debug)]
pub struct Sockets {
    /// For RTP, and for RTCP when it is multiplexed.
    pub rtp: UdpSocket,
    /// For RTCP alone.
    pub rtcp: Option<UdpSocket>,
}

impl Sockets {
    /// How many descriptors these are.
    #[must_use]
    pub fn count(&self) -> usize {
        1 + usize::from(self.rtcp.is_some())
    }
}

/// Free pairs of a port range. Opens sockets only when asked, and never outside its range.
#[derive(Debug)]
pub struct Ports {
    address: IpAddr,
    dscp: u8,
    range: Range<u16>,
    taken: Vec<bool>,
    next_pair: usize,
}

/// Why no pair was opened.
#[derive(Debug)]
pub enum PortError {
    /// Every pair of the range is taken, here or by another program.
    NoFreePair,
    /// The system refused for a reason that another port would not cure: the limit of descriptors, a foreign address.
    Refused(io::Error),
}

impl Ports {
    /// Pairs that lie wholly within `range`, to be opened on `address`.
    #[must_use]
    pub fn new(address: IpAddr, range: Range<u16>) -> Ports {
        let first_even = range.start.saturating_add(range.start % 2);
        let pairs = usize::from(range.end.saturating_sub(first_even)) / 2;
        Ports {
            address,
            dscp: 0,
            range: first_even..range.end,
            taken: vec![false; pairs],
            next_pair: 0,
        }
    }

    /// The same, whose sockets mark what they send with a code point, 0 to 63 (RFC 2474).
    #[must_use]
    pub fn marked(self, dscp: u8) -> Ports {
        Ports { dscp, ..self }
    }

    /// A pair of sockets, one after the other through the range: a port that was just freed is used again last, so
    /// that a late packet of an old call does not meet a new one.
    pub fn open(&mut self, with_rtcp: bool) -> Result<Sockets, PortError> {
        let pairs = self.taken.len();
        for step in 0..pairs {
            let pair = (self.next_pair + step) % pairs;
            if self.taken[pair] {
                continue;
            }
            match self.bind(self.port_of(pair), with_rtcp) {
                Ok(sockets) => {
                    self.taken[pair] = true;
                    self.next_pair = (pair + 1) % pairs;
                    return Ok(sockets);
                }
                // Another program sits on either port: the next pair will do.
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
                Err(error) => return Err(PortError::Refused(error)),
            }
        }
        Err(PortError::NoFreePair)
    }

    /// The pair that begins at `port`, which may lie outside the range: a call that is restored keeps its port.
    pub fn open_at(&mut self, port: u16, with_rtcp: bool) -> io::Result<Sockets> {
        let sockets = self.bind(port, with_rtcp)?;
        if let Some(pair) = self.pair_of(port) {
            self.taken[pair] = true;
        }
        Ok(sockets)
    }

    /// The pair that begins at `port` is free again.
    pub fn release(&mut self, port: u16) {
        if let Some(pair) = self.pair_of(port) {
            self.taken[pair] = false;
        }
    }

    /// Ports that are taken: two a pair, whether or not RTCP has its own socket.
    #[must_use]
    pub fn in_use(&self) -> usize {
        2 * self.taken.iter().filter(|taken| **taken).count()
    }

    /// How many pairs there are at all.
    #[must_use]
    pub fn pairs(&self) -> usize {
        self.taken.len()
    }

    fn port_of(&self, pair: usize) -> u16 {
        self.range.start + u16::try_from(2 * pair).expect("pairs lie within the range")
    }

    fn pair_of(&self, port: u16) -> Option<usize> {
        let offset = port.checked_sub(self.range.start)?;
        let pair = usize::from(offset / 2);
        (offset % 2 == 0 && pair < self.taken.len()).then_some(pair)
    }

    fn bind(&self, port: u16, with_rtcp: bool) -> io::Result<Sockets> {
        let rtp = self.bind_one(port)?;
        let rtcp = match (with_rtcp, port.checked_add(1)) {
            (true, Some(above)) => Some(self.bind_one(above)?),
            (true, None) => {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidInput,
                    "no port above 65535 for RTCP",
                ));
            }
            (false, _) => None,
        };
        Ok(Sockets { rtp, rtcp })
    }

    fn bind_one(&self, port: u16) -> io::Result<UdpSocket> {
        let socket = bind_udp(SocketAddr::new(self.address, port))?;
        mark(&socket, self.dscp)?;
        Ok(socket)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An address of 127/8 for this process alone: suites that run side by side bind the same ports there.
    fn host() -> IpAddr {
        let [_, high, middle, low] = std::process::id().to_be_bytes();
        IpAddr::V4(std::net::Ipv4Addr::new(127, 64 | (high & 63), middle, low))
    }

    fn port(sockets: &Sockets) -> u16 {
        sockets.rtp.local_addr().expect("a bound socket").port()
    }

    #[test]
    fn pairs_begin_at_even_ports_and_end_within_the_range() {
        assert_eq!(Ports::new(host(), 20_001..20_006).pairs(), 2); // 20002+3, 20004+5
        assert_eq!(Ports::new(host(), 20_000..20_003).pairs(), 1);
        assert_eq!(Ports::new(host(), 20_001..20_003).pairs(), 0);
        assert_eq!(Ports::new(host(), 65_535..65_535).pairs(), 0);
    }

    #[test]
    fn rtcp_sits_one_port_above_and_only_where_it_is_not_multiplexed() {
        let mut ports = Ports::new(host(), 28_100..28_120);
        let apart = ports.open(true).expect("free ports");
        let rtcp = apart
            .rtcp
            .as_ref()
            .expect("its own socket")
            .local_addr()
            .expect("bound");
        assert_eq!((port(&apart) % 2, rtcp.port()), (0, port(&apart) + 1));
        assert_eq!(ports.open(false).expect("free ports").count(), 1);
        assert_eq!(ports.in_use(), 4);
    }

    #[test]
    fn a_freed_port_is_used_again_last() {
        let mut ports = Ports::new(host(), 28_120..28_126);
        let first = port(&ports.open(false).expect("a first pair"));
        ports.release(first);
        assert_ne!(port(&ports.open(false).expect("a second pair")), first);
        assert_ne!(port(&ports.open(false).expect("a third pair")), first);
        assert_eq!(port(&ports.open(false).expect("the first again")), first);
    }

    #[test]
    fn a_full_range_says_so_and_recovers() {
        let mut ports = Ports::new(host(), 28_130..28_132);
        let only = ports.open(true).expect("the only pair");
        assert!(matches!(ports.open(true), Err(PortError::NoFreePair)));
        ports.release(port(&only));
        drop(only);
        assert_eq!(ports.in_use(), 0);
        assert!(ports.open(true).is_ok());
    }

    #[test]
    fn ports_of_other_programs_are_stepped_over() {
        let _other =
            bind_udp(SocketAddr::new(host(), 28_141)).expect("a foreign socket on the RTCP port");
        let mut ports = Ports::new(host(), 28_140..28_144);
        assert_eq!(port(&ports.open(true).expect("the next pair")), 28_142);
    }

    #[test]
    fn a_named_port_is_taken_from_the_pool() {
        let mut ports = Ports::new(host(), 28_150..28_154);
        let kept = ports.open_at(28_150, false).expect("the named port");
        assert_eq!(port(&kept), 28_150);
        assert_eq!(port(&ports.open(false).expect("another")), 28_152);
        ports.release(28_150);
        ports.release(40_000); // not ours: no effect
        assert_eq!(ports.in_use(), 2);
    }
}
