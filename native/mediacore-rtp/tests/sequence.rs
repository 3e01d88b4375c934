//! Sequence numbers on their line: wraps, reordering, strays and restarts.

use mediacore_rtp::sequence::{
    DROPOUT_MAX, MISORDER_MAX, SequenceTracker, Step, is_newer, nearest,
};
use proptest::collection::vec;
use proptest::prelude::*;

fn steps(sequences: impl IntoIterator<Item = u16>) -> Vec<Step> {
    let mut tracker = SequenceTracker::default();
    sequences
        .into_iter()
        .map(|sequence| tracker.receive(sequence).1)
        .collect()
}

#[test]
fn numbers_go_on_over_the_wrap() {
    let mut tracker = SequenceTracker::default();
    let (first, _) = tracker.receive(0xfffe);
    let places = [0xffff, 0, 1].map(|sequence| tracker.receive(sequence).0 - first);
    assert_eq!(places, [1, 2, 3]);
}

#[test]
fn a_packet_from_before_the_first_has_a_place_too() {
    let mut tracker = SequenceTracker::default();
    let (first, _) = tracker.receive(0);
    assert_eq!(tracker.receive(0xffff), (first - 1, Step::Behind { by: 1 }));
}

#[test]
fn skipped_and_overtaken_numbers_are_told() {
    let seen = steps([10, 13, 11, 13, 14]);
    let ahead = |skipped| Step::Ahead { skipped };
    let behind = |by| Step::Behind { by };
    assert_eq!(
        seen,
        [Step::First, ahead(2), behind(2), behind(0), ahead(0)]
    );
}

#[test]
fn a_stray_is_not_believed_and_changes_nothing() {
    assert_eq!(
        steps([10, 40_000, 11, 40_001, 12]),
        [
            Step::First,
            Step::Stray,
            Step::Ahead { skipped: 0 },
            Step::Stray,
            Step::Ahead { skipped: 0 }
        ]
    );
}

#[test]
fn two_in_a_row_far_away_are_a_restart() {
    let mut tracker = SequenceTracker::default();
    let (first, _) = tracker.receive(50_000);
    assert_eq!(tracker.receive(20).1, Step::Stray);
    let (place, step) = tracker.receive(21);
    assert_eq!(step, Step::Restart);
    assert!(
        place > first + MISORDER_MAX,
        "{place} could be mistaken for a number of the old run, {first}"
    );
    assert_eq!(tracker.receive(22), (place + 1, Step::Ahead { skipped: 0 }));
    assert_eq!(tracker.receive(20), (place - 1, Step::Behind { by: 2 }));
}

#[test]
fn the_limits_of_loss_and_of_reordering() {
    let far = 1000 + DROPOUT_MAX as u16;
    assert_eq!(
        steps([1000, far])[1],
        Step::Ahead {
            skipped: DROPOUT_MAX - 1
        }
    );
    assert_eq!(steps([1000, far + 1])[1], Step::Stray);
    let back = 1000 - MISORDER_MAX as u16;
    assert_eq!(steps([1000, back])[1], Step::Behind { by: MISORDER_MAX });
    assert_eq!(steps([1000, back - 1])[1], Step::Stray);
}

#[test]
fn newer_on_the_circle() {
    assert!(is_newer(1, 0) && is_newer(0, 0xffff) && is_newer(0x7fff, 0));
    assert!(!is_newer(0, 0) && !is_newer(0, 1) && !is_newer(0xffff, 0) && !is_newer(0x8000, 0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn the_nearest_place_ends_in_the_number(reference in (1_u64 << 16)..(1 << 60), sequence: u16) {
        let place = nearest(reference, sequence);
        prop_assert_eq!(place as u16, sequence);
        prop_assert!(place.abs_diff(reference) <= 0x8000);
    }

    /// Loss and reordering within the limits, over several wraps: each number gets its own place.
    #[test]
    fn places_follow_the_true_order(start: u16, moves in vec(-50_i64..90, 0..3_000)) {
        let mut tracker = SequenceTracker::default();
        let (first, _) = tracker.receive(start);
        let mut highest = 0_i64;
        for offset in moves {
            let truth = (highest + offset).max(0);
            let (place, step) = tracker.receive(start.wrapping_add(truth as u16));
            prop_assert_eq!(place, first + truth as u64);
            let expected = match truth - highest {
                ahead @ 1.. => Step::Ahead { skipped: ahead as u64 - 1 },
                behind => Step::Behind { by: behind.unsigned_abs() },
            };
            prop_assert_eq!(step, expected);
            highest = highest.max(truth);
        }
        prop_assert_eq!(tracker.highest(), Some(first + highest as u64));
    }

    #[test]
    fn any_numbers_at_all_keep_the_line_rising(sequences in vec(any::<u16>(), 1..200)) {
        let mut tracker = SequenceTracker::default();
        let mut highest = 0;
        for sequence in sequences {
            tracker.receive(sequence);
            let now = tracker.highest().expect("it has received");
            prop_assert!(now >= highest);
            highest = now;
        }
    }
}
