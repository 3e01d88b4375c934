//! What it costs to seal and to open one packet of 172 octets (20 ms of G.711) alone: `cargo bench -p mediacore-rtp`.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use mediacore_rtp::srtp::{MasterKey, Protector, Suite, Unprotector};
use mediacore_rtp::{PayloadType, RtpHeader, Ssrc};

const PACKET_OCTETS: usize = 172;
/// Packets between two beginnings; fewer than half a lap of sequence numbers.
const PACKETS: usize = 1000;

fn key(suite: Suite) -> MasterKey {
    let octets: Vec<u8> = (1..)
        .take(suite.key_octets() + suite.salt_octets())
        .collect();
    MasterKey::new(suite, &octets).expect("the suite's length")
}

fn packet(sequence: u16) -> [u8; 200] {
    let mut packet = [0x55; 200];
    RtpHeader {
        payload_type: PayloadType(0),
        marker: false,
        sequence,
        timestamp: u32::from(sequence) * 160,
        ssrc: Ssrc(0x1234_5678),
    }
    .write(&mut packet);
    packet
}

fn protect(c: &mut Criterion) {
    let mut group = c.benchmark_group("protect");
    group.throughput(Throughput::Elements(PACKETS as u64));
    for suite in Suite::ALL {
        group.bench_function(suite.name(), |bencher| {
            let clear: Vec<_> = (0..PACKETS).map(|n| packet(n as u16)).collect();
            bencher.iter_batched_ref(
                || (Protector::new(&key(suite)), clear.clone()),
                |(protector, packets)| {
                    for packet in packets {
                        protector
                            .protect_rtp(packet, PACKET_OCTETS)
                            .expect("a new number");
                    }
                },
                BatchSize::LargeInput,
            );
        });
    }
}

fn unprotect(c: &mut Criterion) {
    let mut group = c.benchmark_group("unprotect");
    group.throughput(Throughput::Elements(PACKETS as u64));
    for suite in Suite::ALL {
        group.bench_function(suite.name(), |bencher| {
            let mut protector = Protector::new(&key(suite));
            let mut sealed: Vec<_> = (0..PACKETS).map(|n| packet(n as u16)).collect();
            let mut octets = 0;
            for packet in &mut sealed {
                octets = protector
                    .protect_rtp(packet, PACKET_OCTETS)
                    .expect("a new number");
            }
            let fresh = || Unprotector::new(&[key(suite)]).expect("one key");
            bencher.iter_batched_ref(
                || (fresh(), sealed.clone()),
                |(unprotector, packets)| {
                    for packet in packets {
                        unprotector
                            .unprotect_rtp(&mut packet[..octets])
                            .expect("genuine");
                    }
                },
                BatchSize::LargeInput,
            );
        });
    }
}

criterion_group!(benches, protect, unprotect);
criterion_main!(benches);
