//! The receiving half of SRTP: what comes in one direction is opened where it lies, if it is genuine and new. No socket,
//! clock or thread; nothing allocates after `new` but a change of keys.
//!
//! After a change of keys the ones before are good for what was on its way: for a source that was not heard with the
//! new ones yet, and for its packets from before the first with them. No clock has to say for how long.

use std::cmp::Ordering;
use std::fmt;

use super::derive::Usage;
use super::index::{ReplayWindow, nearest};
use super::key::{KeyError, MasterKey};
use super::stream::{SSRCS_MAX, Stream, StreamState, Streams};
use super::transform::{GROUP, InBuffer, Place, Transform};
use super::{rtcp_ssrc, rtp_place};
use crate::packet::Ssrc;

/// Why a packet was not opened. It is to be dropped then, and nothing is to be learned from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnprotectError {
    /// Neither SRTP nor SRTCP.
    Malformed,
    /// It names a master key that was not agreed.
    UnknownMki,
    /// Its tag is wrong: another key, another suite, no SRTP at all, or not from the peer.
    Unauthenticated,
    /// Its number was taken before, or is so old that nobody knows (RFC 3711 3.3.2).
    Replayed,
    /// More sources than the context follows.
    TooManySsrcs,
}

impl fmt::Display for UnprotectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            UnprotectError::Malformed => "neither SRTP nor SRTCP",
            UnprotectError::UnknownMki => "a master key identifier that was not agreed",
            UnprotectError::Unauthenticated => "authentication failed",
            UnprotectError::Replayed => {
                "a packet of this number was taken before, or it is too old"
            }
            UnprotectError::TooManySsrcs => "more sources than the context follows",
        })
    }
}

impl std::error::Error for UnprotectError {}

/// Opens what comes in one direction.
pub struct Unprotector {
    // The newest first; never more than two.
    key_sets: Vec<KeySet>,
    // The newest keys opened something: the sender has them, and needs those before only for what is on its way.
    is_newest_heard: bool,
    streams: Streams,
}

/// Keys that are good at the same time, told apart by their identifiers.
struct KeySet {
    keys: Vec<Keys>,
    mki_octets: usize,
    epoch: u64,
}

struct Keys {
    mki: Box<[u8]>,
    rtp: Transform,
    rtcp: Transform,
}

/// What an RTP packet's index may be.
#[derive(Clone, Copy)]
enum Guess {
    /// The stream goes on.
    Continued(u64),
    /// It begins, or its sender began anew with new keys.
    Begun(u64),
}

impl Unprotector {
    /// Nothing was opened yet. Several keys need identifiers.
    ///
    /// # Errors
    /// [`KeyError::Unlike`] when the keys cannot be told apart, or there is none.
    pub fn new(keys: &[MasterKey]) -> Result<Unprotector, KeyError> {
        Unprotector::with_ssrcs_max(keys, SSRCS_MAX)
    }

    /// The same for another number of sources.
    ///
    /// # Errors
    /// As `new`.
    pub fn with_ssrcs_max(keys: &[MasterKey], ssrcs_max: usize) -> Result<Unprotector, KeyError> {
        Ok(Unprotector {
            key_sets: vec![KeySet::new(keys, 0)?],
            is_newest_heard: false,
            streams: Streams::new(ssrcs_max),
        })
    }

    /// Other keys from now on; those before are kept for what is on its way.
    ///
    /// # Errors
    /// As `new`; nothing is changed then.
    pub fn rekey(&mut self, keys: &[MasterKey]) -> Result<(), KeyError> {
        let fresh = KeySet::new(keys, self.key_sets[0].epoch + 1)?;
        // Keys that were never heard take nobody's place: two changes in a row may outrun the packets.
        if self.is_newest_heard || self.key_sets.len() == 1 {
            self.key_sets.truncate(1);
        } else {
            self.key_sets.remove(0);
        }
        self.key_sets.insert(0, fresh);
        self.is_newest_heard = false;
        Ok(())
    }

