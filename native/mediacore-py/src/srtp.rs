//! `Srtp`: packets sealed and opened in batches, without legs.

use std::sync::Mutex;

use mediacore_engine::srtp::{
    KeyError, MasterKey, OVERHEAD_OCTETS_MAX, Protector, Ssrc, StreamState, Suite, Unprotector,
};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};

/// Suite by its name in SDP, key and salt, identifier, packets that it may seal.
pub type KeyText = (String, Vec<u8>, Vec<u8>, Option<u64>);

/// Source, index of its newest RTP packet, index of its newest RTCP packet.
type StreamRow = (u32, Option<u64>, Option<u64>);

/// Both directions of one association.
#[pyclass(frozen, module = "mediacore._native")]
pub struct Srtp {
    protector: Mutex<Protector>,
    unprotector: Mutex<Unprotector>,
}

/// Packets, one in each row of `stride` octets.
struct Rows {
    octets: Vec<u8>,
    stride: usize,
    lengths: Vec<usize>,
}

impl Rows {
    /// Each with room to grow by `overhead` octets.
    fn new(packets: &[Bound<'_, PyBytes>], overhead: usize) -> Rows {
        let longest = packets.iter().map(|packet| packet.as_bytes().len()).max();
        let stride = longest.unwrap_or(0).max(1) + overhead;
        let mut octets = vec![0; stride * packets.len()];
        for (row, packet) in octets.chunks_exact_mut(stride).zip(packets) {
            let packet = packet.as_bytes();
            row[..packet.len()].copy_from_slice(packet);
        }
        Rows {
            octets,
            stride,
            lengths: packets
                .iter()
                .map(|packet| packet.as_bytes().len())
                .collect(),
        }
    }

    /// The packets, with None where one was refused.
    fn packets<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let rows = self.octets.chunks_exact(self.stride).zip(&self.lengths);
        let packets = rows.map(|(row, length)| match length {
            0 => None,
            length => Some(PyBytes::new(py, &row[..*length])),
        });
        PyList::new(py, packets.collect::<Vec<_>>())
    }
}

#[pymethods]
impl Srtp {
    #[new]
    fn new(send: KeyText, receive: Vec<KeyText>, ssrcs_max: usize) -> PyResult<Srtp> {
        let receive = master_keys(receive)?;
        let unprotector = Unprotector::with_ssrcs_max(&receive, ssrcs_max).map_err(bad_key)?;
        Ok(Srtp {
            protector: Mutex::new(Protector::with_ssrcs_max(&master_key(send)?, ssrcs_max)),
            unprotector: Mutex::new(unprotector),
        })
    }

