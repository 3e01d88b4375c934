"""The phones of `bench`, in a process of their own: each sends silence, a packet every 20 ms, and counts what comes.

Lines of JSON: a list of codecs comes in, one a phone; where they are goes out; where to send comes in; then, at the end
of the standard input, what they counted goes out.
"""

from __future__ import annotations

import json
import sys

from mediacore import Engine, RtpParams


def main() -> None:
    """Ends with its standard input: nobody has to come and look for it."""
    with Engine(threads=1) as engine:
        params = [RtpParams(codecs=[codec], rtcp_mux=True) for codec in json.loads(sys.stdin.readline())]
        legs = [engine.leg(each) for each in params]
        print(json.dumps([leg.local for leg in legs]), flush=True)
        for leg, each, (host, port) in zip(legs, params, json.loads(sys.stdin.readline()), strict=True):
            leg.update(RtpParams(remote=(host, port), codecs=each.codecs, rtcp_mux=True))
        sys.stdin.read()
        received = [leg.stats().receive for leg in legs]
        print(
            json.dumps(
                {
                    "packets": sum(each.packets for each in received),
                    "lost": sum(each.lost for each in received),
                    "jitter_ms": max(each.jitter_ms for each in received),
                    "late_ticks": engine.stats().late_ticks,
                }
            )
        )


if __name__ == "__main__":
    main()
