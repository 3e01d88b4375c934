"""The messages of RFC 4475 and RFC 5118 sent to the real PBX, which goes on answering."""

import pytest
import trio

from pbx.sip.errors import BadMessage
from pbx.sip.message import Headers, Request, Response
from pbx.sip.parse import parse_message
from tests.support.pbx_process import PbxProcess, make_data_folder
from tests.support.sip_corpus import CORPUS, rfc4475, rfc5118, rfc5118_text
from tests.support.stage import Stage

pytestmark = [pytest.mark.peers, pytest.mark.timeout(60)]
PROGRAMS = ()

ANSWER_S = 5.0
DATAGRAM_MAX = 65_535


async def test_the_real_pbx_answers_options_after_each_torture_message(stage: Stage):
    pbx = await PbxProcess.start(stage, await make_data_folder(stage))
    messages = {torture.name: torture.data for torture in (*rfc4475(), *rfc5118())}
    messages |= {f"{torture.name}, as printed": rfc5118_text(torture.name) for torture in rfc5118()}
    messages |= {path.name: path.read_bytes() for path in (CORPUS / "rfc4475").glob("*.dat*")}
    with trio.socket.socket(type=trio.socket.SOCK_DGRAM) as ours:
        await ours.bind(("127.0.0.1", 0))
        await ours.connect(pbx.address)
        for number, (name, data) in enumerate(messages.items()):
            await ours.send(data)
            assert await is_answered(ours, f"after-{number}"), f"no answer to an OPTIONS after {name}"
    assert pbx.program.is_running
    await pbx.wait_nothing_left()


async def is_answered(ours: trio.socket.SocketType, call_id: str) -> bool:
    """Whether an OPTIONS of our own gets its 200; what else comes answers the torture message."""
    options = make_options(ours.getsockname()[1], call_id)
    with trio.move_on_after(ANSWER_S):
        await ours.send(options.encode())
        while True:
            answer = parsed(await ours.recv(DATAGRAM_MAX))
            if answer is not None and answer.call_id == options.call_id:
                return answer.status == 200
    return False


def parsed(data: bytes) -> Response | None:
    """The response that `data` is. Some quote the torture message's own headers, which need not be sound."""
    try:
        message = parse_message(data)
    except BadMessage as bad:
        message = bad.message
    return message if isinstance(message, Response) else None


def make_options(port: int, call_id: str) -> Request:
    """Asks what the PBX can do."""
    fields = [
        ("Via", f"SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK-{call_id};rport"),
        ("Max-Forwards", "70"),
        ("From", "<sip:probe@127.0.0.1>;tag=probe"),
        ("To", "<sip:127.0.0.1>"),
        ("Call-ID", f"{call_id}@probe"),
        ("CSeq", "1 OPTIONS"),
    ]
    return Request("OPTIONS", "sip:127.0.0.1", Headers(fields))
