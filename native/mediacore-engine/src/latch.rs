//! From whom a leg takes packets, and to whom it sends: symmetric RTP under the source rules of plain RTP.
//!
//! | state | taken from | sent to |
//! |---|---|---|
//! | no peer known | nobody (anybody, when the leg opted in) | nobody |
//! | expecting | the signalled hosts, any port | the signalled address |
//! | latched | that one address, or the exact signalled one | that one address |
//! | latched, then silent for `RELATCH_SILENCE` | as expecting | that one address, until another is latched |
//! | any, and the packet is genuine (SRTP) | anybody | where the newest genuine packet came from |
//!
//! Whoever has the keys is the peer, wherever it went: a NAT that chose another port, a phone that changed networks.
//! Never answers, counts or resolves anything; holds no socket and reads no clock.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// A latched peer that was silent for so long may have moved to another port (a NAT that forgot it).
/// Longer than any pause of a phone with silence suppression that still sends comfort noise (RFC 3389: seconds).
pub const RELATCH_SILENCE: Duration = Duration::from_secs(3);

/// What is done with a packet, by the address that it came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// From whom we expected it.
    Accept,
    /// From a port that was learned by this packet: we send there from now on.
    Latch,
    /// Dropped, counted, never answered.
    Reject(Rejection),
}

/// Why a source was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejection {
    /// Neither SDP nor signalling named this host.
    Host,
    /// The right host, but its port has been learned already and is still alive.
    Port,
    /// Nobody is expected yet.
    NoPeer,
}

/// The source rules of one socket of a leg.
#[derive(Debug, Clone)]
pub struct Latch {
    signalled: Option<SocketAddr>,
    signalling_host: Option<IpAddr>,
    accept_any: bool,
    latched: Option<SocketAddr>,
    accepted_at: Duration,
}

impl Latch {
    /// `signalled` is the address in the SDP, `signalling_host` where the signalling came from; `accept_any` is
    /// the opt-in of a leg that takes the first source, whoever it is.
    #[must_use]
    pub fn new(
        signalled: Option<SocketAddr>,
        signalling_host: Option<IpAddr>,
        accept_any: bool,
    ) -> Latch {
        Latch {
            signalled: signalled.map(canonical),
            signalling_host: signalling_host.map(|host| host.to_canonical()),
            accept_any,
            latched: None,
            accepted_at: Duration::ZERO,
        }
    }

    /// Judges a packet that is well-formed otherwise, and learns from it if it is taken. `is_genuine`: it was sealed with
    /// the peer's keys, and is no replay.
    pub fn judge(&mut self, from: SocketAddr, is_genuine: bool, now: Duration) -> Verdict {
        let verdict = self.preview(from, is_genuine, now);
        match verdict {
            Verdict::Accept => self.accepted_at = now,
            Verdict::Latch => {
                self.accepted_at = now;
                self.latched = Some(canonical(from));
            }
            Verdict::Reject(_) => {}
        }
        verdict
    }

    /// What `judge` would say; learns nothing. For packets that are refused for another reason.
    #[must_use]
    pub fn preview(&self, from: SocketAddr, is_genuine: bool, now: Duration) -> Verdict {
        let from = canonical(from);
        match is_genuine {
            true if self.latched == Some(from) => Verdict::Accept,
            true => Verdict::Latch,
            false => self.verdict(from, now),
        }
    }

    fn verdict(&self, from: SocketAddr, now: Duration) -> Verdict {
        if self.latched == Some(from) {
            return Verdict::Accept;
        }
        // The exact address of authenticated signalling beats a port that was merely learned: somebody behind the
        // same NAT who spoke first does not keep the real phone out.
        if self.signalled == Some(from) {
            return Verdict::Latch;
        }
        if self.signalled.is_none() && self.signalling_host.is_none() && !self.accept_any {
            return Verdict::Reject(Rejection::NoPeer);
        }
        if !self.accept_any && !self.names_host(from.ip()) {
            return Verdict::Reject(Rejection::Host);
        }
        if self.latched.is_some() && now.saturating_sub(self.accepted_at) < RELATCH_SILENCE {
            return Verdict::Reject(Rejection::Port);
        }
        Verdict::Latch
    }

