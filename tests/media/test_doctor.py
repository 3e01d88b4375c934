"""`pbx doctor` beside a real `pbx serve`: whose ports they are, and what the server tells of itself."""

import json
import signal
import subprocess
import sys
from pathlib import Path

from tests.support.data_folder import data_folder
from tests.support.free_ports import free_port, free_port_range

PATIENCE_S = 60
PBX = str(Path(sys.executable).with_name("pbx"))

SERVER = """\
default_tenant = "demo"
[sip]
host = "127.0.0.1"
port = {port}
[rtp]
address = "127.0.0.1"
ports = [{first}, {last}]
[web]
port = 0
[limits]
calls_max = 2
"""


def doctor(folder: Path) -> dict:
    command = [PBX, "doctor", "--data", str(folder), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.stderr == ""
    return json.loads(done.stdout)


def findings(told: dict) -> dict[str, str]:
    """What is said of each topic."""
    return {each["topic"]: each["said"] for each in told["findings"]}


def test_ports_of_the_running_server_are_its_own_and_it_tells_how_it_is(tmp_path: Path):
    port, ports = free_port(), free_port_range(8)
    folder = data_folder(tmp_path / "data", server=SERVER.format(port=port, first=ports[0], last=ports[-1]))
    folder.chmod(0o700)
    assert findings(doctor(folder))["SIP port"] == f"UDP 127.0.0.1:{port} is free"
    with subprocess.Popen([PBX, "serve", "--data", str(folder), "--json"], stdout=subprocess.PIPE, text=True) as server:
        try:
            assert json.loads(server.stdout.readline())["sip"] == f"127.0.0.1:{port}"
            told = doctor(folder)
            said = findings(told)
            assert said["SIP port"] == f"UDP 127.0.0.1:{port} belongs to the running server"
            assert (
                said["server"] == f"it runs (process {server.pid}): 0 calls of 0 since its start, 0 registered phones"
            )
            assert "all free, room for 2 calls" in said["RTP ports"]
            assert said["voicemail"].startswith("no message was lost")
            assert said["message waiting"] == "no phone had to be told yet"
            assert said["descriptors"].startswith("the running server may open")
            assert said["spool"] == "version 1, which this release reads"
            assert told["ok"] is True, told["findings"]
            server.send_signal(signal.SIGTERM)
            assert server.wait(PATIENCE_S) == 0
        finally:
            server.kill()
    assert findings(doctor(folder))["server"] == "none runs on this data folder"
