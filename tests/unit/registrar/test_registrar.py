"""What a REGISTER does to the bindings of one address-of-record (RFC 3261 10.3)."""

from math import inf

import pytest

from pbx.registrar.binding import decode_binding, encode_binding
from pbx.registrar.contact_header import CONTACT_LENGTH_MAX, CONTACTS_PER_REQUEST_MAX
from pbx.registrar.policy import RegistrarPolicy
from pbx.registrar.registrar import EXPIRED_PER_TIMEOUT_MAX, Expired, Outcome, Registrar
from tests.support.register_request import FLOW, OTHER_FLOW, register_request
from tests.support.sample_cdr import HERONS, OTTERS

T0 = 1_800_000_000.0
A, B, C, D = (f"sip:101@10.0.0.{n}:5060" for n in (1, 2, 3, 4))


class Desk:
    """A registrar with one address-of-record in use, and a clock that is set by hand."""

    def __init__(self, **policy) -> None:
        self.registrar = Registrar(RegistrarPolicy(**policy))
        self.wall_now = T0
        self._cseq = 0

    def register(self, *contacts: str, flow=FLOW, scope=HERONS, aor="101", **request) -> Outcome:
        self._cseq += 1
        request.setdefault("cseq", self._cseq)
        outcome = self.registrar.plan(register_request(*contacts, **request), scope, aor, flow, self.wall_now)
        self.registrar.apply(outcome)
        return outcome

    def lookup(self, scope=HERONS, aor="101"):
        return self.registrar.lookup(scope, aor, self.wall_now)

    @property
    def contacts(self) -> list[str]:
        return [binding.contact for binding in self.lookup()]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def values(outcome: Outcome, name: str) -> list[str]:
    return [value for own, value in outcome.headers if own == name]


# -- adding, refreshing, removing --------------------------------------------------------------------------------------


def test_a_registered_contact_is_found_with_the_flow_it_came_over(desk):
    outcome = desk.register(f"<{A}>", expires=600)
    assert outcome.status == 200
    assert values(outcome, "Contact") == [f"<{A}>;expires=600"]
    (binding,) = desk.lookup()
    assert (binding.contact, binding.flow, binding.expires_at) == (A, FLOW, T0 + 600)


def test_the_200_carries_the_date(desk):
    assert values(desk.register(f"<{A}>"), "Date") == ["Fri, 15 Jan 2027 08:00:00 GMT"]


def test_planning_changes_nothing(desk):
    desk.registrar.plan(register_request(f"<{A}>"), HERONS, "101", FLOW, T0)
    assert desk.contacts == []
    assert desk.registrar.next_timeout() == inf


def test_a_refresh_keeps_one_binding_and_takes_the_new_flow(desk):
    desk.register(f"<{A}>", expires=600)
    desk.wall_now += 300
    outcome = desk.register(f"<{A}>", expires=600, flow=OTHER_FLOW)
    (binding,) = desk.lookup()
    assert (binding.flow, binding.expires_at, outcome.removed) == (OTHER_FLOW, T0 + 900, ())


def test_a_contact_spelled_differently_is_the_same_binding(desk):
    desk.register("<sip:101@Phone.example;transport=udp>")
    outcome = desk.register("<sip:%3101@phone.example;Transport=UDP>")
    assert desk.contacts == ["sip:%3101@phone.example;Transport=UDP"]
    assert outcome.removed == ("sip:101@Phone.example;transport=udp",)


def test_several_phones_share_an_extension(desk):
    desk.register(f"<{A}>", call_id="phone-a", expires=600)
    outcome = desk.register(f"<{B}>", call_id="phone-b", expires=300)
    assert sorted(values(outcome, "Contact")) == [f"<{A}>;expires=600", f"<{B}>;expires=300"]


def test_one_request_may_carry_several_contacts(desk):
    desk.register(f"<{A}>;expires=100, <{B}>", f"<{C}>;q=0.5", expires=200)
    assert {b.contact: b.expires_at - T0 for b in desk.lookup()} == {A: 100, B: 200, C: 200}


