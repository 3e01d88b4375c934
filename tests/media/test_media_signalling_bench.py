"""The signalling benches on this machine, with a few calls of a real SIPp: how fast anything was is not asked."""

import pytest

from bench.sip import call_setup, register_digest
from bench.sip.signalling import rows
from tests.support.peers import require

pytestmark = [pytest.mark.peers, pytest.mark.timeout(90)]


@pytest.fixture(autouse=True)
def sipp() -> None:
    require("sipp")


def test_calls_through_the_real_server_complete_and_every_figure_has_its_unit() -> None:
    taken = call_setup.sample("ours", calls_per_s=10, settle_s=0.2, measure_s=1, held=5)
    assert (taken.totals.succeeded, taken.totals.failed) == (10, 0)
    assert taken.subject_ms > 0
    assert len(rows("call-setup", "call", "ours", [taken], command="…")) == 4


def test_registrations_with_the_real_server_complete() -> None:
    taken = register_digest.sample("ours", rate=20, settle_s=0.2, measure_s=1)
    assert (taken.totals.succeeded, taken.totals.failed) == (20, 0)
    assert taken.subject_ms > 0
