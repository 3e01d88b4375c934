"""The registrar against a naive model of RFC 3261 10.3: a list of dictionaries, scanned from end to end."""

from hypothesis import given, settings
from hypothesis import strategies as st

from pbx.registrar.policy import RegistrarPolicy
from pbx.registrar.registrar import Registrar
from tests.support.register_request import FLOW, register_request
from tests.support.sample_cdr import HERONS

MAX, MIN_S, MAX_S = 3, 60, 600
CONTACTS = [f"sip:101@10.0.0.{n}" for n in range(5)]

contacts = st.lists(
    st.tuples(st.sampled_from(CONTACTS), st.sampled_from([None, 0, 10, 60, 100, 900])),
    max_size=4,
    unique_by=lambda c: c[0],
)
registers = st.fixed_dictionaries(
    {
        "contacts": contacts | st.just("*"),
        "call_id": st.sampled_from(["phone-a", "phone-b"]),
        "cseq": st.integers(1, 12),
        "wait_s": st.sampled_from([0, 0, 1, 30, 59, 60, 200, 700]),
        "sweep": st.booleans(),
    }
)


class NaiveRegistrar:
    """Bindings as dictionaries in the order they were registered."""

    def __init__(self) -> None:
        self.bindings: list[dict] = []

    def live(self, now: float) -> list[dict]:
        return [b for b in self.bindings if b["expires_at"] > now]

    def register(self, wanted, call_id: str, cseq: int, now: float) -> int:
        def is_old(b):
            return b["call_id"] == call_id and b["cseq"] >= cseq

        tentative = self.live(now)
        if wanted == "*":
            if any(map(is_old, tentative)):
                return 500
            self.bindings = []
            return 200
        if any(expires is not None and 0 < expires < MIN_S for _, expires in wanted):
            return 423
        new = []
        for contact, expires in wanted:
            old = [b for b in tentative if b["contact"] == contact]
            if old and expires != 0 and (old[0]["call_id"], old[0]["cseq"]) == (call_id, cseq):
                continue
            if any(map(is_old, old)):
                return 500
            tentative = [b for b in tentative if b["contact"] != contact]
            if expires != 0:
                expires_at = now + min(expires or 300, MAX_S)
                new.append({"contact": contact, "call_id": call_id, "cseq": cseq, "at": now, "expires_at": expires_at})
        excess = len(tentative) + len(new) - MAX
        if excess > 0 and len(tentative) + len(new) > len(self.live(now)):
            if excess > len(tentative):
                return 403
            tentative = sorted(tentative, key=lambda b: b["at"])[excess:]
        self.bindings = tentative + new
        return 200


@given(st.lists(registers, max_size=25))
@settings(max_examples=400, deadline=None)
def test_any_history_of_registrations_ends_as_in_the_model(history):
    policy = RegistrarPolicy(expires_default_s=300, expires_min_s=MIN_S, expires_max_s=MAX_S, contacts_max=MAX)
    registrar, model = Registrar(policy), NaiveRegistrar()
    now = 1_800_000_000.0
    on_disk: dict[str, object] = {}
    for step in history:
        now += step["wait_s"]
        if step["wait_s"] and step["sweep"]:
            for expired in registrar.handle_timeout(now):
                if on_disk[expired.contact].expires_at <= now:
                    del on_disk[expired.contact]
            assert registrar.next_timeout() > now
        if step["contacts"] == "*":
            request = register_request("*", expires=0, call_id=step["call_id"], cseq=step["cseq"])
        else:
            values = [f"<{c}>" if e is None else f"<{c}>;expires={e}" for c, e in step["contacts"]]
            request = register_request(*values, call_id=step["call_id"], cseq=step["cseq"])
        outcome = registrar.plan(request, HERONS, "101", FLOW, now)
        registrar.apply(outcome)
        assert outcome.status == model.register(step["contacts"], step["call_id"], step["cseq"], now)
        for contact in outcome.removed:
            del on_disk[contact]
        on_disk.update({binding.contact: binding for binding in outcome.put})
        found = registrar.lookup(HERONS, "101", now)
        assert {b.contact: b.expires_at for b in found} == {b["contact"]: b["expires_at"] for b in model.live(now)}
        assert {c: b for c, b in on_disk.items() if b.expires_at > now} == {b.contact: b for b in found}
        assert [b.registered_at for b in found] == sorted((b.registered_at for b in found), reverse=True)
        assert (len(found) == 0) == (not registrar.registered(HERONS, now))
    assert registrar.handle_timeout(now + MAX_S) is not None
    assert registrar.stats().bindings == 0
