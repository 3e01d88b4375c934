"""SIPp runs of our own scenarios (tests/peers/scenarios), each in a folder of its own, and what they came to.

A scenario may have lines `<?include NAME?>`: the file of that name in `parts/` stands there when SIPp reads it.
"""

import csv
import re
from dataclasses import dataclass
from pathlib import Path

from tests.support.free_ports import bound_udp_ports, free_port
from tests.support.pbx_process import PbxProcess
from tests.support.peers import require
from tests.support.stage import InVain, Program, Stage, eventually

SCENARIOS = Path(__file__).parent.parent / "peers" / "scenarios"
GIVE_UP_S = 50  # SIPp's own limit, within the test's
# The "digital milliwatt" of ITU-T G.711, table 5: eight µ-law samples that make 1 kHz at 0 dBm0.
MILLIWATT_ULAW = bytes.fromhex("1e0b0b1e9e8b8b9e")
FILE_S = 1  # SIPp plays it again and again


@dataclass(frozen=True)
class Outcome:
    """What SIPp's statistics say of a run that has ended."""

    exit_code: int
    succeeded: int
    failed: int
    retransmissions: int  # sent again by SIPp
    received_again: dict[str, int]  # what SIPp got more than once, by message

    @property
    def all_retransmissions(self) -> int:
        """Both ways."""
        return self.retransmissions + sum(self.received_again.values())


class Sipp:
    """A run that has begun."""

    def __init__(self, program: Program, folder: Path, port: int) -> None:
        self.program = program
        self.port = port
        self._folder = folder

    async def finish(self) -> Outcome:
        """Waits until all its calls are over."""
        code = await self.program.wait_exit(within_s=GIVE_UP_S + 5)
        if not (self._folder / "statistics.csv").exists():
            raise InVain(f"{self.program.name} did not begin:\n{read_if_there(self._folder / 'errors.log')}")
        totals = last_row(self._folder / "statistics.csv")
        counts = last_row(next(self._folder.glob("*_counts.csv")))
        return Outcome(
            exit_code=code,
            succeeded=int(totals["SuccessfulCall(C)"]),
            failed=int(totals["FailedCall(C)"]),
            retransmissions=int(totals["Retransmissions(C)"]),
            received_again=received_again(counts),
        )


async def start_sipp(
    stage: Stage,
    pbx: PbxProcess,
    scenario: str,
    *,
    number: str,
    dials: str = "",
    calls: int = 1,
    calls_per_s: float = 10.0,
    pause_ms: int = 200,
    port: int | None = None,
    echo_port: int | None = None,
) -> Sipp:
    """Runs `scenario` as the phone of extension `number`; a caller `dials` another one, and talks for `pause_ms`.

    A phone that waits for calls listens when this returns, on the `port` that it registered from; with `echo_port` it
    sends back all RTP that comes there.
    """
    program_path = require("sipp")
    port = port or free_port()
    folder = stage.folder / f"{scenario}-{number}"
    folder.mkdir()
    (folder / "scenario.xml").write_text(assembled(scenario))
    (folder / "tone.ulaw").write_bytes(MILLIWATT_ULAW * (8000 * FILE_S // len(MILLIWATT_ULAW)))
    domain = pbx.folder.domain
    command: list[str | Path] = [program_path, pbx.sip, "-sf", "scenario.xml", "-nostdin"]
    command += ["-i", "127.0.0.1", "-p", str(port), "-mi", "127.0.0.1", "-bind_local"]
    command += ["-m", str(calls), "-r", str(calls_per_s), "-l", str(max(calls, 1)), "-d", str(pause_ms)]
    command += ["-key", "caller", number, "-key", "domain", domain, "-s", dials or number]
    command += ["-au", number, "-ap", pbx.folder.passwords[number]]
    command += ["-auth_uri", f"{dials}@{domain}" if dials else domain]
    command += ["-timeout", f"{GIVE_UP_S}s", "-timeout_error"]
    command += ["-trace_stat", "-stf", "statistics.csv", "-fd", "1", "-trace_counts"]
    command += ["-trace_err", "-error_file", "errors.log"]
    command += ["-rtp_echo", "-mp", str(echo_port)] if echo_port else ["-mp", str(free_port())]
    program = await stage.start(f"sipp {scenario} {number}", command, cwd=folder)
    stage.add_chapter(f"errors of sipp {scenario} {number}", lambda: read_if_there(folder / "errors.log"))
    await eventually(lambda: port in bound_udp_ports() or not program.is_running, f"SIPp listening on port {port}")
    return Sipp(program, folder, port)


async def register(stage: Stage, pbx: PbxProcess, number: str) -> int:
    """Registers a phone; the port that it wants its calls on, free again."""
    run = await start_sipp(stage, pbx, "register", number=number)
    outcome = await run.finish()
    assert (outcome.exit_code, outcome.failed, outcome.retransmissions) == (0, 0, 0), outcome
    return run.port


def assembled(scenario: str) -> str:
    """A scenario's text with its parts in their places."""
    text = (SCENARIOS / f"{scenario}.xml").read_text()
    return re.sub(r"<\?include (\w+\.xml)\?>", lambda match: (SCENARIOS / "parts" / match[1]).read_text(), text)


def received_again(counts: dict[str, str]) -> dict[str, int]:
    """Of SIPp's counts by message (columns 7_200_Recv, 7_200_Retrans …) those that say what came more than once."""
    received = [name.removesuffix("_Recv") for name in counts if name.endswith("_Recv")]
    return {name: again for name in received if (again := int(counts[f"{name}_Retrans"]))}


def last_row(path: Path) -> dict[str, str]:
    """The newest line of one of SIPp's statistics files, by column."""
    with path.open(newline="") as file:
        *_, last = csv.DictReader(file, delimiter=";")
    return {str(name): value or "0" for name, value in last.items() if name}


def read_if_there(path: Path) -> str:
    """A log that SIPp writes only when it has something to say."""
    return path.read_text(errors="replace") if path.exists() else ""
