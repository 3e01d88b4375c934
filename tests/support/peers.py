"""Real programs that tests talk to: found on this machine, or the test is skipped by name.

Installs nothing. `.ci/run` installs the Debian packages and sets REQUIRE_PEERS=1; then an absence is a failure.
"""

import os
import shutil
from pathlib import Path

import pytest

# Program -> the Debian package that brings it. `.ci/run` installs each of these; a test compares the two.
PACKAGES = {
    "baresip": "baresip",
    "chromium": "chromium",
    "sipp": "sip-tester",
    "sox": "sox",
    "tshark": "tshark",
}


def require(program: str) -> Path:
    """The path of `program`; skips the test where it is missing, or fails it under REQUIRE_PEERS=1."""
    found = shutil.which(program)
    if found is not None:
        return Path(found)
    package = PACKAGES.get(program, program)
    absence = f"{program} is not installed (Debian: apt-get install {package})"
    if os.environ.get("REQUIRE_PEERS") == "1":
        pytest.fail(f"REQUIRE_PEERS=1, but {absence}", pytrace=False)
    pytest.skip(absence)
