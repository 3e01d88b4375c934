//! SRTP from outside: what is sealed opens once, at its place, with its key, and nothing else does.

use std::collections::HashSet;

use mediacore_rtp::srtp::{
    KeyError, MasterKey, OVERHEAD_OCTETS_MAX, ProtectError, Protector, SSRCS_MAX, StreamState,
    Suite, UnprotectError, Unprotector,
};
use mediacore_rtp::{PayloadType, RtpHeader, Ssrc};
use proptest::prelude::*;

const SOURCE: Ssrc = Ssrc(0xcafe_babe);

fn key(suite: Suite, seed: u8) -> MasterKey {
    let octets: Vec<u8> = (0..suite.key_octets() + suite.salt_octets())
        .map(|place| (place as u8).wrapping_mul(31).wrapping_add(seed))
        .collect();
    MasterKey::new(suite, &octets).expect("the suite's length")
}

fn pair(suite: Suite) -> (Protector, Unprotector) {
    let key = key(suite, 1);
    (
        Protector::new(&key),
        Unprotector::new(&[key]).expect("one key"),
    )
}

fn rtp(ssrc: Ssrc, sequence: u16, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0; 12];
    RtpHeader {
        payload_type: PayloadType(0),
        marker: false,
        sequence,
        timestamp: 160 * u32::from(sequence),
        ssrc,
    }
    .write(&mut packet);
    packet.extend(payload);
    packet
}

fn rtcp(ssrc: Ssrc, body: &[u8]) -> Vec<u8> {
    [&[0x80, 201, 0, 1], &ssrc.0.to_be_bytes()[..], body].concat()
}

fn protected(protector: &mut Protector, packet: &[u8]) -> Result<Vec<u8>, ProtectError> {
    let mut buffer = packet.to_vec();
    buffer.resize(packet.len() + OVERHEAD_OCTETS_MAX, 0);
    let octets = protector.protect_rtp(&mut buffer, packet.len())?;
    buffer.truncate(octets);
    Ok(buffer)
}

fn sealed(protector: &mut Protector, sequence: u16) -> Vec<u8> {
    protected(protector, &rtp(SOURCE, sequence, &[7; 20])).expect("a number that is new")
}

fn sealed_rtcp(protector: &mut Protector, body: &[u8]) -> Vec<u8> {
    let mut buffer = rtcp(SOURCE, body);
    let octets = buffer.len();
    buffer.resize(octets + OVERHEAD_OCTETS_MAX, 0);
    let octets = protector
        .protect_rtcp(&mut buffer, octets)
        .expect("there is room");
    buffer.truncate(octets);
    buffer
}

fn open(unprotector: &mut Unprotector, packet: &[u8]) -> Result<Vec<u8>, UnprotectError> {
    let mut packet = packet.to_vec();
    let octets = unprotector.unprotect_rtp(&mut packet)?;
    packet.truncate(octets);
    Ok(packet)
}

/// Numbers that are the same in every run (Steele, Lea, Flood: SplitMix64).
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}

fn any_suite() -> impl Strategy<Value = Suite> {
    prop::sample::select(Suite::ALL.to_vec())
}

