"""Chromium without a screen, for tests of the portal; what its console complains of fails them.

    with open_browser() as browser, browser.window() as page: …            # a test without trio
    async with in_thread(open_page) as do: await do(lambda page: page.goto(url))   # beside a running PBX

Uses the machine's Chromium, with an empty profile that is gone afterwards, and asks nothing of the network.
"""

import queue
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from typing import Any, TypeAlias, TypeVar

import trio
from playwright.sync_api import ConsoleMessage, Page, sync_playwright

from tests.support.peers import require

SWITCHES = (
    "--no-sandbox",  # CI runs as root, where Chromium has no sandbox
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
)
PATIENCE_MS = 15_000
DESK = {"width": 1280, "height": 860}
PHONE = {"width": 390, "height": 844}

T = TypeVar("T")
Do: TypeAlias = Callable[[Callable[[Page], T]], Awaitable[T]]


class Complaints:
    """What the pages' consoles said that no sound page says. A request that failed on purpose may be `expected`."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self._expected: list[str] = []

    def expect(self, *parts: str) -> None:
        """Complaints with one of these in them are part of the test."""
        self._expected += parts

    def hear(self, page: Page) -> None:
        """Listens to a page's console."""
        page.on("console", self._add)
        page.on("pageerror", lambda error: self.found.append(f"uncaught: {error}"))

    def assert_none(self) -> None:
        """Nothing was said that was not expected."""
        unexpected = [text for text in self.found if not any(part in text for part in self._expected)]
        assert not unexpected, f"the browser's console: {unexpected}"

    def _add(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.found.append(f"{message.type}: {message.text}")


@contextmanager
def open_page(complaints: Complaints, **context: Any) -> Iterator[Page]:
    """A page in a browser of its own; `context` as Playwright's `new_context` takes it."""
    options = {"viewport": DESK, "locale": "en-GB", "timezone_id": "Europe/London", **context}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=require("chromium"), args=list(SWITCHES))
        try:
            page = browser.new_context(**options).new_page()
            page.set_default_timeout(PATIENCE_MS)
            complaints.hear(page)
            yield page
        finally:
            browser.close()
    complaints.assert_none()


@asynccontextmanager
async def in_thread(opened: AbstractContextManager[Page]) -> AsyncIterator[Do[Any]]:
    """A page that lives in a thread, for tests under trio; gives `do`, which runs a function of it there.

    Always the same thread: Playwright's objects know no other.
    """
    jobs: queue.SimpleQueue[tuple[Callable[[Page], Any], Callable[[Any, Exception | None], None]] | None]
    jobs = queue.SimpleQueue()
    failures: list[BaseException] = []

    def work() -> None:
        try:
            with opened as page:
                while (job := jobs.get()) is not None:
                    function, answer = job
                    try:
                        answer(function(page), None)
                    except Exception as error:
                        answer(None, error)
        except BaseException as error:
            failures.append(error)
            while not jobs.empty():
                if (job := jobs.get()) is not None:
                    job[1](None, RuntimeError("the browser did not start"))

    async def do(function: Callable[[Page], T]) -> T:
        token = trio.lowlevel.current_trio_token()
        done = trio.Event()
        answered: list[tuple[Any, Exception | None]] = []

        def answer(value: Any, error: Exception | None) -> None:
            answered.append((value, error))
            token.run_sync_soon(done.set)

        if failures:
            raise failures[0]
        jobs.put((function, answer))
        await done.wait()
        ((value, error),) = answered
        if error is not None:
            raise error
        result: T = value
        return result

    thread = threading.Thread(target=work, name="browser")
    thread.start()
    try:
        yield do
    finally:
        jobs.put(None)
        with trio.CancelScope(shield=True):
            await trio.to_thread.run_sync(thread.join)
    if failures:
        raise failures[0]
