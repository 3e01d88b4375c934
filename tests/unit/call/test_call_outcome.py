"""What a round of ringing comes to, from what its phones said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx.call.outbound import outcome_of
from pbx.routing.step import Busy, Declined, Failed, NoAnswer

statuses = st.lists(st.integers(300, 699), max_size=8)


@pytest.mark.parametrize(
    ("refusals", "outcome"),
    [
        ([], NoAnswer()),
        ([408], NoAnswer()),
        ([480, 487, 408], NoAnswer()),
        ([486], Busy()),
        ([600], Busy()),
        ([480, 486, 404], Busy()),  # somebody is there, on the phone: better news than the others'
        ([603], Declined()),
        ([607], Declined()),
        ([608, 500], Declined()),
        ([486, 603], Busy()),
        ([404], Failed(404)),
        ([480, 503, 488], Failed(488)),
        ([302, 500], Failed(302)),
    ],
)
def test_the_best_news_of_all_phones_counts(refusals, outcome):
    assert outcome_of(refusals) == outcome


@given(statuses)
def test_the_order_in_which_phones_refuse_does_not_matter(refusals):
    assert outcome_of(refusals) == outcome_of(sorted(refusals))


@given(statuses)
def test_a_failure_is_a_status_that_some_phone_gave(refusals):
    outcome = outcome_of(refusals)
    assert not isinstance(outcome, Failed) or outcome.status in refusals


@given(statuses)
def test_a_phone_that_only_did_not_answer_changes_nothing(refusals):
    assert outcome_of([*refusals, 480]) == outcome_of(refusals)
