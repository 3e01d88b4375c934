"""Where responses go: RFC 3261 18.2.1, 18.2.2 and RFC 3581."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx.sip.flow import Flow
from pbx.sip.headers import Via
from pbx.sip.return_path import mark_source, marked_via
from pbx.sip.stack import RequestReceived
from tests.support.sip_messages import BOB, answer, sip_request
from tests.support.sip_table import Table

NAT = ("203.0.113.5", 31_337)


@pytest.mark.parametrize(
    ("via", "source", "marked", "goes_to"),
    [
        # The sender is who it says: nothing to add, sent-by decides.
        ("192.0.2.1:5060;branch=z9hG4bK1", ("192.0.2.1", 5060), "192.0.2.1:5060;branch=z9hG4bK1", ("192.0.2.1", 5060)),
        ("192.0.2.1;branch=z9hG4bK1", ("192.0.2.1", 9999), "192.0.2.1;branch=z9hG4bK1", ("192.0.2.1", 5060)),
        ("192.0.2.1:7000;branch=z9hG4bK1", ("192.0.2.1", 9), "192.0.2.1:7000;branch=z9hG4bK1", ("192.0.2.1", 7000)),
        # Another address, or a name: received.
        ("10.0.0.7:5062;branch=z9hG4bK1", NAT, "10.0.0.7:5062;branch=z9hG4bK1;received=203.0.113.5", (NAT[0], 5062)),
        ("pc.example.org;branch=z9hG4bK1", NAT, "pc.example.org;branch=z9hG4bK1;received=203.0.113.5", (NAT[0], 5060)),
        # rport: back to where it came from, and received even where it says nothing new.
        ("10.0.0.7;rport;branch=z9hG4bK1", NAT, "10.0.0.7;branch=z9hG4bK1;received=203.0.113.5;rport=31337", NAT),
        (
            "192.0.2.1:5060;rport;branch=z9hG4bK1",
            ("192.0.2.1", 5060),
            "192.0.2.1:5060;branch=z9hG4bK1;received=192.0.2.1;rport=5060",
            ("192.0.2.1", 5060),
        ),
        # What the sender claims about itself is not believed, and a maddr leads nowhere.
        (
            "10.0.0.7;received=198.51.100.99;branch=z9hG4bK1",
            NAT,
            "10.0.0.7;branch=z9hG4bK1;received=203.0.113.5",
            (NAT[0], 5060),
        ),
        ("192.0.2.1;received=6.6.6.6;branch=z9hG4bK1", ("192.0.2.1", 5060), "192.0.2.1;branch=z9hG4bK1", None),
        (
            "192.0.2.1:5060;maddr=224.2.0.1;branch=z9hG4bK1",
            ("192.0.2.1", 5060),
            "192.0.2.1:5060;maddr=224.2.0.1;branch=z9hG4bK1",
            ("192.0.2.1", 5060),
        ),
        (
            "[2001:db8::1]:5070;branch=z9hG4bK1;rport",
            ("2001:db8::9", 40_000),
            "[2001:db8::1]:5070;branch=z9hG4bK1;received=2001:db8::9;rport=40000",
            ("2001:db8::9", 40_000),
        ),
    ],
)
def test_the_top_via_is_marked_and_the_response_finds_back(via, source, marked, goes_to):
    table = Table(flow=Flow("udp", BOB, source))
    (event,) = table.receive(sip_request("OPTIONS", via=f"SIP/2.0/UDP {via}"))
    assert event.request.headers.all("Via") == [f"SIP/2.0/UDP {marked}"]
    table.respond(event.transaction, answer(event.request, 200))
    ((flow, data),) = table.sent
    assert flow == Flow("udp", BOB, goes_to or source)
    assert f"Via: SIP/2.0/UDP {marked}\r\n".encode() in data


@pytest.mark.parametrize("via", ["10.0.0.7:5062;branch=z9hG4bK1", "10.0.0.7;rport;branch=z9hG4bK1"])
def test_on_a_stream_the_response_goes_back_on_the_connection(via):
    flow = Flow("tcp", BOB, NAT, "connection 7")
    table = Table(flow=flow)
    (event,) = table.receive(sip_request("OPTIONS", via=f"SIP/2.0/TCP {via}"))
    table.respond(event.transaction, answer(event.request, 200))
    assert [flow for flow, _ in table.sent] == [flow]


def test_only_the_top_via_is_marked_wherever_the_others_stand():
    request = sip_request("OPTIONS", via="SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1, SIP/2.0/UDP 10.0.0.2;branch=z9hG4bK2")
    request.headers.add("Via", "SIP/2.0/TCP 10.0.0.3;branch=z9hG4bK3")
    mark_source(request, NAT)
    assert [str(via) for via in request.vias] == [
        "SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1;received=203.0.113.5",
        "SIP/2.0/UDP 10.0.0.2;branch=z9hG4bK2",
        "SIP/2.0/TCP 10.0.0.3;branch=z9hG4bK3",
    ]
    assert str(request.top_via) == str(request.vias[0])


def test_a_resend_from_another_port_is_the_same_transaction():
    table = Table()
    (event,) = table.receive(sip_request("OPTIONS"))
    assert isinstance(event, RequestReceived)
    assert table.receive(sip_request("OPTIONS"), flow=Flow("udp", BOB, ("192.0.2.1", 5099))) == []


params = st.lists(
    st.tuples(
        st.sampled_from(["branch", "rport", "received", "RECEIVED", "ttl", "keep", "alias"]),
        st.none() | st.sampled_from(["1", "z9hG4bKx", "192.0.2.77"]),
    ),
    max_size=6,
).map(tuple)


@given(params, st.sampled_from(["192.0.2.77", "10.0.0.1", "host"]), st.integers(1, 65_535))
def test_marking_says_the_truth_once_and_marking_again_changes_nothing(params, host, port):
    via = Via("UDP", host, None, params)
    marked = marked_via(via, ("192.0.2.77", port))
    names = [name.lower() for name, _ in marked.params]
    assert names.count("received") <= 1
    assert marked.param("received") in (None, "192.0.2.77")
    assert (marked.param("received") is None) <= (host == "192.0.2.77")
    assert (via.param("rport") is not None) == (marked.param("rport") == str(port))
    assert marked_via(marked, ("192.0.2.77", port)) == marked
