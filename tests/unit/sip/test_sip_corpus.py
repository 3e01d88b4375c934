"""Every message of RFC 4475 and RFC 5118 gets the verdict that its RFC asks for."""

from __future__ import annotations

import re

import pytest

from pbx.sip.errors import BadMessage
from pbx.sip.message import Request, Response
from pbx.sip.parse import parse_message
from pbx.sip.validate import METHODS, discard_reason, validate_request
from tests.support.sip_corpus import CORPUS, Torture, rfc4475, rfc5118, rfc5118_text

BODIES = ("application/sdp", "multipart/mixed")

# What we do with each: "accepted", "dropped", or the status of the answer. Where an RFC leaves a choice, why.
OUTCOMES_4475 = {
    "wsinv": "accepted",
    "intmeth": "501",
    "esc01": "accepted",
    "escnull": "accepted",
    "esc02": "501",
    "lwsdisp": "accepted",
    "longreq": "accepted",
    "dblreq": "accepted",
    "semiuri": "accepted",
    "transports": "accepted",
    "mpart01": "accepted",
    "unreason": "accepted",
    "noreason": "accepted",
    "badinv01": "400",
    "clerr": "400",
    "ncl": "400",
    "scalar02": "400",
    "scalarlg": "dropped",
    "quotbal": "400",
    "ltgtruri": "400",
    "lwsruri": "400",
    "lwsstart": "400",
    "trws": "400",
    "escruri": "400",
    "baddate": "accepted",  # nobody looks at Date
    "regbadct": "400",
    "badaspec": "400",
    "baddn": "400",
    "badvers": "505",
    "mismatch01": "400",
    "mismatch02": "501",
    "bigcode": "dropped",
    "badbranch": "accepted",  # matched by the rules of RFC 2543
    "insuf": "400",
    "unkscm": "416",
    "novelsc": "416",
    "unksm2": "400",
    "bext01": "420",
    "invut": "415",
    "regaut01": "accepted",  # and then challenged as without credentials
    "multi01": "400",
    "mcl01": "400",
    "bcast": "dropped",
    "zeromf": "accepted",  # an OPTIONS is answered, not forwarded
    "cparam01": "accepted",
    "cparam02": "accepted",
    "regescrt": "accepted",
    "sdp01": "406",
    "inv2543": "accepted",
}
OUTCOMES_5118 = {torture.name: "400" if torture.name == "ipv6-bad" else "accepted" for torture in rfc5118()}

ALL = [*rfc4475(), *rfc5118()]
OUTCOMES = OUTCOMES_4475 | OUTCOMES_5118


def outcome(data: bytes) -> str:
    """What a user agent makes of a datagram with this."""
    try:
        message = parse_message(data)
    except BadMessage as bad:
        return str(bad.status_hint) if isinstance(bad.message, Request) else "dropped"
    if isinstance(message, Response):
        return "dropped" if discard_reason(message) else "accepted"
    rejection = validate_request(message, methods=METHODS, extensions=(), bodies=BODIES)
    return str(rejection.status) if rejection else "accepted"


def readable_part(data: bytes) -> Request | Response | None:
    try:
        return parse_message(data)
    except BadMessage as bad:
        return bad.message


def by_name(torture: Torture) -> str:
    return torture.name


@pytest.mark.parametrize("torture", ALL, ids=by_name)
def test_message_gets_its_verdict(torture: Torture) -> None:
    assert outcome(torture.data) == OUTCOMES[torture.name]


@pytest.mark.parametrize("torture", ALL, ids=by_name)
def test_our_outcome_is_one_that_the_rfc_allows(torture: Torture) -> None:
    ours = OUTCOMES[torture.name]
    if torture.verdict == "valid":
        assert ours in ("accepted", "501")
    if ours == "dropped":
        assert re.search("drop|discard", torture.asks)
    elif ours != "accepted":
        named = re.findall(r"\b[45]\d\d\b", torture.asks)
        assert ours in named or (ours == "400" and re.search("reject|error response", torture.asks))
    elif torture.verdict == "invalid":
        assert "may reject; better ignore" in torture.asks


def test_every_message_of_the_corpus_has_a_verdict() -> None:
    on_disk = {path.stem for path in (CORPUS / "rfc4475").glob("*.dat")} - {"test"}  # test.dat is no torture
    assert on_disk == set(OUTCOMES_4475)
    assert {path.name for path in (CORPUS / "rfc5118").iterdir()} - {"VERDICTS.tsv"} == set(OUTCOMES_5118)


REFUSED = [torture for torture in ALL if OUTCOMES[torture.name].isdigit()]


@pytest.mark.parametrize("torture", REFUSED, ids=by_name)
def test_every_refused_request_can_be_answered(torture: Torture) -> None:
    """The answer is a message that its sender can match: same Via, From, Call-ID and CSeq, as far as it had them."""
    request = readable_part(torture.data)
    assert isinstance(request, Request)
    answer = request.response(int(OUTCOMES[torture.name]), to_tag="t0")
    for name in ("Via", "From", "Call-ID", "CSeq"):
        assert answer.headers.all(name)[:1] == request.headers.all(name)[:1]
    to = request.headers.first("To")
    if to is not None and ";tag=" not in to:
        assert answer.headers.first("To") == f"{to};tag=t0"
    assert answer.encode().startswith(f"SIP/2.0 {OUTCOMES[torture.name]} ".encode())


def test_a_display_name_without_quotes_is_refused_with_its_empty_line_too() -> None:
    assert outcome((CORPUS / "rfc4475" / "baddn-terminated-variant.dat.alt").read_bytes()) == "400"


def test_a_request_without_a_version_is_no_sip_and_gets_no_answer() -> None:
    assert outcome((CORPUS / "rfc4475" / "test.dat").read_bytes()) == "dropped"


BODILESS = [torture for torture in rfc5118() if b"application/sdp" not in torture.data]


@pytest.mark.parametrize("torture", BODILESS, ids=by_name)
def test_lines_that_end_with_lf_alone_are_read_alike(torture: Torture) -> None:
    assert outcome(rfc5118_text(torture.name)) == OUTCOMES[torture.name]


@pytest.mark.parametrize("torture", [t for t in ALL if OUTCOMES[t.name] == "accepted"], ids=by_name)
def test_an_accepted_message_survives_being_written(torture: Torture) -> None:
    message = parse_message(torture.data)
    again = parse_message(message.encode())
    assert list(again.headers.items()) == [
        *((name, value) for name, value in message.headers.items() if name != "Content-Length"),
        ("Content-Length", str(len(message.body))),
    ]
    assert again.body == message.body
    assert again.start_line() == message.start_line()
