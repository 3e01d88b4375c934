"""Every judgement of `pbx doctor`: what is said of which facts, how bad it is, and what to do."""

import pytest
from msgspec.structs import replace

from pbx.config.server import Limits, Rtp, Server, Sip
from pbx.doctor.facts import (
    Database,
    Facts,
    IncomingFigures,
    MailboxesFigures,
    MessageWaitingFigures,
    RegistrarFigures,
    Running,
    ServerFigures,
    ShipperFigures,
    SpoolFigures,
    VoicemailFigures,
    WebPort,
)
from pbx.doctor.finding import Finding
from pbx.doctor.judge import RULES, judge
from tests.support.doctor_facts import WELL, facts_with


def about(topic: str, facts: Facts) -> Finding:
    """The one finding about it that is not merely well, or else the first."""
    found = [finding for finding in judge(facts) if finding.topic == topic]
    return next((finding for finding in found if finding.level != "ok"), found[0])


def settings(**changes: object) -> Facts:
    return replace(WELL, settings=Server(default_tenant="demo", **changes))


def with_addresses(*local: str, facts: Facts = WELL) -> Facts:
    return replace(
        facts, addresses=replace(WELL.addresses, local=("127.0.0.1", *local), source=next(iter(local), None))
    )


def assert_says(finding: Finding, level: str, *words: str) -> None:
    assert finding.level == level, finding
    for word in words:
        assert word in f"{finding.said} → {finding.next}", finding


def test_a_machine_on_which_all_is_well_is_told_so_by_every_rule():
    findings = judge(WELL)
    assert {finding.level for finding in findings} == {"ok"}
    assert len(findings) >= len(RULES)
    for rule in RULES:
        assert list(rule(WELL)), rule


def test_whatever_is_amiss_comes_with_what_to_do():
    spoiled = [
        facts_with("sip_port", state="taken"),
        facts_with("rtp_ports", taken=19_000),
        facts_with("clock", is_synchronised=False, zones_missing=("Mars/Olympus",)),
        facts_with("machine", cpus=1, memory_available_bytes=1, descriptors=64, receive_buffer_bytes=212_992),
        facts_with("folder", mode=0o755, free_bytes=1, sync_ms=80),
        facts_with("installed", prompts_missing=("en/goodbye",), has_portal=False, engine_version=None),
        with_addresses(),
    ]
    for finding in (finding for facts in spoiled for finding in judge(facts)):
        assert finding.level == "ok" or finding.next, finding


# -- ports -------------------------------------------------------------------------------------------------------------


def test_a_free_sip_port_and_our_own_are_well():
    assert_says(about("SIP port", facts_with("sip_port", state="free")), "ok", "0.0.0.0:5060 is free")
    assert_says(about("SIP port", WELL), "ok", "belongs to the running server")
    any_port = replace(facts_with("sip_port", state="free"), settings=Server(default_tenant="demo", sip=Sip(port=0)))
    assert_says(about("SIP port", any_port), "ok", "any free port")


def test_a_taken_sip_port_names_its_holder_where_it_can_be_seen():
    named = facts_with("sip_port", state="taken", holder="asterisk (process 12)")
    assert_says(about("SIP port", named), "problem", "taken by asterisk (process 12)", "sport = :5060")
    assert_says(about("SIP port", facts_with("sip_port", state="taken")), "problem", "is taken →")


def test_an_address_of_another_machine_is_a_problem():
    refused = facts_with("sip_port", state="refused", error="Cannot assign requested address")
    assert_says(about("SIP port", refused), "problem", "Cannot assign requested address", "host under [sip]")
    refused = facts_with("rtp_ports", address_error="Cannot assign requested address")
    assert_says(about("RTP ports", refused), "problem", "Cannot assign requested address", "[rtp]")


@pytest.mark.parametrize(
    ("taken", "level", "words"),
    [
        (0, "ok", "all free, room for 5000 calls (calls_max = 1000)"),
        (None, "ok", "unknown"),
        (16_000, "ok", "16000 taken by others, room for 1000 calls"),
        (16_001, "advice", "room for 999 calls"),
        (19_997, "problem", "no call has audio"),
    ],
)
def test_rtp_ports_are_counted_in_calls(taken, level, words):
    assert_says(about("RTP ports", facts_with("rtp_ports", taken=taken)), level, words)


def test_a_range_too_small_for_calls_max_says_how_many_it_takes():
    small = settings(rtp=Rtp(ports=(20_000, 20_099)), limits=Limits(calls_max=50))
    assert_says(about("RTP ports", small), "advice", "room for 25 calls", "200 ports")


