//! Where a leg's transmissions and events go: sockets in an engine, lists in a test.

use std::net::SocketAddr;

use crate::event::Event;

/// One of a leg's two sockets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// RTP, and RTCP where it is multiplexed (RFC 5761).
    Rtp,
    /// RTCP alone.
    Rtcp,
}

/// The way out of the pure part. `slot` is the leg's place on its media thread.
pub trait Outlet {
    /// Sends from one of the leg's sockets; false when the system refused.
    fn send(&mut self, slot: usize, channel: Channel, datagram: &[u8], to: SocketAddr) -> bool;

    /// Tells what happened.
    fn event(&mut self, event: Event);
}

#[cfg(test)]
pub mod recording {
    //! Remembers everything, for tests.

    use super::{Channel, Event, Outlet, SocketAddr};

    /// One datagram that would have been sent.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Sent {
        pub slot: usize,
        pub channel: Channel,
        pub to: SocketAddr,
        pub datagram: Vec<u8>,
    }

    /// An outlet that leads nowhere.
    #[derive(Debug, Default)]
    pub struct Recorder {
        pub sent: Vec<Sent>,
        pub events: Vec<Event>,
    }

    impl Recorder {
        /// What `slot` sent on `channel` since the last time, in order.
        pub fn take(&mut self, slot: usize, channel: Channel) -> Vec<Sent> {
            let is_asked_for = |sent: &Sent| sent.slot == slot && sent.channel == channel;
            let (ours, others) = self.sent.drain(..).partition(is_asked_for);
            self.sent = others;
            ours
        }
    }

    impl Outlet for Recorder {
        fn send(&mut self, slot: usize, channel: Channel, datagram: &[u8], to: SocketAddr) -> bool {
            self.sent.push(Sent {
                slot,
                channel,
                to,
                datagram: datagram.to_vec(),
            });
            true
        }

        fn event(&mut self, event: Event) {
            self.events.push(event);
        }
    }
}
