//! The E-model (ITU-T G.107): what loss and delay do to a narrow-band conversation, as R (0 to 100) and MOS (1 to 4.5).
//!
//! Every parameter that a packet network cannot change has the default of G.107 table 2 (loudness, noise, echo of a
//! good telephone); loss, burstiness, one-way delay and the codec are given. Without any of these R is 93.2 and MOS 4.41.

/// Basic signal-to-noise ratio, Ro, with the defaults of G.107 table 2.
const RO: f64 = 94.768_8;
/// Simultaneous impairments, Is, with the defaults: side tone, loudness, quantisation.
const IS: f64 = 1.413_6;
/// No in dBm0p and RLR in dB with the defaults; Roe of equation (7-20) is -1.5 (No - RLR).
const ROE: f64 = -1.5 * (-61.179_2 - 2.0);
/// Talker echo loudness rating, dB: what comes back of one's own voice from the far telephone.
const TELR_DB: f64 = 65.0;
/// Weighted echo path loss, dB: for echo of echo.
const WEPL_DB: f64 = 110.0;

/// How a codec takes loss (ITU-T G.113 appendix I).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CodecQuality {
    /// Equipment impairment without loss, Ie.
    pub ie: f64,
    /// Packet-loss robustness, Bpl.
    pub bpl: f64,
}

impl CodecQuality {
    /// G.711 with the concealment of its appendix I.
    pub const G711_CONCEALED: Self = Self { ie: 0.0, bpl: 25.1 };
    /// G.711 with silence for lost packets.
    pub const G711_PLAIN: Self = Self { ie: 0.0, bpl: 4.3 };
}

/// What one direction of a call met.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Path {
    /// Mouth to ear, milliseconds: network, jitter buffer, packet and frame.
    pub one_way_delay_ms: f64,
    /// Packets that were not played, 0 to 1: lost, or too late.
    pub lost_ratio: f64,
    /// Mean length of a run of losses over that of random loss; 1 is random.
    pub burst_ratio: f64,
    /// What decodes it.
    pub codec: CodecQuality,
}

impl Path {
    /// The transmission rating R, 0 to 93.2.
    pub fn rating(&self) -> f64 {
        (RO - IS - self.delay_impairment() - self.effective_equipment_impairment())
            .clamp(0.0, 100.0)
    }

    /// The mean opinion score, 1 to 4.5.
    pub fn mos(&self) -> f64 {
        mos(self.rating())
    }

    /// Ie-eff, equation (7-29).
    fn effective_equipment_impairment(&self) -> f64 {
        let lost_percent = self.lost_ratio.clamp(0.0, 1.0) * 100.0;
        if lost_percent == 0.0 {
            return self.codec.ie;
        }
        let burst_ratio = self.burst_ratio.max(1.0);
        self.codec.ie
            + (95.0 - self.codec.ie) * lost_percent / (lost_percent / burst_ratio + self.codec.bpl)
    }

    /// Id, equation (7-18): echo of one's own voice, echo of echo, and absolute delay.
    fn delay_impairment(&self) -> f64 {
        let delay_ms = self.one_way_delay_ms.clamp(0.0, 10_000.0);
        talker_echo(delay_ms) + listener_echo(2.0 * delay_ms) + absolute_delay(delay_ms)
    }
}

/// MOS of a conversation rated `r` (ITU-T G.107 annex B).
pub fn mos(r: f64) -> f64 {
    let r = r.clamp(0.0, 100.0);
    // The cubic dips below 1 for small R; no listener can answer that.
    (1.0 + 0.035 * r + r * (r - 60.0) * (100.0 - r) * 7e-6).clamp(1.0, 4.5)
}

/// Idte, equations (7-19) to (7-23).
fn talker_echo(delay_ms: f64) -> f64 {
    let terv = TELR_DB - 40.0 * ((1.0 + delay_ms / 10.0) / (1.0 + delay_ms / 150.0)).log10()
        + 6.0 * (-0.3 * delay_ms * delay_ms).exp();
    let re = 80.0 + 2.5 * (terv - 14.0);
    let half = (ROE - re) / 2.0;
    (half + (half * half + 100.0).sqrt() - 1.0) * (1.0 - (-delay_ms).exp())
}

/// Idle, equations (7-24) and (7-25).
fn listener_echo(round_trip_ms: f64) -> f64 {
    let rle = 10.5 * (WEPL_DB + 7.0) * (round_trip_ms + 1.0).powf(-0.25);
    let half = (RO - rle) / 2.0;
    half + (half * half + 169.0).sqrt()
}

