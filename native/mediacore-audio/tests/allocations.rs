//! Nothing on a call's way allocates: counted while every kernel works, after all of them were made.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use mediacore_audio::codec::opus::OpusParams;
use mediacore_audio::{
    CodecKind, DecoderParams, EncoderParams, LIVE_RATES_HZ, LiveResampler, NoiseGenerator,
    SilenceSuppressor, TimeStretch,
};

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: everything is left to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: as the caller promised.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as the caller promised.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// How often `work` allocated.
fn allocations(work: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.get();
    work();
    ALLOCATIONS.get() - before
}

#[test]
fn the_count_counts() {
    assert_eq!(allocations(|| drop(Box::new(1))), 1);
}

#[test]
fn no_codec_allocates_once_it_is_made() {
    let l16 = CodecKind::L16 {
        sample_rate_hz: 48_000,
        channels: 2,
    };
    for kind in [
        CodecKind::Pcmu,
        CodecKind::Pcma,
        CodecKind::G722,
        l16,
        CodecKind::Opus,
    ] {
        let mut encoder = kind
            .encoder(&EncoderParams::of(kind))
            .expect("its own rate");
        let other = encoder.clone();
        let mut decoder = kind
            .decoder(&DecoderParams::of(kind))
            .expect("its own rate");
        let samples = kind.sample_rate_hz() as usize / 50 * usize::from(kind.channels());
        let (mut frame, mut payload) = (vec![500; samples], vec![0; kind.octets_max(samples)]);
        let count = allocations(|| {
            for _ in 0..20 {
                let octets = encoder.encode(&frame, &mut payload).expect("a frame");
                decoder
                    .decode(&payload[..octets], &mut frame)
                    .expect("its own");
                decoder.conceal(&mut frame);
                decoder.recover(&payload[..octets], &mut frame);
                decoder.splice();
            }
            encoder.retune(&OpusParams::default()).expect("it runs on");
            encoder.copy_state_from(&other).expect("the same codec");
            encoder.reset();
            decoder.reset();
        });
        assert_eq!(count, 0, "{kind}");
    }
}

#[test]
fn no_kernel_allocates_once_it_is_made() {
    let mut out = vec![0; 6_000];
    for from in LIVE_RATES_HZ {
        for to in LIVE_RATES_HZ {
            let mut resampler = LiveResampler::new(from, to).expect("rates of calls");
            let frame = vec![500; from as usize / 50];
            let count = allocations(|| {
                resampler.process(&frame, &mut out);
            });
            assert_eq!(count, 0, "{from} to {to} Hz");
        }
        let mut stretch = TimeStretch::new(from);
        let mut suppressor = SilenceSuppressor::new(from);
        let mut noise = NoiseGenerator::new(1);
        let mut piece = vec![500; from as usize * 3 / 100];
        let mut payload = [0; 11];
        let count = allocations(|| {
            stretch.expand(&piece, -60.0, &mut out);
            stretch.accelerate(&mut piece, -60.0);
            suppressor.receive(&piece, &mut payload);
            noise.receive(&payload);
            noise.fill(&mut piece);
        });
        assert_eq!(count, 0, "{from} Hz");
    }
}
