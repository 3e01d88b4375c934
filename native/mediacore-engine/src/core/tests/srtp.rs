//! Legs whose peers use SRTP: who has the keys is heard wherever it is, and nobody else.

use mediacore_rtp::srtp::{MasterKey, Protector, Suite, Unprotector};

use super::*;
use crate::transport::SrtpParams;

const STRANGER: &str = "203.0.113.66:4000";

fn key(suite: Suite, seed: u8) -> MasterKey {
    let octets = vec![seed; suite.key_octets() + suite.salt_octets()];
    MasterKey::new(suite, &octets).expect("the suite's length")
}

/// The leg seals with `ours`, its peer with `theirs`.
fn keyed(mut params: LegParams, ours: u8, theirs: u8) -> LegParams {
    let suite = Suite::AesCm128HmacSha1_80;
    let srtp = SrtpParams::new(key(suite, ours), vec![key(suite, theirs)]);
    params.srtp = Some(srtp.expect("one key"));
    params
}

/// What a phone does with its packets.
struct Sealed {
    phone: Phone,
    protector: Protector,
    unprotector: Unprotector,
}

impl Sealed {
    fn new(phone: Phone, ours: u8, theirs: u8) -> Sealed {
        let suite = Suite::AesCm128HmacSha1_80;
        Sealed {
            phone,
            protector: Protector::new(&key(suite, ours)),
            unprotector: Unprotector::new(&[key(suite, theirs)]).expect("one key"),
        }
    }

    fn next(&mut self) -> Vec<u8> {
        let mut packet = self.phone.next();
        let octets = packet.len();
        packet.resize(octets + 20, 0);
        let octets = self.protector.protect_rtp(&mut packet, octets);
        packet.truncate(octets.expect("a number that is new"));
        packet
    }

    /// What of these packets it can open.
    fn hears(&mut self, sent: Vec<Sent>) -> Vec<(RtpHeader, Vec<u8>)> {
        let mut heard = Vec::new();
        for mut sent in sent {
            if let Ok(octets) = self.unprotector.unprotect_rtp(&mut sent.datagram) {
                sent.datagram.truncate(octets);
                heard.push(parsed(&sent));
            }
        }
        heard
    }
}

/// Alice uses SRTP (she seals with 1, we with 2), Bob does not.
fn alice_and_bob() -> (Rig, Sealed, Phone) {
    let (rig, alice, bob) = bridged(keyed(params(A, ANY_CODEC), 2, 1), params(B, ANY_CODEC));
    (rig, Sealed::new(alice, 1, 2), bob)
}

#[test]
fn srtp_and_plain_rtp_are_forwarded_to_each_other_undecoded_beyond_a_wrap() {
    let (mut rig, mut alice, mut bob) = alice_and_bob();
    for _ in 0..2000 {
        let sealed = alice.next();
        rig.receive(alice.phone.slot, &sealed, alice.phone.address);
        let clear = bob.next();
        rig.receive(bob.slot, &clear, bob.address);
        rig.pass(FRAME_TIME);
        assert_eq!(rig.sent(bob.slot)[0].1, clear[12..], "the same tone");
        let to_alice = rig.out.take(alice.phone.slot, Channel::Rtp);
        assert_eq!(to_alice[0].datagram.len(), clear.len() + 10);
        assert_ne!(to_alice[0].datagram[12..clear.len()], clear[12..]);
        assert_eq!(alice.hears(to_alice)[0].1, clear[12..]);
    }
    let stats = rig.stats(alice.phone.slot);
    assert_eq!((stats.forwarded_packets, stats.decoded_packets), (2000, 0));
    assert_eq!(stats.rejected_unauthenticated + stats.send_errors, 0);
    assert_eq!(stats.flags >> 7 & 1, 1);
    assert_eq!(rig.stats(bob.slot).flags >> 7 & 1, 0);
}

