//! RTP and RTCP as pure values: bytes and `now` come in; headers, reports, play-out decisions and the next timeout come out.
//!
//! This crate holds no socket, clock, thread or sample. `now` is always a [`Duration`](std::time::Duration) since one
//! origin of the caller's choice (a monotonic clock), the same origin for every call on the same object.
//! Nothing allocates on the packet path: what allocates at all does so in `new`.
//!
//! | module | what it is | RFC |
//! |---|---|---|
//! | [`packet`] | parse and write one RTP packet; tell RTP from RTCP | 3550 5.1, 5761 |
//! | [`sequence`] | 16-bit sequence numbers laid out on a 64-bit line | 3550 A.1, 3711 3.3.1 |
//! | [`session`] | what one source sent us, what we send, and the rewriting of forwarded packets | 3550 6.4, A.3, A.8 |
//! | [`rtcp`] | compound packets, report timing, round-trip time | 3550 6 |
//! | [`srtp`] | packets sealed and opened | 3711, 6188, 7714 |
//! | [`jitter`] | the play-out buffer: says what the decoder does with each tick | |
//! | [`event`] | digits as telephone-events: hears them once each, sends them | 4733 |
//! | [`quality`] | the E-model: from loss and delay to R and MOS | ITU-T G.107 |
#![deny(unsafe_code)]

pub mod event;
pub mod jitter;
pub mod packet;
pub mod quality;
pub mod rtcp;
pub mod sequence;
pub mod session;
pub mod srtp;

pub use event::{DigitNotice, DigitSender, DigitsError, EventReceiver};
pub use jitter::{Advice, JitterBuffer, JitterConfig, JitterStats, Playout, QueuedPacket};
pub use packet::{PacketError, PayloadType, RtpHeader, RtpPacket, Ssrc, is_rtcp};
pub use rtcp::{NtpTime, ReportBlock, Reporter, SenderInfo};
pub use session::{Arrival, Receiver, ReceiverStats, Rewriter, Sender, SenderState};