    fn names_host(&self, host: IpAddr) -> bool {
        self.signalling_host == Some(host)
            || self.signalled.is_some_and(|address| address.ip() == host)
    }

    /// A new offer or answer: what it names is expected; a port that was learned is kept while the address is unchanged.
    pub fn renegotiate(
        &mut self,
        signalled: Option<SocketAddr>,
        signalling_host: Option<IpAddr>,
        accept_any: bool,
    ) {
        let signalled = signalled.map(canonical);
        if signalled != self.signalled {
            self.latched = None;
        }
        self.signalled = signalled;
        self.signalling_host = signalling_host.map(|host| host.to_canonical());
        self.accept_any = accept_any;
        if self
            .latched
            .is_some_and(|address| !accept_any && !self.names_host(address.ip()))
        {
            self.latched = None;
        }
    }

    /// Where our packets go: never an address learned from rejected ones.
    #[must_use]
    pub fn destination(&self) -> Option<SocketAddr> {
        // Port 0 in an SDP says "do not send" (RFC 3264 5.1), 0.0.0.0 is the old hold (RFC 2543).
        let is_reachable =
            |address: &SocketAddr| address.port() != 0 && !address.ip().is_unspecified();
        self.latched.or(self.signalled).filter(is_reachable)
    }

    /// The address that accepted packets came from.
    #[must_use]
    pub fn latched(&self) -> Option<SocketAddr> {
        self.latched
    }
}