    /// Seals RTP packets; None in place of one that was refused.
    fn protect<'py>(
        &self,
        py: Python<'py>,
        packets: Vec<Bound<'py, PyBytes>>,
    ) -> PyResult<Bound<'py, PyList>> {
        let mut rows = Rows::new(&packets, self.rtp_overhead_octets());
        py.detach(|| {
            let mut protector = self.protector.lock().expect("no panic holds this lock");
            protector.protect_rtp_rows(&mut rows.octets, rows.stride, &mut rows.lengths)
        });
        rows.packets(py)
    }

    /// Opens SRTP packets; None in place of one that was refused.
    fn unprotect<'py>(
        &self,
        py: Python<'py>,
        packets: Vec<Bound<'py, PyBytes>>,
    ) -> PyResult<Bound<'py, PyList>> {
        let mut rows = Rows::new(&packets, 0);
        py.detach(|| {
            let mut unprotector = self.unprotector.lock().expect("no panic holds this lock");
            unprotector.unprotect_rtp_rows(&mut rows.octets, rows.stride, &mut rows.lengths)
        });
        rows.packets(py)
    }

    /// Seals an RTCP packet. Raises ValueError when it is none, or may not be sent.
    fn protect_rtcp<'py>(
        &self,
        py: Python<'py>,
        mut packet: Vec<u8>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let octets = packet.len();
        packet.resize(octets + OVERHEAD_OCTETS_MAX, 0);
        let mut protector = self.protector.lock().expect("no panic holds this lock");
        let sealed = protector.protect_rtcp(&mut packet, octets);
        let octets = sealed.map_err(|error| PyValueError::new_err(error.to_string()))?;
        Ok(PyBytes::new(py, &packet[..octets]))
    }

    /// Opens an SRTCP packet; None when it is refused.
    fn unprotect_rtcp<'py>(
        &self,
        py: Python<'py>,
        mut packet: Vec<u8>,
    ) -> Option<Bound<'py, PyBytes>> {
        let mut unprotector = self.unprotector.lock().expect("no panic holds this lock");
        let octets = unprotector.unprotect_rtcp(&mut packet).ok()?;
        Some(PyBytes::new(py, &packet[..octets]))
    }

    /// Seals with another key from now on.
    fn rekey_send(&self, send: KeyText) -> PyResult<()> {
        let key = master_key(send)?;
        let mut protector = self.protector.lock().expect("no panic holds this lock");
        protector.rekey(&key);
        Ok(())
    }

    /// Opens with other keys from now on, and with those before what was on its way.
    fn rekey_receive(&self, receive: Vec<KeyText>) -> PyResult<()> {
        let keys = master_keys(receive)?;
        let mut unprotector = self.unprotector.lock().expect("no panic holds this lock");
        unprotector.rekey(&keys).map_err(bad_key)
    }

    /// How far each source is that is sealed.
    fn sent(&self) -> Vec<StreamRow> {
        let protector = self.protector.lock().expect("no panic holds this lock");
        protector.streams().map(row).collect()
    }

    /// How far each source is that is opened.
    fn received(&self) -> Vec<StreamRow> {
        let unprotector = self.unprotector.lock().expect("no panic holds this lock");
        unprotector.streams().map(row).collect()
    }

    /// Goes on with sources that were sealed, and opened, elsewhere. Raises ValueError when they are too many.
    fn restore(&self, sent: Vec<StreamRow>, received: Vec<StreamRow>) -> PyResult<()> {
        let mut protector = self.protector.lock().expect("no panic holds this lock");
        let mut unprotector = self.unprotector.lock().expect("no panic holds this lock");
        let fits = sent.into_iter().all(|row| protector.restore(state(row)))
            && received
                .into_iter()
                .all(|row| unprotector.restore(state(row)));
        fits.then_some(())
            .ok_or_else(|| PyValueError::new_err("more sources than ssrcs_max"))
    }
}

impl Srtp {
    fn rtp_overhead_octets(&self) -> usize {
        let protector = self.protector.lock().expect("no panic holds this lock");
        protector.rtp_overhead_octets()
    }
}

fn row(it: StreamState) -> StreamRow {
    (it.ssrc.0, it.rtp_index, it.rtcp_index)
}

fn state((ssrc, rtp_index, rtcp_index): StreamRow) -> StreamState {
    StreamState {
        ssrc: Ssrc(ssrc),
        rtp_index,
        rtcp_index,
    }
}

/// A key as Python gives it. Raises ValueError; no message shows the key.
pub fn master_key((suite, octets, mki, lifetime): KeyText) -> PyResult<MasterKey> {
    let suite: Suite = suite
        .parse()
        .map_err(|error| PyValueError::new_err(format!("{suite:?}: {error}")))?;
    let key = MasterKey::new(suite, &octets).and_then(|key| key.with_mki(&mki));
    let key = key.map_err(bad_key)?;
    Ok(match lifetime {
        Some(packets) => key.with_lifetime(packets),
        None => key,
    })
}

/// Keys as Python gives them.
pub fn master_keys(keys: Vec<KeyText>) -> PyResult<Vec<MasterKey>> {
    keys.into_iter().map(master_key).collect()
}

/// What is wrong with a key, or with several.
pub fn bad_key(error: KeyError) -> PyErr {
    PyValueError::new_err(error.to_string())
}
