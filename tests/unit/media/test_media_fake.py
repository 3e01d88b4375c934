"""The fake engine keeps to what calls rely on, so that whole-call tests mean something."""

import pytest

from pbx.media.fake import FakeEngine
from pbx.media.interface import NoMediaPorts


def test_ports_are_two_apart_and_come_back():
    engine = FakeEngine(legs_max=2)
    first, second = engine.open_leg(), engine.open_leg()
    assert second.local[1] - first.local[1] == 2
    with pytest.raises(NoMediaPorts):
        engine.open_leg()
    first.close()
    first.close()
    assert engine.open_leg().local == first.local


def test_a_port_that_is_taken_is_no_port():
    engine = FakeEngine()
    leg = engine.open_leg()
    with pytest.raises(NoMediaPorts):
        engine.open_leg(local=leg.local)


def test_a_second_bridge_ends_the_first_for_both():
    engine = FakeEngine()
    a, b, c = (engine.open_leg() for _ in range(3))
    engine.bridge(a, b)
    engine.bridge(b, c)
    assert engine.hears == {b.id: c.id, c.id: b.id}
    engine.echo(c)
    assert engine.hears == {c.id: c.id}


def test_a_leg_that_closes_is_heard_by_nobody():
    engine = FakeEngine()
    a, b = engine.open_leg(), engine.open_leg()
    engine.bridge(a, b)
    a.close()
    assert (engine.hears, engine.legs_open()) == ({}, 1)
