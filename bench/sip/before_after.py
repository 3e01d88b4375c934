"""Two checkouts of ours in turns: what a change does to the cost of a call or of a registration.

`python -m bench.sip.before_after WORK DIRECTORY [--runs N]` with WORK call-setup or register-digest measures DIRECTORY
(another checkout, built by `make dev`) and this one, A B A B, as those benches measure ours. Prints medians, minima and
maxima of the processor time. Each sample is a process of its own, with the modules of its checkout.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.turns import in_turns

HERE = Path(__file__).parents[2]
RUNS = 3
# Of what both checkouts are sure to have: the sample of the bench, without the memory of held calls.
SAMPLES = {
    "call-setup": "from bench.sip.call_setup import sample; taken = sample('ours', held=0)",
    "register-digest": "from bench.sip.register_digest import sample; taken = sample('ours')",
}


def subject_ms(work: str, checkout: Path) -> float:
    """Processor time of one call or registration in `checkout`, in ms, all of its processes together."""
    program = f"{SAMPLES[work]}; assert taken.totals.succeeded == taken.wanted, taken; print(taken.subject_ms)"
    # First on the path, and so before what is installed for editing: this checkout.
    path = os.pathsep.join([str(checkout), str(checkout / "mediacore" / "src")])
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=checkout,
        env=os.environ | {"PYTHONPATH": path},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return float(done.stdout)


def told(name: str, taken_ms: Sequence[float]) -> str:
    """A line for people."""
    middle = statistics.median(taken_ms)
    return f"{name:7} {middle:.3f} ms ({min(taken_ms):.3f} to {max(taken_ms):.3f})"


def main(words: Sequence[str]) -> None:
    """Measures, and prints a line for each."""
    parser = argparse.ArgumentParser(prog="python -m bench.sip.before_after")
    parser.add_argument("work", choices=SAMPLES)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--runs", type=int, default=RUNS)
    given = parser.parse_args(words)
    checkouts = {"before": given.directory.absolute(), "after": HERE}
    taken = in_turns(given.work, tuple(checkouts), given.runs, lambda name: subject_ms(given.work, checkouts[name]))
    for name, taken_ms in taken.items():
        print(told(name, taken_ms))


if __name__ == "__main__":
    main(sys.argv[1:])
