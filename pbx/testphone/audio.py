"""A phone's ear and mouth, as the phone needs them; `engine_audio.py` has the real ones."""

from typing import Protocol

from mediacore import sdp


class AudioLeg(Protocol):
    """One call's audio."""

    @property
    def local(self) -> tuple[str, int]:
        """Where the phone receives."""

    def connect(self, agreed: sdp.AgreedMedia) -> None:
        """Takes over what was negotiated; again after each re-INVITE."""

    def close(self) -> None:
        """Gives the ports back; a second call does nothing."""


class Audio(Protocol):
    """Makes the legs."""

    def open_leg(self) -> AudioLeg:
        """A leg on free ports."""


class NoAudioLeg:
    """A leg of a phone that has neither ear nor mouth: signalling alone, as under a virtual clock."""

    def __init__(self, local: tuple[str, int]) -> None:
        self.local = local
        self.agreed: sdp.AgreedMedia | None = None

    def connect(self, agreed: sdp.AgreedMedia) -> None:
        """Remembers it."""
        self.agreed = agreed

    def close(self) -> None:
        """Has nothing to give back."""


class NoAudio:
    """Names ports that nobody listens on."""

    def __init__(self, address: str = "192.0.2.99", port: int = 40_000) -> None:
        self._local = (address, port)

    def open_leg(self) -> NoAudioLeg:
        """A leg that carries nothing."""
        return NoAudioLeg(self._local)