def test_expires_0_removes_that_contact_alone(desk):
    desk.register(f"<{A}>, <{B}>")
    outcome = desk.register(f"<{A}>;expires=0")
    assert (outcome.status, outcome.removed, desk.contacts) == (200, (A,), [B])


def test_removing_what_is_not_there_is_no_error(desk):
    outcome = desk.register(f"<{A}>", expires=0)
    assert (outcome.status, outcome.put, outcome.removed) == (200, (), ())


def test_one_request_may_swap_an_old_contact_for_a_new_one(desk):
    desk.register(f"<{A}>")
    desk.register(f"<{A}>;expires=0, <{B}>")
    assert desk.contacts == [B]


def test_no_contact_asks_for_all_bindings(desk):
    desk.register(f"<{A}>", expires=600)
    desk.wall_now += 100
    outcome = desk.register()
    assert (outcome.status, outcome.put, outcome.removed) == (200, (), ())
    assert values(outcome, "Contact") == [f"<{A}>;expires=500"]


def test_star_removes_everything(desk):
    desk.register(f"<{A}>", call_id="phone-a")
    desk.register(f"<{B}>", call_id="phone-b")
    outcome = desk.register("*", expires=0, call_id="phone-c", cseq=1)
    assert (outcome.status, values(outcome, "Contact"), desk.contacts) == (200, [], [])


@pytest.mark.parametrize(
    ("contacts", "expires"),
    [(["*"], None), (["*"], 1), (["*"], "soon"), (["*", f"<{A}>"], 0)],
    ids=["no Expires", "Expires: 1", "Expires: soon", "not alone"],
)
def test_star_is_refused_unless_alone_and_with_expires_0(desk, contacts, expires):
    desk.register(f"<{A}>")
    assert desk.register(*contacts, expires=expires).status == 400
    assert desk.contacts == [A]


# -- expiry ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("contact", "expires", "granted_s"),
    [
        (f"<{A}>", None, 3600),
        (f"<{A}>", 120, 120),
        (f"<{A}>;expires=90", 120, 90),
        (f"<{A}>;EXPIRES=90", 120, 90),
        (f"<{A}>", 4_000_000_000, 7200),
        (f"<{A}>;expires=280297596632815", None, 7200),
        (f"<{A}>;expires=00000000000000000090", None, 90),
        (f"<{A}>;expires=soon", None, 3600),
        (f"<{A}>;expires=-5", 120, 120),
        (f"<{A}>;expires", 120, 120),
        (f"<{A}>", "soon", 3600),
        (f"<{A}>", 10**30, 3600),
    ],
)
def test_what_is_granted(desk, contact, expires, granted_s):
    outcome = desk.register(contact, expires=expires)
    assert values(outcome, "Contact") == [f"<{A}>;expires={granted_s}"]


def test_the_default_stays_within_the_bounds():
    assert values(Desk(expires_max_s=300).register(f"<{A}>"), "Contact") == [f"<{A}>;expires=300"]
    assert values(Desk(expires_default_s=30).register(f"<{A}>"), "Contact") == [f"<{A}>;expires=60"]


def test_too_brief_an_interval_is_refused_with_the_minimum(desk):
    outcome = desk.register(f"<{B}>", f"<{A}>;expires=59")
    assert (outcome.status, values(outcome, "Min-Expires"), desk.contacts) == (423, ["60"], [])


def test_an_hour_is_never_too_brief():
    desk = Desk(expires_min_s=5000, expires_max_s=9000)
    refused = desk.register(f"<{A}>", expires=3599)
    assert (refused.status, values(refused, "Min-Expires")) == (423, ["5000"])
    assert values(desk.register(f"<{A}>", expires=3600), "Contact") == [f"<{A}>;expires=3600"]


def test_a_binding_is_not_found_from_the_moment_it_expires(desk):
    desk.register(f"<{A}>", expires=60)
    desk.wall_now = T0 + 59.9
    assert desk.contacts == [A]
    desk.wall_now = T0 + 60
    assert desk.contacts == []


