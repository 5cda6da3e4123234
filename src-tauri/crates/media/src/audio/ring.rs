//! A lock-free ring of samples between one writer and one reader.
//!
//! Samples are kept as the bits of an atomic integer: a plain store on every machine, and no
//! `unsafe`. Neither side ever waits, allocates or locks, so both may be a real-time thread.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

/// Samples in a ring: 0.68 s at 48 kHz; a power of two.
const CAPACITY: usize = 1 << 15;

/// One thread may write and one may read at the same time.
#[derive(Debug)]
pub(crate) struct SampleRing {
    samples: Box<[AtomicU32]>,
    /// Samples ever written; only the writer changes it.
    written: AtomicUsize,
    /// Samples ever read; only the reader changes it.
    read: AtomicUsize,
}

impl SampleRing {
    pub(crate) fn new() -> SampleRing {
        SampleRing {
            samples: (0..CAPACITY).map(|_| AtomicU32::new(0)).collect(),
            written: AtomicUsize::new(0),
            read: AtomicUsize::new(0),
        }
    }

    /// Samples that wait to be read.
    pub(crate) fn len(&self) -> usize {
        let read = self.read.load(Ordering::Acquire);
        self.written
            .load(Ordering::Acquire)
            .wrapping_sub(read)
            .min(CAPACITY)
    }

    /// Writes as many as fit; returns how many did.
    pub(crate) fn write(&self, samples: impl Iterator<Item = f32>) -> usize {
        let written = self.written.load(Ordering::Relaxed);
        let read = self.read.load(Ordering::Acquire);
        let room = CAPACITY - written.wrapping_sub(read);
        let mut count = 0;
        for sample in samples.take(room) {
            let place = written.wrapping_add(count) & (CAPACITY - 1);
            self.samples[place].store(sample.to_bits(), Ordering::Relaxed);
            count += 1;
        }
        self.written
            .store(written.wrapping_add(count), Ordering::Release);
        count
    }

    /// Passes the oldest samples, `most` at most, to a closure; returns how many there were.
    pub(crate) fn read(&self, most: usize, mut take: impl FnMut(f32)) -> usize {
        let read = self.read.load(Ordering::Relaxed);
        let written = self.written.load(Ordering::Acquire);
        let count = written.wrapping_sub(read).min(most);
        for offset in 0..count {
            let place = read.wrapping_add(offset) & (CAPACITY - 1);
            take(f32::from_bits(self.samples[place].load(Ordering::Relaxed)));
        }
        self.read.store(read.wrapping_add(count), Ordering::Release);
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_ring_takes_no_more_and_loses_nothing() {
        let ring = SampleRing::new();
        let offered = CAPACITY + 10;
        assert_eq!(ring.write((0..offered).map(|i| i as f32)), CAPACITY);
        let mut expected = 0.0;
        assert_eq!(
            ring.read(100, |sample| {
                assert_eq!(sample, expected);
                expected += 1.0;
            }),
            100
        );
        assert_eq!(ring.write((0..200).map(|i| (CAPACITY + i) as f32)), 100);
        assert_eq!(ring.len(), CAPACITY);
        ring.read(usize::MAX, |sample| {
            assert_eq!(sample, expected);
            expected += 1.0;
        });
        assert_eq!(ring.len(), 0);
    }

    #[test]
    fn two_threads_see_every_sample_once_and_in_order() {
        let ring = SampleRing::new();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut next = 0_usize;
                while next < 1_000_000 {
                    let from = next;
                    next += ring.write((from..(from + 480).min(1_000_000)).map(|i| i as f32));
                }
            });
            let mut expected = 0_usize;
            while expected < 1_000_000 {
                ring.read(333, |sample| {
                    assert_eq!(sample, expected as f32);
                    expected += 1;
                });
            }
        });
    }
}