proptest! {
    #[test]
    fn what_was_sealed_opens_to_what_it_was(
        suite in any_suite(),
        payload in prop::collection::vec(any::<u8>(), 0..1400),
        csrcs in 0u8..16,
        extension in prop::option::of(0u8..8),
        mki in prop::collection::vec(any::<u8>(), 0..=128),
        sequence: u16,
    ) {
        let key = key(suite, 3).with_mki(&mki).expect("not too long");
        let (mut protector, mut unprotector) = (Protector::new(&key), Unprotector::new(&[key]).expect("one key"));
        let mut packet = rtp(SOURCE, sequence, &[]);
        packet[0] |= csrcs;
        packet.extend(vec![9; usize::from(csrcs) * 4]);
        if let Some(words) = extension {
            packet[0] |= 0x10;
            packet.extend([0xbe, 0xde, 0, words]);
            packet.extend(vec![8; usize::from(words) * 4]);
        }
        let header = packet.len();
        packet.extend(&payload);
        let sealed = protected(&mut protector, &packet).expect("it is new");
        prop_assert_eq!(sealed.len(), packet.len() + protector.rtp_overhead_octets());
        prop_assert_eq!(&sealed[..header], &packet[..header]);
        if payload.len() > 8 {
            prop_assert_ne!(&sealed[header..packet.len()], &payload[..]);
        }
        prop_assert_eq!(open(&mut unprotector, &sealed), Ok(packet));
    }

    #[test]
    fn rtcp_that_was_sealed_opens_to_what_it_was(suite in any_suite(), body in prop::collection::vec(any::<u8>(), 0..400)) {
        let (mut protector, mut unprotector) = pair(suite);
        for _ in 0..3 {
            let mut packet = sealed_rtcp(&mut protector, &body);
            prop_assert_eq!(packet.len(), 8 + body.len() + protector.rtcp_overhead_octets());
            let octets = unprotector.unprotect_rtcp(&mut packet).expect("genuine and new");
            prop_assert_eq!(&packet[..octets], &rtcp(SOURCE, &body)[..]);
        }
    }

    #[test]
    fn a_packet_that_was_changed_anywhere_is_refused_and_left_as_it_is(suite in any_suite(), place: prop::sample::Index, bit in 0u8..8) {
        let (mut protector, mut unprotector) = pair(suite);
        let genuine = sealed(&mut protector, 1);
        let mut packet = genuine.clone();
        packet[place.index(genuine.len())] ^= 1 << bit;
        let changed = packet.clone();
        prop_assert!(unprotector.unprotect_rtp(&mut packet).is_err());
        prop_assert_eq!(packet, changed);
        prop_assert_eq!(unprotector.streams().count(), 0, "nothing was learned");
        prop_assert!(open(&mut unprotector, &genuine).is_ok());

        let genuine = sealed_rtcp(&mut protector, &[5; 24]);
        let mut packet = genuine.clone();
        packet[place.index(genuine.len())] ^= 1 << bit;
        let changed = packet.clone();
        prop_assert!(unprotector.unprotect_rtcp(&mut packet).is_err());
        prop_assert_eq!(packet, changed);
    }

    #[test]
    fn keys_of_any_length_are_judged(suite in any_suite(), octets in prop::collection::vec(any::<u8>(), 0..64)) {
        let wanted = suite.key_octets() + suite.salt_octets();
        prop_assert_eq!(MasterKey::new(suite, &octets).is_ok(), octets.len() == wanted);
    }
}

#[test]
fn any_octets_at_all_are_refused_without_a_panic() {
    let mut state = 7;
    for suite in Suite::ALL {
        let key = key(suite, 1).with_mki(b"mki").expect("short");
        let mut protector = Protector::new(&key);
        let mut unprotector = Unprotector::new(&[key]).expect("one key");
        let genuine = [
            sealed(&mut protector, 9),
            sealed_rtcp(&mut protector, &[1; 20]),
        ];
        for round in 0..25_000 {
            let mut packet: Vec<u8> = match round % 3 {
                // Noise that is marked as RTP; a genuine packet that was cut, and changed.
                0 => (0..random(&mut state) % 80)
                    .map(|_| random(&mut state) as u8)
                    .collect(),
                kind => genuine[kind - 1].clone(),
            };
            if let Some(first) = packet.first_mut() {
                *first = *first & 0x3f | 0x80;
            }
            for _ in 0..1 + random(&mut state) % 3 {
                let place = random(&mut state) as usize % packet.len().max(1);
                if let Some(octet) = packet.get_mut(place) {
                    *octet ^= 1 << (random(&mut state) % 8);
                }
            }
            if round % 2 == 0 {
                packet.truncate(random(&mut state) as usize % (packet.len() + 1));
            }
            if packet == genuine[0] || packet == genuine[1] {
                continue;
            }
            let octets = packet.len();
            assert!(unprotector.unprotect_rtp(&mut packet).is_err());
            assert!(unprotector.unprotect_rtcp(&mut packet).is_err());
            packet.resize(octets + (random(&mut state) as usize % 40), 0);
            // Whether it is RTP at all is all that sealing asks.
            let _ = protector.protect_rtp(&mut packet, octets);
            let _ = protector.protect_rtcp(&mut packet, octets);
        }
        assert_eq!(unprotector.streams().count(), 0, "{suite}: nothing learned");
    }
}

