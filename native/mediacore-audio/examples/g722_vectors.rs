//! The ITU's digital test sequences for G.722 (appendix II) through the band coders, which they drive directly:
//! `cargo run --release -p mediacore-audio --example g722_vectors FOLDER`.
//!
//! They come with the ITU's software tools (G.191), under a licence that keeps them out of this repository: the folder has
//! `bt1c1.xmt` to `bt3h3.rc0`, little-endian. A word holds 15 bits above a bit that resets the coder.

use std::error::Error;
use std::path::Path;

use mediacore_audio::codec::g722::band::{HighBand, LowBand};

/// Input of the encoder, and the codes that it makes.
const ENCODED: [(&str, &str); 2] = [("bt1c1.xmt", "bt2r1.cod"), ("bt1c2.xmt", "bt2r2.cod")];
/// Codes, and what the lower and the higher band make of them.
const DECODED: [(&str, &str, &str); 3] = [
    ("bt2r1.cod", "bt3l1.rc1", "bt3h1.rc0"),
    ("bt2r2.cod", "bt3l2.rc1", "bt3h2.rc0"),
    ("bt1d3.cod", "bt3l3.rc1", "bt3h3.rc0"),
];

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args()
        .nth(1)
        .ok_or("usage: g722_vectors FOLDER")?;
    let read = |name: &str| words(&Path::new(&folder).join(name));
    let mut wrong = 0;
    for (input, codes) in ENCODED {
        wrong += report(codes, &encoded(&read(input)?), &read(codes)?);
    }
    for (codes, low, high) in DECODED {
        let (lows, highs) = decoded(&read(codes)?);
        wrong += report(low, &lows, &read(low)?);
        wrong += report(high, &highs, &read(high)?);
    }
    match wrong {
        0 => Ok(()),
        _ => Err(format!("{wrong} words differ").into()),
    }
}

/// A word that resets is answered by one that does.
fn encoded(input: &[i16]) -> Vec<i16> {
    let (mut low, mut high) = (LowBand::default(), HighBand::default());
    let code = |word: &i16| match word & 1 {
        1 => {
            (low, high) = (LowBand::default(), HighBand::default());
            1
        }
        _ => {
            let sample = i32::from(*word >> 1);
            i16::from_be_bytes([high.encode(sample) << 6 | low.encode(sample), 0])
        }
    };
    input.iter().map(code).collect()
}

fn decoded(codes: &[i16]) -> (Vec<i16>, Vec<i16>) {
    let (mut low, mut high) = (LowBand::default(), HighBand::default());
    let sample = |word: &i16| match word & 1 {
        1 => {
            (low, high) = (LowBand::default(), HighBand::default());
            (1, 1)
        }
        _ => {
            let code = word.to_be_bytes()[0];
            let up = |sample: i32| (sample << 1) as i16;
            (up(low.decode(code)), up(high.decode(code >> 6)))
        }
    };
    codes.iter().map(sample).unzip()
}

fn report(name: &str, ours: &[i16], theirs: &[i16]) -> usize {
    let differ = |(ours, theirs): &(&i16, &i16)| ours != theirs;
    let wrong = ours.iter().zip(theirs).filter(differ).count();
    println!("{name}: {} words, {wrong} differ", theirs.len());
    wrong + ours.len().abs_diff(theirs.len())
}

fn words(path: &Path) -> Result<Vec<i16>, Box<dyn Error>> {
    let octets = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let pairs = octets.as_chunks::<2>().0;
    Ok(pairs.iter().map(|pair| i16::from_le_bytes(*pair)).collect())
}
