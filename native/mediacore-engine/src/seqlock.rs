//! One writer's record, copied out by readers that never make it wait (a sequence lock over atomics).

use std::sync::atomic::{AtomicU64, Ordering, fence};

/// `N` words that a reader sees as they were at one moment.
#[derive(Debug)]
pub struct SeqLock<const N: usize> {
    // Odd while the words are being written.
    version: AtomicU64,
    words: [AtomicU64; N],
}

impl<const N: usize> Default for SeqLock<N> {
    fn default() -> SeqLock<N> {
        SeqLock {
            version: AtomicU64::new(0),
            words: [const { AtomicU64::new(0) }; N],
        }
    }
}

impl<const N: usize> SeqLock<N> {
    /// Replaces all words. One thread at a time: the media thread that owns the leg.
    pub fn write(&self, words: &[u64; N]) {
        let version = self.version.load(Ordering::Relaxed);
        self.version.store(version + 1, Ordering::Relaxed);
        // The odd version is seen before any new word.
        fence(Ordering::Release);
        for (slot, word) in self.words.iter().zip(words) {
            slot.store(*word, Ordering::Relaxed);
        }
        // Every new word is seen before the even version.
        self.version.store(version + 2, Ordering::Release);
    }

    /// All words as of one moment. Tries again while the writer is at it: some tens of nanoseconds.
    pub fn read(&self) -> [u64; N] {
        loop {
            let before = self.version.load(Ordering::Acquire);
            let words = std::array::from_fn(|index| self.words[index].load(Ordering::Relaxed));
            fence(Ordering::Acquire);
            let is_whole =
                before.is_multiple_of(2) && self.version.load(Ordering::Relaxed) == before;
            if is_whole {
                return words;
            }
            std::hint::spin_loop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read() {
        let lock = SeqLock::<3>::default();
        assert_eq!(lock.read(), [0, 0, 0]);
        lock.write(&[1, 2, 3]);
        assert_eq!(lock.read(), [1, 2, 3]);
    }

    #[test]
    fn a_reader_never_sees_half_of_a_write() {
        let lock = SeqLock::<16>::default();
        std::thread::scope(|scope| {
            scope.spawn(|| (0..20_000).for_each(|round| lock.write(&[round; 16])));
            for _ in 0..20_000 {
                let words = lock.read();
                assert!(
                    words.iter().all(|word| *word == words[0]),
                    "torn: {words:?}"
                );
            }
        });
    }
}
