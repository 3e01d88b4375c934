"""Why a direction is deaf, in words: a pure function of what was measured. Digital silence is no verdict."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from mediacore.params import Address
from mediacore.stats import LegStats, ReceiveStats, Rejected

DEAF_AFTER_MS = 2000.0  # younger legs, and shorter silences, say nothing yet
LOSS_HEARD_RATIO = 0.03  # E-model with concealment: MOS falls below 4.0
LOSS_PACKETS_MIN = 12  # fewer are chance: of the first packets of a call one in thirty is lost on good networks, too
LOSS_REPORTED_RATIO = 0.05  # the peer's reports are about five seconds each, which chance colours more
CONCEALED_MIN_MS = 20.0 * LOSS_PACKETS_MIN

# Networks that nobody can be reached in from outside. Not `is_private`, which knows documentation and benchmarks too.
PRIVATE = tuple(
    ipaddress.ip_network(network)
    for network in (
        *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),  # RFC 1918
        "100.64.0.0/10",  # RFC 6598: behind a carrier's NAT
        *("169.254.0.0/16", "fe80::/10"),  # RFC 3927, RFC 4291: one link
        "fc00::/7",  # RFC 4193
    )
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """One cause. `code` is stable for machines, `sentence` is for people, `remedy` says what would do."""

    code: str
    sentence: str
    evidence: str
    remedy: str


def why_deaf(stats: LegStats, *, deaf_after_ms: float = DEAF_AFTER_MS) -> str | None:
    """Why the peer is not heard, in a sentence; None where it is, or where it is too early to say."""
    found = _deaf_here(stats, stats.remote, None, deaf_after_ms)
    return None if found is None else found.sentence


def verdicts(
    stats: LegStats,
    *,
    signalled: Address | None = None,
    local: Address | None = None,
    deaf_after_ms: float = DEAF_AFTER_MS,
) -> tuple[Verdict, ...]:
    """What is wrong with this leg, the weightiest first; empty when nothing is.

    `signalled` is the address that the peer's SDP named, where the caller knows it; without it the one in use counts.
    `local` is ours: within a private network a private address is no cause.
    """
    found = [
        _deaf_here(stats, signalled or stats.remote, local, deaf_after_ms),
        _deaf_there(stats, deaf_after_ms),
        _lossy(stats),
        _lossy_there(stats),
    ]
    return tuple(verdict for verdict in found if verdict is not None)


def _deaf_here(
    stats: LegStats, signalled: Address | None, local: Address | None, deaf_after_ms: float
) -> Verdict | None:
    """The peer is not heard although it should be."""
    received = stats.receive
    is_deaf = received.silent_ms is not None and received.silent_ms >= deaf_after_ms
    if not (stats.may_receive and is_deaf):
        return None
    if received.rejected.unauthenticated_run > 0:
        return _unauthenticated(received)
    if received.is_comfort_noise:
        return None  # RFC 3389: its last word was that it says nothing for a while
    if received.packets > 0:
        return Verdict(
            "peer-fell-silent",
            "The peer was heard and then stopped sending.",
            f"{received.packets} packets, then {_silence(received)}",
            "Look for a hold that was not signalled, a network that changed, or a phone that is gone.",
        )
    is_beyond_nat = signalled is not None and _is_private(signalled[0]) and not (local and _is_private(local[0]))
    return _refused(received.rejected) or (_private(stats, signalled) if is_beyond_nat else _nothing_came(stats))


def _unauthenticated(received: ReceiveStats) -> Verdict:
    """SRTP comes that the agreed keys do not open; plain RTP does not pass either."""
    return Verdict(
        "srtp-authentication-failing",
        "Packets come, but none passes SRTP authentication: they are not sealed with the keys that were agreed.",
        f"{received.rejected.unauthenticated_run} packets failed since the last genuine one, {_silence(received)}",
        "Compare the a=crypto lines of the offer and the answer with what the peer uses: another key after a re-offer,"
        " another suite, or plain RTP; or turn SRTP off for this peer.",
    )


def _refused(rejected: Rejected) -> Verdict | None:
    """Something comes, and nothing of it can be used."""
    if rejected.payload_type > 0:
        return Verdict(
            "wrong-payload-type",
            f"Every packet of the peer has payload type {rejected.payload_type_last}, which was not agreed.",
            f"{rejected.payload_type} packets refused, none accepted",
            "Let the peer send a payload type of the answer, or offer the codec that it sends.",
        )
    if rejected.host + rejected.port + rejected.no_peer > 0:
        return Verdict(
            "source-rejected",
            "Packets come, but from another address than the peer's SDP and signalling named.",
            f"{rejected.host} from other hosts, {rejected.port} from other ports, {rejected.no_peer} too early",
            "Let the peer put its public address into its SDP, give signalling_address, or use SRTP.",
        )
    return None


def _private(stats: LegStats, signalled: Address | None) -> Verdict:
    return Verdict(
        "private-address",
        f"Nothing comes, and the peer's SDP names the private address {signalled[0] if signalled else ''}.",
        f"{stats.send.packets} packets sent, none received; {_silence(stats.receive)}",
        "Let the phone use STUN or its public address, or take media from where the signalling came from.",
    )


def _nothing_came(stats: LegStats) -> Verdict:
    if stats.send.packets > 0:
        return Verdict(
            "sent-none-came",
            "Packets were sent to the peer, but none came back.",
            f"{stats.send.packets} packets sent, none received; {_silence(stats.receive)}",
            "Look for a firewall before our media ports, and whether the phone sends at all.",
        )
    return Verdict(
        "nothing-sent-none-came",
        "Nothing was received, and nothing was sent that could have opened a NAT.",
        f"0 packets sent, 0 received; {_silence(stats.receive)}",
        "Let the leg send silence (send_silence), or bridge it.",
    )


def _deaf_there(stats: LegStats, deaf_after_ms: float) -> Verdict | None:
    """The peer hears nothing although it should."""
    sent = stats.send
    if not stats.may_send or stats.age_s * 1000.0 < deaf_after_ms:
        return None
    if sent.nowhere > 0 and sent.packets == 0:
        return Verdict(
            "no-address",
            "There is audio for the peer, but no address to send it to.",
            f"{sent.nowhere} packets had nowhere to go",
            "Give the leg the address of the peer's SDP.",
        )
    if sent.errors > 0 and sent.errors * 2 >= sent.packets:
        return Verdict(
            "send-refused",
            "The system refuses to send to the peer's address.",
            f"{sent.errors} of {sent.packets} packets refused",
            "Look at the route and the firewall of this machine.",
        )
    if sent.packets == 0 and stats.remote is not None:
        return Verdict(
            "nothing-sent",
            "Nothing was sent to the peer.",
            f"0 packets in {stats.age_s:.1f} s",
            "Bridge the leg, play to it, or let it send silence.",
        )
    return None


def _lossy(stats: LegStats) -> Verdict | None:
    received = stats.receive
    lost = received.lost_ratio if received.lost >= LOSS_PACKETS_MIN else 0.0
    concealed = received.concealed_ratio if received.concealed_ms >= CONCEALED_MIN_MS else None
    ratio = max(lost, concealed or 0.0)
    if received.packets == 0 or ratio < LOSS_HEARD_RATIO:
        return None
    return Verdict(
        "loss-from-peer",
        f"{ratio:.0%} of what the peer says is lost on the way to us.",
        f"{received.lost} packets lost, {received.late} late, {_mos(stats.mos)}",
        "Look at the network between the peer and us: congestion, Wi-Fi, a full uplink.",
    )


def _lossy_there(stats: LegStats) -> Verdict | None:
    ratio = stats.send.lost_ratio
    if ratio is None or ratio < LOSS_REPORTED_RATIO:
        return None
    return Verdict(
        "loss-to-peer",
        f"The peer reports that it loses {ratio:.0%} of what we send.",
        f"its last report: {ratio:.0%} lost, {_mos(stats.send.mos)}",
        "Look at the network between us and the peer: congestion, Wi-Fi, a full downlink.",
    )


def _mos(mos: float | None) -> str:
    return "MOS unknown" if mos is None else f"MOS {mos:.1f}"


def _silence(received: ReceiveStats) -> str:
    return f"nothing usable for {(received.silent_ms or 0.0) / 1000:.1f} s"


def _is_private(host: str) -> bool:
    address = ipaddress.ip_address(host)
    return any(address in network for network in PRIVATE if network.version == address.version)
