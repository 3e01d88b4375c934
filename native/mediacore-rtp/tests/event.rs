//! Telephone-events by tables and properties: whatever the network does to the packets, each digit is heard once.

use std::time::Duration;

use mediacore_rtp::event::{
    DIGITS_MAX, DigitSender, DigitsError, EventCode, EventPacket, EventReceiver, EventTimestamps,
    RELEASED_AFTER, SendStep, TelephoneEvent, packed,
};
use mediacore_rtp::{DigitNotice, PayloadType, RtpHeader, Ssrc};
use proptest::prelude::*;

const STEP_TICKS: u32 = 160;
const STEP: Duration = Duration::from_millis(20);
const T0: Duration = Duration::from_secs(1000);

fn header(timestamp: u32, marker: bool) -> RtpHeader {
    RtpHeader {
        payload_type: PayloadType(101),
        marker,
        sequence: 0,
        timestamp,
        ssrc: Ssrc(7),
    }
}

fn event(digit: char, is_end: bool, duration_ticks: u16) -> TelephoneEvent {
    TelephoneEvent {
        code: EventCode::of_digit(digit).expect("a digit"),
        is_end,
        volume: 10,
        duration_ticks,
    }
}

/// All steps of `digits`, beginning at `timestamp`.
fn steps(digits: &str, duration_ms: u32, gap_ms: u32, update_ticks: u32) -> Vec<SendStep> {
    let mut sender = DigitSender::new(digits, duration_ms, gap_ms, 8000).expect("digits");
    (0..)
        .map(|n| sender.step(STEP_TICKS, update_ticks, 5000 + n * STEP_TICKS))
        .take_while(|step| *step != SendStep::Over)
        .collect()
}

/// The packets of `digits` with the moments that they are sent at.
fn packets(digits: &str, duration_ms: u32, gap_ms: u32) -> Vec<(Duration, EventPacket)> {
    steps(digits, duration_ms, gap_ms, STEP_TICKS)
        .into_iter()
        .zip(0_u32..)
        .filter_map(|(step, n)| match step {
            SendStep::Digit(packet) | SendStep::Pause(packet) => {
                packet.map(|packet| (T0 + STEP * n, packet))
            }
            SendStep::Over => None,
        })
        .collect()
}

fn hear(receiver: &mut EventReceiver, packet: &EventPacket, now: Duration) -> Vec<DigitNotice> {
    let header = header(packet.timestamp, packet.marker);
    receiver.receive(&header, &packet.event.octets(), now);
    std::iter::from_fn(|| receiver.poll()).collect()
}

fn hear_all<'a>(
    packets: impl IntoIterator<Item = &'a (Duration, EventPacket)>,
) -> Vec<DigitNotice> {
    let mut receiver = EventReceiver::default();
    let mut notices = Vec::new();
    let mut latest = T0;
    for (now, packet) in packets {
        latest = latest.max(*now);
        notices.extend(hear(&mut receiver, packet, latest));
    }
    receiver.handle_timeout(latest + RELEASED_AFTER);
    notices.extend(std::iter::from_fn(|| receiver.poll()));
    notices
}

fn pressed(notices: &[DigitNotice]) -> String {
    let digit = |notice: &DigitNotice| match notice {
        DigitNotice::Pressed { digit } => Some(*digit),
        DigitNotice::Released { .. } => None,
    };
    notices.iter().filter_map(digit).collect()
}

fn on(digit: char) -> DigitNotice {
    DigitNotice::Pressed { digit }
}

fn off(digit: char, duration_ticks: u32) -> DigitNotice {
    DigitNotice::Released {
        digit,
        duration_ticks,
    }
}

#[test]
fn sixteen_digits_have_codes_and_flash_has_no_digit() {
    let digits: String = (0..=255)
        .filter_map(|code| EventCode(code).digit())
        .collect();
    assert_eq!(digits, "0123456789*#ABCD");
    assert_eq!(EventCode::of_digit('d'), Some(EventCode(15)));
    assert_eq!(EventCode::of_digit('E'), None);
}