def test_the_sweep_forgets_what_expired_and_says_what_it_was(desk):
    desk.register(f"<{A}>;expires=60, <{B}>;expires=90")
    assert desk.registrar.next_timeout() == T0 + 60
    assert desk.registrar.handle_timeout(T0 + 60) == (Expired(HERONS, "101", A),)
    assert desk.registrar.next_timeout() == T0 + 90
    assert desk.registrar.handle_timeout(T0 + 90) == (Expired(HERONS, "101", B),)
    assert desk.registrar.next_timeout() == inf
    assert desk.registrar.stats().bindings == desk.registrar.stats().aors == 0


def test_a_refreshed_binding_outlives_its_first_expiry(desk):
    desk.register(f"<{A}>", expires=60)
    desk.wall_now = T0 + 50
    desk.register(f"<{A}>", expires=60)
    assert desk.registrar.handle_timeout(T0 + 60) == ()
    assert desk.registrar.next_timeout() == T0 + 110


def test_a_binding_that_was_shortened_expires_at_its_new_time(desk):
    desk.register(f"<{A}>", expires=3600)
    desk.register(f"<{A}>", expires=60)
    assert desk.registrar.handle_timeout(T0 + 60) == (Expired(HERONS, "101", A),)
    assert desk.registrar.handle_timeout(T0 + 3600) == ()


def test_many_refreshes_do_not_pile_up_timers(desk):
    for _ in range(1000):
        desk.wall_now += 30
        desk.register(f"<{A}>", expires=3600)
        desk.registrar.handle_timeout(desk.wall_now)
    assert len(desk.registrar._heap) <= 2


def test_one_timeout_looks_at_a_bounded_share(desk):
    for n in range(EXPIRED_PER_TIMEOUT_MAX + 10):
        desk.register(f"<{A}>", aor=str(n), expires=60)
    assert len(desk.registrar.handle_timeout(T0 + 60)) == EXPIRED_PER_TIMEOUT_MAX
    assert desk.registrar.next_timeout() == T0 + 60
    assert len(desk.registrar.handle_timeout(T0 + 60)) == 10


def test_a_contact_that_expired_unswept_may_register_again(desk):
    desk.register(f"<{A}>", expires=60, cseq=9)
    desk.wall_now = T0 + 61
    assert desk.register(f"<{A}>", expires=60, cseq=3).status == 200
    assert desk.registrar.handle_timeout(T0 + 61) == ()
    assert (desk.contacts, desk.registrar.stats().bindings) == ([A], 1)


# -- order of requests -------------------------------------------------------------------------------------------------


def test_an_older_request_of_the_same_call_id_is_refused_whole(desk):
    desk.register(f"<{A}>", cseq=5)
    outcome = desk.register(f"<{B}>, <{A}>;expires=0", cseq=4)
    assert (outcome.status, outcome.reason, desk.contacts) == (500, "CSeq Out of Order", [A])


@pytest.mark.parametrize("cseq", [4, 5])
def test_an_older_star_is_refused_whole(desk, cseq):
    desk.register(f"<{B}>", call_id="other", cseq=1)
    desk.register(f"<{A}>", cseq=5)
    assert desk.register("*", expires=0, cseq=cseq).status == 500
    assert sorted(desk.contacts) == [A, B]


def test_another_call_id_starts_its_own_count(desk):
    desk.register(f"<{A}>", cseq=500)
    assert desk.register(f"<{A}>", call_id="after-reboot", cseq=1).status == 200


def test_the_request_that_made_the_binding_may_come_again(desk):
    desk.register(f"<{A}>", cseq=5, expires=600)
    before = desk.lookup()
    desk.wall_now += 10
    outcome = desk.register(f"<{A}>", cseq=5, expires=600)
    assert (outcome.status, outcome.put, outcome.removed) == (200, (), ())
    assert values(outcome, "Contact") == [f"<{A}>;expires=590"]
    assert desk.lookup() == before


def test_a_removal_with_the_cseq_of_the_registration_is_refused(desk):
    desk.register(f"<{A}>", cseq=5)
    assert desk.register(f"<{A}>;expires=0", cseq=5).status == 500
    assert desk.contacts == [A]