#[test]
fn none_of_ten_thousand_replays_is_taken() {
    for suite in Suite::ALL {
        let (mut protector, mut unprotector) = pair(suite);
        let packets: Vec<_> = (0..10_000).map(|n| sealed(&mut protector, n)).collect();
        for packet in &packets {
            assert!(open(&mut unprotector, packet).is_ok());
            assert_eq!(
                open(&mut unprotector, packet),
                Err(UnprotectError::Replayed),
                "at once"
            );
        }
        let replayed = packets
            .iter()
            .filter(|packet| open(&mut unprotector, packet).is_ok());
        assert_eq!(replayed.count(), 0, "{suite}: afterwards");
    }
}

#[test]
fn rtcp_is_not_taken_twice_either() {
    let (mut protector, mut unprotector) = pair(Suite::AeadAes128Gcm);
    let packets: Vec<_> = (0..300)
        .map(|_| sealed_rtcp(&mut protector, &[0; 20]))
        .collect();
    for packet in packets.iter().chain(&packets) {
        let _ = unprotector.unprotect_rtcp(&mut packet.clone());
    }
    let state = unprotector.streams().next().expect("one source");
    assert_eq!(state.rtcp_index, Some(299), "the first has index 0");
    assert_eq!(
        unprotector.unprotect_rtcp(&mut packets[299].clone()),
        Err(UnprotectError::Replayed)
    );
}

#[test]
fn the_roll_over_counter_is_kept_over_three_laps_with_a_fifth_lost_and_some_reordered() {
    for suite in [Suite::AesCm128HmacSha1_80, Suite::AeadAes128Gcm] {
        let (mut protector, mut unprotector) = pair(suite);
        let mut state = 42;
        let (mut sent, mut taken, mut held) = (0u32, 0u32, Vec::new());
        for number in 0..3 * 65_536u32 + 100 {
            let packet =
                protected(&mut protector, &rtp(SOURCE, number as u16, b"abcd")).expect("new");
            if random(&mut state).is_multiple_of(5) {
                continue;
            }
            sent += 1;
            if random(&mut state).is_multiple_of(20) {
                held.push(packet);
                continue;
            }
            taken += u32::from(open(&mut unprotector, &packet).is_ok());
            if held.len() == 4 {
                for late in held.drain(..).rev() {
                    taken += u32::from(open(&mut unprotector, &late).is_ok());
                }
            }
        }
        // Four that wait for each other may lie further apart than the window, seldom.
        let missed = sent - held.len() as u32 - taken;
        assert!(missed * 10_000 < 30 * sent, "{suite}: {missed} of {sent}");
        let state = unprotector.streams().next().expect("one source");
        assert_eq!(state.roll_overs(), 3);
    }
}

#[test]
fn a_stream_whose_first_packets_were_lost_before_it_wrapped_is_found() {
    let (mut protector, mut unprotector) = pair(Suite::AesCm128HmacSha1_80);
    for sequence in 65_530..=65_535 {
        sealed(&mut protector, sequence);
    }
    let packet = sealed(&mut protector, 0);
    assert!(open(&mut unprotector, &packet).is_ok());
    assert_eq!(
        unprotector.streams().next().map(|s| s.roll_overs()),
        Some(1)
    );
}

#[test]
fn after_a_change_of_keys_what_was_on_its_way_is_taken_and_nothing_else() {
    for suite in Suite::ALL {
        let (mut protector, mut unprotector) = pair(suite);
        for sequence in 0..10 {
            open(&mut unprotector, &sealed(&mut protector, sequence)).expect("genuine");
        }
        let old: Vec<_> = (10..20).map(|n| sealed(&mut protector, n)).collect();
        unprotector.rekey(&[key(suite, 2)]).expect("one key");
        open(&mut unprotector, &old[0]).expect("the sender does not know yet");

        let mut renewed = Protector::new(&key(suite, 2));
        let new: Vec<_> = (15..20).map(|n| sealed(&mut renewed, n)).collect();
        open(&mut unprotector, &new[0]).expect("number 15 with the new key");
        open(&mut unprotector, &old[4]).expect("number 14 was overtaken");
        for packet in [&old[0], &old[4], &new[0]] {
            assert_eq!(
                open(&mut unprotector, packet),
                Err(UnprotectError::Replayed)
            );
        }
        assert!(
            open(&mut unprotector, &old[8]).is_err(),
            "{suite}: number 18 cannot be old"
        );
        open(&mut unprotector, &new[3]).expect("number 18 is new");

        unprotector.rekey(&[key(suite, 3)]).expect("one key");
        assert!(
            open(&mut unprotector, &old[1]).is_err(),
            "{suite}: two changes ago"
        );
    }
}