#[test]
fn what_is_made_here_is_sealed_too() {
    let (mut rig, alice, mut bob) = bridged(
        keyed(params(A, &[(8, PCMA), (101, TELEPHONE_EVENT)]), 2, 1),
        params(B, &[(0, PCMU), (101, TELEPHONE_EVENT)]),
    );
    let mut alice = Sealed::new(alice, 1, 2);
    rig.talk(&mut [&mut bob], 20);
    let digit = bob.packet(101, &[5, 10, 0, 160]);
    rig.receive(bob.slot, &digit, bob.address);
    let sent = rig.out.take(alice.phone.slot, Channel::Rtp);
    let count = sent.len();
    let heard = alice.hears(sent);
    assert_eq!(heard.len(), count, "nothing left in clear");
    assert!(count >= 20);
    let digits = heard
        .iter()
        .filter(|(header, _)| header.payload_type.0 == 101);
    assert_eq!(digits.count(), 1);
}

#[test]
fn a_third_address_gets_nothing_in_and_nothing_out_in_any_order() {
    let orders = [
        ["stranger", "alice"],
        ["alice", "stranger"],
        ["both", "both"],
    ];
    for order in orders {
        let (mut rig, mut alice, bob) = alice_and_bob();
        let mut forger = Sealed::new(Phone::at(STRANGER, alice.phone.slot), 7, 7);
        let mut captured = Vec::new();
        for who in order {
            for _ in 0..50 {
                if who != "stranger" {
                    let sealed = alice.next();
                    rig.receive(alice.phone.slot, &sealed, alice.phone.address);
                    captured.push(sealed);
                }
                if who != "alice" {
                    // Plain, with keys of its own, what Alice said before: from elsewhere, and from her own address.
                    let mut attempts = vec![forger.phone.next(), forger.next()];
                    attempts.extend(captured.iter().rev().take(3).cloned());
                    for attempt in attempts {
                        rig.receive(alice.phone.slot, &attempt, at(STRANGER));
                        rig.receive(alice.phone.slot, &attempt, alice.phone.address);
                    }
                }
                rig.pass(FRAME_TIME);
            }
        }
        let to_bob = rig.sent(bob.slot);
        assert_eq!(
            to_bob.len(),
            captured.len(),
            "{order:?}: Alice's, once each"
        );
        assert!(rig.out.sent.iter().all(|sent| sent.to != at(STRANGER)));
        let stats = rig.stats(alice.phone.slot);
        assert_eq!(stats.remote(), Some(at(A)));
        assert_eq!(stats.receive_packets, captured.len() as u64);
        assert_eq!(stats.receive_ssrc_changes, 0);
        assert!(stats.rejected_unauthenticated + stats.rejected_replayed >= 200);
    }
}

#[test]
fn a_phone_whose_nat_chose_another_port_is_followed_at_once() {
    let (mut rig, mut alice, mut bob) = alice_and_bob();
    for address in [A, "192.0.2.1:61000", "198.51.100.4:7777"] {
        let sealed = alice.next();
        rig.receive(alice.phone.slot, &sealed, at(address));
        let clear = bob.next();
        rig.receive(bob.slot, &clear, bob.address);
        let sent = rig.out.take(alice.phone.slot, Channel::Rtp);
        assert_eq!(sent[0].to, at(address));
    }
    let stats = rig.stats(alice.phone.slot);
    assert_eq!((stats.receive_packets, stats.rejected_port), (3, 0));
}

#[test]
fn a_replayed_packet_moves_nobody() {
    let (mut rig, mut alice, _) = alice_and_bob();
    let first = alice.next();
    rig.receive(alice.phone.slot, &first, alice.phone.address);
    for _ in 0..10 {
        rig.receive(alice.phone.slot, &first, at(STRANGER));
    }
    let stats = rig.stats(alice.phone.slot);
    assert_eq!(stats.remote(), Some(at(A)));
    assert_eq!((stats.rejected_replayed, stats.receive_duplicates), (10, 0));
}