    /// Opens an SRTP packet in place; returns how many of its octets are the RTP packet.
    ///
    /// # Errors
    /// An [`UnprotectError`]; the packet is as it came then, and nothing was learned from it.
    pub fn unprotect_rtp(&mut self, packet: &mut [u8]) -> Result<usize, UnprotectError> {
        let (header, sequence, ssrc) = rtp_place(packet).ok_or(UnprotectError::Malformed)?;
        let stream = known(&mut self.streams, ssrc)?;
        let mut refusal = None;
        let mut opened = None;
        'sets: for set in &self.key_sets {
            let Some(keys) = set.find(packet, |keys| &keys.rtp) else {
                continue;
            };
            for guess in set.guesses(stream, sequence).into_iter().flatten() {
                let index = guess.index();
                if stream.is_some_and(|stream| !guess.is_new_to(stream)) {
                    refusal.get_or_insert(UnprotectError::Replayed);
                } else if let Some(octets) =
                    keys.rtp
                        .open_rtp(packet, header, set.mki_octets, Place { ssrc, index })
                {
                    opened = Some((octets, guess, set.epoch));
                    break 'sets;
                } else {
                    refusal.get_or_insert(UnprotectError::Unauthenticated);
                }
            }
            // No place was left where it could stand.
            refusal.get_or_insert(UnprotectError::Replayed);
        }
        let (octets, guess, epoch) = opened.ok_or(refusal.unwrap_or(UnprotectError::UnknownMki))?;
        take_rtp(self.heard(ssrc, epoch), guess, epoch);
        Ok(octets)
    }

    /// Opens an SRTCP packet in place; returns how many of its octets are the RTCP packet.
    ///
    /// # Errors
    /// An [`UnprotectError`]; the packet is as it came then, and nothing was learned from it.
    pub fn unprotect_rtcp(&mut self, packet: &mut [u8]) -> Result<usize, UnprotectError> {
        let ssrc = rtcp_ssrc(packet).ok_or(UnprotectError::Malformed)?;
        let stream = known(&mut self.streams, ssrc)?;
        let mut refusal = None;
        let mut opened = None;
        for set in &self.key_sets {
            let Some(keys) = set.find(packet, |keys| &keys.rtcp) else {
                continue;
            };
            let Some(index) = keys.rtcp.rtcp_index(packet, set.mki_octets) else {
                refusal.get_or_insert(UnprotectError::Malformed);
                continue;
            };
            // The index stands in the packet, and a sender may count from zero again with each key.
            let is_taken = stream.is_some_and(|stream| match set.epoch.cmp(&stream.rtcp_epoch) {
                Ordering::Less => true,
                Ordering::Equal => stream.rtcp.judge(index).is_err(),
                Ordering::Greater => false,
            });
            if is_taken {
                refusal.get_or_insert(UnprotectError::Replayed);
            } else if let Some(octets) =
                keys.rtcp
                    .open_rtcp(packet, set.mki_octets, Place { ssrc, index })
            {
                opened = Some((octets, index, set.epoch));
                break;
            } else {
                refusal.get_or_insert(UnprotectError::Unauthenticated);
            }
        }
        let (octets, index, epoch) = opened.ok_or(refusal.unwrap_or(UnprotectError::UnknownMki))?;
        take_rtcp(self.heard(ssrc, epoch), index, epoch);
        Ok(octets)
    }

    /// Opens many SRTP packets: row after row of `stride` octets in `rows`, each as long as `lengths` says, and then as
    /// long as it says afterwards; 0 where it was refused. Returns how many were.
    ///
    /// # Panics
    /// If there are fewer rows than lengths.
    pub fn unprotect_rtp_rows(
        &mut self,
        rows: &mut [u8],
        stride: usize,
        lengths: &mut [usize],
    ) -> usize {
        assert!(
            rows.len() >= stride * lengths.len(),
            "a row for each length"
        );
        let mut row = 0;
        let mut refused = 0;
        while row < lengths.len() {
            let end = lengths.len().min(row + GROUP);
            let count = self.open_group(&mut rows[row * stride..], stride, &mut lengths[row..end]);
            row += count;
            if let Some(length) = lengths.get_mut(row)
                && count < GROUP
            {
                // The first of a source, of new keys, or none at all: looked at by itself.
                *length = self.open_row(&mut rows[row * stride..][..stride], *length);
                row += 1;
            }
        }
        for length in &*lengths {
            refused += usize::from(*length == 0);
        }
        refused
    }

    /// Opens the rows up to the first that does not simply go on with a stream; returns how many those were.
    fn open_group(&mut self, rows: &mut [u8], stride: usize, lengths: &mut [usize]) -> usize {
        let mut packets = [InBuffer::default(); GROUP];
        let mut count = 0;
        for (row, octets) in lengths.iter().enumerate() {
            let Some(packet) = rows[row * stride..][..stride].get(..*octets) else {
                break;
            };
            let Some((header, end, at)) = self.continued(packet) else {
                break;
            };
            let begin = row * stride;
            packets[count] = InBuffer {
                begin,
                header,
                end: begin + end,
                at,
            };
            count += 1;
        }
        let newest = &self.key_sets[0];
        let genuine = newest.keys[0]
            .rtp
            .open_rtp_all(rows, &packets[..count], newest.mki_octets);
        for (row, it) in packets[..count].iter().enumerate() {
            lengths[row] = if !genuine[row] {
                // By itself it may still be: of other keys, or after a jump within these rows.
                self.open_row(&mut rows[it.begin..][..stride], lengths[row])
            } else if let Some(stream) = self.streams.find(it.at.ssrc)
                && stream.rtp.judge(it.at.index).is_ok()
            {
                stream.rtp.take(it.at.index);
                self.is_newest_heard = true;
                it.end - it.begin
            } else {
                0 // it stood twice in these rows
            };
        }
        count
    }

    fn open_row(&mut self, row: &mut [u8], octets: usize) -> usize {
        let packet = row.get_mut(..octets);
        packet.map_or(0, |packet| self.unprotect_rtp(packet).unwrap_or(0))
    }

    /// Where a sealed packet stands that goes on with a stream of the newest keys, the only ones of their set: its
    /// header's length, where its payload ends, and its place. None: there may be more to it.
    fn continued(&mut self, packet: &[u8]) -> Option<(usize, usize, Place)> {
        let newest = &self.key_sets[0];
        let [keys] = &newest.keys[..] else {
            return None;
        };
        let (header, sequence, ssrc) = rtp_place(packet)?;
        let sealing = keys.rtp.tag_octets() + newest.mki_octets;
        let end = packet.len().checked_sub(sealing)?;
        if end < header || newest.find(packet, |keys| &keys.rtp).is_none() {
            return None;
        }
        let stream = self.streams.find(ssrc)?;
        if stream.rtp_epoch != newest.epoch {
            return None;
        }
        let index = nearest(stream.rtp.highest()?, sequence)?;
        stream.rtp.judge(index).ok()?;
        Some((header, end, Place { ssrc, index }))
    }

    /// How far each source is.
    pub fn streams(&self) -> impl Iterator<Item = StreamState> + '_ {
        self.streams.states()
    }

    /// Goes on where a source was elsewhere, and takes nothing again; false when there are too many.
    pub fn restore(&mut self, state: StreamState) -> bool {
        self.streams.restore(state, self.key_sets[0].epoch)
    }

    /// A packet of this source was genuine: only now does it have a place here (RFC 3711 3.3).
    fn heard(&mut self, ssrc: Ssrc, epoch: u64) -> &mut Stream {
        if epoch == self.key_sets[0].epoch && !self.is_newest_heard {
            self.is_newest_heard = true;
        }
        let stream = self.streams.find_or_add(ssrc, epoch);
        stream.expect("known() saw that there is room")
    }
}

