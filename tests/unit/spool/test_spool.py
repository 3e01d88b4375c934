"""The spool keeps what it confirmed, and each change means the same the second time."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from pbx.cdr.cdr import Cdr
from pbx.spool import (
    AddToOutbox,
    EndCall,
    OutboxItem,
    PutBinding,
    PutCall,
    RemoveBinding,
    RemoveCall,
    SavedBinding,
    SavedCall,
    Spool,
    SpoolBusy,
    SpoolClosed,
    SpoolFailed,
    SpoolVersionError,
)
from pbx.spool.change import ENDED_CALLS_MAX, SetAside, Shipped
from tests.support.sample_cdr import HERONS, OTTERS, sample_cdr

CONTACT = "sip:101@192.0.2.7:5060"


@pytest.fixture(params=["thread", "inline", "memory"])
def spool(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Spool]:
    path = None if request.param == "memory" else tmp_path / "spool.sqlite"
    with Spool(path, inline=request.param == "inline") as spool:
        yield spool


def binding(aor="101", contact=CONTACT, scope=HERONS, expires_at=100.0, record=b"{}"):
    return PutBinding(scope, aor, contact, expires_at, record)


def saved(change: PutBinding) -> SavedBinding:
    return SavedBinding(change.scope, change.aor, change.contact, change.expires_at, change.record)


# -- bindings ----------------------------------------------------------------------------------------------------------


async def test_a_binding_comes_back_as_it_was_put(spool):
    await spool.commit(binding(record=b"\x00any bytes\xff"))
    assert list(spool.load_bindings()) == [saved(binding(record=b"\x00any bytes\xff"))]


async def test_a_binding_put_again_replaces_the_first(spool):
    await spool.commit(binding(expires_at=100.0))
    await spool.commit(binding(expires_at=200.0))
    assert list(spool.load_bindings()) == [saved(binding(expires_at=200.0))]


async def test_bindings_differ_by_tenant_region_aor_and_contact(spool):
    others = [
        binding(),
        binding(scope=OTTERS),
        binding(scope=msgspec.structs.replace(HERONS, region="north")),
        binding(aor="102"),
        binding(contact="sip:101@192.0.2.8"),
    ]
    await spool.commit(*others)
    assert {(b.scope, b.aor, b.contact) for b in spool.load_bindings()} == {(b.scope, b.aor, b.contact) for b in others}


async def test_removing_a_binding_leaves_the_others(spool):
    await spool.commit(binding(), binding(scope=OTTERS))
    await spool.commit(RemoveBinding(HERONS, "101", CONTACT))
    assert list(spool.load_bindings()) == [saved(binding(scope=OTTERS))]
    await spool.commit(RemoveBinding(HERONS, "101", CONTACT))


async def test_an_expired_binding_is_kept_if_it_was_renewed_meanwhile(spool):
    await spool.commit(binding(expires_at=200.0))
    await spool.commit(RemoveBinding(HERONS, "101", CONTACT, expired_by=150.0))
    assert len(list(spool.load_bindings())) == 1
    await spool.commit(RemoveBinding(HERONS, "101", CONTACT, expired_by=200.0))
    assert list(spool.load_bindings()) == []


# -- calls and their CDRs ----------------------------------------------------------------------------------------------


async def test_a_call_comes_back_with_its_last_state(spool):
    await spool.commit(PutCall("call-1", HERONS, b"ringing", 1))
    await spool.commit(PutCall("call-1", HERONS, b"talking", 1), PutCall("call-2", OTTERS, b"ringing", 7))
    assert list(spool.load_calls()) == [
        SavedCall("call-1", HERONS, b"talking", 1),
        SavedCall("call-2", OTTERS, b"ringing", 7),
    ]


async def test_an_older_state_that_comes_late_does_not_overwrite_a_newer_one(spool):
    await spool.commit(PutCall("call-1", HERONS, b"newer", 2))
    await spool.commit(PutCall("call-1", HERONS, b"older", 1))
    assert list(spool.load_calls()) == [SavedCall("call-1", HERONS, b"newer", 2)]


async def test_a_call_handed_over_leaves_no_cdr(spool):
    await spool.commit(PutCall("call-1", HERONS, b"state", 1))
    await spool.commit(RemoveCall("call-1"))
    assert list(spool.load_calls()) == []
    assert await spool.read_outbox(10) == []


async def test_ending_a_call_trades_its_state_for_its_cdr(spool):
    await spool.commit(PutCall("call-1", HERONS, b"state", 1))
    await spool.commit(EndCall("call-1", sample_cdr()))
    assert list(spool.load_calls()) == []
    (item,) = await spool.read_outbox(10)
    assert (item.scope, item.kind, item.id) == (HERONS, "cdr", "call-1")
    assert msgspec.json.decode(item.payload, type=Cdr) == sample_cdr()


async def test_a_call_that_was_never_saved_still_leaves_its_cdr(spool):
    await spool.commit(EndCall("call-1", sample_cdr()))
    assert [item.id for item in await spool.read_outbox(10)] == ["call-1"]


async def test_ending_a_call_twice_leaves_one_cdr(spool):
    interrupted = msgspec.structs.replace(sample_cdr(), disposition="interrupted", id="call-1-again")
    await spool.commit(EndCall("call-1", sample_cdr()), EndCall("call-1", interrupted))
    await spool.commit(EndCall("call-1", interrupted))
    (item,) = await spool.read_outbox(10)
    assert msgspec.json.decode(item.payload, type=Cdr) == sample_cdr()


async def test_ending_a_call_again_after_its_cdr_was_shipped_leaves_none(spool):
    await spool.commit(EndCall("call-1", sample_cdr()))
    (item,) = await spool.read_outbox(10)
    await spool.commit(Shipped(item.position))
    await spool.commit(EndCall("call-1", sample_cdr()))
    assert await spool.read_outbox(10) == []


async def test_a_late_save_does_not_bring_an_ended_call_back(spool):
    await spool.commit(EndCall("call-1", sample_cdr()))
    await spool.commit(PutCall("call-1", HERONS, b"late", 9))
    assert list(spool.load_calls()) == []


async def test_the_memory_of_ended_calls_is_bounded():
    with Spool(None) as spool:
        await spool.commit(*(EndCall(f"call-{n}", sample_cdr(f"call-{n}")) for n in range(ENDED_CALLS_MAX + 50)))
        remembered = spool._connection.execute("SELECT count(*) FROM ended_calls").fetchone()[0]
    assert remembered == ENDED_CALLS_MAX


# -- the outbox --------------------------------------------------------------------------------------------------------


async def test_the_outbox_is_read_oldest_first_and_by_pages(spool):
    for n in range(5):
        await spool.commit(AddToOutbox(HERONS, "event", f"event-{n}", b"payload"))
    first_page = await spool.read_outbox(3)
    assert [item.id for item in first_page] == ["event-0", "event-1", "event-2"]
    await spool.commit(*(Shipped(item.position) for item in first_page))
    assert [item.id for item in await spool.read_outbox(3)] == ["event-3", "event-4"]


async def test_an_outbox_id_counts_once_per_kind(spool):
    await spool.commit(AddToOutbox(HERONS, "event", "1", b"first"), AddToOutbox(HERONS, "event", "1", b"second"))
    await spool.commit(AddToOutbox(HERONS, "mail", "1", b"mail"))
    assert [(item.kind, item.payload) for item in await spool.read_outbox(10)] == [
        ("event", b"first"),
        ("mail", b"mail"),
    ]
    assert spool.stats().outbox == 2


async def test_what_is_set_aside_stays_with_its_reason_and_is_not_read_again(spool):
    await spool.commit(AddToOutbox(HERONS, "event", "1", b"payload"))
    (item,) = await spool.read_outbox(10)
    await spool.commit(SetAside(item.position, "no such tenant"))
    await spool.commit(Shipped(item.position))
    assert await spool.read_outbox(10) == []
    assert spool.refused() == [(OutboxItem(item.position, HERONS, "event", "1", b"payload"), "no such tenant")]
    assert spool.stats().outbox == 0


# -- transactions ------------------------------------------------------------------------------------------------------


async def test_the_changes_of_one_commit_are_kept_together_or_not_at_all(spool):
    unwritable = binding(aor="\udcff")  # a lone surrogate: what a header with bad UTF-8 decodes to
    with pytest.raises(SpoolFailed):
        await spool.commit(binding(), unwritable)
    assert list(spool.load_bindings()) == []
    assert spool.stats().failed == 1
    await spool.commit(binding())
    assert len(list(spool.load_bindings())) == 1


async def test_a_cdr_that_cannot_be_written_down_fails_like_any_other_change(spool):
    with pytest.raises(SpoolFailed):
        await spool.commit(binding(), EndCall("call-1", msgspec.structs.replace(sample_cdr(), from_name="\udcff")))
    assert list(spool.load_bindings()) == []
    assert spool.stats().failed == 1


async def test_committing_nothing_is_allowed(spool):
    await spool.commit()


async def test_a_closed_spool_takes_nothing(spool):
    spool.close()
    with pytest.raises(SpoolClosed):
        await spool.commit(binding())


# -- the file ----------------------------------------------------------------------------------------------------------


async def test_everything_is_there_when_the_file_is_opened_again(tmp_path):
    path = tmp_path / "spool.sqlite"
    with Spool(path) as spool:
        await spool.commit(binding(), PutCall("call-1", HERONS, b"state", 1), EndCall("call-2", sample_cdr("call-2")))
    with Spool(path) as spool:
        assert list(spool.load_bindings()) == [saved(binding())]
        assert list(spool.load_calls()) == [SavedCall("call-1", HERONS, b"state", 1)]
        assert [item.id for item in await spool.read_outbox(10)] == ["call-2"]
        assert spool.stats().outbox == 1
        await spool.commit(EndCall("call-2", sample_cdr("call-2")))
        assert spool.stats().outbox == 1


def test_the_file_is_readable_by_its_owner_alone(tmp_path):
    with Spool(tmp_path / "spool.sqlite"):
        modes = {path.name: path.stat().st_mode & 0o077 for path in tmp_path.iterdir()}
    assert modes
    assert not any(modes.values()), modes


def test_a_second_process_cannot_open_it(tmp_path):
    path = tmp_path / "spool.sqlite"
    with Spool(path), pytest.raises(SpoolBusy, match="in use by another process"):
        Spool(path)
    Spool(path).close()


def test_a_file_of_a_later_release_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "spool.sqlite"
    Spool(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(SpoolVersionError, match="version 99"):
        Spool(path)
    assert path.read_bytes() == before


def test_another_programs_database_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "spool.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    with pytest.raises(SpoolVersionError, match="not a spool"):
        Spool(path)


def test_a_file_that_is_no_database_is_refused(tmp_path):
    path = tmp_path / "spool.sqlite"
    path.write_bytes(b"once upon a time" * 100)
    with pytest.raises(SpoolVersionError, match="not a SQLite file"):
        Spool(path)


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises((SpoolFailed, OSError), match="file"):
        Spool(tmp_path / "file" / "spool.sqlite")