#[test]
fn reports_and_the_goodbye_are_sealed_and_a_forged_goodbye_is_none() {
    let mut rig = Rig::new();
    let (here, there) = (
        rig.open(keyed(params(A, ANY_CODEC), 2, 1)),
        rig.open(keyed(params(B, ANY_CODEC), 1, 2)),
    );
    for slot in [here, there] {
        rig.change(slot, |leg| leg.params.send_silence = true);
    }
    for _ in 0..700 {
        rig.pass(FRAME_TIME);
        carry(&mut rig, [(here, B), (there, A)]);
    }
    let stats = rig.stats(here);
    assert!(stats.rtcp_received >= 2 && stats.send_lost_ratio == 0.0);
    let goodbye = [
        0x81, 203, 0, 1, 0xaa, 0xaa, 0, 2, 0, 0, 0, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
    ];
    rig.core.receive(
        here,
        Channel::Rtcp,
        &mut goodbye.clone(),
        at("192.0.2.1:4001"),
        rig.now,
        &mut rig.out,
    );
    let is_bye = |event: &Event| matches!(event, Event::RemoteBye { .. });
    assert!(!rig.out.events.iter().any(is_bye));
    rig.core.bye(there, rig.now, &mut rig.out);
    carry(&mut rig, [(here, B), (there, A)]);
    assert!(rig.out.events.iter().any(is_bye));
    let stats = rig.stats(here);
    assert_eq!(
        (stats.rejected_unauthenticated, stats.unauthenticated_run),
        (1, 0)
    );
}

#[test]
fn a_reoffer_changes_the_keys_and_what_was_on_its_way_is_heard() {
    let (mut rig, mut alice, mut bob) = alice_and_bob();
    let mut late = Vec::new();
    for number in 0..20 {
        let sealed = alice.next();
        match number {
            18.. => late.push(sealed),
            _ => rig.receive(alice.phone.slot, &sealed, alice.phone.address),
        }
    }
    rig.update(alice.phone.slot, keyed(params(A, ANY_CODEC), 4, 3));
    rig.receive(alice.phone.slot, &late[0], alice.phone.address);
    let mut renewed = Sealed::new(alice.phone, 3, 4);
    let first = renewed.next();
    rig.receive(renewed.phone.slot, &first, renewed.phone.address);
    rig.receive(renewed.phone.slot, &late[1], renewed.phone.address);
    assert_eq!(rig.sent(bob.slot).len(), 21, "none was lost");
    rig.out.sent.clear();
    let clear = bob.next();
    rig.receive(bob.slot, &clear, bob.address);
    let sent = rig.out.take(renewed.phone.slot, Channel::Rtp);
    assert_eq!(renewed.hears(sent)[0].1, clear[12..], "the new key at once");

    let same = rig.stats(renewed.phone.slot);
    rig.update(renewed.phone.slot, keyed(params(A, ANY_CODEC), 4, 3));
    let next = renewed.next();
    rig.receive(renewed.phone.slot, &next, renewed.phone.address);
    rig.receive(renewed.phone.slot, &next, renewed.phone.address);
    let stats = rig.stats(renewed.phone.slot);
    assert_eq!(stats.rejected_replayed, same.rejected_replayed + 1);
    assert_eq!(stats.rejected_unauthenticated, 0);
}

#[test]
fn packets_with_other_keys_are_counted_until_a_genuine_one_comes() {
    let (mut rig, mut alice, _) = alice_and_bob();
    let mut wrong = Sealed::new(Phone::at(A, alice.phone.slot), 9, 9);
    for _ in 0..5 {
        let sealed = wrong.next();
        rig.receive(alice.phone.slot, &sealed, alice.phone.address);
    }
    let stats = rig.stats(alice.phone.slot);
    assert_eq!(
        (stats.rejected_unauthenticated, stats.unauthenticated_run),
        (5, 5)
    );
    let sealed = alice.next();
    rig.receive(alice.phone.slot, &sealed, alice.phone.address);
    let stats = rig.stats(alice.phone.slot);
    assert_eq!(
        (stats.rejected_unauthenticated, stats.unauthenticated_run),
        (5, 0)
    );
}

#[test]
fn a_leg_may_begin_and_end_srtp_in_mid_call() {
    let (mut rig, mut alice, mut bob) = bridged(params(A, ANY_CODEC), params(B, ANY_CODEC));
    rig.talk(&mut [&mut alice, &mut bob], 3);
    rig.update(alice.slot, keyed(params(A, ANY_CODEC), 2, 1));
    let clear = alice.next();
    rig.receive(alice.slot, &clear, alice.address);
    assert_eq!(rig.stats(alice.slot).unauthenticated_run, 1);
    rig.update(alice.slot, params(A, ANY_CODEC));
    rig.receive(alice.slot, &clear, alice.address);
    assert_eq!(rig.stats(alice.slot).receive_packets, 4);
}