#[test]
fn indices_go_on_over_a_change_of_keys_and_a_sender_that_counts_anew_is_followed() {
    let suite = Suite::AesCm128HmacSha1_80;
    let (mut protector, mut unprotector) = pair(suite);
    for number in 0..70_000u32 {
        let packet = sealed(&mut protector, number as u16);
        if number % 1000 == 0 || number > 69_990 {
            open(&mut unprotector, &packet).expect("genuine");
        }
    }
    protector.rekey(&key(suite, 2));
    unprotector.rekey(&[key(suite, 2)]).expect("one key");
    let by_the_rfc = sealed(&mut protector, 70_000u32 as u16);
    open(&mut unprotector, &by_the_rfc).expect("the second lap goes on");
    let lap = |unprotector: &Unprotector| unprotector.streams().next().map(|s| s.roll_overs());
    assert_eq!(lap(&unprotector), Some(1));

    unprotector.rekey(&[key(suite, 3)]).expect("one key");
    let anew = sealed(&mut Protector::new(&key(suite, 3)), 4465);
    open(&mut unprotector, &anew).expect("the first lap again");
    assert_eq!(lap(&unprotector), Some(0));
    assert!(open(&mut unprotector, &anew).is_err());
    assert!(
        open(&mut unprotector, &by_the_rfc).is_err(),
        "nothing of before is taken now"
    );
}

#[test]
fn rtcp_may_be_numbered_anew_with_a_new_key() {
    let suite = Suite::AeadAes256Gcm;
    let (mut protector, mut unprotector) = pair(suite);
    let old: Vec<_> = (0..5)
        .map(|_| sealed_rtcp(&mut protector, &[0; 8]))
        .collect();
    for packet in &old {
        unprotector
            .unprotect_rtcp(&mut packet.clone())
            .expect("genuine");
    }
    unprotector.rekey(&[key(suite, 2)]).expect("one key");
    let new = sealed_rtcp(&mut Protector::new(&key(suite, 2)), &[0; 8]);
    unprotector
        .unprotect_rtcp(&mut new.clone())
        .expect("index 0 of the new key");
    for packet in [&old[0], &old[4], &new] {
        assert!(unprotector.unprotect_rtcp(&mut packet.clone()).is_err());
    }
}

#[test]
fn keys_are_told_apart_by_their_identifiers() {
    let suite = Suite::AesCm128HmacSha1_80;
    let named = |seed, mki: &[u8]| key(suite, seed).with_mki(mki).expect("short");
    let keys = [named(1, &[0, 1]), named(2, &[0, 2])];
    let mut unprotector = Unprotector::new(&keys).expect("different identifiers");
    let (mut first, mut second) = (Protector::new(&keys[0]), Protector::new(&keys[1]));
    open(&mut unprotector, &sealed(&mut first, 1)).expect("by the first");
    open(&mut unprotector, &sealed(&mut second, 2)).expect("by the second");
    open(&mut unprotector, &sealed(&mut first, 3)).expect("by the first again");
    unprotector
        .unprotect_rtcp(&mut sealed_rtcp(&mut second, &[0; 8]))
        .expect("RTCP has them too");
    let mut third = Protector::new(&named(3, &[0, 3]));
    assert_eq!(
        open(&mut unprotector, &sealed(&mut third, 4)),
        Err(UnprotectError::UnknownMki)
    );
    let unlike = [
        vec![],
        vec![key(suite, 1), key(suite, 2)],
        vec![named(1, &[1]), named(2, &[1, 2])],
        vec![
            named(1, &[1]),
            key(Suite::AeadAes128Gcm, 1).with_mki(&[2]).expect("short"),
        ],
    ];
    for keys in unlike {
        assert_eq!(Unprotector::new(&keys).err(), Some(KeyError::Unlike));
    }
    assert_eq!(
        key(suite, 1).with_mki(&[0; 129]).err(),
        Some(KeyError::MkiTooLong(129))
    );
}

