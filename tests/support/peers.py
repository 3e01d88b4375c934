"""Real programs that tests talk to: found on this machine, or the test is skipped by name.

Installs nothing. `.ci/run` installs the Debian packages, sets up those that `bench/peers/peers.sh` keeps in a folder of
their own, and sets REQUIRE_PEERS=1; then an absence is a failure.
"""

import os
import shutil
import subprocess
from pathlib import Path
from typing import NoReturn

import pytest

# Program -> the Debian package that brings it. `.ci/run` installs each of these; a test compares the two.
PACKAGES = {
    "baresip": "baresip",
    "chromium": "chromium",
    "ffmpeg": "ffmpeg",
    "libsrtp2": "libsrtp2-1",  # a library: tests/support/libsrtp.py loads it
    "sipp": "sip-tester",
    "sox": "sox",
    "tshark": "tshark",
}


# Programs that this Debian has not, or not new enough. They run as root only: in a folder of their own, by chroot.
PEERS_SCRIPT = Path(__file__).parents[2] / "bench" / "peers" / "peers.sh"
IN_PEERS_FOLDER = ("asterisk",)


def require(program: str) -> Path:
    """The path of `program`, or of the script that runs it.

    Skips the test where it is missing, or fails it under REQUIRE_PEERS=1.
    """
    if program in IN_PEERS_FOLDER:
        absence = absence_from_folder(program)
        return PEERS_SCRIPT if absence is None else miss(absence)
    found = shutil.which(program)
    if found is not None:
        return Path(found)
    package = PACKAGES.get(program, program)
    return miss(f"{program} is not installed (Debian: apt-get install {package})")


def miss(absence: str) -> NoReturn:
    """Ends the test that cannot be."""
    if os.environ.get("REQUIRE_PEERS") == "1":
        pytest.fail(f"REQUIRE_PEERS=1, but {absence}", pytrace=False)
    pytest.skip(absence)


def absence_from_folder(program: str) -> str | None:
    """Why the peers' folder is of no use for `program`; None where it is there."""
    if os.geteuid() != 0:
        return f"{program} runs in the peers' folder, and only root enters that"
    has_it = subprocess.run([PEERS_SCRIPT, "has", program], capture_output=True).returncode == 0
    return None if has_it else f"{program} is not in the peers' folder (bench/peers/peers.sh setup {program})"
