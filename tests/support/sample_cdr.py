"""CDRs for tests that store and ship them; what the call was does not matter there."""

from pbx.cdr.cdr import Cdr
from pbx.tenants.scope import TenantScope

HERONS = TenantScope("herons")
OTTERS = TenantScope("otters")


def sample_cdr(call_id: str = "call-1", *, scope: TenantScope = HERONS, started_at: float = 1_800_000_000.0) -> Cdr:
    """A call of ten seconds that was answered after four."""
    return Cdr(
        id=call_id,
        scope=scope,
        from_number="101",
        from_name="Ada",
        to_number="102",
        sip_call_id=f"{call_id}@phone",
        started_at=started_at,
        ringing_at=started_at + 1,
        answered_at=started_at + 4,
        ended_at=started_at + 14,
        talk_s=10.0,
        disposition="answered",
        ended_by="caller",
        sip_status=200,
        reason="",
    )
