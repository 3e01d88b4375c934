//! Who is heard on plain RTP and RTCP, and where things go, one test for each rule. Those of SRTP are in `srtp`, what a
//! single verdict is in `latch`.
//!
//! | rule | test |
//! |---|---|
//! | a third host: nothing in, nothing out, whenever it speaks | `a_third_address_…`, `a_report_of_a_third_host_…` |
//! | the signalled host may use another port, learned once | `a_nat_that_chose_another_port_…` |
//! | while that port is alive no other one is taken | `a_second_port_…` |
//! | anew after a silence, or by a re-offer | `…_after_a_silence`, `…_by_a_reoffer` |
//! | what is malformed, or was never agreed, is counted, and teaches nothing | `nonsense_…`, `a_payload_type_…` |

use super::*;
use crate::latch::RELATCH_SILENCE;

const STRANGER: &str = "203.0.113.66:4000";
const BEHIND_NAT: &str = "192.0.2.1:61000";
const BEHIND_NAT_LATER: &str = "192.0.2.1:62000";

fn report(slot: usize, octets: &[u8], from: &str, rig: &mut Rig) {
    let mut datagram = octets.to_vec();
    let (now, from) = (rig.now, at(from));
    rig.core
        .receive(slot, Channel::Rtcp, &mut datagram, from, now, &mut rig.out);
}

/// An empty receiver report of Alice, and her goodbye.
const GOODBYE: [u8; 16] = [
    0x80, 201, 0, 1, 0, 0, 0x12, 0x34, 0x81, 203, 0, 1, 0, 0, 0x12, 0x34,
];

fn destinations(rig: &mut Rig, slot: usize, channel: Channel) -> Vec<SocketAddr> {
    let mut addresses: Vec<_> = rig
        .out
        .take(slot, channel)
        .iter()
        .map(|sent| sent.to)
        .collect();
    addresses.dedup();
    addresses
}

#[test]
fn a_third_address_is_nobody_before_during_and_after_the_peer_in_every_order() {
    for order in [
        ["stranger", "alice", "stranger"],
        ["alice", "stranger", "alice"],
        ["both"; 3],
    ] {
        let (mut rig, mut alice, mut bob) = bridged(params(A, ANY_CODEC), params(B, ANY_CODEC));
        let mut stranger = Phone::at(STRANGER, alice.slot);
        let mut said = 0;
        for who in order {
            let phones = match who {
                "stranger" => vec![&mut stranger, &mut bob],
                "alice" => vec![&mut alice, &mut bob],
                _ => vec![&mut stranger, &mut alice, &mut bob],
            };
            said += 50 * usize::from(who != "stranger");
            let mut phones = phones;
            rig.talk(&mut phones, 50);
            // Longer than the silence after which a port is learned anew: of the right host, never of this one.
            rig.pass(2 * RELATCH_SILENCE);
        }
        assert_eq!(rig.sent(bob.slot).len(), said, "{order:?}: Alice's alone");
        assert_eq!(
            destinations(&mut rig, alice.slot, Channel::Rtp),
            [at(A)],
            "{order:?}"
        );
        assert_eq!(rig.stats(alice.slot).receive_packets, said as u64);
    }
}

#[test]
fn a_report_of_a_third_host_is_not_read_and_draws_no_report_to_it() {
    let (mut rig, mut alice, mut bob) = bridged(params(A, ANY_CODEC), params(B, ANY_CODEC));
    for moment in ["before", "during", "after"] {
        if moment == "during" {
            rig.talk(&mut [&mut alice, &mut bob], 500);
        }
        report(alice.slot, &GOODBYE, STRANGER, &mut rig);
        rig.pass(Duration::from_secs(10));
    }
    assert_eq!(rig.stats(alice.slot).rejected_host, 3);
    assert_eq!(rig.stats(alice.slot).rtcp_received, 0);
    let is_bye = |event: &Event| matches!(event, Event::RemoteBye { .. });
    assert!(!rig.out.events.iter().any(is_bye));
    let reported_to = destinations(&mut rig, alice.slot, Channel::Rtcp);
    assert_eq!(reported_to, [at("192.0.2.1:4001")]);
}

#[test]
fn reports_follow_a_nat_to_the_port_that_theirs_came_from() {
    let (mut rig, mut alice, mut bob) = bridged(params(A, ANY_CODEC), params(B, ANY_CODEC));
    report(alice.slot, &GOODBYE[..8], "192.0.2.1:61001", &mut rig);
    rig.talk(&mut [&mut alice, &mut bob], 500);
    let reported_to = destinations(&mut rig, alice.slot, Channel::Rtcp);
    assert_eq!(reported_to, [at("192.0.2.1:61001")]);
    assert_eq!(
        rig.stats(alice.slot).remote(),
        Some(at(A)),
        "RTP goes where RTP comes from"
    );
}

#[test]
fn a_nat_that_chose_another_port_is_followed_from_the_first_packet() {
    let (mut rig, mut alice, mut bob) = bridged(params(A, ANY_CODEC), params(B, ANY_CODEC));
    alice.address = at(BEHIND_NAT);
    rig.talk(&mut [&mut alice, &mut bob], 20);
    assert_eq!(
        destinations(&mut rig, alice.slot, Channel::Rtp),
        [at(BEHIND_NAT)]
    );
    assert_eq!(rig.stats(alice.slot).receive_packets, 20);
}

