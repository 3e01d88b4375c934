"""The REGISTER requests of RFC 4475, as a registrar has to take them."""

import pytest

from pbx.registrar.registrar import Registrar
from pbx.sip.errors import BadMessage
from pbx.sip.message import Request
from pbx.sip.parse import parse_message
from tests.support.register_request import FLOW
from tests.support.sample_cdr import HERONS
from tests.support.sip_corpus import rfc4475

T0 = 1_800_000_000.0
MESSAGES = {torture.name: torture.data for torture in rfc4475()}


def register(name: str):
    registrar = Registrar()
    request = parse_message(MESSAGES[name])
    assert isinstance(request, Request)
    outcome = registrar.plan(request, HERONS, "watson", FLOW, T0)
    registrar.apply(outcome)
    return outcome, registrar.lookup(HERONS, "watson", T0)


def test_escaped_nulls_do_not_cut_contacts_short():
    outcome, bindings = register("escnull")
    assert outcome.status == 200
    assert {b.contact for b in bindings} == {"sip:%00@host5.example.com", "sip:%00%00@host5.example.com"}


def test_a_parameter_outside_brackets_is_the_headers():
    _, (binding,) = register("cparam01")
    assert binding.contact == "sip:+19725552222@gw1.example.net"
    assert binding.params == (("unknownparam", None),)


def test_a_parameter_inside_brackets_is_the_uris():
    _, (binding,) = register("cparam02")
    assert binding.contact == "sip:+19725552222@gw1.example.net;unknownparam"
    assert binding.params == ()


@pytest.mark.parametrize("name", ["regbadct", "unksm2"])
def test_a_contact_that_cannot_be_used_is_refused(name):
    outcome, bindings = register(name)
    assert (outcome.status, bindings) == (400, ())


@pytest.mark.parametrize("name", sorted(MESSAGES))
def test_no_message_of_the_corpus_upsets_the_registrar(name):
    try:
        request = parse_message(MESSAGES[name])
    except BadMessage:
        return
    if isinstance(request, Request):
        outcome = Registrar().plan(request, HERONS, "watson", FLOW, T0)
        assert request.response(outcome.status, outcome.reason or None, headers=outcome.headers).encode()