/// Idd, equations (7-26) and (7-27).
fn absolute_delay(delay_ms: f64) -> f64 {
    if delay_ms <= 100.0 {
        return 0.0;
    }
    let x = (delay_ms / 100.0).log2();
    25.0 * ((1.0 + x.powi(6)).powf(1.0 / 6.0) - 3.0 * (1.0 + (x / 3.0).powi(6)).powf(1.0 / 6.0)
        + 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERFECT: Path = Path {
        one_way_delay_ms: 0.0,
        lost_ratio: 0.0,
        burst_ratio: 1.0,
        codec: CodecQuality::G711_CONCEALED,
    };

    fn assert_near(value: f64, expected: f64, tolerance: f64) {
        assert!(
            (value - expected).abs() <= tolerance,
            "{value} instead of {expected}"
        );
    }

    #[test]
    fn the_defaults_give_what_g107_says() {
        assert_near(PERFECT.rating(), 93.2, 0.05);
        assert_near(PERFECT.mos(), 4.41, 0.005);
    }

    #[test]
    fn mos_of_r_is_table_b1_of_g107() {
        for (r, expected) in [
            (90.0, 4.34),
            (80.0, 4.03),
            (70.0, 3.60),
            (60.0, 3.10),
            (50.0, 2.58),
        ] {
            assert_near(mos(r), expected, 0.01);
        }
        assert_eq!(
            (mos(0.0), mos(-5.0), mos(5.0), mos(100.0)),
            (1.0, 1.0, 1.0, 4.5)
        );
    }

    #[test]
    fn loss_costs_what_bpl_says() {
        // Ie-eff for random loss: 95 Ppl / (Ppl + Bpl).
        let table = [
            (0.01, 3.64, 17.92),
            (0.02, 7.01, 30.16),
            (0.05, 15.78, 51.08),
            (0.2, 42.13, 78.19),
        ];
        for (lost_ratio, concealed, plain) in table {
            let lossy = Path {
                lost_ratio,
                ..PERFECT
            };
            assert_near(PERFECT.rating() - lossy.rating(), concealed, 0.01);
            let plain_path = Path {
                codec: CodecQuality::G711_PLAIN,
                ..lossy
            };
            assert_near(PERFECT.rating() - plain_path.rating(), plain, 0.01);
        }
    }

    #[test]
    fn losses_in_bursts_cost_more() {
        let random = Path {
            lost_ratio: 0.03,
            ..PERFECT
        };
        let bursts = Path {
            burst_ratio: 2.0,
            ..random
        };
        assert!(bursts.rating() < random.rating() - 0.5);
    }

    #[test]
    fn delay_costs_as_cole_and_rosenbluth_found() {
        // "Voice over IP performance monitoring" (2001): two straight lines fitted to the E-model with these defaults. Beyond
        // 300 ms its curve leaves them.
        for delay_ms in [20.0, 50.0, 100.0, 150.0, 200.0, 250.0, 300.0] {
            let knee = if delay_ms > 177.3 {
                0.11 * (delay_ms - 177.3)
            } else {
                0.0
            };
            let late = Path {
                one_way_delay_ms: delay_ms,
                ..PERFECT
            };
            assert_near(
                PERFECT.rating() - late.rating(),
                0.024 * delay_ms + knee,
                1.7,
            );
        }
    }

    #[test]
    fn more_of_anything_bad_is_never_better() {
        let rating = |one_way_delay_ms, lost_ratio| {
            Path {
                one_way_delay_ms,
                lost_ratio,
                ..PERFECT
            }
            .rating()
        };
        for step in 0..100 {
            let (n, next) = (f64::from(step), f64::from(step + 1));
            assert!(
                rating(n * 10.0, 0.0) >= rating(next * 10.0, 0.0),
                "delay {n}"
            );
            assert!(
                rating(0.0, n / 100.0) >= rating(0.0, next / 100.0),
                "loss {n} %"
            );
        }
    }

    #[test]
    fn nonsense_in_gives_a_number_out() {
        for bad in [-1.0, 1e9, f64::INFINITY, f64::NEG_INFINITY] {
            let path = Path {
                one_way_delay_ms: bad,
                lost_ratio: bad,
                burst_ratio: bad,
                ..PERFECT
            };
            assert!((1.0..=4.5).contains(&path.mos()), "{bad}");
        }
    }
}
