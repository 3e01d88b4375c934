//! `LegParams`: an agreement, checked and converted once.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use mediacore_engine::{CodecBook, DigitUse, Format, Formats, OpusParams, Rate, SrtpParams};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::srtp::{KeyText, bad_key, master_key, master_keys};

/// Payload type, codec as NAME/RATE or NAME/RATE/CHANNELS, RTP clock.
type FormatText = (u8, String, u32);

/// Bits per second, complexity, FEC, DTX, constant bit rate, highest sample rate.
type OpusWishes = (u32, u8, bool, bool, bool, u32);

/// What was agreed for a leg.
#[pyclass(frozen, module = "mediacore._native")]
pub struct LegParams {
    params: mediacore_engine::LegParams,
    formats: Vec<FormatText>,
    receive_formats: Vec<FormatText>,
}

#[pymethods]
impl LegParams {
    #[new]
    #[pyo3(signature = (*, remote, remote_rtcp, signalling_host, accept_any_source, formats, receive_formats, direction, ptime_ms,
        opus, rtcp_mux, srtp, send_silence, media_timeout_s, report_every_ms, in_band_digits, hide_digits))]
    #[expect(
        clippy::too_many_arguments,
        reason = "one for each field, all by keyword"
    )]
    fn new(
        remote: Option<(String, u16)>,
        remote_rtcp: Option<(String, u16)>,
        signalling_host: Option<String>,
        accept_any_source: bool,
        formats: Vec<FormatText>,
        receive_formats: Vec<FormatText>,
        direction: &str,
        ptime_ms: u32,
        opus: OpusWishes,
        rtcp_mux: bool,
        srtp: Option<(KeyText, Vec<KeyText>)>,
        send_silence: bool,
        media_timeout_s: Option<f64>,
        report_every_ms: Option<u32>,
        in_band_digits: bool,
        hide_digits: bool,
    ) -> PyResult<LegParams> {
        let (bitrate_bps, complexity, fec, dtx, constant_bitrate, opus_rate_hz) = opus;
        let media_timeout = media_timeout_s.map(Duration::try_from_secs_f64).transpose();
        let params = mediacore_engine::LegParams {
            remote: remote.map(socket_address).transpose()?,
            remote_rtcp: remote_rtcp.map(socket_address).transpose()?,
            signalling_host: signalling_host.as_deref().map(host).transpose()?,
            accept_any_source,
            formats: Formats::default(),
            receive_formats: Formats::default(),
            direction: direction
                .parse()
                .map_err(|()| PyValueError::new_err(format!("no direction {direction:?}")))?,
            ptime_ms,
            opus: OpusParams {
                bitrate_bps,
                complexity,
                fec,
                dtx,
                constant_bitrate,
                ..OpusParams::default()
            },
            opus_rate: Rate::of_hz(opus_rate_hz)
                .ok_or_else(|| PyValueError::new_err(format!("no rate of ours: {opus_rate_hz}")))?,
            rtcp_mux,
            srtp: srtp.map(keys).transpose()?,
            send_silence,
            media_timeout: media_timeout
                .map_err(|error| PyValueError::new_err(error.to_string()))?,
            report_every: report_every_ms.map(|ms| Duration::from_millis(ms.into())),
            digits: DigitUse {
                in_band: in_band_digits,
                hidden: hide_digits,
            },
        };
        Ok(LegParams {
            params,
            formats,
            receive_formats,
        })
    }
}

impl LegParams {
    /// With the codecs numbered by one engine's book.
    pub fn numbered(&self, book: &CodecBook) -> PyResult<mediacore_engine::LegParams> {
        Ok(mediacore_engine::LegParams {
            formats: numbered(&self.formats, book)?,
            receive_formats: numbered(&self.receive_formats, book)?,
            ..self.params.clone()
        })
    }
}

fn numbered(formats: &[FormatText], book: &CodecBook) -> PyResult<Formats> {
    formats
        .iter()
        .map(|format| number(format, book))
        .collect::<PyResult<Vec<Format>>>()
        .map(Formats::new)
}

fn number((payload_type, name, clock_rate_hz): &FormatText, book: &CodecBook) -> PyResult<Format> {
    if *payload_type > 127 || *clock_rate_hz == 0 {
        return Err(PyValueError::new_err(format!(
            "no codec {payload_type} {name}: 0 to 127, and a clock rate"
        )));
    }
    let codec = book
        .number(name)
        .ok_or_else(|| PyValueError::new_err(format!("too many different codecs: {name}")))?;
    Ok(Format {
        payload_type: *payload_type,
        codec,
        clock_rate_hz: *clock_rate_hz,
    })
}

fn keys((send, receive): (KeyText, Vec<KeyText>)) -> PyResult<SrtpParams> {
    SrtpParams::new(master_key(send)?, master_keys(receive)?).map_err(bad_key)
}

fn socket_address((text, port): (String, u16)) -> PyResult<SocketAddr> {
    Ok(SocketAddr::new(host(&text)?, port))
}

/// Names are not resolved: that would wait for a network.
pub fn host(text: &str) -> PyResult<IpAddr> {
    text.parse()
        .map_err(|_| PyValueError::new_err(format!("{text:?} is not an IP address")))
}