#[test]
fn the_payload_is_that_of_the_rfc() {
    // RFC 4733 2.3: event, end bit, reserved bit, six bits of volume, duration.
    let parsed = TelephoneEvent::parse(&[11, 0xc7, 0x03, 0x20]).expect("four octets");
    assert_eq!(
        parsed,
        TelephoneEvent {
            volume: 7,
            ..event('#', true, 800)
        }
    );
    assert_eq!(parsed.octets(), [11, 0x87, 0x03, 0x20]);
    assert_eq!(TelephoneEvent::parse(&[1, 2, 3]), None);
}

#[test]
fn a_digit_is_sent_with_a_growing_duration_and_three_ends() {
    let sent: Vec<(bool, u32, bool, u16)> = packets("5", 100, 80)
        .iter()
        .map(|(_, packet)| {
            let event = packet.event;
            (
                packet.marker,
                packet.timestamp,
                event.is_end,
                event.duration_ticks,
            )
        })
        .collect();
    assert_eq!(
        sent,
        [
            (true, 5000, false, 160),
            (false, 5000, false, 320),
            (false, 5000, false, 480),
            (false, 5000, false, 640),
            (false, 5000, true, 800),
            (false, 5000, true, 800),
            (false, 5000, true, 800),
        ]
    );
}

#[test]
fn sound_is_replaced_while_a_digit_lasts_and_goes_on_in_the_pause() {
    let kinds: String = steps("12", 60, 80, STEP_TICKS)
        .iter()
        .map(|step| match step {
            SendStep::Digit(_) => 'd',
            SendStep::Pause(Some(_)) => 'e',
            SendStep::Pause(None) => '.',
            SendStep::Over => '!',
        })
        .collect();
    assert_eq!(kinds, "dddee..dddee..");
}

#[test]
fn the_pause_is_never_shorter_than_every_receiver_needs() {
    let sent = packets("77", 40, 0);
    let begun: Vec<u32> = sent.iter().map(|(_, packet)| packet.timestamp).collect();
    assert_eq!(begun, [5000, 5000, 5000, 5000, 5640, 5640, 5640, 5640]);
    assert_eq!(pressed(&hear_all(&sent)), "77");
}

#[test]
fn the_duration_is_reported_as_often_as_packets_are_sent() {
    let reported: Vec<Option<u16>> = steps("5", 140, 40, 3 * STEP_TICKS)
        .iter()
        .filter_map(|step| match step {
            SendStep::Digit(packet) => Some(packet.map(|packet| packet.event.duration_ticks)),
            _ => None,
        })
        .collect();
    assert_eq!(
        reported,
        [Some(160), None, None, Some(640), None, None, Some(1120)]
    );
}

#[test]
fn a_digit_that_is_interrupted_is_not_begun_again() {
    let mut sender = DigitSender::new("12", 100, 80, 8000).expect("digits");
    sender.step(STEP_TICKS, STEP_TICKS, 0);
    assert!(sender.is_sounding());
    sender.interrupt();
    sender.interrupt();
    let SendStep::Digit(Some(packet)) = sender.step(STEP_TICKS, STEP_TICKS, 9000) else {
        panic!("the next digit");
    };
    assert_eq!(packet.event.code.digit(), Some('2'));
    assert!(packet.marker);
}

#[test]
fn what_is_no_digit_is_refused() {
    let refused = |digits: &str, ms| DigitSender::new(digits, ms, 80, 8000).err();
    assert_eq!(refused("", 100), Some(DigitsError::Count(0)));
    assert_eq!(refused("1 2", 100), Some(DigitsError::NotADigit(' ')));
    assert_eq!(refused("1", 39), Some(DigitsError::Duration(39)));
    assert_eq!(refused("1", 8001), Some(DigitsError::Duration(8001)));
    assert_eq!(refused(&"1".repeat(DIGITS_MAX), 100), None);
    assert_eq!(
        refused(&"1".repeat(DIGITS_MAX + 1), 100),
        Some(DigitsError::Count(65))
    );
}