impl fmt::Debug for Unprotector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unprotector")
            .field("streams", &self.streams)
            .finish_non_exhaustive()
    }
}

impl KeySet {
    fn new(keys: &[MasterKey], epoch: u64) -> Result<KeySet, KeyError> {
        let first = keys.first().ok_or(KeyError::Unlike)?;
        for (index, key) in keys.iter().enumerate() {
            let is_like = key.suite() == first.suite() && key.mki().len() == first.mki().len();
            if !is_like || keys[..index].iter().any(|other| other.mki() == key.mki()) {
                return Err(KeyError::Unlike);
            }
        }
        let expand = |key: &MasterKey| Keys {
            mki: key.mki().into(),
            rtp: Transform::new(key, Usage::Rtp),
            rtcp: Transform::new(key, Usage::Rtcp),
        };
        Ok(KeySet {
            keys: keys.iter().map(expand).collect(),
            mki_octets: first.mki().len(),
            epoch,
        })
    }

    /// The keys that the packet names, or the only ones.
    fn find(&self, packet: &[u8], transform: impl Fn(&Keys) -> &Transform) -> Option<&Keys> {
        if self.mki_octets == 0 {
            return self.keys.first();
        }
        let named = transform(self.keys.first()?).mki(packet, self.mki_octets)?;
        self.keys.iter().find(|keys| *keys.mki == *named)
    }

