"""The same as `test_flow_restore`, with a real process between: it gets a call's state as bytes, and nothing else."""

import base64
import json
import subprocess
import sys
from pathlib import Path

import pytest
import trio

from mediacore import sdp
from pbx.call.state import encode_state
from pbx.sip.stack import SipStack, Transmit
from pbx.testphone.phone_call import PhoneCall
from tests.support.world import open_world

ROOT = Path(__file__).parents[2]


def in_dialog(call: PhoneCall, method: str) -> bytes:
    """The bytes that the phone of `call` would send now."""
    dialog = call.dialog
    body = b""
    if method == "INVITE":
        ours = sdp.Capabilities(address="198.51.100.9", port=4000, direction=sdp.Direction.SENDONLY)
        body = sdp.write(sdp.make_offer(ours, session_id=7)).encode()
    request = dialog.make_request(method, body=body, content_type="application/sdp" if body else None)
    stack = SipStack()
    stack.send_request(request, dialog.flow, 0.0)
    sent = stack.poll()
    assert isinstance(sent, Transmit)
    return sent.data


def contact_of(call: PhoneCall) -> str:
    """Where its phone wants requests."""
    host, port = call.dialog.flow.local
    return f"sip:{call.own_number}@{host}:{port}"


@pytest.mark.parametrize("who", ["caller", "callee"])
async def test_both_phones_are_heard_by_a_process_that_knows_only_the_state(autojump_clock, who):
    async with open_world() as world:
        alice, bob = await world.phone("101"), await world.phone("102")
        call = alice.dial("102")
        incoming = await bob.incoming.receive()
        incoming.answer()
        assert await call.wait_answered()
        await trio.sleep(5)
        state = encode_state(next(iter(world.server.calls)).state)
        phone, other = (call, incoming) if who == "caller" else (incoming, call)
        messages = [
            [phone.dialog.flow.local, base64.b64encode(in_dialog(phone, method)).decode()]
            for method in ("INVITE", "BYE")
        ]
        told = json.dumps({"state": state.decode(), "messages": messages})
        # Blocking on purpose: the virtual clock must not jump while the other process works.
        done = subprocess.run(  # noqa: ASYNC221
            [sys.executable, "-m", "tests.support.restored_call"],
            input=told,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            cwd=ROOT,
        )
        assert done.returncode == 0, done.stderr
        answer = json.loads(done.stdout)
        assert answer["said"][0] == ["SIP/2.0 200 OK"]
        # The 200 to the re-INVITE is resent too: this phone never acknowledged it.
        assert set(answer["said"][1]) == {f"BYE {contact_of(other)} SIP/2.0", "SIP/2.0 200 OK"}
        assert answer["dispositions"] == ["answered"]