#[test]
fn a_digit_is_told_of_when_it_begins_and_when_it_ends() {
    let mut receiver = EventReceiver::default();
    let sent = packets("5", 100, 80);
    let told: Vec<Vec<DigitNotice>> = sent
        .iter()
        .map(|(now, packet)| hear(&mut receiver, packet, *now))
        .collect();
    assert_eq!(told[0], [on('5')]);
    assert_eq!(told[4], [off('5', 800)]);
    assert_eq!(
        told.concat().len(),
        2,
        "ends that are sent again say nothing"
    );
    assert_eq!(receiver.next_timeout(), None);
}

#[test]
fn one_packet_of_a_digit_is_enough() {
    let sent = packets("5", 100, 80);
    for (index, survivor) in sent.iter().enumerate() {
        let length = survivor.1.event.duration_ticks.into();
        assert_eq!(hear_all([survivor]), [on('5'), off('5', length)], "{index}");
    }
}

#[test]
fn a_digit_whose_ends_are_lost_is_over_after_a_while_or_with_the_next() {
    let sent = packets("56", 100, 80);
    let without_ends: Vec<_> = sent
        .iter()
        .filter(|(_, packet)| !packet.event.is_end)
        .copied()
        .collect();
    assert_eq!(
        hear_all(&without_ends),
        [on('5'), off('5', 640), on('6'), off('6', 640)]
    );
    let mut receiver = EventReceiver::default();
    hear(&mut receiver, &without_ends[0].1, T0);
    receiver.handle_timeout(T0 + RELEASED_AFTER - STEP);
    assert_eq!(receiver.poll(), None);
    assert_eq!(receiver.next_timeout(), Some(T0 + RELEASED_AFTER));
    receiver.handle_timeout(T0 + RELEASED_AFTER);
    assert_eq!(receiver.poll(), Some(off('5', 160)));
    assert_eq!(
        hear(&mut receiver, &without_ends[1].1, T0 + 2 * RELEASED_AFTER),
        [],
        "what comes late is still the same digit"
    );
}

#[test]
fn two_digits_with_one_timestamp_are_two_and_neither_is_doubled() {
    let both = |is_end, ticks| {
        ['1', '2'].map(|digit| EventPacket {
            marker: false,
            timestamp: 9000,
            event: event(digit, is_end, ticks),
        })
    };
    let [one, two] = both(false, 160);
    let [one_end, two_end] = both(true, 800);
    let sent = [one, one_end, two, one_end, two_end, one_end, two_end].map(|packet| (T0, packet));
    assert_eq!(pressed(&hear_all(&sent)), "12");
}

#[test]
fn a_digit_held_for_long_comes_in_segments_and_is_one() {
    let segment = u32::from(u16::MAX);
    let at = |timestamp, is_end, ticks| EventPacket {
        marker: false,
        timestamp,
        event: event('9', is_end, ticks),
    };
    let sent = [
        at(100, false, 160),
        at(100, false, u16::MAX),
        at(100 + segment, false, 160),
        at(100, false, u16::MAX), // sent again, and overtaken
        at(100 + segment, false, u16::MAX),
        at(100 + 2 * segment, true, 1000),
        at(100 + 2 * segment, true, 1000),
    ]
    .map(|packet| (T0, packet));
    assert_eq!(hear_all(&sent), [on('9'), off('9', 2 * segment + 1000)]);
    let with_losses = [sent[0], sent[2], sent[5]];
    assert_eq!(
        hear_all(&with_losses),
        [on('9'), off('9', 2 * segment + 1000)]
    );
}

#[test]
fn a_long_digit_that_was_given_up_is_not_pressed_again_by_its_next_segment() {
    let packet = |timestamp, is_end| EventPacket {
        marker: false,
        timestamp,
        event: event('9', is_end, 160),
    };
    let mut receiver = EventReceiver::default();
    hear(&mut receiver, &packet(0, false), T0);
    receiver.handle_timeout(T0 + RELEASED_AFTER);
    receiver.poll();
    let later = packet(u16::MAX.into(), true);
    assert_eq!(hear(&mut receiver, &later, T0 + Duration::from_secs(9)), []);
}

#[test]
fn a_marked_packet_begins_another_digit_even_where_a_segment_would() {
    let sent = [(0, true), (160, true)].map(|(timestamp, marker)| {
        let event = event('9', false, 160);
        (
            T0,
            EventPacket {
                marker,
                timestamp,
                event,
            },
        )
    });
    assert_eq!(pressed(&hear_all(&sent)), "99");
}

