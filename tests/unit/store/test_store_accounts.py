"""What every Store's accounts do, in good weather and in bad. A new backend is one more line in CASES."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import trio
from msgspec.structs import replace
from trio.testing import MockClock

from pbx.store.accounts import LINKS_MAX, SESSIONS_MAX, Accounts, Session, SignInLink, User
from pbx.store.interface import EVERY_TENANT, StoreRefused, StoreUnavailable
from pbx.store.sqlite import SqliteStore
from pbx.tenants.scope import TenantScope
from tests.support.hostile import Hostile, Patient, Weather
from tests.support.sample_cdr import HERONS, OTTERS

CASES = ["memory", "file", "threads", *(f"hostile-{seed}" for seed in range(8))]
T0 = 1_800_000_000.0
DAY_S = 86_400.0
ADA = User("ada", "admin", created_at=T0)


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def clock(case: str) -> MockClock:
    # A clock that jumps would not wait for real threads.
    return MockClock(rate=1.0) if case == "threads" else MockClock(autojump_threshold=0)


@pytest.fixture
def accounts(case: str, tmp_path: Path) -> Iterator[Accounts]:
    path = None if case == "memory" else tmp_path / "store.sqlite"
    with SqliteStore(path, inline=case != "threads") as sqlite:
        if not case.startswith("hostile"):
            yield sqlite.accounts
            return
        weather = Weather(int(case.removeprefix("hostile-")))
        hostile = Hostile(sqlite.accounts, weather, StoreUnavailable, late_duplicates=True)
        yield Patient(hostile, StoreUnavailable)


def session(token_hash: str = "s1", *, user: str = "ada", at: float = T0, came_by: str = "link") -> Session:
    return Session(token_hash, user, came_by, signed_in_at=at, seen_at=at, ends_at=at + 7 * DAY_S)


def link(token_hash: str = "l1", *, user: str = "ada", expires_at: float = T0 + 900) -> SignInLink:
    return SignInLink(token_hash, user, expires_at)


# -- users -------------------------------------------------------------------------------------------------------------


async def test_a_user_comes_back_as_it_was_added(accounts, clock):
    assert await accounts.user(HERONS, "ada") is None
    await accounts.add_user(HERONS, ADA)
    assert await accounts.user(HERONS, "ada") == ADA
    assert list(await accounts.users(HERONS)) == [ADA]


async def test_adding_a_user_who_is_there_changes_nothing(accounts, clock):
    await accounts.add_user(HERONS, ADA)
    await accounts.set_password(HERONS, "ada", "hash", at=T0 + 1)
    await accounts.add_user(HERONS, ADA)
    assert (await accounts.user(HERONS, "ada")).password_hash == "hash"


async def test_a_password_that_was_set_later_stands(accounts, clock):
    await accounts.add_user(HERONS, ADA)
    await accounts.set_password(HERONS, "ada", "second", at=T0 + 2)
    await accounts.set_password(HERONS, "ada", "first", at=T0 + 1)
    kept = await accounts.user(HERONS, "ada")
    assert (kept.password_hash, kept.password_set_at) == ("second", T0 + 2)


async def test_what_is_somebodys_needs_somebody(accounts, clock):
    for call in (
        accounts.set_password(HERONS, "nobody", "hash", at=T0),
        accounts.add_link(HERONS, link(user="nobody")),
        accounts.add_session(HERONS, session(user="nobody")),
    ):
        with pytest.raises(StoreRefused, match="nobody"):
            await call


# -- links -------------------------------------------------------------------------------------------------------------


async def test_a_link_becomes_a_session_of_its_user(accounts, clock):
    await accounts.add_user(HERONS, ADA)
    await accounts.add_link(HERONS, link())
    assert await accounts.use_link(HERONS, "l1", session(user=""))
    assert await accounts.session(HERONS, "s1", at=T0) == session()


async def test_a_link_is_good_once(accounts, clock):
    await accounts.add_user(HERONS, ADA)
    await accounts.add_link(HERONS, link())
    assert await accounts.use_link(HERONS, "l1", session("s1"))
    assert not await accounts.use_link(HERONS, "l1", session("s2"))
    assert await accounts.session(HERONS, "s2", at=T0) is None


async def test_who_got_the_link_and_heard_no_answer_gets_it_again(accounts, clock):
    await accounts.add_user(HERONS, ADA)
    await accounts.add_link(HERONS, link())
    assert await accounts.use_link(HERONS, "l1", session("s1"))
    assert await accounts.use_link(HERONS, "l1", session("s1"))


async def test_of_many_who_ask_at_once_one_gets_the_link(accounts, clock):
    await accounts.add_user(HERONS, ADA)
    await accounts.add_link(HERONS, link())
    got = []

    async def ask(name: str) -> None:
        if await accounts.use_link(HERONS, "l1", session(name)):
            got.append(name)

    async with trio.open_nursery() as nursery:
        for n in range(10):
            nursery.start_soon(ask, f"s{n}")
    assert len(got) == 1
    assert [s.token_hash for s in await accounts.sessions(HERONS, "ada", at=T0)] == got


@pytest.mark.parametrize("late_s", [0, 1])
async def test_a_link_that_has_expired_is_no_longer_good(accounts, clock, late_s):
    await accounts.add_user(HERONS, ADA)
    await accounts.add_link(HERONS, link(expires_at=T0 + 900))
    assert not await accounts.use_link(HERONS, "l1", session(at=T0 + 900 + late_s))
    assert not await accounts.use_link(HERONS, "unknown", session())


async def test_with_too_many_links_the_oldest_is_no_longer_good(accounts, clock):
    await accounts.add_user(HERONS, ADA)
    for n in range(LINKS_MAX + 1):
        await accounts.add_link(HERONS, link(f"l{n}", expires_at=T0 + 900 + n))
    assert not await accounts.use_link(HERONS, "l0", session("s0"))
    assert await accounts.use_link(HERONS, "l1", session("s1"))


# -- sessions ----------------------------------------------------------------------------------------------------------


async def test_a_session_is_over_when_its_time_is(accounts, clock):
    await accounts.add_user(HERONS, ADA)
    await accounts.add_session(HERONS, session())
    assert await accounts.session(HERONS, "s1", at=T0 + 7 * DAY_S - 1) is not None
    assert await accounts.session(HERONS, "s1", at=T0 + 7 * DAY_S) is None
    assert list(await accounts.sessions(HERONS, "ada", at=T0 + 7 * DAY_S)) == []


async def test_sessions_are_listed_by_when_they_were_used_last(accounts, clock):
    await accounts.add_user(HERONS, ADA)
    for name in ("s1", "s2"):
        await accounts.add_session(HERONS, session(name))
    await accounts.see_session(HERONS, "s1", at=T0 + 60)
    await accounts.see_session(HERONS, "s1", at=T0 + 30)
    found = await accounts.sessions(HERONS, "ada", at=T0 + 61)
    assert [(s.token_hash, s.seen_at) for s in found] == [("s1", T0 + 60), ("s2", T0)]


async def test_an_ended_session_stays_ended_though_it_is_added_again(accounts, clock):
    await accounts.add_user(HERONS, ADA)
    await accounts.add_session(HERONS, session())
    await accounts.end_session(HERONS, "s1")
    await accounts.end_session(HERONS, "never was")
    await accounts.add_session(HERONS, session())
    assert await accounts.session(HERONS, "s1", at=T0) is None


async def test_a_new_password_ends_every_session_and_link_but_the_one_it_was_set_in(accounts, clock):
    await accounts.add_user(HERONS, ADA)
    await accounts.add_user(HERONS, replace(ADA, name="bob"))
    for name, user in (("mine", "ada"), ("other", "ada"), ("bobs", "bob")):
        await accounts.add_session(HERONS, session(name, user=user))
    await accounts.add_link(HERONS, link())
    await accounts.set_password(HERONS, "ada", "hash", at=T0 + 1, keep="mine")
    assert [s.token_hash for s in await accounts.sessions(HERONS, "ada", at=T0 + 1)] == ["mine"]
    assert (await accounts.session(HERONS, "mine", at=T0 + 1)).came_by == "password"
    assert await accounts.session(HERONS, "bobs", at=T0 + 1) is not None
    assert not await accounts.use_link(HERONS, "l1", session("s3", at=T0 + 1))


async def test_with_too_many_sessions_the_one_used_longest_ago_ends(accounts, clock):
    await accounts.add_user(HERONS, ADA)
    for n in range(SESSIONS_MAX + 1):
        await accounts.add_session(HERONS, session(f"s{n}", at=T0 + n))
    at = T0 + SESSIONS_MAX + 1
    assert len(await accounts.sessions(HERONS, "ada", at=at)) == SESSIONS_MAX
    assert await accounts.session(HERONS, "s0", at=at) is None


async def test_what_is_long_over_is_forgotten(accounts, clock, case):
    await accounts.add_user(HERONS, ADA)
    await accounts.add_link(HERONS, link())
    await accounts.add_session(HERONS, session())
    await accounts.add_session(HERONS, session("s2", at=T0 + 8 * DAY_S))
    if case == "file":
        # What was swept away is as if it had never been: it can be kept anew.
        await accounts.add_link(HERONS, link(expires_at=T0 + 9 * DAY_S))
        assert await accounts.use_link(HERONS, "l1", session("s3", at=T0 + 8 * DAY_S))


# -- what is not in scope cannot be reached ----------------------------------------------------------------------------


@pytest.mark.parametrize("other", [OTTERS, TenantScope("herons", "north")])
async def test_nobody_of_one_tenant_gets_into_another(accounts, clock, other):
    await accounts.add_user(HERONS, ADA)
    await accounts.add_link(HERONS, link())
    await accounts.add_session(HERONS, session())
    await accounts.add_user(other, ADA)
    assert await accounts.session(other, "s1", at=T0) is None
    assert list(await accounts.sessions(other, "ada", at=T0)) == []
    assert not await accounts.use_link(other, "l1", session("s2"))
    await accounts.end_session(other, "s1")
    await accounts.set_password(other, "ada", "theirs", at=T0 + 1)
    assert await accounts.session(HERONS, "s1", at=T0) is not None
    assert (await accounts.user(HERONS, "ada")).password_hash is None


async def test_the_operators_scope_has_no_accounts(accounts, clock):
    everyone = TenantScope(EVERY_TENANT)
    for call in (
        accounts.users(everyone),
        accounts.user(everyone, "ada"),
        accounts.add_user(everyone, ADA),
        accounts.set_password(everyone, "ada", "hash", at=T0),
        accounts.add_link(everyone, link()),
        accounts.use_link(everyone, "l1", session()),
        accounts.add_session(everyone, session()),
        accounts.session(everyone, "s1", at=T0),
        accounts.sessions(everyone, "ada", at=T0),
        accounts.see_session(everyone, "s1", at=T0),
        accounts.end_session(everyone, "s1"),
    ):
        with pytest.raises(StoreRefused):
            await call
