"""How often a PIN may be wrong before no further one is looked at."""

from hypothesis import given
from hypothesis import strategies as st

from pbx.security.pin_guard import BOXES_MAX, REFUSED_S, WINDOW_S, WRONG_MAX, PinGuard
from pbx.tenants.scope import TenantScope

SCOPE = TenantScope("acme")
BOX = "102"


def test_five_wrong_pins_close_a_box_for_a_quarter_of_an_hour():
    guard = PinGuard()
    assert all(guard.admit(SCOPE, BOX, float(now)) for now in range(WRONG_MAX))
    last = WRONG_MAX - 1
    assert not guard.admit(SCOPE, BOX, last + 1)
    assert not guard.admit(SCOPE, BOX, last + REFUSED_S - 1)
    assert guard.refused == 2
    assert all(guard.admit(SCOPE, BOX, last + REFUSED_S + now) for now in range(WRONG_MAX))
    assert not guard.admit(SCOPE, BOX, last + REFUSED_S + WRONG_MAX)


def test_wrong_pins_far_apart_close_nothing():
    guard = PinGuard()
    assert all(guard.admit(SCOPE, BOX, WINDOW_S / 4 * n) for n in range(100))


def test_the_right_pin_forgets_the_wrong_ones():
    guard = PinGuard()
    for now in range(100):
        assert guard.admit(SCOPE, BOX, float(now))
        if now % 4 == 3:
            guard.right(SCOPE, BOX)


def test_one_box_closes_no_other():
    guard = PinGuard()
    for now in range(WRONG_MAX + 1):
        guard.admit(SCOPE, BOX, float(now))
    assert guard.admit(SCOPE, "103", 6.0)
    assert guard.admit(TenantScope("umbrella"), BOX, 6.0)


def test_the_box_not_tried_for_longest_is_forgotten_first():
    guard = PinGuard()
    for number in range(BOXES_MAX + 1):
        guard.admit(SCOPE, str(number), 0.0)
    assert len(guard._wrong) == BOXES_MAX
    assert (SCOPE, "0") not in guard._wrong


@given(st.lists(st.floats(0, 5000), max_size=60).map(sorted))
def test_in_no_window_are_more_than_five_looked_at(times):
    guard = PinGuard()
    admitted = [now for now in times if guard.admit(SCOPE, BOX, now)]
    for first, sixth in zip(admitted, admitted[WRONG_MAX:], strict=False):
        assert sixth - first >= min(WINDOW_S, REFUSED_S)
