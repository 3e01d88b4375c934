"""Our side of the conference bench: a process with an engine and one room for all phones, until its input ends.

`python -m bench.media.our_conference THREADS`, then a line with the phones' addresses as JSON; it answers with its own.
"""

import json
import sys

from mediacore import Engine, RtpParams

PORTS = range(28_000, 33_000)


def main() -> None:
    """Everything as it comes: of more than sixteen who talk, the loudest eight are mixed."""
    with Engine(ports=PORTS, threads=int(sys.argv[1])) as engine:
        phones = [(host, port) for host, port in json.loads(sys.stdin.readline())]
        room = engine.conference(max_members=len(phones))
        legs = [engine.leg(RtpParams(remote=phone, codecs=["PCMU/8000"])) for phone in phones]
        for leg in legs:
            room.add(leg)
        print(json.dumps([leg.local for leg in legs]), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