#[test]
fn several_events_in_one_packet_follow_each_other() {
    let payload = [event('1', true, 400), event('2', false, 80)].map(|event| event.octets());
    let mut receiver = EventReceiver::default();
    receiver.receive(&header(1000, true), payload.as_flattened(), T0);
    let again = event('2', true, 480);
    receiver.receive(&header(1400, false), &again.octets(), T0);
    let notices: Vec<DigitNotice> = std::iter::from_fn(|| receiver.poll()).collect();
    assert_eq!(notices, [on('1'), off('1', 400), on('2'), off('2', 480)]);
    let padded = [5, 10, 0, 160, 0, 0, 0, 0];
    assert_eq!(packed(&padded, 0).count(), 1, "zeros are no digits");
}

#[test]
fn another_source_begins_anew_and_ends_what_was_held() {
    let mut receiver = EventReceiver::default();
    let payload = event('3', false, 160).octets();
    receiver.receive(&header(0, true), &payload, T0);
    let other = RtpHeader {
        ssrc: Ssrc(8),
        ..header(0, true)
    };
    receiver.receive(&other, &payload, T0);
    let notices: Vec<DigitNotice> = std::iter::from_fn(|| receiver.poll()).collect();
    assert_eq!(notices, [on('3'), off('3', 160), on('3')]);
}

#[test]
fn flash_and_tones_are_no_digits() {
    let mut receiver = EventReceiver::default();
    for code in 16..=255 {
        receiver.receive(&header(code.into(), true), &[code, 10, 0, 160], T0);
    }
    assert_eq!((receiver.poll(), receiver.pressed()), (None, 0));
}

#[test]
fn a_flood_of_digits_is_cut_off_and_counted() {
    let mut receiver = EventReceiver::default();
    for n in 0..1000 {
        let packet = EventPacket {
            marker: true,
            timestamp: n * 800,
            event: event('3', true, 400),
        };
        hear(&mut receiver, &packet, T0);
    }
    assert_eq!(receiver.pressed() + receiver.refused(), 1000);
    assert!(
        (30..40).contains(&receiver.pressed()),
        "{}",
        receiver.pressed()
    );
    let later = EventPacket {
        marker: true,
        timestamp: 0x8000_0000,
        event: event('3', true, 400),
    };
    let notices = hear(&mut receiver, &later, T0 + Duration::from_secs(1));
    assert_eq!(
        notices,
        [on('3'), off('3', 400)],
        "a pause makes good for it"
    );
}

#[test]
fn an_event_that_is_passed_on_keeps_one_timestamp() {
    let mut timestamps = EventTimestamps::default();
    assert_eq!(timestamps.ours(&header(100, true), 5000), 5000);
    assert_eq!(timestamps.ours(&header(100, false), 5160), 5000);
    assert_eq!(timestamps.ours(&header(1700, true), 6600), 6600);
    assert_eq!(
        timestamps.ours(&header(100, false), 6760),
        5000,
        "overtaken by the next digit"
    );
    let segment = u32::from(u16::MAX);
    assert_eq!(
        timestamps.ours(&header(1700 + segment, false), 99),
        6600 + segment
    );
    let other = RtpHeader {
        ssrc: Ssrc(8),
        ..header(100, true)
    };
    assert_eq!(timestamps.ours(&other, 7000), 7000);
}

fn digit_strings() -> impl Strategy<Value = String> {
    "[0-9*#A-D]{1,10}"
}