# -- limits ------------------------------------------------------------------------------------------------------------


def test_beyond_the_contacts_allowed_the_oldest_makes_room():
    desk = Desk(contacts_max=2)
    for contact in (A, B, C):
        desk.wall_now += 1
        outcome = desk.register(f"<{contact}>")
    assert outcome.removed == (A,)
    assert desk.contacts == [C, B]


def test_a_refresh_counts_as_recent_when_room_is_made():
    desk = Desk(contacts_max=2)
    for contact in (A, B, A, C):
        desk.wall_now += 1
        desk.register(f"<{contact}>")
    assert desk.contacts == [C, A]


def test_beyond_the_contacts_allowed_a_new_one_is_refused_if_the_policy_says_so():
    desk = Desk(contacts_max=2, when_full="reject")
    desk.register(f"<{A}>, <{B}>")
    outcome = desk.register(f"<{C}>")
    assert (outcome.status, outcome.reason) == (403, "Too Many Contacts")
    assert desk.register(f"<{A}>").status == 200
    assert sorted(desk.contacts) == [A, B]


def test_a_request_with_more_contacts_than_allowed_never_makes_room_for_itself():
    desk = Desk(contacts_max=2)
    assert desk.register(f"<{A}>, <{B}>, <{C}>").status == 403
    assert desk.contacts == []


def test_a_full_node_refuses_new_bindings_and_refreshes_those_it_has():
    desk = Desk(bindings_max=1)
    desk.register(f"<{A}>")
    assert desk.register(f"<{B}>", aor="102").status == 503
    assert desk.register(f"<{A}>").status == 200


@pytest.mark.parametrize(
    "request_parts",
    [
        {"contacts": [f"<{A};x={'y' * CONTACT_LENGTH_MAX}>"]},
        {"contacts": [f"<{A}>;x={'y' * CONTACT_LENGTH_MAX}"]},
        {"contacts": [", ".join(f"<sip:{n}@10.0.0.1>" for n in range(CONTACTS_PER_REQUEST_MAX + 1))]},
        {"contacts": ["<tel:+441632960100>"]},
        {"contacts": ["<name:John_Smith>"]},
        {"contacts": ["<sip:101@[::1>"]},
        {"contacts": ["nonsense"]},
        {"contacts": ["<sip:\udcff@10.0.0.1>"]},
        {"contacts": [f"<{A}>"], "call_id": "\udcff"},
        {"contacts": [f"<{A}>"], "call_id": "c" * 1000},
        {"contacts": [f"<{A}>"], "headers": [("Supported", "path"), ("Path", "nonsense")]},
        {"contacts": [f"<{A}>"], "headers": [("Supported", "path"), ("Path", ",".join(["<sip:p;lr>"] * 9))]},
    ],
)
def test_what_cannot_be_kept_is_refused(desk, request_parts):
    contacts = request_parts.pop("contacts")
    outcome = desk.register(*contacts, **request_parts)
    assert outcome.status == 400
    assert outcome.reason.isprintable()
    assert outcome.reason.isascii()
    assert desk.contacts == []


def test_an_unreadable_request_is_refused(desk):
    request = register_request(f"<{A}>")
    request.headers.set("CSeq", "many REGISTER")
    assert desk.registrar.plan(request, HERONS, "101", FLOW, T0).status == 400


# -- look-up -----------------------------------------------------------------------------------------------------------


def test_the_preferred_contact_comes_first_and_among_equals_the_most_recent(desk):
    for contact, q in ((A, "0.5"), (B, "1.0"), (C, "0.5"), (D, "0.123")):
        desk.wall_now += 1
        desk.register(f"<{contact}>;q={q}", call_id=contact)
    assert desk.contacts == [B, C, A, D]


@pytest.mark.parametrize("q", ["2", "nan", "-1", "1e-3", "", "0.1234"])
def test_a_preference_that_cannot_be_read_counts_as_none(desk, q):
    desk.register(f"<{A}>;q={q}" if q else f"<{A}>;q")
    assert desk.lookup()[0].q == 1.0


