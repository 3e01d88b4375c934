//! Draws what the resampler of calls lets through, as measured with sines:
//! `cargo run --release -p mediacore-audio --example resampler_plot > docs/pictures/resampler.svg`.

use std::f64::consts::TAU;
use std::fmt::Write;

use mediacore_audio::LiveResampler;

/// From, to, colour of its line.
const PAIRS: [(u32, u32, &str); 5] = [
    (16_000, 8_000, "#1f6feb"),
    (48_000, 8_000, "#0a7d5a"),
    (48_000, 16_000, "#8250df"),
    (8_000, 16_000, "#d1661f"),
    (8_000, 48_000, "#c2255c"),
];
const AMPLITUDE: f64 = 20_000.0;
/// The picture: 680 by 360, the axes from here, so large.
const LEFT: f64 = 56.0;
const TOP: f64 = 24.0;
const WIDTH: f64 = 420.0;
const HEIGHT: f64 = 280.0;
/// The axes end here: parts of the lower rate's band, and decibels.
const PART_MAX: f64 = 2.0;
const FLOOR_DB: f64 = -90.0;

fn main() {
    let mut svg = String::from(
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 680 360' font-family='sans-serif' font-size='12'>\n\
         <rect width='680' height='360' fill='#fff'/>\n",
    );
    axes(&mut svg);
    for (row, (from, to, colour)) in PAIRS.into_iter().enumerate() {
        let y = TOP + 16.0 + 20.0 * row as f64;
        let what = if from > to {
            "what comes out"
        } else {
            "images"
        };
        line(&mut svg, &curve(from, to), colour);
        let (from, to) = (from / 1_000, to / 1_000);
        let _ = writeln!(
            svg,
            "<text x='490' y='{y}' fill='{colour}'>{from} → {to} kHz: {what}</text>"
        );
    }
    svg.push_str("</svg>\n");
    print!("{svg}");
}

/// For each part of the band: going down, all that comes out; going up, what was not in the input.
fn curve(from: u32, to: u32) -> Vec<(f64, f64)> {
    let band_hz = f64::from(from.min(to)) / 2.0;
    let highest = f64::from(from) / 2.0 / band_hz;
    let parts = (1..400).map(|step| f64::from(step) * 0.005);
    let parts = parts.filter(|part| *part < highest.min(PART_MAX) - 0.004);
    parts
        .map(|part| {
            let out = resampled(part * band_hz, from, to);
            let unwanted = match from > to {
                true => power(&out),
                false => power(&out) - tone_power(&out, part * band_hz, to),
            };
            let db = 10.0
                * (unwanted / (AMPLITUDE * AMPLITUDE / 2.0))
                    .max(1e-12)
                    .log10();
            (part, db)
        })
        .collect()
}

fn resampled(hz: f64, from: u32, to: u32) -> Vec<f64> {
    let sample =
        |place: u32| (AMPLITUDE * (TAU * hz * f64::from(place) / f64::from(from)).sin()) as i16;
    let input: Vec<i16> = (0..from / 5).map(sample).collect();
    let mut out = vec![0; to as usize / 5];
    let mut resampler = LiveResampler::new(from, to).expect("rates of calls");
    resampler.process(&input, &mut out);
    let begin = out.len() / 5;
    out.drain(..begin);
    out.into_iter().map(f64::from).collect()
}

fn power(samples: &[f64]) -> f64 {
    samples.iter().map(|sample| sample * sample).sum::<f64>() / samples.len() as f64
}

/// By least squares: the sine and the cosine are not quite at right angles over a piece of any length.
fn tone_power(samples: &[f64], hz: f64, rate: u32) -> f64 {
    let (mut ss, mut cc, mut sc, mut xs, mut xc) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (place, x) in samples.iter().enumerate() {
        let (s, c) = (TAU * hz * place as f64 / f64::from(rate)).sin_cos();
        (ss, cc, sc) = (ss + s * s, cc + c * c, sc + s * c);
        (xs, xc) = (xs + x * s, xc + x * c);
    }
    let determinant = ss * cc - sc * sc;
    let (a, b) = (
        (xs * cc - xc * sc) / determinant,
        (xc * ss - xs * sc) / determinant,
    );
    (a * xs + b * xc) / samples.len() as f64
}

fn place((part, db): (f64, f64)) -> (f64, f64) {
    let x = LEFT + WIDTH * part / PART_MAX;
    (x, TOP + HEIGHT * db.clamp(FLOOR_DB, 0.0) / FLOOR_DB)
}

fn line(svg: &mut String, points: &[(f64, f64)], colour: &str) {
    svg.push_str("<polyline fill='none' stroke-width='1.2' stroke='");
    svg.push_str(colour);
    svg.push_str("' points='");
    for point in points {
        let (x, y) = place(*point);
        let _ = write!(svg, "{x:.1},{y:.1} ");
    }
    svg.push_str("'/>\n");
}

fn axes(svg: &mut String) {
    for db in (0_i32..=9).map(|tens| f64::from(tens * -10)) {
        let (x, y) = place((0.0, db));
        let (end, colour) = (x + WIDTH, if db == -60.0 { "#d00" } else { "#ddd" });
        let _ = writeln!(svg, "<path d='M{x} {y}H{end}' stroke='{colour}'/>");
        let _ = writeln!(
            svg,
            "<text x='48' y='{}' text-anchor='end'>{db} dB</text>",
            y + 4.0
        );
    }
    for part in [0.0, 0.5, 0.85, 1.0, 1.15, 1.5, 2.0] {
        let (x, y) = place((part, FLOOR_DB));
        let _ = writeln!(svg, "<path d='M{x} {TOP}V{y}' stroke='#ddd'/>");
        let percent = (part * 100.0_f64).round();
        let _ = writeln!(
            svg,
            "<text x='{x}' y='{}' text-anchor='middle'>{percent}</text>",
            y + 16.0
        );
    }
    let (x, y) = (LEFT + WIDTH / 2.0, TOP + HEIGHT + 38.0);
    let _ = writeln!(
        svg,
        "<text x='{x}' y='{y}' text-anchor='middle'>the sine that goes in, percent of the lower rate's band</text>"
    );
}