#[test]
fn one_source_more_than_the_limit_is_refused_and_none_is_forgotten() {
    let (mut protector, mut unprotector) = pair(Suite::AesCm128HmacSha1_32);
    let mut first = Vec::new();
    for source in 0..SSRCS_MAX as u32 {
        let packet = protected(&mut protector, &rtp(Ssrc(source), 1, &[1])).expect("there is room");
        open(&mut unprotector, &packet).expect("there is room");
        first.push(packet);
    }
    let one_more = rtp(Ssrc(99), 1, &[1]);
    assert_eq!(
        protected(&mut protector, &one_more),
        Err(ProtectError::TooManySsrcs)
    );
    let stranger = protected(
        &mut Protector::new(&key(Suite::AesCm128HmacSha1_32, 1)),
        &one_more,
    );
    assert_eq!(
        open(&mut unprotector, &stranger.expect("its first")),
        Err(UnprotectError::TooManySsrcs)
    );
    for packet in &first {
        assert_eq!(
            open(&mut unprotector, packet),
            Err(UnprotectError::Replayed)
        );
    }
}

#[test]
fn a_key_seals_no_more_packets_than_it_may() {
    let key = key(Suite::AesCm128HmacSha1_80, 1).with_lifetime(3);
    let mut protector = Protector::new(&key);
    for sequence in 0..3 {
        sealed(&mut protector, sequence);
    }
    let fourth = rtp(SOURCE, 3, &[]);
    assert_eq!(
        protected(&mut protector, &fourth),
        Err(ProtectError::KeyExhausted)
    );
    protector.rekey(&key);
    assert!(protected(&mut protector, &fourth).is_ok());

    // 2^48 RTP packets, 2^31 RTCP packets: the last of each, and no other.
    protector.rekey(&key);
    let last = StreamState {
        ssrc: SOURCE,
        rtp_index: Some((1 << 48) - 2),
        rtcp_index: Some((1 << 31) - 2),
    };
    assert!(protector.restore(last));
    sealed(&mut protector, 65_535);
    assert_eq!(
        protected(&mut protector, &rtp(SOURCE, 0, &[])),
        Err(ProtectError::KeyExhausted)
    );
    sealed_rtcp(&mut protector, &[]);
    let mut buffer = [&rtcp(SOURCE, &[])[..], &[0; 40]].concat();
    assert_eq!(
        protector.protect_rtcp(&mut buffer, 8),
        Err(ProtectError::KeyExhausted)
    );
}

#[test]
fn no_number_is_sealed_twice() {
    let mut protector = Protector::new(&key(Suite::AeadAes128Gcm, 1));
    let numbers: Vec<u16> = vec![5, 7, 6, 300];
    for number in &numbers {
        sealed(&mut protector, *number);
    }
    for number in numbers.iter().chain(&[1]) {
        let again = rtp(SOURCE, *number, b"other");
        assert_eq!(
            protected(&mut protector, &again),
            Err(ProtectError::Repeated)
        );
    }
}

#[test]
fn a_stream_goes_on_elsewhere_with_its_state_alone() {
    let suite = Suite::AesCm256HmacSha1_80;
    let (mut protector, mut unprotector) = pair(suite);
    let mut last = Vec::new();
    for number in 0..140_000u32 {
        last = sealed(&mut protector, number as u16);
    }
    for state in protector.streams().collect::<Vec<_>>() {
        assert_eq!(state.roll_overs(), 2);
        assert!(unprotector.restore(state));
    }
    assert_eq!(
        open(&mut unprotector, &last),
        Err(UnprotectError::Replayed),
        "it was taken before the move"
    );
    let next = sealed(&mut protector, 140_000u32 as u16);
    open(&mut unprotector, &next).expect("the third lap");

    let mut elsewhere = Protector::new(&key(suite, 1));
    for state in unprotector.streams() {
        assert!(elsewhere.restore(state));
    }
    let next = sealed(&mut elsewhere, 140_001u32 as u16);
    open(&mut unprotector, &next).expect("as if nothing had happened");
}

