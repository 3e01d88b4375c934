//! A window of packets by sequence number: fixed slots, payloads in one slab.

use crate::packet::{PayloadType, RtpHeader};

/// A packet's place and times; the payload lies in the slab.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    pub sequence: u64,
    pub media: i64,
    pub timestamp: u32,
    pub duration_ticks: u32,
    pub payload_type: PayloadType,
    pub marker: bool,
    octets: usize,
}

impl Slot {
    pub fn new(sequence: u64, header: &RtpHeader, media: i64, duration_ticks: u32) -> Self {
        let RtpHeader {
            payload_type,
            marker,
            timestamp,
            ..
        } = *header;
        Self {
            sequence,
            media,
            timestamp,
            duration_ticks,
            payload_type,
            marker,
            octets: 0,
        }
    }
}

/// Holds packets whose numbers lie within as many as there are slots; the caller keeps to that.
#[derive(Clone, Debug)]
pub(super) struct Ring {
    slots: Box<[Option<Slot>]>,
    slab: Box<[u8]>,
    slot_octets: usize,
    len: usize,
}

impl Ring {
    pub fn new(slots: usize, slot_octets: usize) -> Self {
        assert!(slots.is_power_of_two(), "{slots} slots are no power of two");
        Self {
            slots: vec![None; slots].into_boxed_slice(),
            slab: vec![0; slots * slot_octets].into_boxed_slice(),
            slot_octets,
            len: 0,
        }
    }

    pub fn put(&mut self, mut slot: Slot, payload: &[u8]) {
        let index = self.index(slot.sequence);
        slot.octets = payload.len();
        let begin = index * self.slot_octets;
        self.slab[begin..begin + payload.len()].copy_from_slice(payload);
        let before = self.slots[index].replace(slot);
        assert!(
            before.is_none(),
            "packet {} put over {before:?}",
            slot.sequence
        );
        self.len += 1;
    }

    pub fn get(&self, sequence: u64) -> Option<Slot> {
        self.slots[self.index(sequence)].filter(|slot| slot.sequence == sequence)
    }

    pub fn take(&mut self, sequence: u64) -> Option<Slot> {
        let index = self.index(sequence);
        let taken = self.slots[index].take_if(|slot| slot.sequence == sequence);
        self.len -= usize::from(taken.is_some());
        taken
    }

    /// The payload of a slot just taken: it stays in the slab until the next `put`.
    pub fn payload(&self, slot: &Slot) -> &[u8] {
        let begin = self.index(slot.sequence) * self.slot_octets;
        &self.slab[begin..begin + slot.octets]
    }

    /// The packet with the lowest number that is not below `sequence`.
    pub fn first_from(&self, sequence: u64) -> Option<Slot> {
        if self.len == 0 {
            return None;
        }
        (sequence..sequence + self.slots.len() as u64).find_map(|sequence| self.get(sequence))
    }

    /// Drops packets from `from` up to, not including, `until`; returns how many there were.
    pub fn drop_range(&mut self, from: u64, until: u64) -> u64 {
        let last = until.min(from + self.slots.len() as u64);
        (from..last)
            .filter(|&sequence| self.take(sequence).is_some())
            .count() as u64
    }

    pub fn clear(&mut self) {
        self.slots.fill(None);
        self.len = 0;
    }

    pub fn len(&self) -> usize {
        self.len
    }

    fn index(&self, sequence: u64) -> usize {
        // The length is a power of two.
        sequence as usize & (self.slots.len() - 1)
    }
}