/// ::ffff:192.0.2.1 and 192.0.2.1 are the same host.
fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    const T0: Duration = Duration::from_secs(100);
    const PLAIN: bool = false;
    const GENUINE: bool = true;

    fn at(text: &str) -> SocketAddr {
        text.parse().expect("an address")
    }

    fn expecting_phone() -> Latch {
        Latch::new(
            Some(at("192.0.2.7:4000")),
            Some(at("198.51.100.9:5060").ip()),
            false,
        )
    }

    #[test]
    fn the_signalled_address_is_latched_and_then_accepted() {
        let mut latch = expecting_phone();
        assert_eq!(latch.destination(), Some(at("192.0.2.7:4000")));
        assert_eq!(latch.judge(at("192.0.2.7:4000"), PLAIN, T0), Verdict::Latch);
        assert_eq!(
            latch.judge(at("192.0.2.7:4000"), PLAIN, T0),
            Verdict::Accept
        );
    }

    #[test]
    fn a_port_is_learned_once_from_the_signalled_host() {
        let mut latch = expecting_phone();
        assert_eq!(
            latch.judge(at("192.0.2.7:61000"), PLAIN, T0),
            Verdict::Latch
        );
        assert_eq!(latch.destination(), Some(at("192.0.2.7:61000")));
        assert_eq!(
            latch.judge(at("192.0.2.7:61002"), PLAIN, T0),
            Verdict::Reject(Rejection::Port)
        );
        assert_eq!(latch.destination(), Some(at("192.0.2.7:61000")));
    }

    #[test]
    fn the_host_of_the_signalling_may_stand_in_for_a_private_address() {
        let mut latch = Latch::new(
            Some(at("10.0.0.5:4000")),
            Some(at("198.51.100.9:0").ip()),
            false,
        );
        assert_eq!(
            latch.judge(at("198.51.100.9:33000"), PLAIN, T0),
            Verdict::Latch
        );
        assert_eq!(latch.destination(), Some(at("198.51.100.9:33000")));
    }

    #[test]
    fn a_third_host_gets_nothing_in_and_nothing_out_before_during_and_after_the_phone() {
        let mut latch = expecting_phone();
        let stranger = at("203.0.113.66:4000");
        for second in 0..3 {
            assert_eq!(
                latch.judge(stranger, PLAIN, T0 + Duration::from_secs(second)),
                Verdict::Reject(Rejection::Host)
            );
        }
        assert_eq!(latch.judge(at("192.0.2.7:4000"), PLAIN, T0), Verdict::Latch);
        assert_eq!(
            latch.judge(stranger, PLAIN, T0),
            Verdict::Reject(Rejection::Host)
        );
        assert_eq!(
            latch.judge(stranger, PLAIN, T0 + 10 * RELATCH_SILENCE),
            Verdict::Reject(Rejection::Host)
        );
        assert_eq!(latch.destination(), Some(at("192.0.2.7:4000")));
    }

    #[test]
    fn another_port_is_learned_only_after_silence() {
        let mut latch = expecting_phone();
        latch.judge(at("192.0.2.7:61000"), PLAIN, T0);
        let almost = T0 + RELATCH_SILENCE - Duration::from_millis(1);
        assert_eq!(
            latch.judge(at("192.0.2.7:61002"), PLAIN, almost),
            Verdict::Reject(Rejection::Port)
        );
        assert_eq!(
            latch.judge(at("192.0.2.7:61002"), PLAIN, T0 + RELATCH_SILENCE),
            Verdict::Latch
        );
    }

    #[test]
    fn the_exact_signalled_address_wins_over_a_learned_port() {
        let mut latch = expecting_phone();
        latch.judge(at("192.0.2.7:61000"), PLAIN, T0);
        assert_eq!(latch.judge(at("192.0.2.7:4000"), PLAIN, T0), Verdict::Latch);
        assert_eq!(
            latch.judge(at("192.0.2.7:61000"), PLAIN, T0),
            Verdict::Reject(Rejection::Port)
        );
    }

    #[test]
    fn a_reoffer_with_a_new_address_forgets_the_learned_port() {
        let mut latch = expecting_phone();
        latch.judge(at("192.0.2.7:61000"), PLAIN, T0);
        latch.renegotiate(Some(at("192.0.2.7:4000")), None, false);
        assert_eq!(
            latch.destination(),
            Some(at("192.0.2.7:61000")),
            "unchanged: the port stays learned"
        );
        latch.renegotiate(Some(at("192.0.2.8:5000")), None, false);
        assert_eq!(latch.destination(), Some(at("192.0.2.8:5000")));
        assert_eq!(
            latch.judge(at("192.0.2.7:61000"), PLAIN, T0),
            Verdict::Reject(Rejection::Host)
        );
    }

    #[test]
    fn nobody_is_taken_before_a_peer_is_known_unless_the_leg_opted_in() {
        let mut shut = Latch::new(None, None, false);
        assert_eq!(
            shut.judge(at("192.0.2.7:4000"), PLAIN, T0),
            Verdict::Reject(Rejection::NoPeer)
        );
        assert_eq!(shut.destination(), None);
        let mut open = Latch::new(None, None, true);
        assert_eq!(open.judge(at("192.0.2.7:4000"), PLAIN, T0), Verdict::Latch);
        assert_eq!(
            open.judge(at("203.0.113.1:9"), PLAIN, T0),
            Verdict::Reject(Rejection::Port),
            "the first one, and only it"
        );
    }

    #[test]
    fn nothing_is_sent_to_port_zero_or_to_the_old_hold_address() {
        assert_eq!(
            Latch::new(Some(at("192.0.2.7:0")), None, false).destination(),
            None
        );
        assert_eq!(
            Latch::new(Some(at("0.0.0.0:4000")), None, false).destination(),
            None
        );
    }

    #[test]
    fn a_genuine_packet_is_followed_to_any_address_at_once() {
        let mut latch = Latch::new(Some(at("192.0.2.7:4000")), None, true);
        for moved in ["192.0.2.7:4000", "192.0.2.7:61000", "203.0.113.9:7000"] {
            assert_eq!(latch.judge(at(moved), GENUINE, T0), Verdict::Latch);
            assert_eq!(latch.judge(at(moved), GENUINE, T0), Verdict::Accept);
            assert_eq!(latch.destination(), Some(at(moved)));
        }
        latch.renegotiate(Some(at("192.0.2.7:4000")), None, true);
        assert_eq!(latch.destination(), Some(at("203.0.113.9:7000")));
    }

    #[test]
    fn a_mapped_ipv4_source_is_the_ipv4_host() {
        let mut latch = expecting_phone();
        assert_eq!(
            latch.judge(at("[::ffff:192.0.2.7]:4000"), PLAIN, T0),
            Verdict::Latch
        );
    }
}