# -- addresses and NAT -------------------------------------------------------------------------------------------------


def test_addresses_of_the_network_are_told_and_loopback_is_not():
    finding = about("addresses", WELL)
    assert_says(finding, "ok", "198.51.100.7", "IPv4 alone")
    assert "127.0.0.1" not in finding.said


def test_the_address_that_packets_leave_from_comes_first():
    facts = replace(WELL, addresses=replace(WELL.addresses, local=("127.0.0.1", "10.9.9.9", "198.51.100.7")))
    assert_says(about("addresses", facts), "ok", "198.51.100.7, 10.9.9.9")


def test_on_ipv6_only_its_addresses_count():
    facts = with_addresses("198.51.100.7", "2001:db8::7", facts=settings(sip=Sip(host="::")))
    assert_says(about("addresses", facts), "ok", "use 2001:db8::7 as")


def test_a_machine_with_loopback_alone_is_told_that_nobody_reaches_it():
    assert_says(about("addresses", with_addresses()), "advice", "no address but loopback's")
    assert about("NAT", with_addresses()).level == "ok"


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_listening_on_loopback_is_advised_against(host):
    assert_says(about("addresses", settings(sip=Sip(host=host))), "advice", f"listens on {host} alone", "0.0.0.0")


def test_a_host_by_name_is_taken_at_its_word():
    assert_says(about("addresses", settings(sip=Sip(host="pbx.example.org"))), "ok", "pbx.example.org")


@pytest.mark.parametrize("address", ["10.0.0.5", "172.20.1.1", "192.168.1.2", "100.64.3.3", "169.254.1.1"])
def test_a_private_address_that_is_told_to_phones_brings_advice_and_says_what_is_unknown(address):
    finding = about("NAT", with_addresses(address))
    assert_says(finding, "advice", address, "unknown", "advertised_address", "UDP 5060 and 20000-39999")


def test_a_public_address_beside_a_private_one_is_well():
    assert_says(about("NAT", with_addresses("10.0.0.5", "198.51.100.7")), "ok", "198.51.100.7")


def test_a_private_ipv6_address_is_private_too():
    assert about("NAT", with_addresses("fd00::2", facts=settings(sip=Sip(host="::")))).level == "advice"


def test_an_advertised_address_is_ours_or_a_routers():
    assert_says(about("NAT", settings(advertised_address="198.51.100.7")), "ok", "an address of this machine")
    behind = about("NAT", with_addresses("10.0.0.5", facts=settings(advertised_address="203.0.113.9")))
    assert_says(behind, "ok", "not this machine's", "UDP 5060 and 20000-39999")


# -- the machine -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "level", "words"),
    [
        ({}, "ok", "synchronised, within 12 ms"),
        ({"error_ms": None}, "ok", "synchronised"),
        ({"is_synchronised": None, "error_ms": None}, "ok", "unknown"),
        ({"is_synchronised": False}, "advice", "no time server"),
        ({"error_ms": 2500.0}, "advice", "2.5 s wrong"),
        ({"moved_ms": -300.0}, "advice", "moved by -300 ms within 0.5 s"),
    ],
)
def test_the_clock(changes, level, words):
    assert_says(about("clock", facts_with("clock", **changes)), level, words)


def test_a_time_zone_that_is_not_there_is_a_problem():
    facts = facts_with("clock", zones_missing=("Europe/London", "Europe/Warsaw"))
    assert_says(about("time zones", facts), "problem", "Europe/London, Europe/Warsaw", "tzdata")


@pytest.mark.parametrize(
    ("cpus", "level", "words"), [(4, "ok", "4 processors"), (1.5, "advice", "1.5"), (1, "advice", "1 processor:")]
)
def test_processors(cpus, level, words):
    assert_says(about("processors", facts_with("machine", cpus=cpus)), level, words)


@pytest.mark.parametrize(("mib", "level"), [(1024, "ok"), (256, "ok"), (255, "advice"), (63, "problem")])
def test_memory(mib, level):
    facts = facts_with("machine", memory_available_bytes=mib * 1024 * 1024)
    assert_says(about("memory", facts), level, f"{mib} MiB of 8192 MiB")


@pytest.mark.parametrize(
    ("limit", "level", "words"),
    [
        (4_100, "ok", "sockets for 1000 calls"),
        (4_099, "advice", "sockets for 999 calls"),
        (1_024, "advice", "ulimit -n 4100"),
        (112, "problem", "sockets for 3 calls"),
        (64, "problem", "sockets for 0 calls"),
    ],
)
def test_descriptors_are_counted_in_calls(limit, level, words):
    assert_says(about("descriptors", facts_with("machine", descriptors=limit)), level, words, "the running server may")