    /// Where an RTP packet may stand, the likeliest first.
    fn guesses(&self, stream: Option<&Stream>, sequence: u16) -> [Option<Guess>; 2] {
        let lap = |roll_overs: u64| Some(Guess::Begun(roll_overs << 16 | u64::from(sequence)));
        let Some((stream, highest)) = stream.and_then(|it| Some((it, it.rtp.highest()?))) else {
            // Its first packets may have been lost just before it began the second lap.
            return [lap(0), lap(1)];
        };
        let continued = nearest(highest, sequence);
        match self.epoch.cmp(&stream.rtp_epoch) {
            Ordering::Equal => [continued.map(Guess::Continued), None],
            // RFC 3711 3.3.1 forbids it, yet there are senders that count laps anew with a new key.
            Ordering::Greater => [continued.map(Guess::Continued), lap(0)],
            Ordering::Less => {
                let from_before = continued.filter(|index| *index < stream.rtp_epoch_began_at);
                [from_before.map(Guess::Continued), None]
            }
        }
    }
}

impl Guess {
    fn index(self) -> u64 {
        match self {
            Guess::Continued(index) | Guess::Begun(index) => index,
        }
    }

    fn is_new_to(self, stream: &Stream) -> bool {
        match self {
            Guess::Continued(index) => stream.rtp.judge(index).is_ok(),
            Guess::Begun(_) => true,
        }
    }
}

/// The source of a packet, if it was heard before; an error where a new one would have no place.
fn known(streams: &mut Streams, ssrc: Ssrc) -> Result<Option<&Stream>, UnprotectError> {
    let has_room = streams.has_room();
    match streams.find(ssrc) {
        Some(stream) => Ok(Some(stream)),
        None if has_room => Ok(None),
        None => Err(UnprotectError::TooManySsrcs),
    }
}

fn take_rtp(stream: &mut Stream, guess: Guess, epoch: u64) {
    match guess {
        Guess::Continued(index) => {
            if epoch > stream.rtp_epoch {
                stream.rtp_epoch = epoch;
                stream.rtp_epoch_began_at = index;
            }
            stream.rtp.take(index);
        }
        Guess::Begun(index) => {
            // Nothing that lies before it belongs to it: older keys are good for no more of its packets.
            stream.rtp_epoch = epoch;
            stream.rtp_epoch_began_at = 0;
            stream.rtp = ReplayWindow::default();
            stream.rtp.take(index);
        }
    }
}

fn take_rtcp(stream: &mut Stream, index: u64, epoch: u64) {
    if epoch > stream.rtcp_epoch {
        // What is numbered anew is no replay: no packet of other keys opens with these.
        stream.rtcp_epoch = epoch;
        stream.rtcp = ReplayWindow::default();
    }
    stream.rtcp.take(index);
}