def test_a_tenant_sees_only_its_own_bindings(desk):
    desk.register(f"<{A}>")
    desk.register(f"<{B}>", scope=OTTERS)
    assert [b.contact for b in desk.lookup(OTTERS)] == [B]
    assert desk.contacts == [A]
    desk.register("*", expires=0, scope=OTTERS)
    assert desk.contacts == [A]


def test_the_registered_extensions_of_a_tenant_are_those_with_a_live_binding(desk):
    desk.register(f"<{A}>", aor="101", expires=60)
    desk.register(f"<{B}>", aor="102", expires=600)
    desk.register(f"<{C}>", aor="103", scope=OTTERS)
    assert desk.registrar.registered(HERONS, T0) == {"101", "102"}
    assert desk.registrar.registered(HERONS, T0 + 60) == {"102"}


def test_the_request_uri_leaves_out_what_none_may_have(desk):
    desk.register(f"<{A};ob?X-Made-Up=1>")
    (binding,) = desk.lookup()
    assert binding.contact == f"{A};ob?X-Made-Up=1"
    assert binding.request_uri == f"{A};ob"


# -- Contact parameters, Path ------------------------------------------------------------------------------------------


def test_the_contacts_own_parameters_are_kept_and_shown(desk):
    outcome = desk.register(f'"Ada" <{A}>;+sip.instance="<urn:uuid:0c67446e>";reg-id=1;expires=100;q=0.7')
    shown = f'<{A}>;+sip.instance="<urn:uuid:0c67446e>";reg-id=1;q=0.7;expires=100'
    assert values(outcome, "Contact") == [shown]


def test_a_path_is_kept_and_shown_to_a_phone_that_knows_of_it(desk):
    path = [("Path", "<sip:edge1.example;lr>, <sip:edge2.example;lr>"), ("Path", "<sip:edge3.example;lr>")]
    outcome = desk.register(f"<{A}>", headers=[("Supported", "outbound, Path"), *path])
    hops = ["<sip:edge1.example;lr>", "<sip:edge2.example;lr>", "<sip:edge3.example;lr>"]
    assert values(outcome, "Path") == hops
    assert list(desk.lookup()[0].path) == hops


def test_a_path_is_left_out_for_a_phone_that_does_not_know_of_it(desk):
    outcome = desk.register(f"<{A}>", headers=[("Path", "<sip:edge1.example;lr>")])
    assert values(outcome, "Path") == []
    assert desk.lookup()[0].path == ()


def test_a_user_agent_of_any_bytes_is_kept_readable(desk):
    desk.register(f"<{A}>", headers=[("User-Agent", "Phöne\udcff " + "x" * 200)])
    agent = desk.lookup()[0].user_agent
    assert agent.startswith("Phöne? xxx")
    assert len(agent) == 120


def test_a_binding_is_written_and_read_again(desk):
    desk.register(f'<{A}>;+sip.instance="<urn:uuid:1>";q=0.3', headers=[("Supported", "path"), ("Path", "<sip:e;lr>")])
    (binding,) = desk.lookup()
    assert decode_binding(encode_binding(binding)) == binding


def test_the_statistics_say_what_happened(desk):
    desk.register(f"<{A}>, <{B}>", expires=60)
    desk.register(f"<{A}>", expires=600)
    desk.register(f"<{C}>", expires=600)
    desk.register(f"<{C}>", expires=0)
    desk.registrar.handle_timeout(T0 + 60)
    stats = desk.registrar.stats()
    assert (stats.bindings, stats.aors) == (1, 1)
    assert (stats.added, stats.refreshed, stats.removed, stats.expired) == (3, 1, 1, 1)


@pytest.mark.parametrize(
    "policy",
    [{"expires_min_s": 0}, {"expires_max_s": 59}, {"contacts_max": 0}],
)
def test_a_policy_that_cannot_be_is_refused_at_once(policy):
    with pytest.raises(ValueError, match="must be"):
        RegistrarPolicy(**policy)