def test_socket_buffers_are_counted_in_requests():
    assert_says(about("socket buffers", WELL), "ok", "about 3640 requests")
    usual = facts_with("machine", receive_buffer_bytes=212_992)
    assert_says(about("socket buffers", usual), "advice", "about 184 requests", "net.core.rmem_max=4194304")
    assert_says(about("socket buffers", facts_with("machine", receive_buffer_bytes=None)), "ok", "unknown")


# -- the data folder ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "level", "words"),
    [
        ({}, "ok", "its owner's alone"),
        ({"mode": 0o750}, "advice", "chmod 700 /srv/pbx"),
        ({"is_ours": False}, "advice", "belongs to pbx"),
        ({"write_error": "Read-only file system", "sync_ms": None}, "problem", "Read-only file system"),
    ],
)
def test_the_folder_is_the_servers_alone(changes, level, words):
    assert_says(about("data folder", facts_with("folder", **changes)), level, words)


@pytest.mark.parametrize(("megabytes", "level"), [(5_000, "ok"), (999, "advice"), (99, "problem")])
def test_room_on_the_disk(megabytes, level):
    assert_says(about("disk", facts_with("folder", free_bytes=megabytes * 1_000_000)), level, "hours of recordings")


def test_a_slow_disk_brings_advice_and_one_that_cannot_be_measured_none():
    assert_says(about("disk", facts_with("folder", sync_ms=45.0)), "advice", "45 ms")
    assert about("disk", facts_with("folder", sync_ms=None, write_error="No space left on device")).level == "ok"


@pytest.mark.parametrize(
    ("state", "level"), [("absent", "ok"), ("sound", "ok"), ("foreign", "problem"), ("unreadable", "problem")]
)
def test_a_database_that_this_release_cannot_read_is_a_problem(state, level):
    finding = about("spool", replace(WELL, databases=(Database("spool", state, "version 9"),)))
    assert finding.level == level
    assert ("version 9" in finding.said) == (state != "absent")


# -- what is installed -------------------------------------------------------------------------------------------------


def test_an_engine_that_is_missing_or_of_another_version_is_a_problem():
    assert_says(about("codecs", WELL), "ok", "PCMU, PCMA")
    missing = facts_with("installed", engine_version=None, engine_error="no native module")
    assert_says(about("codecs", missing), "problem", "no native module", "make dev")
    assert_says(about("codecs", facts_with("installed", engine_version="0.0.9")), "problem", "0.0.9", "0.1.0")


def test_missing_prompts_are_named_the_first_few_of_them():
    names = tuple(f"en/number-{n}" for n in range(9))
    finding = about("prompts", facts_with("installed", prompts_missing=names))
    assert_says(finding, "problem", "9 of 300", "en/number-4 …")
    assert "en/number-5" not in finding.said


def test_a_portal_that_is_not_built_brings_advice():
    assert_says(about("portal", facts_with("installed", has_portal=False)), "advice", "make portal")


# -- the running server ------------------------------------------------------------------------------------------------


def running(**figures: object) -> Facts:
    return replace(WELL, running=Running(712, ServerFigures(**figures)))


def test_no_server_is_no_fault():
    assert_says(about("server", replace(WELL, running=Running())), "ok", "none runs", "pbx serve --data /srv/pbx")


def test_a_server_tells_how_much_it_has_to_do():
    facts = running(calls=1, calls_started=30, registrar=RegistrarFigures(bindings=2))
    assert_says(about("server", facts), "ok", "process 712", "1 call of 30", "2 registered phones")


def test_a_server_that_does_not_answer_is_a_problem():
    facts = replace(WELL, running=Running(0, error="no answer within 5 s"))
    assert_says(about("server", facts), "problem", "cannot be seen", "no answer within 5 s", "SIGTERM")


@pytest.mark.parametrize(
    ("figures", "level", "words"),
    [
        ({"records_lost": 2}, "problem", "2 × call record lost"),
        ({"spool": SpoolFigures(failed=1)}, "problem", "refused by the disk"),
        ({"saves_failed": 1}, "problem", "state of a call not saved"),
        ({"mistakes": 3}, "problem", "traceback"),
        ({"shipper": ShipperFigures(refused=1)}, "problem", "set aside"),
        ({"spool": SpoolFigures(rejected_full=4)}, "advice", "turned away"),
        ({"saves_late": 1}, "advice", "saved late"),
        ({"inbox_dropped": 1}, "advice", "dropped"),
        ({"calls_refused_full": 7}, "advice", "calls_max"),
        ({"socket_failures": 1}, "advice", "datagram"),
        ({"shipper": ShipperFigures(retry_s=2.0, waiting=5, last_failure="locked")}, "advice", "5 records"),
    ],
)
def test_each_thing_that_went_wrong_is_told_once(figures, level, words):
    facts = running(**figures)
    assert_says(about("server", facts), level, words)
    assert len([finding for finding in judge(facts) if finding.level != "ok"]) == 1


