"""What every Store does. A new backend is one more line in CASES, and passes this in good weather and in bad."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from trio.testing import MockClock

from pbx.routing.plan import Plan
from pbx.store.interface import (
    EVERY_TENANT,
    PAGE_MAX,
    Store,
    StoreRefused,
    StoreUnavailable,
    TenantVersion,
    VersionConflict,
)
from pbx.store.sqlite import SqliteStore
from pbx.tenants.scope import TenantScope
from pbx.tenants.tenant import Extension, Tenant
from tests.support.hostile import Hostile, Patient, Weather
from tests.support.sample_cdr import HERONS, OTTERS, sample_cdr

CASES = ["memory", "file", "threads", *(f"hostile-{seed}" for seed in range(8))]
T0 = 1_800_000_000.0


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def clock(case: str) -> MockClock:
    # A clock that jumps would not wait for real threads.
    return MockClock(rate=1.0) if case == "threads" else MockClock(autojump_threshold=0)


@pytest.fixture
def store(case: str, tmp_path: Path) -> Iterator[Store]:
    path = None if case == "memory" else tmp_path / "store.sqlite"
    with SqliteStore(path, inline=case != "threads") as sqlite:
        if not case.startswith("hostile"):
            yield sqlite
            return
        weather = Weather(int(case.removeprefix("hostile-")))
        hostile = Hostile(sqlite, weather, StoreUnavailable, late_duplicates=True)
        yield Patient(hostile, StoreUnavailable)


def tenant(name: str = "herons", domain: str = "herons.example") -> Tenant:
    extension = Extension("101", "Ada", ha1={"MD5": "0" * 32}, ring_s=20)
    return Tenant(name, (domain,), realm=domain, extensions={"101": extension}, plan=Plan())


async def put(store: Store, scope: TenantScope, document: Tenant, expected_version: int, **said) -> int:
    said = {"who": "ada", "why": "new", "at": T0} | said
    return await store.put_tenant(scope, document, expected_version=expected_version, **said)


# -- tenants -----------------------------------------------------------------------------------------------------------


async def test_a_tenant_comes_back_as_it_was_saved_with_who_and_why(store, clock):
    assert await put(store, HERONS, tenant(), 0, who="ada", why="opened", at=T0 + 0.25) == 1
    saved = msgspec.structs.replace(tenant(), version=1)
    assert await store.tenant(HERONS) == TenantVersion(saved, 1, "ada", "opened", T0 + 0.25)


async def test_there_is_no_tenant_before_it_is_saved(store, clock):
    assert await store.tenant(HERONS) is None
    assert list(await store.tenant_versions(HERONS)) == []
    assert list(await store.tenants(TenantScope(EVERY_TENANT))) == []


async def test_every_version_is_kept_and_the_newest_stands(store, clock):
    for version, domain in enumerate(["a.example", "b.example", "c.example"]):
        assert await put(store, HERONS, tenant(domain=domain), version, at=T0 + version) == version + 1
    assert (await store.tenant(HERONS)).tenant.domains == ("c.example",)
    assert (await store.tenant(HERONS, version=2)).tenant.domains == ("b.example",)
    assert await store.tenant(HERONS, version=4) is None
    assert await store.tenant(HERONS, version=0) is None


async def test_versions_are_listed_newest_first_and_by_pages(store, clock):
    for version in range(5):
        await put(store, HERONS, tenant(), version, at=T0 + version)
    first = await store.tenant_versions(HERONS, limit=2)
    rest = await store.tenant_versions(HERONS, before=first[-1].version)
    assert [v.version for v in first] == [5, 4]
    assert [v.version for v in rest] == [3, 2, 1]


@pytest.mark.parametrize("expected", [0, 1, 3])
async def test_saving_over_somebody_elses_version_is_refused(store, clock, expected):
    await put(store, HERONS, tenant(), 0)
    await put(store, HERONS, tenant(domain="theirs.example"), 1, who="bob")
    with pytest.raises(VersionConflict) as conflict:
        await put(store, HERONS, tenant(domain="mine.example"), expected, who="eve")
    assert (conflict.value.expected, conflict.value.found) == (expected, 2)
    assert (await store.tenant(HERONS)).tenant.domains == ("theirs.example",)


async def test_the_same_save_made_again_is_one_save(store, clock):
    assert await put(store, HERONS, tenant(), 0) == 1
    assert await put(store, HERONS, tenant(), 0) == 1
    assert len(await store.tenant_versions(HERONS)) == 1


async def test_the_same_configuration_saved_by_somebody_else_is_a_conflict(store, clock):
    await put(store, HERONS, tenant(), 0, who="ada")
    with pytest.raises(VersionConflict):
        await put(store, HERONS, tenant(), 0, who="bob")


async def test_the_operator_lists_the_tenants_of_a_region(store, clock):
    for scope in (OTTERS, HERONS, TenantScope("herons", "north")):
        await put(store, scope, tenant(scope.tenant), 0)
    assert list(await store.tenants(TenantScope(EVERY_TENANT))) == [HERONS, OTTERS]
    assert list(await store.tenants(TenantScope(EVERY_TENANT, "north"))) == [TenantScope("herons", "north")]


# -- CDRs --------------------------------------------------------------------------------------------------------------


async def test_a_cdr_comes_back_as_it_was_added(store, clock):
    await store.add_cdrs(HERONS, [sample_cdr()])
    assert await store.cdr(HERONS, "call-1") == sample_cdr()
    assert (await store.cdrs(HERONS)).cdrs == (sample_cdr(),)


async def test_a_cdr_is_kept_once_and_the_first_stands(store, clock):
    await store.add_cdrs(HERONS, [sample_cdr()])
    await store.add_cdrs(HERONS, [msgspec.structs.replace(sample_cdr(), disposition="interrupted")])
    assert (await store.cdrs(HERONS)).cdrs == (sample_cdr(),)


async def test_many_cdrs_are_added_at_once_known_ones_among_them(store, clock):
    await store.add_cdrs(HERONS, [sample_cdr("call-1")])
    await store.add_cdrs(HERONS, [sample_cdr(f"call-{n}", started_at=T0 + n) for n in range(PAGE_MAX)])
    await store.add_cdrs(HERONS, [])
    page = await store.cdrs(HERONS, limit=PAGE_MAX)
    assert (len(page.cdrs), page.next) == (PAGE_MAX, None)
    assert await store.cdr(HERONS, "call-1") == sample_cdr("call-1")


async def test_cdrs_are_added_all_or_none(store, clock):
    with pytest.raises(StoreRefused):
        await store.add_cdrs(HERONS, [sample_cdr("call-1"), sample_cdr("call-2", scope=OTTERS)])
    assert (await store.cdrs(HERONS)).cdrs == ()


async def test_too_many_cdrs_at_once_are_refused(store, clock):
    with pytest.raises(StoreRefused):
        await store.add_cdrs(HERONS, [sample_cdr(f"call-{n}") for n in range(PAGE_MAX + 1)])


async def test_cdrs_come_newest_first(store, clock):
    for n in (2, 0, 1):
        await store.add_cdrs(HERONS, [sample_cdr(f"call-{n}", started_at=T0 + n)])
    assert [cdr.id for cdr in (await store.cdrs(HERONS)).cdrs] == ["call-2", "call-1", "call-0"]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8, 100])
async def test_pages_hold_every_cdr_once(store, clock, limit):
    for n in range(7):
        # Some calls start at the same moment; their ids have spaces in them.
        await store.add_cdrs(HERONS, [sample_cdr(f"call {n}", started_at=T0 + n // 3 + 0.1)])
    seen, after = [], None
    while True:
        page = await store.cdrs(HERONS, limit=limit, after=after)
        seen += [cdr.id for cdr in page.cdrs]
        if (after := page.next) is None:
            break
        assert len(page.cdrs) == limit
    assert seen == [f"call {n}" for n in reversed(range(7))]


async def test_a_call_that_ends_while_somebody_turns_pages_moves_nothing(store, clock):
    for n in range(4):
        await store.add_cdrs(HERONS, [sample_cdr(f"call-{n}", started_at=T0 + n)])
    first = await store.cdrs(HERONS, limit=2)
    await store.add_cdrs(HERONS, [sample_cdr("call-9", started_at=T0 + 9)])
    second = await store.cdrs(HERONS, limit=2, after=first.next)
    assert [cdr.id for cdr in first.cdrs + second.cdrs] == ["call-3", "call-2", "call-1", "call-0"]


# -- what is not in scope cannot be reached ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "other", [OTTERS, TenantScope("herons", "north"), TenantScope("HERONS"), TenantScope("herons ")]
)
async def test_nothing_of_one_tenant_is_seen_by_another(store, clock, other):
    await put(store, HERONS, tenant(), 0)
    await store.add_cdrs(HERONS, [sample_cdr()])
    page = await store.cdrs(HERONS)
    assert await store.tenant(other) is None
    assert await store.tenant(other, version=1) is None
    assert list(await store.tenant_versions(other)) == []
    assert list(await store.tenants(other)) == []
    assert await store.cdr(other, "call-1") is None
    assert (await store.cdrs(other)).cdrs == ()
    assert (await store.cdrs(other, after=f"{T0 + 1e9!r} zzz")).cdrs == ()
    assert list(await store.tenants(HERONS)) == [HERONS]
    assert page.cdrs == (sample_cdr(),)


async def test_two_tenants_may_have_the_same_ids(store, clock):
    await store.add_cdrs(HERONS, [sample_cdr(scope=HERONS)])
    await store.add_cdrs(OTTERS, [sample_cdr(scope=OTTERS)])
    assert (await store.cdr(HERONS, "call-1")).scope == HERONS
    assert (await store.cdr(OTTERS, "call-1")).scope == OTTERS


async def test_nothing_is_saved_under_another_tenants_name(store, clock):
    with pytest.raises(StoreRefused):
        await store.add_cdrs(OTTERS, [sample_cdr(scope=HERONS)])
    with pytest.raises(StoreRefused):
        await put(store, OTTERS, tenant("herons"), 0)
    assert list(await store.tenants(TenantScope(EVERY_TENANT))) == []
    assert (await store.cdrs(OTTERS)).cdrs == ()


async def test_the_operators_scope_lists_tenants_and_nothing_else(store, clock):
    everyone = TenantScope(EVERY_TENANT)
    await put(store, HERONS, tenant(), 0)
    await store.add_cdrs(HERONS, [sample_cdr()])
    for call in (
        store.tenant(everyone),
        store.tenant_versions(everyone),
        store.cdr(everyone, "call-1"),
        store.cdrs(everyone),
        store.add_cdrs(everyone, [sample_cdr(scope=everyone)]),
        put(store, everyone, tenant(EVERY_TENANT), 0),
    ):
        with pytest.raises(StoreRefused):
            await call


@pytest.mark.parametrize("limit", [0, -1, PAGE_MAX + 1])
async def test_a_page_is_bounded(store, clock, limit):
    with pytest.raises(StoreRefused):
        await store.cdrs(HERONS, limit=limit)
    with pytest.raises(StoreRefused):
        await store.tenant_versions(HERONS, limit=limit)


async def test_a_made_up_cursor_is_refused(store, clock):
    with pytest.raises(StoreRefused):
        await store.cdrs(HERONS, after="yesterday")
