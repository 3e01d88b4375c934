"""What a node's own file costs: loading 100,000 bindings at start-up, their memory, registering with group commit."""

import gc
import tempfile
import time
import tracemalloc
from pathlib import Path

import trio

from bench.row import Row, show
from pbx.registrar.binding import encode_binding
from pbx.registrar.edge import RegistrarEdge
from pbx.registrar.registrar import Registrar
from pbx.sip.flow import Flow
from pbx.sip.message import Headers, Request
from pbx.spool import Change, PutBinding, Spool
from pbx.spool.schema import Synchronous
from pbx.tenants.scope import TenantScope

BINDINGS = 100_000
TENANTS = 1_000
REGISTERS = 5_000
FILL_BATCH = 1_000
AT_ONCE = 200  # phones that register at the same time
RUNS = 3
COMMAND = "python -m bench.sip.spool_load"


def run() -> list[Row]:
    """Rows for start-up, memory and registration."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "spool.sqlite"
        trio.run(_fill, path)
        loads = [_load_s(path) for _ in range(RUNS)]
        memory = _memory_kb(path)
    registers: list[Row] = []
    levels: list[tuple[str, Synchronous]] = [("power-cut safe", "FULL"), ("kill -9 safe", "NORMAL")]
    for subject, synchronous in levels:
        samples = [_register_us(synchronous) for _ in range(RUNS)]
        for unit, values in zip(("µs CPU/REGISTER", "µs/REGISTER"), zip(*samples, strict=True), strict=True):
            work = f"REGISTER, {AT_ONCE} at once: {unit}"
            registers.append(Row.of(values, work=work, subject=subject, unit=unit, command=COMMAND))
    registers.sort(key=lambda row: row.work)
    return [
        Row.of(loads, work=f"load {BINDINGS} bindings", subject="mediacore-pbx", unit="s", command=COMMAND),
        Row.of([memory], work="memory of a loaded binding", subject="mediacore-pbx", unit="kB", command=COMMAND),
        *registers,
    ]


def _register(n: int, cseq: int = 1) -> tuple[Request, Flow, TenantScope, str]:
    host = f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}"
    number = str(100 + n % (BINDINGS // TENANTS))
    fields = [
        ("Via", f"SIP/2.0/UDP {host}:5060;branch=z9hG4bK{n:08x};rport"),
        ("From", f"<sip:{number}@tenant.example>;tag={n:08x}"),
        ("To", f"<sip:{number}@tenant.example>"),
        ("Call-ID", f"{n:016x}@{host}"),
        ("CSeq", f"{cseq} REGISTER"),
        ("Contact", f'<sip:{number}-0x55d0{n:08x}@{host}:5060>;+sip.instance="<urn:uuid:0c67446e-{n:012x}>"'),
        ("Expires", "3600"),
        ("User-Agent", "A phone of some make 1.2.3"),
    ]
    flow = Flow("udp", ("198.51.100.1", 5060), (host, 5060))
    scope = TenantScope(f"tenant-{n // (BINDINGS // TENANTS)}")
    return Request("REGISTER", "sip:tenant.example", Headers(fields)), flow, scope, number


async def _register_all(edge: RegistrarEdge, count: int) -> None:
    numbers = iter(range(count))

    async def phones() -> None:
        for n in numbers:
            await edge.handle(*_register(n))

    async with trio.open_nursery() as nursery:
        for _ in range(AT_ONCE):
            nursery.start_soon(phones)


async def _fill(path: Path) -> None:
    now = time.time()
    registrar = Registrar()
    with Spool(path, synchronous="NORMAL") as spool:
        for batch in range(0, BINDINGS, FILL_BATCH):
            changes: list[Change] = []
            for n in range(batch, batch + FILL_BATCH):
                request, flow, scope, number = _register(n)
                (binding,) = registrar.plan(request, scope, number, flow, now).put
                changes.append(PutBinding(scope, number, binding.contact, binding.expires_at, encode_binding(binding)))
            await spool.commit(*changes)


def _load(path: Path) -> Registrar:
    with Spool(path) as spool:
        edge = RegistrarEdge(Registrar(), spool, time.time)
        edge.restore(spool.load_bindings())
    return edge.registrar


def _load_s(path: Path) -> float:
    gc.collect()
    started = time.perf_counter()
    _load(path)
    return time.perf_counter() - started


def _memory_kb(path: Path) -> float:
    tracemalloc.start()
    try:
        registrar = _load(path)
        return tracemalloc.get_traced_memory()[0] / 1024 / registrar.stats().bindings
    finally:
        tracemalloc.stop()


def _register_us(synchronous: Synchronous) -> tuple[float, float]:
    """CPU (all threads) and elapsed time for one REGISTER, the building of the request included."""

    async def measure() -> tuple[float, float]:
        with tempfile.TemporaryDirectory() as folder, Spool(Path(folder) / "spool", synchronous=synchronous) as spool:
            edge = RegistrarEdge(Registrar(), spool, time.time)
            cpu_ns, started = time.process_time_ns(), time.perf_counter()
            await _register_all(edge, REGISTERS)
            elapsed_s = time.perf_counter() - started
            return (time.process_time_ns() - cpu_ns) / 1000 / REGISTERS, elapsed_s * 1e6 / REGISTERS

    return trio.run(measure)


if __name__ == "__main__":
    show(run())
