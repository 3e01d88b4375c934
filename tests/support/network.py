"""A network in memory for SIP under a virtual clock: delay, loss (seeded), and a ladder of all that went over it."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

import trio

Address = tuple[str, int]


@dataclass(frozen=True)
class Sent:
    """One datagram, as the ladder shows it."""

    at: float
    source: Address
    destination: Address
    data: bytes
    is_lost: bool

    @property
    def start_line(self) -> str:
        """Request-Line or Status-Line."""
        return self.data.split(b"\r\n", 1)[0].decode(errors="replace")

    def __str__(self) -> str:
        mark = "  LOST" if self.is_lost else ""
        way = f"{self.source[0]}:{self.source[1]} -> {self.destination[0]}:{self.destination[1]}"
        return f"{self.at:10.3f}  {way}  {self.start_line}{mark}"


class SimSocket:
    """What `Endpoint` needs of a socket."""

    def __init__(self, network: "SimNetwork", local: Address) -> None:
        self.local = local
        self.send_failures = self.receive_failures = 0
        self._network = network
        self._queue: deque[tuple[bytes, Address]] = deque()
        self._readable = trio.Event()

    async def wait_readable(self) -> None:
        """Returns once a datagram waits."""
        await self._readable.wait()

    def drain(self) -> Iterator[tuple[bytes, Address]]:
        """Yields what waits."""
        self._readable = trio.Event()
        while self._queue:
            yield self._queue.popleft()

    def send(self, data: bytes, remote: Address) -> None:
        """Hands it to the network."""
        if self._network.has(self):
            self._network.carry(data, self.local, remote)

    def close(self) -> None:
        """Leaves the network."""
        self._network.remove(self.local)

    def receive(self, data: bytes, source: Address) -> None:
        """Called by the network."""
        self._queue.append((data, source))
        self._readable.set()


class SimNetwork:
    """Sockets by address. Without a nursery there is no delay: a datagram has arrived when `send` returns."""

    def __init__(
        self,
        *,
        nursery: trio.Nursery | None = None,
        delay_s: float = 0.0,
        loss: float = 0.0,
        corrupt: float = 0.0,
        seed: int = 1,
    ) -> None:
        self.ladder: list[Sent] = []
        self.loss = loss
        self.corrupt = corrupt
        self._sockets: dict[Address, SimSocket] = {}
        self._nursery = nursery
        self._delay_s = delay_s
        self._random = Random(seed)
        self._dropped: list[tuple[Address, bytes]] = []
        self.on_carried: Callable[[], None] = lambda: None

    def socket(self, host: str, port: int = 5060) -> SimSocket:
        """A socket of its own for each address."""
        local = (host, port)
        assert local not in self._sockets, f"{local} is taken"
        self._sockets[local] = SimSocket(self, local)
        return self._sockets[local]

    def remove(self, local: Address) -> None:
        """Nothing arrives there, and nothing comes from there, from now on."""
        self._sockets.pop(local, None)

    def has(self, socket: SimSocket) -> bool:
        """Whether it is still there: what a dead process says nobody hears."""
        return self._sockets.get(socket.local) is socket

    def drop_from(self, source: Address, start: bytes) -> None:
        """Loses everything from `source` that begins with `start`, from now on."""
        self._dropped.append((source, start))

    def carry(self, data: bytes, source: Address, destination: Address) -> None:
        """Delivers, later, or loses."""
        is_lost = self._random.random() < self.loss or any(
            source == unwanted and data.startswith(start) for unwanted, start in self._dropped
        )
        if self._random.random() < self.corrupt:
            data = self._corrupted(data)
        self.ladder.append(Sent(trio.current_time(), source, destination, data, is_lost))
        self.on_carried()
        if is_lost:
            return
        if self._delay_s and self._nursery is not None:
            self._nursery.start_soon(self._deliver_later, data, source, destination)
        else:
            self._deliver(data, source, destination)

    def _corrupted(self, data: bytes) -> bytes:
        """One to four bytes changed, gone, doubled or cut off after."""
        damaged = bytearray(data)
        for _ in range(self._random.randint(1, 4)):
            at = self._random.randrange(len(damaged))
            match self._random.randrange(5):
                case 0:
                    damaged[at] = self._random.randrange(256)
                case 1:
                    del damaged[at]
                case 2:
                    damaged.insert(at, damaged[at])
                case 3:
                    damaged[at] = self._random.choice(b'\r\n\0<>";:,@= \xff%')
                case 4 if len(damaged) > 40:
                    del damaged[self._random.randrange(20, len(damaged)) :]
        return bytes(damaged)

    async def _deliver_later(self, data: bytes, source: Address, destination: Address) -> None:
        await trio.sleep(self._delay_s)
        self._deliver(data, source, destination)

    def _deliver(self, data: bytes, source: Address, destination: Address) -> None:
        socket = self._sockets.get(destination)
        if socket is not None:
            socket.receive(data, source)

    def start_lines(self) -> list[str]:
        """The ladder's first lines, for assertions."""
        return [sent.start_line for sent in self.ladder]

    def __str__(self) -> str:
        return "\n".join(map(str, self.ladder))
