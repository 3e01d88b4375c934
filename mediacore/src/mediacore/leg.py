"""One RTP stream each way with one peer."""

from __future__ import annotations

import ipaddress
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self

from mediacore import sdp
from mediacore.errors import BadOffer, MediaError, NoCommonCodec
from mediacore.params import Address, RtpParams, address_of
from mediacore.sound import SAMPLE_RATE_HZ, Player, Source, Tap, frames_of
from mediacore.srtp import new_keys
from mediacore.stats import LegStats, read_row
from mediacore.tone import LEVEL_DBFS, Tone
from mediacore.verdict import DEAF_AFTER_MS, Verdict, verdicts
from mediacore.verdict_watch import VerdictWatch

if TYPE_CHECKING:
    from mediacore.engine import Engine


class Leg:
    """Made by `Engine.leg()`. Its ports are free again after `close()`, or when its `with` is left.

    `params` is what is agreed now; `local` and `local_rtcp` are where it receives.
    """

    def __init__(self, engine: Engine, number: int, local: Address, local_rtcp: Address, params: RtpParams) -> None:
        self.engine = engine
        self.id = number
        self.local = local
        self.local_rtcp = local_rtcp
        self.params = params
        self.is_closed = False
        self.answer: str | None = None
        """Our answer to the newest offer, to be sent to the peer; None as long as it made none."""
        self._described: sdp.SessionDescription | None = None
        # The same keys for all our offers and answers: a hold is no change of keys.
        self._crypto: tuple[sdp.SrtpKey, ...] = ()
        self._last_stats = LegStats(leg=number)
        self._watch = VerdictWatch(local)

    def update(self, params: RtpParams) -> None:
        """Takes over another agreement in mid-call: hold, resume, another address, another codec."""
        self.engine.native.update_leg(self.id, params.native())
        self.params = params

    # Offer and answer (RFC 3264): for those who have no signalling of their own.

    @property
    def offer(self) -> str:
        """An offer of what we can do, to be sent to the peer; give its answer to `accept()`."""
        if self._described is None:
            self._described = sdp.make_offer(self._capabilities(), session_id=self.engine.session_id(self))
        return sdp.write(self._described)

    def accept(self, answer: str) -> None:
        """Takes the peer's answer to our `offer`. Raises BadOffer when it does not fit."""
        if self._described is None:
            raise MediaError("accept() before an offer was made")
        try:
            agreed = sdp.accept_answer(self._described, sdp.parse(answer))
        except (sdp.BadSdp, sdp.BadAnswer) as error:
            raise _bad_offer(error) from error
        if agreed.audio is None:
            raise BadOffer("", "the answer accepts no audio")
        self._take(agreed.audio)

    def reoffer(self, offer: str) -> str:
        """Takes an offer of the peer, the first or a later one; returns our answer. Raises BadOffer, NoCommonCodec."""
        try:
            answer = sdp.answer(
                sdp.parse(offer),
                self._capabilities(),
                session_id=self.engine.session_id(self),
                previous=self._described,
            )
        except sdp.BadSdp as error:
            raise _bad_offer(error) from error
        except sdp.NoCommonCodec as error:
            raise NoCommonCodec(map(str, error.offered), map(str, error.ours)) from error
        self._take(answer.audio)
        self._described = answer.description
        self.answer = sdp.write(answer.description)
        return self.answer

    def rekey(self) -> str:
        """A new offer with new keys of ours (RFC 4568 7.1.4); they are used once `accept()` has the answer to it."""
        self._crypto = ()
        self._described = sdp.make_offer(
            self._capabilities(), session_id=self.engine.session_id(self), previous=self._described
        )
        return sdp.write(self._described)

    def _capabilities(self) -> sdp.Capabilities:
        self._crypto = self._crypto or new_keys(self.engine.srtp_suites)
        return self.engine.capabilities(self.local, self.local_rtcp, self._crypto)

    def _take(self, media: sdp.AgreedMedia) -> None:
        if media.remote_address is not None and not _is_ip(media.remote_address):
            raise BadOffer(media.remote_address, "a host name; only IP addresses can be sent to")
        agreed = RtpParams.agreed(media, signalling_address=self.params.signalling_address)
        self.update(
            RtpParams(
                remote=agreed.remote,
                codecs=agreed.codecs,
                receive_codecs=agreed.receive_codecs,
                direction=agreed.direction,
                ptime_ms=agreed.ptime_ms,
                opus=self.params.opus,
                rtcp_mux=agreed.rtcp_mux,
                srtp=agreed.srtp,
                remote_rtcp=agreed.remote_rtcp,
                signalling_address=self.params.signalling_address,
                accept_any_source=self.params.accept_any_source,
                send_silence=self.params.send_silence,
                media_timeout_s=self.params.media_timeout_s,
                report_every_ms=self.params.report_every_ms,
                in_band_digits=self.params.in_band_digits,
                hide_digits=self.params.hide_digits,
            )
        )

    # Sound.

    def mute(self, *, send: bool | None = None, receive: bool | None = None) -> None:
        """`send=True`: the peer hears silence; `receive=True`: nobody hears the peer; None leaves it as it is."""
        self.engine.native.mute(self.id, send, receive)

    def play_tone(self, hz: float, *, level_dbfs: float = -10.0, duration_ms: int | None = None) -> Player:
        """Plays a sine to the peer, until it is stopped or `duration_ms` are over; then PlayFinished comes."""
        return Player(self, self.engine.native.play_tone(self.id, hz, level_dbfs, duration_ms))

    def send_digits(self, digits: str, *, duration_ms: int = 100, gap_ms: int = 80) -> Player:
        """Sends digits (0-9, *, #, A-D), each in place of the sound; then PlayFinished comes.

        They go as telephone-events (RFC 4733), or as tones where the leg's digits are in band.

        Each lasts for 40 to 8000 ms, and is followed by at least 40 ms of pause. They wait while nothing may be sent to
        the peer (on hold). Raises NoTelephoneEvent when it agreed to none, ValueError for what is no digit.
        """
        return Player(self, self.engine.native.send_digits(self.id, digits, duration_ms, gap_ms))

    def press(self, digit: str, *, duration_ms: int = 100) -> None:
        """Tells of a digit that the signalling brought (SIP INFO): DigitPressed comes, and DigitReleased behind it.

        A leg that is bridged with this one is sent it, too, unless digits are hidden.
        """
        self.engine.native.press(self.id, digit, duration_ms)

    def play_tones(self, tone: Tone, *, level_dbfs: float = LEVEL_DBFS) -> Player:
        """Plays a tone in time, as `country_tones("pl").ringing`, until it is over or stopped; then PlayFinished comes.

        `level_dbfs` is that of all its sines together.
        """
        return Player(self, self.engine.native.play_cadence(self.id, tone.native(level_dbfs), tone.repeat_from))

    def source(self, *, rate_hz: int = SAMPLE_RATE_HZ, buffer_ms: int = 2000) -> Source:
        """Plays what is written to it; holds at most `buffer_ms` that were not played yet.

        `rate_hz` is that of the samples: 8000, 16000, 24000, 32000 or 48000.
        """
        number, native = self.engine.native.play_source(self.id, rate_hz, buffer_ms)
        return Source(self, number, native, rate_hz)

    def tap(
        self,
        side: Literal["received", "sent"] = "received",
        *,
        rate_hz: int = SAMPLE_RATE_HZ,
        buffer_ms: int = 2000,
    ) -> Tap:
        """Copies what the peer says, or is sent; holds at most `buffer_ms`, then the oldest frame makes way.

        `rate_hz` is that of the samples that come out: 8000, 16000, 24000, 32000 or 48000.
        """
        number, native = self.engine.native.tap(self.id, side == "sent", frames_of(buffer_ms), rate_hz)
        return Tap(self, number, native, rate_hz)

    def watch_tones(self, *frequencies_hz: float) -> None:
        """ToneStarted and ToneEnded for these and no other tones in what the peer says; none of them: no longer."""
        self.engine.native.watch_tones(self.id, frequencies_hz)

    # Figures.

    def stats(self) -> LegStats:
        """What was measured, up to the newest packet; of a closed leg, what was measured last."""
        if self.is_closed:
            return self._last_stats
        native = self.engine.native
        return read_row(native.leg_stats(self.id), native.codec_name)

    def verdicts(self, *, deaf_after_ms: float = DEAF_AFTER_MS) -> tuple[Verdict, ...]:
        """What is wrong with this leg now, in words; empty when nothing is."""
        return verdicts(
            self.stats(), signalled=address_of(self.params.remote), local=self.local, deaf_after_ms=deaf_after_ms
        )

    def look(self) -> tuple[tuple[Verdict, ...], tuple[Verdict, ...]]:
        """For the engine, with each report: what is wrong since, and what is no longer."""
        return self._watch.look(self.stats(), signalled=address_of(self.params.remote))

    def open_number(self) -> int:
        """For the native module, which knows by itself whether a leg is closed."""
        return self.id

    def close(self) -> None:
        """Says goodbye in RTCP and gives the ports back; a second call does nothing."""
        if not self.is_closed:
            self.retire()
            self.engine.forget(self)

    def retire(self) -> None:
        """Called by an engine that closes: keeps the last figures."""
        self._last_stats = self.stats()
        self.is_closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Leg {self.id} on {self.local[0]}:{self.local[1]}{' closed' if self.is_closed else ''}>"


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _bad_offer(error: sdp.BadSdp | sdp.BadAnswer) -> BadOffer:
    return BadOffer(error.line if isinstance(error, sdp.BadSdp) else "", error.reason)
