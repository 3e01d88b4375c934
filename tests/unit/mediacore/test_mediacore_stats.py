"""Rows of words become records; what is not known is None."""

import math
import struct

from mediacore.stats import read_row

from mediacore import LegStatsTable, _native

NAMES = {0: "", 1: "PCMU/8000", 2: "PCMA/8000"}


def row(**values: float) -> bytes:
    kinds = _native.STATS_FORMAT[1:]
    default = {"Q": 0, "d": math.nan}
    cells = [values.get(name, default[kind]) for name, kind in zip(_native.STATS_COLUMNS, kinds, strict=True)]
    return struct.pack(_native.STATS_FORMAT, *cells)


def test_a_leg_that_heard_nothing_knows_little():
    stats = read_row(row(leg=7), NAMES.__getitem__)
    assert stats.leg == 7
    assert (stats.mos, stats.rtt_ms, stats.remote) == (None, None, None)
    assert (stats.receive.payload_type, stats.receive.codec, stats.receive.concealed_ms) == (None, "", 0.0)
    assert (stats.send.lost, stats.send.lost_ratio) == (None, None)


def test_figures_find_their_places():
    stats = read_row(
        row(
            leg=7,
            flags=0b1011,
            receive_packets=10,
            receive_payload_type=8,
            receive_codec=2,
            rejected_payload_type=3,
            rejected_payload_type_last=18,
            send_lost=4,
            send_lost_ratio=0.25,
            remote_low=0xFFFF_C000_0207,
            remote_port=4000,
        ),
        NAMES.__getitem__,
    )
    assert (stats.may_send, stats.may_receive, stats.is_muted_send, stats.is_muted_receive) == (True, True, False, True)
    assert (stats.receive.codec, stats.receive.payload_type) == ("PCMA/8000", 8)
    assert (stats.receive.rejected.payload_type, stats.receive.rejected.payload_type_last) == (3, 18)
    assert (stats.send.lost, stats.send.lost_ratio) == (4, 0.25)
    assert stats.remote == ("192.0.2.7", 4000)


def test_an_ipv6_peer_stays_one():
    stats = read_row(row(remote_high=0x2001_0DB8 << 32, remote_low=7, remote_port=4000), NAMES.__getitem__)
    assert stats.remote == ("2001:db8::7", 4000)


def test_a_table_gives_each_leg_its_row():
    table = LegStatsTable(row(leg=3, receive_packets=30) + row(leg=5, receive_packets=50), NAMES.__getitem__)
    assert sorted(table) == [3, 5]
    assert {leg: table[leg].receive.packets for leg in table} == {3: 30, 5: 50}
    assert 4 not in table


def test_a_table_is_an_array_too_which_nobody_can_write():
    table = LegStatsTable(row(leg=3, receive_packets=30) + row(leg=5, receive_packets=50), NAMES.__getitem__)
    assert table.array["leg"].tolist() == [3, 5]
    assert table.array["receive_packets"].sum() == 80
    assert math.isnan(table.array["rtt_ms"][0])
    assert not table.array.flags.writeable


def test_a_table_of_no_legs_is_empty():
    table = LegStatsTable(b"", NAMES.__getitem__)
    assert (len(table), list(table), len(table.array)) == (0, [], 0)
