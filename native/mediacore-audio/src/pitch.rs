//! How long a voice's period is: the lag at which samples are most like those before them. Looked for at about 4 or 8 kHz, where
//! pitch lives, then around what was found at the full rate.

use std::ops::RangeInclusive;

use crate::widen::{Kernel, widen};

/// The search for concealment is made at this rate or just above.
const SEARCH_RATE_DIVISOR: usize = 40;

/// The lag within `lags` at which the last `window` samples are most like those before them. `room` is as long as `samples`.
///
/// # Panics
/// If `samples` are fewer than the window and the longest lag.
pub fn lag_before(
    samples: &[f32],
    window: usize,
    lags: RangeInclusive<usize>,
    room: &mut [f32],
) -> usize {
    // The shortest lag is 5 ms: at 8 kHz 40 samples.
    let factor = (lags.start() / SEARCH_RATE_DIVISOR).max(1);
    let search = Search {
        samples,
        window,
        lags,
        factor,
        room,
        place: Place::End,
    };
    widen(search).0
}

/// The lag within `lags` at which the first `window` samples are most like those after them, and how like (-1 to 1), looked for
/// at a rate lower by `factor`. `room` is as long as `samples`.
///
/// # Panics
/// If `samples` are fewer than the window and the longest lag.
pub fn lag_after(
    samples: &[f32],
    window: usize,
    lags: RangeInclusive<usize>,
    factor: usize,
    room: &mut [f32],
) -> (usize, f32) {
    let search = Search {
        samples,
        window,
        lags,
        factor,
        room,
        place: Place::Begin,
    };
    widen(search)
}

/// How alike two pieces of one length are in shape: -1 to 1, and 0 where one is silent.
pub fn likeness(a: &[f32], b: &[f32]) -> f32 {
    let size = dot(a, a) * dot(b, b);
    match size > 0.0 {
        true => dot(a, b) / size.sqrt(),
        false => 0.0,
    }
}

/// Which end of the samples is compared with the rest.
#[derive(Clone, Copy)]
enum Place {
    Begin,
    End,
}

struct Search<'a> {
    samples: &'a [f32],
    window: usize,
    lags: RangeInclusive<usize>,
    factor: usize,
    room: &'a mut [f32],
    place: Place,
}

impl Kernel for Search<'_> {
    type Output = (usize, f32);

    #[inline(always)]
    fn run(self) -> (usize, f32) {
        let (shortest, longest) = (*self.lags.start(), *self.lags.end());
        let (factor, place) = (self.factor, self.place);
        if factor == 1 {
            return best(self.samples, self.window, shortest, longest, place);
        }
        let thinned = thin(self.samples, factor, self.room);
        let coarse = best(
            thinned,
            self.window / factor,
            shortest.div_ceil(factor),
            longest / factor,
            place,
        );
        let around = coarse.0 * factor;
        let from = around.saturating_sub(factor - 1).max(shortest);
        let to = (around + factor - 1).min(longest);
        best(self.samples, self.window, from, to, place)
    }
}

/// Each `factor` samples become their mean: enough of a low pass for what is only compared.
#[inline(always)]
fn thin<'a>(samples: &[f32], factor: usize, room: &'a mut [f32]) -> &'a [f32] {
    // The newest samples are kept whole, the oldest are the ones that do not fill a mean.
    let samples = &samples[samples.len() % factor..];
    let thinned = &mut room[..samples.len() / factor];
    for (mean, piece) in thinned.iter_mut().zip(samples.chunks_exact(factor)) {
        *mean = piece.iter().sum::<f32>() / factor as f32;
    }
    thinned
}

#[inline(always)]
fn best(
    samples: &[f32],
    window: usize,
    shortest: usize,
    longest: usize,
    place: Place,
) -> (usize, f32) {
    let length = samples.len();
    let fixed = match place {
        Place::Begin => &samples[..window],
        Place::End => &samples[length - window..],
    };
    let mut best = (shortest, f32::MIN);
    for lag in shortest..=longest {
        let other = match place {
            Place::Begin => &samples[lag..lag + window],
            Place::End => &samples[length - window - lag..length - lag],
        };
        // The fixed piece's own size is the same for all, and left out until the end.
        let similarity = dot(fixed, other) / dot(other, other).max(1.0).sqrt();
        if similarity > best.1 {
            best = (lag, similarity);
        }
    }
    (best.0, best.1 / dot(fixed, fixed).max(1.0).sqrt())
}

/// Eight sums side by side: floating-point addition may not be reordered by the compiler, so it is written so.
#[inline(always)]
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0; 8];
    let (a, a_rest) = a.as_chunks::<8>();
    let (b, b_rest) = b.as_chunks::<8>();
    for (x, y) in a.iter().zip(b) {
        for lane in 0..8 {
            sums[lane] += x[lane] * y[lane];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(x, y)| x * y).sum();
    sums.iter().sum::<f32>() + rest
}
