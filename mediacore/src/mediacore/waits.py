"""The nouns of mediacore with verbs that wait: what `mediacore.trio` and `mediacore.asyncio` share."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from time import monotonic
from types import TracebackType
from typing import Literal, Self

from mediacore import engine as plain
from mediacore.bridge import Bridge
from mediacore.errors import EngineClosed, NoTelephoneEvent
from mediacore.events import (
    DigitPressed,
    Event,
    Latched,
    PlayFinished,
    ToneEnded,
    ToneStarted,
)
from mediacore.leg import Leg
from mediacore.live_audio import WaitingTap
from mediacore.params import RtpParams
from mediacore.sound import SAMPLE_RATE_HZ
from mediacore.stats import EngineStats, LegStats, LegStatsTable
from mediacore.verdict import Verdict
from mediacore.waiting import Loop, Mailroom, Subscription
from mediacore.waiting_conference import WaitingConference
from mediacore.waiting_place import Found, WaitingPlace


class Tones:
    """Made by `watching()`: what was heard of the tones, in order."""

    def __init__(self, mailroom: Mailroom, subscription: Subscription) -> None:
        self._mailroom = mailroom
        self._subscription = subscription

    async def next(self, *, timeout_s: float | None = None) -> ToneStarted | ToneEnded:
        """The next beginning or end; raises TimeoutError after `timeout_s`."""
        event = await self._mailroom.loop.within(timeout_s, self._mailroom.next_event(self._subscription))
        if event is None:
            raise EngineClosed
        assert isinstance(event, ToneStarted | ToneEnded), event
        return event


class Digits:
    """Made by `listening()`: the digits that were pressed, in order."""

    def __init__(self, mailroom: Mailroom, subscription: Subscription) -> None:
        self._mailroom = mailroom
        self._subscription = subscription

    async def next(self, *, timeout_s: float | None = None) -> str:
        """The next digit; raises TimeoutError after `timeout_s`."""
        event = await self._mailroom.loop.within(timeout_s, self._mailroom.next_event(self._subscription))
        if event is None:
            raise EngineClosed
        assert isinstance(event, DigitPressed), event
        return event.digit

    async def collect(
        self,
        *,
        count: int | None = None,
        timeout_s: float | None = None,
        until: str = "",
        between_s: float | None = None,
    ) -> str:
        """So many digits; fewer when one of `until` ends them, or the time is over: see `WaitingLeg.collect_digits`."""
        pressed: list[str] = []
        with suppress(TimeoutError):  # what was pressed is the answer
            await self._mailroom.loop.within(timeout_s, self._collect(pressed, count, until, between_s))
        return "".join(pressed)

    async def _collect(self, pressed: list[str], count: int | None, until: str, between_s: float | None) -> None:
        while count is None or len(pressed) < count:
            digit = await self.next(timeout_s=between_s if pressed else None)
            if digit in until:
                return
            pressed.append(digit)


class WaitingLeg(WaitingPlace[Leg]):
    """A leg; what takes time is awaited, and cancelling it stops the sound."""

    def __init__(self, leg: Leg, mailroom: Mailroom) -> None:
        super().__init__(leg, mailroom)
        self._watched: Counter[float] = Counter()

    @property
    def local(self) -> tuple[str, int]:
        """Where it receives RTP."""
        return self.plain.local

    @property
    def offer(self) -> str:
        """An offer of what we can do; give its answer to `accept()`."""
        return self.plain.offer

    @property
    def answer(self) -> str | None:
        """Our answer to the peer's newest offer."""
        return self.plain.answer

    def accept(self, answer: str) -> None:
        """Takes the peer's answer to our `offer`."""
        self.plain.accept(answer)

    def reoffer(self, offer: str) -> str:
        """Takes an offer of the peer, and returns our answer."""
        return self.plain.reoffer(offer)

    def update(self, params: RtpParams) -> None:
        """Takes over another agreement in mid-call."""
        self.plain.update(params)

    def mute(self, *, send: bool | None = None, receive: bool | None = None) -> None:
        """`send=True`: the peer hears silence; `receive=True`: nobody hears the peer."""
        self.plain.mute(send=send, receive=receive)

    def tap(
        self,
        side: Literal["received", "sent"] = "received",
        *,
        rate_hz: int = SAMPLE_RATE_HZ,
        buffer_ms: int = 2000,
    ) -> WaitingTap:
        """Copies what the peer says, or is sent; see `mediacore.Leg.tap`."""
        return WaitingTap(self.plain.tap(side, rate_hz=rate_hz, buffer_ms=buffer_ms), self._mailroom.loop)

    def stats(self) -> LegStats:
        """What was measured, up to the newest packet."""
        return self.plain.stats()

    def verdicts(self) -> tuple[Verdict, ...]:
        """What is wrong with this leg now, in words."""
        return self.plain.verdicts()

    def press(self, digit: str, *, duration_ms: int = 100) -> None:
        """Tells of a digit that the signalling brought (SIP INFO), see `mediacore.Leg.press`."""
        self.plain.press(digit, duration_ms=duration_ms)

    async def send_digits(self, digits: str, *, duration_ms: int = 100, gap_ms: int = 80) -> None:
        """Sends digits to their end, see `mediacore.Leg.send_digits`; cancelling this sends no more of them.

        Raises NoTelephoneEvent, also when a new agreement leaves the peer without.
        """
        with self._mailroom.subscribe(self._wants(PlayFinished)) as finished:
            with self.plain.send_digits(digits, duration_ms=duration_ms, gap_ms=gap_ms) as player:
                end = await self._first(finished, PlayFinished, lambda event: event.player == player.id)
        if not end.completed:
            raise NoTelephoneEvent(self.id)

    async def collect_digits(
        self,
        *,
        count: int | None = None,
        timeout_s: float | None = None,
        until: str = "",
        between_s: float | None = None,
    ) -> str:
        """The digits that the peer presses from now on: `count` of them, or all before one of `until`.

        Never raises TimeoutError: what was pressed in `timeout_s`, or before a pause of more than `between_s`, is
        returned, possibly nothing. Use `listening()` where no digit between two such calls may be missed.
        """
        with self.listening() as digits:
            return await digits.collect(count=count, timeout_s=timeout_s, until=until, between_s=between_s)

    @contextmanager
    def listening(self) -> Iterator[Digits]:
        """Digits that the peer presses, none missed until the `with` is left: also those pressed during a prompt."""
        since = monotonic()  # what nobody has fetched yet may be older
        with self._mailroom.subscribe(lambda event: self._is_digit(event, since)) as subscription:
            yield Digits(self._mailroom, subscription)

    def _is_digit(self, event: Event, since: float) -> bool:
        return isinstance(event, DigitPressed) and event.leg is self.plain and event.at >= since

    async def wait_tone(self, hz: float, *, timeout_s: float | None = None) -> ToneStarted:
        """Waits until this tone begins in what the peer says; raises TimeoutError after `timeout_s`."""
        with self.watching(hz) as tones:
            while not isinstance(event := await tones.next(timeout_s=timeout_s), ToneStarted):
                continue
            return event

    @contextmanager
    def watching(self, *frequencies_hz: float) -> Iterator[Tones]:
        """Beginnings and ends of these tones in what the peer says, none of them missed until the `with` is left."""
        with self._mailroom.subscribe(lambda event: self._is_tone(event, frequencies_hz)) as subscription:
            self._watch(frequencies_hz, +1)
            try:
                yield Tones(self._mailroom, subscription)
            finally:
                self._watch(frequencies_hz, -1)

    def _is_tone(self, event: Event, frequencies_hz: Sequence[float]) -> bool:
        return isinstance(event, ToneStarted | ToneEnded) and event.leg is self.plain and event.hz in frequencies_hz

    async def wait_latched(self, *, timeout_s: float | None = None) -> tuple[str, int]:
        """Waits until packets of the peer are taken, and returns where they come from."""
        stats = self.stats()
        if stats.is_latched and stats.remote is not None:
            return stats.remote
        found = await self._wait_for(Latched, lambda event: True, timeout_s)
        return found.remote

    def _watch(self, frequencies_hz: Sequence[float], change: int) -> None:
        """Several tasks may watch one leg: it watches for the tones of all of them."""
        before = set(+self._watched)
        for hz in frequencies_hz:
            self._watched[hz] += change
        if set(+self._watched) != before and not self.plain.is_closed:
            self.plain.watch_tones(*(+self._watched))

    async def _wait_for(self, kind: type[Found], wants: Callable[[Found], bool], timeout_s: float | None) -> Found:
        with self._mailroom.subscribe(self._wants(kind)) as subscription:
            return await self._mailroom.loop.within(timeout_s, self._first(subscription, kind, wants))

    def close(self) -> None:
        """Gives the ports back."""
        self.plain.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class WaitingEngine:
    """An engine for one event loop."""

    def __init__(
        self,
        loop: Loop,
        *,
        address: str,
        ports: range,
        threads: int | None,
        advertised: str | None,
        codecs: Sequence[str] | None,
    ) -> None:
        self.plain = plain.Engine(address=address, ports=ports, threads=threads, advertised=advertised, codecs=codecs)
        self._mailroom = Mailroom(self.plain, loop)

    def leg(
        self,
        params: RtpParams | None = None,
        *,
        offer: str | None = None,
        port: int | None = None,
        sockets: plain.Sockets | None = None,
        near: WaitingLeg | None = None,
    ) -> WaitingLeg:
        """A leg with free ports; leaving its `async with` frees them. See `mediacore.Engine.leg`."""
        beside = None if near is None else near.plain
        leg = self.plain.leg(params, offer=offer, port=port, sockets=sockets, near=beside)
        return WaitingLeg(leg, self._mailroom)

    def conference(
        self, *, max_members: int = 1000, loudest: int | None = None, near: WaitingLeg | None = None
    ) -> WaitingConference:
        """A room where all hear each other; leaving its `async with` ends it. See `mediacore.Engine.conference`."""
        beside = None if near is None else near.plain
        room = self.plain.conference(max_members=max_members, loudest=loudest, near=beside)
        return WaitingConference(room, self._mailroom)

    def bridge(self, a: WaitingLeg, b: WaitingLeg) -> Bridge:
        """The two hear each other and nobody else."""
        return self.plain.bridge(a.plain, b.plain)

    def echo(self, leg: WaitingLeg) -> Bridge:
        """The leg hears itself."""
        return self.plain.echo(leg.plain)

    async def events(self) -> AsyncIterator[Event]:
        """Events as they come, from the first step of the iteration on; ends when the engine is closed.

        Their `leg` is the plain one, `WaitingLeg.plain`.
        """
        with self._mailroom.subscribe(lambda event: True) as subscription:
            while (event := await self._mailroom.next_event(subscription)) is not None:
                yield event

    def stats(self) -> EngineStats:
        """The whole engine now."""
        return self.plain.stats()

    def leg_stats(self) -> LegStatsTable:
        """All legs now, by their numbers."""
        return self.plain.leg_stats()

    def close(self) -> None:
        """Closes all legs and ends the threads."""
        self.plain.close()
        self._mailroom.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