#[test]
fn many_packets_are_sealed_and_opened_in_one_call() {
    let (mut protector, mut unprotector) = pair(Suite::AesCm128HmacSha1_80);
    const STRIDE: usize = 64;
    let mut rows = vec![0; 20 * STRIDE];
    let mut lengths = vec![32; 20];
    for (number, row) in rows.chunks_mut(STRIDE).enumerate() {
        row[..32].copy_from_slice(&rtp(SOURCE, number as u16, &[number as u8; 20]));
    }
    lengths[3] = 5; // not RTP
    lengths[4] = STRIDE; // no room for a tag
    lengths[5] = STRIDE + 1; // not even a row
    let clear = rows.clone();
    assert_eq!(
        protector.protect_rtp_rows(&mut rows, STRIDE, &mut lengths),
        3
    );
    let refused: HashSet<_> = (0..20).filter(|row| lengths[*row] == 0).collect();
    assert_eq!(refused, HashSet::from([3, 4, 5]));
    assert_eq!(
        unprotector.unprotect_rtp_rows(&mut rows, STRIDE, &mut lengths),
        3
    );
    for row in (0..20).filter(|row| !refused.contains(row)) {
        let at = row * STRIDE..row * STRIDE + lengths[row];
        assert_eq!(rows[at.clone()], clear[at]);
    }
}

proptest! {
    #[test]
    fn many_at_once_come_to_what_one_after_the_other_does(
        suite in any_suite(),
        has_mki: bool,
        picks in prop::collection::vec((0u32..3, 0u16..120, 0usize..200, 0u8..12), 0..300),
    ) {
        const STRIDE: usize = 300;
        let key = match has_mki {
            true => key(suite, 1).with_mki(&[7, 7]).expect("short"),
            false => key(suite, 1),
        };
        let packets: Vec<_> = picks
            .iter()
            .map(|(source, number, octets, _)| rtp(Ssrc(*source), number.wrapping_sub(20), &vec![*number as u8; *octets]))
            .collect();
        let rows = |packets: &[Vec<u8>]| {
            let mut rows = vec![0; STRIDE * packets.len()];
            for (row, packet) in rows.chunks_mut(STRIDE).zip(packets) {
                row[..packet.len()].copy_from_slice(packet);
            }
            (rows, packets.iter().map(Vec::len).collect::<Vec<_>>())
        };
        let (mut alone, mut together) = (Protector::new(&key), Protector::new(&key));
        let (mut sealed, mut lengths) = rows(&packets);
        together.protect_rtp_rows(&mut sealed, STRIDE, &mut lengths);
        let mut wire = Vec::new();
        for (row, packet) in packets.iter().enumerate() {
            let by_itself = protected(&mut alone, packet).unwrap_or_default();
            prop_assert_eq!(&sealed[row * STRIDE..][..lengths[row]], &by_itself[..]);
            wire.push(by_itself);
        }
        for (packet, (_, _, place, harm)) in wire.iter_mut().zip(&picks) {
            if let Some(octet) = packet.get_mut(*place).filter(|_| *harm < 2) {
                *octet ^= 4;
            }
        }
        wire.extend(wire.clone().into_iter().rev());
        let open = || Unprotector::new(std::slice::from_ref(&key)).expect("one key");
        let (mut alone, mut together) = (open(), open());
        let (mut opened, mut lengths) = rows(&wire);
        let refused = together.unprotect_rtp_rows(&mut opened, STRIDE, &mut lengths);
        prop_assert_eq!(refused, lengths.iter().filter(|length| **length == 0).count());
        for (row, packet) in wire.iter().enumerate() {
            let mut packet = packet.clone();
            let octets = alone.unprotect_rtp(&mut packet).unwrap_or(0);
            prop_assert_eq!(lengths[row], octets, "row {}", row);
            prop_assert_eq!(&opened[row * STRIDE..][..octets], &packet[..octets]);
        }
        prop_assert!(alone.streams().eq(together.streams()));
    }
}

#[test]
fn no_text_shows_a_key() {
    let key = MasterKey::new(Suite::AesCm128HmacSha1_80, &[0xab; 30]).expect("its length");
    let texts = [
        format!("{key:?}"),
        format!("{:?}", Protector::new(&key)),
        format!("{:?}", Unprotector::new(&[key]).expect("one key")),
    ];
    for text in texts {
        assert!(
            !text.contains("171") && !text.to_lowercase().contains("abab"),
            "{text}"
        );
    }
}
