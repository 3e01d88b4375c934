"""A media engine that moves no audio: hands out ports and remembers who hears whom. For calls under a virtual clock."""

from pbx.media.interface import Address, MediaLeg, MediaQuality, NoMediaPorts, Stream


class FakeLeg:
    """Remembers what it was told."""

    def __init__(self, engine: "FakeEngine", number: int, local: Address) -> None:
        self.id = number
        self.local = local
        self.stream: Stream | None = None
        self.is_closed = False
        self._engine = engine

    def update(self, stream: Stream) -> None:
        """Remembers the newest agreement."""
        self.stream = stream

    def quality(self) -> MediaQuality:
        """A flawless leg that carried nothing."""
        return MediaQuality(codec=self.stream.codecs[0] if self.stream else "")

    def close(self) -> None:
        """Gives the port back."""
        self.is_closed = True
        self._engine.forget(self)


class FakeEngine:
    """Ports from `first_port` upwards, two apart; `hears` says which leg's audio goes to which."""

    def __init__(self, *, address: str = "192.0.2.10", first_port: int = 20_000, legs_max: int = 1000) -> None:
        self.hears: dict[int, int] = {}
        self._address = address
        self._first_port = first_port
        self._legs_max = legs_max
        self._legs: dict[int, FakeLeg] = {}
        self._last_id = 0

    def open_leg(self, *, local: Address | None = None) -> FakeLeg:
        """A leg on the lowest free port, or on `local`."""
        taken = {leg.local[1] for leg in self._legs.values()}
        ports = range(self._first_port, self._first_port + 2 * self._legs_max, 2)
        port = local[1] if local else next((p for p in ports if p not in taken), None)
        if port is None or port in taken:
            raise NoMediaPorts(f"{len(taken)} of {self._legs_max} ports in use")
        self._last_id += 1
        leg = FakeLeg(self, self._last_id, (self._address, port))
        self._legs[leg.id] = leg
        return leg

    def bridge(self, a: MediaLeg, b: MediaLeg) -> None:
        """Notes that each hears the other."""
        self.unbridge(a)
        self.unbridge(b)
        self.hears[a.id] = b.id
        self.hears[b.id] = a.id

    def unbridge(self, leg: MediaLeg) -> None:
        """Notes that nobody hears it and it hears nobody."""
        other = self.hears.pop(leg.id, None)
        if other is not None:
            self.hears.pop(other, None)

    def echo(self, leg: MediaLeg) -> None:
        """Notes that it hears itself."""
        self.unbridge(leg)
        self.hears[leg.id] = leg.id

    def legs_open(self) -> int:
        """How many legs are not closed."""
        return len(self._legs)

    def forget(self, leg: FakeLeg) -> None:
        """Called by a leg that closes."""
        self.unbridge(leg)
        self._legs.pop(leg.id, None)
