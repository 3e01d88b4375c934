//! How a leg's packets travel, apart from the leg: as they are, or as SRTP with the keys of the agreement. What comes in
//! is opened before anything is learned from it; what goes out is sealed last. Holds no socket and reads no clock.

use std::net::SocketAddr;

use mediacore_rtp::srtp::{
    KeyError, MasterKey, OVERHEAD_OCTETS_MAX, ProtectError, Protector, UnprotectError, Unprotector,
};

use crate::event::Event;
use crate::outlet::{Channel, Outlet};
use crate::stats::LegStats;

/// The longest sealed packet that is sent, octets: 60 ms of L16 at 48 kHz, and what seals them. Longer ones count as refused
/// by the system.
const SEALED_OCTETS_MAX: usize = 12 + 5760 + OVERHEAD_OCTETS_MAX;

/// The keys of a leg, one direction each (RFC 4568). Its texts show none of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SrtpParams {
    send: MasterKey,
    receive: Vec<MasterKey>,
}

impl SrtpParams {
    /// What we seal with, and what the peer may seal with: one key, or several with identifiers.
    ///
    /// # Errors
    /// When the peer's keys cannot be told apart, or there is none.
    pub fn new(send: MasterKey, receive: Vec<MasterKey>) -> Result<SrtpParams, KeyError> {
        Unprotector::new(&receive)?;
        Ok(SrtpParams { send, receive })
    }
}

/// The way of one leg's packets.
#[derive(Debug, Default)]
pub enum Transport {
    /// RTP and RTCP as they are.
    #[default]
    Plain,
    /// SRTP and SRTCP.
    Srtp(Box<Srtp>),
}

/// The state of both directions.
#[derive(Debug)]
pub struct Srtp {
    params: SrtpParams,
    protector: Protector,
    unprotector: Unprotector,
    // Where packets are sealed: those who make them do not know how much room a tag needs.
    sealing: [u8; SEALED_OCTETS_MAX],
}

/// What kind of packet, which decides the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// RTP.
    Rtp,
    /// RTCP.
    Rtcp,
}

impl Transport {
    /// Nothing was sent or received yet.
    #[must_use]
    pub fn new(params: Option<&SrtpParams>) -> Transport {
        params.map_or(Transport::Plain, |params| {
            Transport::Srtp(Box::new(Srtp::new(params)))
        })
    }

    /// A new agreement. With the same keys nothing changes; with others, packets on their way are still opened with the
    /// keys before.
    pub fn update(&mut self, params: Option<&SrtpParams>) {
        match (self, params) {
            (Transport::Srtp(srtp), Some(params)) => srtp.rekey(params),
            (transport, params) => *transport = Transport::new(params),
        }
    }

    /// Whether what comes through is known to be the peer's.
    #[must_use]
    pub fn is_authenticated(&self) -> bool {
        matches!(self, Transport::Srtp(_))
    }

    /// Opens what came, in place, and returns its length; none when it is to be dropped, which is counted here.
    pub fn open(&mut self, kind: Kind, datagram: &mut [u8], stats: &mut LegStats) -> Option<usize> {
        let Transport::Srtp(srtp) = self else {
            return Some(datagram.len());
        };
        let opened = match kind {
            Kind::Rtp => srtp.unprotector.unprotect_rtp(datagram),
            Kind::Rtcp => srtp.unprotector.unprotect_rtcp(datagram),
        };
        match opened {
            Ok(octets) => {
                if kind == Kind::Rtp {
                    stats.unauthenticated_run = 0;
                }
                Some(octets)
            }
            Err(error) => {
                count_refusal(stats, kind, error);
                None
            }
        }
    }

    /// The way out for packets of one kind.
    pub fn outlet<'a, O: Outlet>(&'a mut self, kind: Kind, out: &'a mut O) -> Sealing<'a, O> {
        Sealing {
            transport: self,
            kind,
            out,
        }
    }
}

impl Srtp {
    fn new(params: &SrtpParams) -> Srtp {
        Srtp {
            protector: Protector::new(&params.send),
            unprotector: Unprotector::new(&params.receive).expect("SrtpParams has looked at them"),
            params: params.clone(),
            sealing: [0; SEALED_OCTETS_MAX],
        }
    }

    fn rekey(&mut self, params: &SrtpParams) {
        if params.send != self.params.send {
            self.protector.rekey(&params.send);
        }
        if params.receive != self.params.receive {
            let rekeyed = self.unprotector.rekey(&params.receive);
            rekeyed.expect("SrtpParams has looked at them");
        }
        self.params.clone_from(params);
    }

    fn seal(&mut self, kind: Kind, datagram: &[u8]) -> Result<&[u8], ProtectError> {
        let octets = datagram.len();
        let room = self.sealing.get_mut(..octets);
        room.ok_or(ProtectError::NoRoom)?.copy_from_slice(datagram);
        let octets = match kind {
            Kind::Rtp => self.protector.protect_rtp(&mut self.sealing, octets)?,
            Kind::Rtcp => self.protector.protect_rtcp(&mut self.sealing, octets)?,
        };
        Ok(&self.sealing[..octets])
    }
}

/// An outlet that seals what it is given, where the leg's transport does.
#[derive(Debug)]
pub struct Sealing<'a, O> {
    transport: &'a mut Transport,
    kind: Kind,
    out: &'a mut O,
}

impl<O: Outlet> Outlet for Sealing<'_, O> {
    fn send(&mut self, slot: usize, channel: Channel, datagram: &[u8], to: SocketAddr) -> bool {
        match self.transport {
            Transport::Plain => self.out.send(slot, channel, datagram, to),
            Transport::Srtp(srtp) => match srtp.seal(self.kind, datagram) {
                Ok(sealed) => self.out.send(slot, channel, sealed, to),
                // Never in clear instead: what cannot be sealed is not sent.
                Err(_) => false,
            },
        }
    }

    fn event(&mut self, event: Event) {
        self.out.event(event);
    }
}

fn count_refusal(stats: &mut LegStats, kind: Kind, error: UnprotectError) {
    match error {
        UnprotectError::Malformed => stats.rejected_malformed += 1,
        UnprotectError::Replayed => stats.rejected_replayed += 1,
        UnprotectError::TooManySsrcs => stats.rejected_ssrcs += 1,
        UnprotectError::UnknownMki | UnprotectError::Unauthenticated => {
            stats.rejected_unauthenticated += 1;
            stats.unauthenticated_run += u64::from(kind == Kind::Rtp);
        }
    }
}
