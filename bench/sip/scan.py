"""What it costs to read an INVITE as phones send it: the scan alone, and with all that routing it needs. By pyperf.

`python -m bench.sip.scan` runs pyperf itself and takes its options (`--rigorous`, `-o FILE`); `run()` takes its figures
into the tables. Nothing is cached between two rounds but a Request-URI that came before, as in a server.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import pyperf  # type: ignore[import-untyped]

from bench.row import Row
from pbx.sip._scan import scan
from pbx.sip.message import Request
from pbx.sip.parse import parse_message
from pbx.sip.validate import METHODS, validate_request

COMMAND = "python -m bench.sip.scan"
BODY = (
    b"v=0\r\no=- 3724394400 3724394400 IN IP4 192.0.2.101\r\ns=-\r\nc=IN IP4 192.0.2.101\r\nt=0 0\r\n"
    b"m=audio 40376 RTP/AVP 9 8 0 101\r\na=rtpmap:9 G722/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n"
    b"a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=ptime:20\r\na=sendrecv\r\n"
)
INVITE = (
    b"INVITE sip:102@pbx.example.com SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP 192.0.2.101:5062;branch=z9hG4bK1d32hash8d7;rport\r\n"
    b"Max-Forwards: 70\r\n"
    b'From: "Alice Adams" <sip:101@pbx.example.com>;tag=a48s7f3k2j\r\n'
    b"To: <sip:102@pbx.example.com>\r\n"
    b"Call-ID: 3848276298220188511@192.0.2.101\r\n"
    b"CSeq: 102 INVITE\r\n"
    b"Contact: <sip:101@192.0.2.101:5062;transport=udp>"
    b';+sip.instance="<urn:uuid:0b5d1a4c-6b1c-4b6e-9a65-9d1e4f0c2b71>"\r\n'
    b"Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, REFER, NOTIFY, INFO, UPDATE\r\n"
    b"Supported: replaces, timer, outbound\r\n"
    b"User-Agent: Deskphone/4.2.1\r\n"
    b"Session-Expires: 1800\r\n"
    b"Min-SE: 90\r\n"
    b"Accept: application/sdp\r\n"
    b"Content-Type: application/sdp\r\n"
    b"Content-Length: %d\r\n\r\n%b"
) % (len(BODY), BODY)


def parsed() -> Request:
    """The INVITE, nothing of it touched."""
    message = parse_message(INVITE)
    assert isinstance(message, Request)
    return message


ANSWERED = parsed()
RINGING = ANSWERED.response(180, to_tag="b7d2")


def route() -> tuple[object, ...]:
    """Reads what finds the transaction, the caller and the callee: who, whom, which, how far."""
    message = parsed()
    via, sender, receiver = message.top_via, message.from_, message.to
    return (
        message.method,
        message.sip_uri.user,
        via.branch,
        sender.tag,
        receiver.tag,
        message.call_id,
        message.cseq.number,
        message.max_forwards,
    )


def route_and_validate() -> object:
    """The same after everything that RFC 3261 8.2 asks of a request."""
    message = parsed()
    rejection = validate_request(message, methods=METHODS, extensions=(), bodies=("application/sdp",))
    return rejection or (message.sip_uri.user, message.top_via.branch, message.from_.tag, message.to.tag)


SIZE = f"{len(INVITE)}-byte INVITE"
WORK = {
    f"scan a {SIZE}": lambda: scan(INVITE),
    f"scan and route a {SIZE}": route,
    f"scan, validate and route a {SIZE}": route_and_validate,
    f"answer a {SIZE} with 180": lambda: ANSWERED.response(180, to_tag="b7d2"),
    "write a 180": RINGING.encode,
}


def run() -> list[Row]:
    """Runs pyperf in processes of its own, as it wants it."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "scan.json"
        command = [sys.executable, "-m", "bench.sip.scan", "--fast", "--quiet", "--output", str(output)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        suite = pyperf.BenchmarkSuite.load(str(output))
    return [
        Row.of(
            [value * 1e6 for value in benchmark.get_values()],
            work=benchmark.get_name(),
            subject="mediacore-pbx",
            unit="µs/message",
            command=COMMAND,
        )
        for benchmark in suite.get_benchmarks()
    ]


def main() -> None:
    """pyperf's own command line."""
    runner = pyperf.Runner(program_args=("-m", "bench.sip.scan"))
    for name, work in WORK.items():
        runner.bench_func(name, work)


if __name__ == "__main__":
    main()