@pytest.mark.parametrize(
    ("figures", "level", "words"),
    [
        ({}, "ok", "no message was lost or delayed; 0 recordings under way"),
        ({"incoming": IncomingFigures(waiting=1)}, "ok", "1 recording under way"),
        ({"incoming": IncomingFigures(undeliverable=1)}, "problem", "1 × message left undelivered"),
        ({"mailboxes": MailboxesFigures(unreadable=2)}, "problem", "2 × record of a message"),
        ({"callers_refused_failed": 3}, "problem", "nothing could be recorded"),
        ({"incoming": IncomingFigures(refused_full=1)}, "problem", "too many messages wait"),
        ({"incoming": IncomingFigures(postponed=4)}, "advice", "4 × delivery of a message put off"),
        ({"callers_refused_full": 5}, "advice", "5 × caller refused: the mailbox was full"),
        ({"pins_refused": 6}, "advice", "6 × PIN not looked at"),
        ({"mailboxes": MailboxesFigures(asks_dropped=1)}, "advice", "mailbox not counted"),
    ],
)
def test_what_callers_and_owners_of_mailboxes_missed_is_told_once(figures, level, words):
    facts = running(voicemail=VoicemailFigures(**figures))
    finding = about("voicemail", facts)
    assert_says(finding, level, words)
    assert (finding.next != "") == (level != "ok")
    assert len([finding for finding in judge(facts) if finding.level != "ok"]) == (level != "ok")


@pytest.mark.parametrize(
    ("figures", "level", "words"),
    [
        ({}, "ok", "no phone had to be told yet"),
        ({"told": 7}, "ok", "phones took all of 7 NOTIFYs"),
        ({"mistakes": 1}, "problem", "1 × mistake"),
        ({"dropped": 1}, "advice", "not told of its messages"),
        ({"failed": 2}, "advice", "2 × NOTIFY answered with a fault"),
        ({"not_answered": 3}, "advice", "3 × NOTIFY without an answer"),
        ({"refused": 4}, "ok", "4 × NOTIFY refused by a phone that does not know message-summary"),
    ],
)
def test_what_phones_were_not_told_of_their_messages(figures, level, words):
    facts = running(message_waiting=MessageWaitingFigures(**figures))
    assert_says(about("message waiting", facts), level, words)
    assert len([finding for finding in judge(facts) if finding.level != "ok"]) == (level != "ok")


def test_without_a_server_nothing_is_said_of_its_voicemail():
    topics = {finding.topic for finding in judge(replace(WELL, running=Running()))}
    assert not topics & {"voicemail", "message waiting"}


# -- the portal --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "level", "words"),
    [
        ({}, "ok", ("the running server's portal is at http://127.0.0.1:8080",)),
        ({"state": "free"}, "advice", ("TCP 127.0.0.1:8080 is free", "`--web off`")),
        ({"state": "taken", "holder": "nginx (process 9)"}, "advice", ("taken by nginx (process 9)", "ss -ltnp")),
        ({"state": "taken"}, "advice", ("TCP 127.0.0.1:8080 is taken: calls work",)),
        ({"state": "refused", "error": "Permission denied"}, "advice", ("Permission denied", "[web]")),
        ({"host": "0.0.0.0"}, "advice", ("plain HTTP on 0.0.0.0", "a proxy which speaks HTTPS")),
    ],
)
def test_the_portals_port(changes, level, words):
    facts = facts_with("web_port", **changes)
    assert_says(about("portal port", facts), level, *words)
    assert len([finding for finding in judge(facts) if finding.level != "ok"]) == (level != "ok")


def test_without_a_server_a_free_port_for_the_portal_is_well():
    stopped = replace(WELL, running=Running())
    assert_says(about("portal port", replace(stopped, web_port=WebPort("127.0.0.1", 8080, "free"))), "ok", "is free")
    assert_says(
        about("portal port", replace(stopped, web_port=WebPort("::1", 0, "free"))), "ok", "any free port of ::1"
    )