proptest! {
    #[test]
    fn any_payload_is_read_without_a_fault(
        payloads in proptest::collection::vec((any::<u32>(), any::<bool>(), proptest::collection::vec(any::<u8>(), 0..40)), 0..50)
    ) {
        let mut receiver = EventReceiver::default();
        for (n, (timestamp, marker, payload)) in payloads.iter().enumerate() {
            receiver.receive(&header(*timestamp, *marker), payload, T0 + STEP * n as u32);
            receiver.handle_timeout(T0 + STEP * n as u32);
        }
        let notices: Vec<DigitNotice> = std::iter::from_fn(|| receiver.poll()).collect();
        // Never two at once, and each is over before the next begins.
        for pair in notices.chunks(2) {
            match pair {
                [DigitNotice::Pressed { digit }, DigitNotice::Released { digit: same, .. }] => prop_assert_eq!(digit, same),
                [DigitNotice::Pressed { .. }] => {}
                other => prop_assert!(false, "{:?}", other),
            }
        }
    }

    #[test]
    fn parse_and_octets_are_inverse(code: u8, is_end: bool, volume in 0_u8..64, duration_ticks: u16) {
        let event = TelephoneEvent { code: EventCode(code), is_end, volume, duration_ticks };
        prop_assert_eq!(TelephoneEvent::parse(&event.octets()), Some(event));
    }

    #[test]
    fn what_is_sent_is_heard(digits in digit_strings(), duration_ms in 40_u32..300, gap_ms in 0_u32..200) {
        let notices = hear_all(&packets(&digits, duration_ms, gap_ms));
        prop_assert_eq!(pressed(&notices), digits);
        for notice in notices {
            if let DigitNotice::Released { duration_ticks, .. } = notice {
                prop_assert_eq!(duration_ticks, duration_ms.div_ceil(20) * 160);
            }
        }
    }

    #[test]
    fn loss_and_duplicates_leave_each_digit_once_as_long_as_one_packet_survives(
        digits in digit_strings(), survivor in 0_usize..7, fates in proptest::collection::vec(0_u8..10, 70)
    ) {
        let sent = packets(&digits, 100, 80);
        prop_assert_eq!(sent.len(), 7 * digits.len());
        let mut came = Vec::new();
        for (index, (packet, fate)) in sent.iter().zip(&fates).enumerate() {
            let copies = match fate { 0..=5 if index % 7 != survivor => 0, 6..=7 => 2, _ => 1 };
            came.extend(std::iter::repeat_n(*packet, copies));
        }
        prop_assert_eq!(pressed(&hear_all(&came)), digits);
    }

    #[test]
    fn packets_that_overtake_each_other_make_no_digit_of_their_own(
        digits in digit_strings(), lags in proptest::collection::vec(0_u32..5, 100)
    ) {
        let sent = packets(&digits, 100, 80);
        let mut came: Vec<(u32, (Duration, EventPacket))> =
            sent.iter().zip(&lags).zip(0_u32..).map(|((sent, lag), n)| (n + lag, *sent)).collect();
        came.sort_by_key(|(place, _)| *place);
        prop_assert_eq!(pressed(&hear_all(came.iter().map(|(_, sent)| sent))), digits);
    }
}

#[test]
fn a_long_digit_at_a_fast_clock_goes_out_in_segments_and_is_one_digit() {
    for clock_rate_hz in [8_000, 16_000, 48_000] {
        let mut sender = DigitSender::new("5", 8_000, 80, clock_rate_hz).expect("a digit");
        let mut receiver = EventReceiver::default();
        let step_ticks = clock_rate_hz / 50;
        let (mut notices, mut timestamp, mut sequence, mut markers) = (Vec::new(), 1_000, 0, 0);
        loop {
            let packet = match sender.step(step_ticks, step_ticks, timestamp) {
                SendStep::Over => break,
                SendStep::Digit(packet) | SendStep::Pause(packet) => packet,
            };
            timestamp += step_ticks;
            let Some(packet) = packet else { continue };
            markers += u32::from(packet.marker);
            let header = RtpHeader {
                payload_type: PayloadType(101),
                marker: packet.marker,
                sequence,
                timestamp: packet.timestamp,
                ssrc: Ssrc(9),
            };
            sequence += 1;
            let now = Duration::from_millis(20) * u32::from(sequence);
            receiver.receive(&header, &packet.event.octets(), now);
            notices.extend(std::iter::from_fn(|| receiver.poll()));
        }
        let duration_ticks = 8 * clock_rate_hz;
        assert_eq!(
            notices,
            [
                DigitNotice::Pressed { digit: '5' },
                DigitNotice::Released {
                    digit: '5',
                    duration_ticks
                },
            ]
        );
        assert_eq!(markers, 1);
    }
}