#[test]
fn a_second_port_of_the_host_is_nobody_while_the_first_one_is_alive() {
    let (mut rig, mut alice, mut bob) = bridged(params(A, ANY_CODEC), params(B, ANY_CODEC));
    alice.address = at(BEHIND_NAT);
    let mut neighbour = Phone::at(BEHIND_NAT_LATER, alice.slot);
    rig.talk(&mut [&mut alice, &mut neighbour, &mut bob], 500);
    assert_eq!(
        destinations(&mut rig, alice.slot, Channel::Rtp),
        [at(BEHIND_NAT)]
    );
    let stats = rig.stats(alice.slot);
    assert_eq!((stats.receive_packets, stats.rejected_port), (500, 500));
}

#[test]
fn a_nat_that_forgot_the_port_is_followed_after_a_silence() {
    let (mut rig, mut alice, mut bob) = bridged(params(A, ANY_CODEC), params(B, ANY_CODEC));
    alice.address = at(BEHIND_NAT);
    rig.talk(&mut [&mut alice, &mut bob], 20);
    rig.pass(RELATCH_SILENCE);
    rig.out.sent.clear();
    alice.address = at(BEHIND_NAT_LATER);
    rig.talk(&mut [&mut alice, &mut bob], 20);
    assert_eq!(
        destinations(&mut rig, alice.slot, Channel::Rtp),
        [at(BEHIND_NAT_LATER)]
    );
    assert_eq!(rig.stats(alice.slot).rejected_port, 0);
}

#[test]
fn another_address_is_taken_at_once_by_a_reoffer_that_names_it_and_the_old_one_no_more() {
    let (mut rig, mut alice, mut bob) = bridged(params(A, ANY_CODEC), params(B, ANY_CODEC));
    rig.talk(&mut [&mut alice, &mut bob], 20);
    let moved = "198.51.100.4:7000";
    rig.update(alice.slot, params(moved, ANY_CODEC));
    rig.out.sent.clear();
    let late = alice.next();
    rig.receive(alice.slot, &late, alice.address);
    alice.address = at(moved);
    rig.talk(&mut [&mut alice, &mut bob], 20);
    assert_eq!(
        destinations(&mut rig, alice.slot, Channel::Rtp),
        [at(moved)]
    );
    assert_eq!(rig.stats(alice.slot).rejected_host, 1);
    assert_eq!(destinations(&mut rig, bob.slot, Channel::Rtp), [at(B)]);
}

#[test]
fn nonsense_from_the_right_host_teaches_no_port() {
    let (mut rig, mut alice, mut bob) = bridged(params(A, ANY_CODEC), params(B, ANY_CODEC));
    // The last one begins as a report does.
    let nonsense = [
        &b""[..],
        b"\x80",
        b"\x00\x01\x00\x00!\x12\xa4B",
        &[0xff; 1500],
        &[0x80, 201, 9],
    ];
    for octets in nonsense {
        rig.receive(alice.slot, octets, at(BEHIND_NAT));
        report(alice.slot, octets, BEHIND_NAT, &mut rig);
    }
    rig.talk(&mut [&mut alice, &mut bob], 500);
    assert_eq!(destinations(&mut rig, alice.slot, Channel::Rtp), [at(A)]);
    assert_eq!(
        destinations(&mut rig, alice.slot, Channel::Rtcp),
        [at("192.0.2.1:4001")]
    );
    let stats = rig.stats(alice.slot);
    assert_eq!((stats.rejected_malformed, stats.receive_packets), (10, 500));
}

#[test]
fn nonsense_on_a_shared_port_teaches_none_either() {
    let multiplexed = LegParams {
        rtcp_mux: true,
        ..params(A, ANY_CODEC)
    };
    let (mut rig, alice, mut bob) = bridged(multiplexed, params(B, ANY_CODEC));
    rig.receive(alice.slot, &[0x80, 201, 0, 9, 0, 0, 0, 7], at(BEHIND_NAT));
    rig.talk(&mut [&mut bob], 5);
    assert_eq!(destinations(&mut rig, alice.slot, Channel::Rtp), [at(A)]);
    assert_eq!(rig.stats(alice.slot).rejected_malformed, 1);
}

#[test]
fn a_payload_type_that_nobody_agreed_to_teaches_no_port() {
    let (mut rig, mut alice, mut bob) = bridged(params(A, ANY_CODEC), params(B, ANY_CODEC));
    let strange = alice.packet(77, &[1; 160]);
    rig.receive(alice.slot, &strange, at(BEHIND_NAT));
    rig.talk(&mut [&mut bob], 5);
    assert_eq!(destinations(&mut rig, alice.slot, Channel::Rtp), [at(A)]);
    assert_eq!(rig.stats(alice.slot).rejected_payload_type, 1);
    let has_latched = |event: &Event| matches!(event, Event::Latched { leg: LegId(1), .. });
    assert!(!rig.out.events.iter().any(has_latched));
}

#[test]
fn a_flood_of_what_is_refused_makes_nothing_go_out_and_nobody_wait() {
    let (mut rig, mut alice, mut bob) = bridged(params(A, ANY_CODEC), params(B, ANY_CODEC));
    rig.talk(&mut [&mut alice, &mut bob], 10);
    rig.out.sent.clear();
    let (timeout, events) = (rig.core.next_timeout(), rig.out.events.len());
    let speech = alice.next();
    for number in 0..20_000_u16 {
        rig.receive(alice.slot, &speech, at(STRANGER));
        rig.receive(alice.slot, &number.to_be_bytes(), alice.address);
        report(alice.slot, &GOODBYE, STRANGER, &mut rig);
    }
    assert!(rig.out.sent.is_empty(), "nobody is answered");
    assert_eq!(rig.out.events.len(), events, "nobody is told");
    assert_eq!(
        rig.core.next_timeout(),
        timeout,
        "nothing is put off, nothing is due"
    );
    let stats = rig.stats(alice.slot);
    assert_eq!(
        (stats.rejected_host, stats.rejected_malformed),
        (40_000, 20_000)
    );
}
