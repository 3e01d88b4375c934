"""What a log line may do to the terminal of whoever reads it: nothing. And what it never tells."""

import json
import subprocess
import sys

import pytest

SCRIPT = """
import structlog
from pbx.observe.logs import set_up_logs
set_up_logs(level="info", format={format!r})
try:
    password = "hunter2"
    raise RuntimeError("peer said \\x1b[2J\\r\\x07")
except RuntimeError:
    structlog.get_logger().exception("failed", source="a\\x1b[2J\\nb")
"""


@pytest.mark.parametrize("format", ["text", "json"])
def test_nothing_that_a_peer_wrote_reaches_the_terminal_as_it_came(format):
    # A process of its own: structlog is set up once for all of it.
    script = SCRIPT.format(format=format)
    done = subprocess.run([sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=True)
    assert "peer said" in done.stderr
    assert all(c.isprintable() or c == "\n" for c in done.stderr)
    assert "hunter2" not in done.stderr.replace('password = "hunter2"', "")
    if format == "json":
        assert json.loads(done.stderr)["source"] == "a\x1b[2J\nb"
