//! Packets one by one: RTP, RTCP, SRTP, digits, and the buffer that puts them in order.

use std::time::Duration;

use mediacore_rtp::rtcp::{Compound, Packet, VOIP_METRICS_OCTETS};
use mediacore_rtp::srtp::{Suite, Unprotector};
use mediacore_rtp::{EventReceiver, JitterBuffer, JitterConfig, Playout, RtpPacket, is_rtcp};

use crate::sample;

/// Between two packets of one input.
const STEP: Duration = Duration::from_millis(20);

/// 20 ms at 8 kHz.
const TICKS_OF_FRAME: u32 = 160;

/// Notices that one packet of digits can make: two for each of those that fit (RFC 4733 2.5.1.5), and an end before them.
const NOTICES_MAX: usize = 1500;

pub fn rtp(octets: &[u8]) {
    let _ = is_rtcp(octets);
    let Ok(packet) = RtpPacket::parse(octets) else {
        return;
    };
    assert!(packet.payload.len() + 12 <= octets.len());
    let mut written = [0; 12];
    packet.header.write(&mut written);
    let again = RtpPacket::parse(&written).expect("what we write is RTP");
    assert_eq!(again.header, packet.header);
}

pub fn rtcp(octets: &[u8]) {
    let Ok(compound) = Compound::parse(octets) else {
        return;
    };
    let mut left = octets.len();
    for packet in compound {
        let held = match packet {
            Packet::SenderReport { reports, .. } => 28 + 24 * reports.count(),
            Packet::ReceiverReport { reports, .. } => 8 + 24 * reports.count(),
            Packet::SourceDescription(items) => {
                4 + items.map(|item| item.text.len()).sum::<usize>()
            }
            Packet::Bye { sources, reason } => {
                4 + 4 * sources.count() + reason.map_or(0, <[u8]>::len)
            }
            Packet::ExtendedReport { metrics, .. } => {
                8 + metrics.map(|_| VOIP_METRICS_OCTETS).sum::<usize>()
            }
            Packet::Other { body, .. } => 4 + body.len(),
        };
        assert!(held <= left, "{held} octets in packets of {left}");
        left -= held;
    }
}

/// Whatever was not sealed with the key must not come through, however it looks.
pub fn srtp(suite: Suite, octets: &[u8]) {
    let genuine = sample::sealed(suite);
    for is_rtcp in [false, true] {
        let mut unprotector = Unprotector::new(&[sample::key(suite)]).expect("one key");
        let mut packet = octets.to_vec();
        let opened = match is_rtcp {
            false => unprotector.unprotect_rtp(&mut packet),
            true => unprotector.unprotect_rtcp(&mut packet),
        };
        if let Ok(length) = opened {
            assert!(length <= octets.len());
            assert!(
                genuine.iter().any(|sealed| sealed == octets),
                "forged: {octets:02x?}"
            );
        }
    }
}

pub fn telephone_event(octets: &[u8]) {
    let mut receiver = EventReceiver::default();
    let mut now = Duration::from_secs(100);
    for datagram in sample::datagrams(octets) {
        if let Ok(packet) = RtpPacket::parse(datagram) {
            receiver.receive(&packet.header, packet.payload, now);
        }
        drain(&mut receiver);
        now += STEP;
        receiver.handle_timeout(now);
        drain(&mut receiver);
    }
    if let Some(at) = receiver.next_timeout() {
        receiver.handle_timeout(at);
        drain(&mut receiver);
        assert_eq!(
            receiver.next_timeout(),
            None,
            "a digit that was given up is over"
        );
    }
}

fn drain(receiver: &mut EventReceiver) {
    let notices = std::iter::from_fn(|| receiver.poll()).count();
    assert!(notices <= NOTICES_MAX, "{notices} notices of one packet");
}

/// Digits as phones send them: a beginning, an update, the end three times; and two digits in one packet.
pub fn digits() -> Vec<Vec<u8>> {
    let pressed = |sequence: u16, event: [u8; 4]| {
        let mut packet = sample::rtp_packet(101, sequence, &event);
        packet[4..8].copy_from_slice(&8000_u32.to_be_bytes());
        packet
    };
    let one = [
        [5, 10, 0, 160],
        [5, 10, 1, 64],
        [5, 0x8a, 1, 224],
        [5, 0x8a, 1, 224],
    ];
    let packets: Vec<_> = (0..)
        .zip(one)
        .map(|(number, event)| pressed(number, event))
        .collect();
    let packed = sample::rtp_packet(101, 9, &[1, 0x8a, 3, 0x20, 0, 0, 0, 0, 2, 10, 0, 160]);
    vec![sample::joined(&packets), sample::joined(&[packed])]
}

pub fn jitter(octets: &[u8]) {
    let mut buffer = JitterBuffer::new(JitterConfig::default());
    let mut now = Duration::from_secs(100);
    for datagram in sample::datagrams(octets) {
        let header = RtpPacket::parse(datagram).map(|packet| (packet.header, packet.payload));
        if let Ok((header, payload)) = header {
            buffer.insert(&header, payload, payload.len() as u32, now);
        }
        // Time goes as the input says, in steps of up to a second.
        now += Duration::from_millis(u64::from(datagram.last().copied().unwrap_or(0)) * 4);
        pull(&mut buffer, now);
    }
    let stats = buffer.stats();
    assert!(stats.buffered <= JitterConfig::default().slots);
    assert!(
        stats.target_ms.is_finite() && stats.delay_ms.is_finite(),
        "{stats:?}"
    );
}

/// As a tick does: until there is enough for it, or nothing.
fn pull(buffer: &mut JitterBuffer, now: Duration) {
    let mut ticks = 0;
    // Each answer takes a packet out, or stands for a tick at the least: so there is an end.
    for _ in 0..TICKS_OF_FRAME as usize + JitterConfig::default().slots {
        ticks += match buffer.pop(now) {
            Playout::Wait => return,
            Playout::Decode(packet) => packet.duration_ticks,
            Playout::Conceal { duration_ticks } => {
                assert!(
                    duration_ticks > 0,
                    "a hole of no length would be asked for for ever"
                );
                duration_ticks
            }
        };
        if ticks >= TICKS_OF_FRAME {
            return;
        }
    }
    panic!("a tick that never ends");
}
