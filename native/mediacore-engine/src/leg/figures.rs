//! What a leg shows of itself: one row, left under a sequence lock.

use std::time::Duration;

use mediacore_rtp::rtcp::VoipMetrics;

use super::Leg;
use crate::decoder::Decoder;
use crate::format::{PCMA, PCMU};

/// Speech in a packet, for the length of bursts and gaps.
const PACKET_MS: f64 = 20.0;

/// What a full-scale sine is in µ-law (ITU-T G.711; three hundredths less in A-law).
const FULL_SCALE_DBM0: f64 = 3.17;

/// Concealment as our extended reports name it: better than repeating packets.
const ENHANCED: u8 = 3;

/// Sums over the lives of decoders: one exists only while audio is needed.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Played {
    late: u64,
    played_ms: f64,
    concealed_ms: f64,
    recovered: u64,
    pub codec_changes: u64,
    shortened_ms: f64,
    lengthened_ms: f64,
}

impl Played {
    pub fn add(&mut self, decoder: &Decoder) {
        let stats = decoder.stats();
        self.recovered += decoder.recovered_packets();
        self.codec_changes += decoder.codec_changes();
        self.late += stats.late;
        let concealed_ms = stats.concealed_ms + stats.missing_ms;
        self.played_ms += stats.played_ms + concealed_ms;
        self.concealed_ms += concealed_ms;
        self.shortened_ms += stats.shortened_ms;
        self.lengthened_ms += stats.lengthened_ms;
    }
}

impl Leg {
    /// Leaves the newest figures where everybody finds them.
    pub fn publish(&mut self, now: Duration) {
        self.is_dirty = false;
        self.measure(now);
        self.cell.write(&self.stats.to_words());
    }

    fn measure(&mut self, now: Duration) {
        let stats = &mut self.stats;
        stats.measured_at_s = now.as_secs_f64();
        stats.age_s = now.saturating_sub(self.opened_at).as_secs_f64();
        stats.flags = u64::from(self.params.direction.sends())
            | u64::from(self.params.direction.receives()) << 1
            | u64::from(self.mutes.send) << 2
            | u64::from(self.mutes.receive) << 3
            | u64::from(self.params.remote.is_some()) << 4
            | u64::from(self.seat.is_some()) << 5
            | u64::from(self.is_talking) << 6
            | u64::from(self.transport.is_authenticated()) << 7
            | u64::from(self.incoming.is_comfort_noise) << 8;
        let remote = self.incoming.latch.destination();
        stats.set_remote(remote);
        stats.is_latched = u64::from(self.incoming.latch.latched().is_some());
        stats.silent_ms = self
            .incoming
            .silence(now)
            .map_or(f64::NAN, |silence| silence.as_secs_f64() * 1000.0);
        self.measure_received();
        self.measure_sent();
    }

    fn measure_received(&mut self) {
        let stats = &mut self.stats;
        let received = self.incoming.receiver.stats();
        stats.receive_packets = received.packets;
        stats.receive_octets = received.octets;
        stats.receive_lost = received.lost;
        stats.receive_lost_ratio = received.lost_ratio;
        stats.receive_burst_ratio = received.burst_ratio;
        stats.receive_burst_density = received.bursts.burst_density;
        stats.receive_gap_density = received.bursts.gap_density;
        stats.receive_burst_ms = received.bursts.burst_packets * PACKET_MS;
        stats.receive_gap_ms = received.bursts.gap_packets * PACKET_MS;
        stats.receive_jitter_ms = received.jitter_ms;
        stats.receive_duplicates = received.duplicates;
        stats.receive_reordered = received.reordered;
        stats.receive_ssrc_changes = received.ssrc_changes;
        stats.receive_digits = self.digits.heard.pressed() + self.digits.heard_otherwise;
        stats.receive_digits_refused = self.digits.heard.refused();
        let mut sum = self.played;
        if let Some(decoder) = &self.decoder {
            sum.add(decoder);
            let played = decoder.stats();
            stats.buffer_ms = played.target_ms;
            stats.playout_delay_ms = played.delay_ms;
        }
        stats.receive_late = sum.late;
        stats.receive_recovered = sum.recovered;
        stats.receive_codec_changes = sum.codec_changes;
        stats.played_ms = sum.played_ms;
        stats.concealed_ms = sum.concealed_ms;
        stats.shortened_ms = sum.shortened_ms;
        stats.lengthened_ms = sum.lengthened_ms;
    }

    fn measure_sent(&mut self) {
        let stats = &mut self.stats;
        let sent = self.outgoing.sender.state();
        stats.send_packets = sent.packets;
        stats.send_octets = sent.octets;
        if let Some(report) = self.reporter.peer_report() {
            stats.send_lost = u64::try_from(report.cumulative_lost).unwrap_or(0);
            stats.send_lost_ratio = report.lost_ratio;
            stats.send_jitter_ms = report.jitter_ms;
            stats.rtt_ms = report
                .round_trip
                .map_or(f64::NAN, |trip| trip.as_secs_f64() * 1000.0);
        }
        if let Some(metrics) = self.reporter.peer_metrics() {
            stats.send_discarded_ratio = metrics.discarded_ratio;
            stats.send_burst_density = metrics.burst_density;
            stats.send_reported_mos = metrics.mos_conversation.unwrap_or(f64::NAN);
        }
    }

    /// What our next extended report says of the peer's stream; none before its first packet.
    pub(super) fn voip_metrics(&mut self, now: Duration) -> Option<VoipMetrics> {
        let ssrc = self.incoming.receiver.ssrc()?;
        self.measure(now);
        let stats = &self.stats;
        // The E-model has figures for G.711 here; of other codecs nothing is said.
        let is_scored = self
            .incoming
            .codec
            .is_some_and(|codec| codec == PCMU || codec == PCMA);
        let expected = stats.receive_packets + stats.receive_lost;
        let level = stats.receive_level_dbfs + FULL_SCALE_DBM0;
        Some(VoipMetrics {
            ssrc,
            lost_ratio: stats.receive_lost_ratio,
            discarded_ratio: stats.receive_late as f64 / expected.max(1) as f64,
            burst_density: stats.receive_burst_density,
            gap_density: stats.receive_gap_density,
            // Float-to-integer casts saturate, and make 0 of what is not known.
            burst_ms: stats.receive_burst_ms as u16,
            gap_ms: stats.receive_gap_ms as u16,
            round_trip_ms: stats.rtt_ms as u16,
            end_system_ms: (PACKET_MS + stats.buffer_ms.max(0.0)) as u16,
            signal_dbm0: (!level.is_nan()).then_some(level as i8),
            noise_dbm0: None,
            rating: is_scored.then(|| stats.rating() as u8),
            mos_listening: None,
            mos_conversation: is_scored.then(|| stats.mos()),
            concealment: if self.decoder.is_some() { ENHANCED } else { 0 },
            is_buffer_adaptive: true,
            buffer_ms: stats.buffer_ms as u16,
            buffer_max_ms: stats.buffer_ms as u16,
            buffer_limit_ms: 0,
        })
    }
}
