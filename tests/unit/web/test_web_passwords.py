"""Passwords: hashes of argon2id, and how much of that is done at once."""

import trio
import trio.testing

from pbx.web.auth import passwords as module
from pbx.web.auth.passwords import HASHES_MAX, Passwords, TooManyWaiting
from tests.support.web_app import CHEAP


async def test_a_hash_is_argon2id_of_the_password_and_no_other():
    passwords = Passwords()
    kept = await passwords.hash("correct horse")
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=1$")
    assert await passwords.is_right("correct horse", kept)
    assert not await passwords.is_right("correct hors", kept)


async def test_no_hash_and_a_broken_one_are_never_right():
    passwords = Passwords(CHEAP)
    for kept in (None, "", "nonsense", "$argon2id$v=19$m=65536,t=3,p=1$"):
        assert not await passwords.is_right("", kept)


async def test_too_many_at_once_are_refused_and_counted(monkeypatch):
    monkeypatch.setattr(module, "WAITING_MAX", 3)
    passwords, hold = Passwords(CHEAP), trio.Event()
    done, refused = [], []

    async def slow(work, *, limiter):
        async with limiter:
            await hold.wait()
            return work()

    monkeypatch.setattr(module.anyio.to_thread, "run_sync", slow)

    async def check(n: int) -> None:
        try:
            done.append(await passwords.is_right("x", None))
        except TooManyWaiting:
            refused.append(n)

    async with trio.open_nursery() as nursery:
        for n in range(HASHES_MAX + 3 + 2):
            nursery.start_soon(check, n)
            await trio.testing.wait_all_tasks_blocked()
        hold.set()
    assert (len(done), len(refused), passwords.refused) == (HASHES_MAX + 3, 2, 2)
