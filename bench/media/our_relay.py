"""Our side of the relay and transcoding benches: a process with an engine between phones, until its input ends.

`python -m bench.media.our_relay THREADS [CODEC CODEC]`, then a line with the phones' addresses as JSON; it answers with
its own. The codecs are those of callers and of callees, "0 PCMU/8000".
"""

import json
import sys

from mediacore import Engine, RtpParams

PORTS = range(28_000, 33_000)


def main() -> None:
    """Two phones in turn are a call."""
    with Engine(ports=PORTS, threads=int(sys.argv[1])) as engine:
        phones = [(host, port) for host, port in json.loads(sys.stdin.readline())]
        codecs = sys.argv[2:] or ["PCMU/8000", "PCMU/8000"]
        legs = [engine.leg(RtpParams(remote=phone, codecs=[codecs[at % 2]])) for at, phone in enumerate(phones)]
        for a, b in zip(legs[::2], legs[1::2], strict=True):
            engine.bridge(a, b)
        print(json.dumps([leg.local for leg in legs]), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
