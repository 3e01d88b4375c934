"""Whatever a peer writes, a call's state and record can be written down and read again."""

from hypothesis import given
from hypothesis import strategies as st

from pbx.call.state import CallState, LegState, decode_state, encode_state
from pbx.call.wire_text import SHOWN_MAX, readable
from pbx.routing.step import Facts, Start
from pbx.sip.flow import Flow
from pbx.tenants.scope import TenantScope

FLOW = Flow("udp", ("192.0.2.1", 5060), ("192.0.2.2", 5060))
wire_text = st.binary(max_size=300).map(lambda data: data.decode("utf-8", "surrogateescape"))


@given(wire_text)
def test_readable_text_is_short_printable_utf8(text):
    made = readable(text)
    made.encode()
    assert made.isprintable()
    assert len(made) <= SHOWN_MAX


def test_ordinary_text_is_left_alone():
    assert readable("Zażółć 101") == "Zażółć 101"


@given(wire_text)
def test_a_state_with_any_bytes_of_a_peer_in_it_can_be_saved(text):
    leg = LegState("a0", "caller", "101", text, "t1", FLOW)
    leg.description.remote = text
    state = CallState("c1", TenantScope("acme"), 1, Facts("101", text), Start(text), legs=[leg])
    again = decode_state(encode_state(state))
    assert again.legs[0].token == "t1"
    assert encode_state(again) == encode_state(state)
