"""What `pbx doctor` sees: of the kernel's tables, of sockets, folders and databases that a test has put there."""

import os
import socket
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from pbx.config.load import load
from pbx.doctor.gather import gather
from pbx.doctor.gather.addresses import local_ipv4, local_ipv6, see_addresses
from pbx.doctor.gather.clock import ClockWatch
from pbx.doctor.gather.data_folder import see_databases, see_folder
from pbx.doctor.gather.installed import see_installed
from pbx.doctor.gather.machine import memory_bytes, open_files_limit, quota_cpus, see_machine
from pbx.doctor.gather.ports import parent_of, parse_socket_table, see_rtp_ports, see_sip_port, see_web_port
from pbx.doctor.gather.running import portal_url, see_running
from pbx.spool import Spool
from pbx.store.sqlite import SqliteStore
from tests.support.data_folder import data_folder
from tests.support.free_ports import free_port, free_port_range

FIB_TRIE = """\
Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 192.0.2.0/24 2 0 2
           |-- 192.0.2.0
              /24 link UNICAST
           |-- 192.0.2.2
              /32 host LOCAL
        |-- 192.0.2.255
           /32 link BROADCAST
Local:
           |-- 127.0.0.1
              /32 host LOCAL
           |-- 192.0.2.2
              /32 host LOCAL
"""

IF_INET6 = """\
fe8000000000000000fc00fffe000001 04 40 20 80     eth0
20010db8000000000000000000000002 04 40 00 82     eth0
00000000000000000000000000000001 01 80 10 80       lo
"""

UDP_TABLE = """\
   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
 5950: 0100007F:13C4 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 2040458 2 0000000000000000 0
 6986: 00000000000000000000000000000000:4E20 00000000:0000 07 00000000:00000000 00:00000000 00000000 0 0 77 2 00 0
"""


@pytest.fixture
def bound() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken


def test_addresses_are_read_from_the_kernels_tables():
    assert local_ipv4(FIB_TRIE) == ["192.0.2.2", "127.0.0.1"]
    assert local_ipv6(IF_INET6) == ["2001:db8::2", "::1"]
    assert local_ipv4("") == local_ipv6("") == []
    assert "127.0.0.1" in see_addresses().local


def test_sockets_are_read_from_the_kernels_table():
    assert list(parse_socket_table(UDP_TABLE)) == [(5060, "07", "2040458"), (20_000, "07", "77")]
    assert list(parse_socket_table("")) == []


def test_a_free_port_is_free_and_stays_so():
    port = free_port()
    assert see_sip_port("127.0.0.1", port, server=None).state == "free"
    assert see_sip_port("127.0.0.1", port, server=None).state == "free"
    assert see_sip_port("127.0.0.1", 0, server=None).state == "free"


def test_a_taken_port_names_the_process_that_has_it(bound):
    seen = see_sip_port(*bound.getsockname(), server=None)
    assert seen.state == "taken"
    assert f"process {os.getpid()}" in seen.holder


def test_a_port_that_the_server_has_is_ours_and_not_counted_as_taken(bound):
    host, port = bound.getsockname()
    assert see_sip_port(host, port, server=os.getpid()).state == "ours"
    assert see_sip_port(host, port, server=os.getppid()).state == "taken"
    assert see_rtp_ports(host, (port, port), server=None).taken == 1
    assert see_rtp_ports(host, (port, port), server=os.getpid()).taken == 0


def test_an_address_of_another_machine_is_refused_in_the_systems_words():
    assert see_sip_port("203.0.113.1", 5060, server=None).error == "Cannot assign requested address"
    assert see_rtp_ports("203.0.113.1", (20_000, 20_003), server=None).address_error


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


def test_the_portals_port_is_free_or_names_the_process_that_has_it(listener):
    port = free_port()
    assert see_web_port("127.0.0.1", port, server=None, url=None).state == "free"
    seen = see_web_port(*listener.getsockname(), server=None, url=None)
    assert seen.state == "taken"
    assert f"process {os.getpid()}" in seen.holder
    assert see_web_port("203.0.113.1", 8080, server=None, url=None).error == "Cannot assign requested address"


def test_the_portal_is_a_child_of_the_server_and_is_where_that_says(listener):
    host, port = listener.getsockname()
    url = f"http://{host}:{port}"
    assert see_web_port(host, port, server=os.getppid(), url=None).state == "ours"
    seen = see_web_port("127.0.0.1", 8080, server=os.getppid(), url=url)
    assert (seen.state, seen.port, seen.url) == ("ours", port, url)
    assert see_web_port(host, port, server=os.getpid(), url=url).state == "taken"  # another server's portal
    assert see_web_port(host, free_port(), server=None, url=url).state == "free"  # that server was killed


def test_connections_that_fade_are_in_nobodys_way(listener):
    host, port = listener.getsockname()
    with socket.create_connection((host, port)) as near:
        far, _ = listener.accept()
        listener.close()
        far.close()  # the side that closes first is the one that waits (RFC 9293 3.3.2)
        near.recv(1)
    assert see_web_port(host, port, server=None, url=None).state == "free"


def test_where_the_portal_is_stands_in_the_data_folder(tmp_path):
    assert portal_url(tmp_path) is None
    (tmp_path / "web.url").write_text("http://127.0.0.1:8080\n")
    assert portal_url(tmp_path) == "http://127.0.0.1:8080"


def test_a_process_has_a_parent_and_one_that_is_gone_has_none():
    assert parent_of(os.getpid()) == os.getppid()
    assert parent_of(2**22 + 1) is None  # beyond what Linux gives


def test_memory_is_the_containers_where_there_is_one():
    meminfo = "MemTotal:       8000 kB\nMemFree:         100 kB\nMemAvailable:   6000 kB\n"
    assert memory_bytes(meminfo, None) == (8000 * 1024, 6000 * 1024)
    assert memory_bytes(meminfo, 1_000_000) == (1_000_000, 1_000_000)


@pytest.mark.parametrize(("text", "cpus"), [("150000 100000\n", 1.5), ("max 100000\n", None), ("", None)])
def test_a_containers_share_of_processors(text, cpus):
    assert quota_cpus(text) == cpus


def test_the_servers_own_limit_counts():
    limits = (
        "Limit                     Soft Limit           Hard Limit           Units\nMax open files  4096 8192 files\n"
    )
    assert open_files_limit(limits) == 4096
    assert open_files_limit("") is None
    assert see_machine(server=None).descriptors_whose == "this shell"
    assert see_machine(server=os.getpid()).descriptors_whose == "the running server"
    assert see_machine(server=0).memory_bytes > 0


def test_the_clock_says_how_it_went_and_which_zones_are_missing():
    seen = ClockWatch().see(["Europe/London", "Mars/Olympus", "UTC", "Europe"])
    assert seen.zones_missing == ("Europe", "Mars/Olympus")
    assert seen.watched_s >= 0


def test_looking_at_a_folder_leaves_nothing_in_it(tmp_path):
    folder = data_folder(tmp_path / "data")
    folder.chmod(0o750)
    before = sorted(folder.rglob("*"))
    seen = see_folder(folder)
    assert (seen.is_ours, seen.mode, seen.write_error) == (True, 0o750, "")
    assert seen.sync_ms is not None
    assert sorted(folder.rglob("*")) == before


def test_a_folder_that_cannot_be_written_says_why(tmp_path, monkeypatch):
    def refuse(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    seen = see_folder(tmp_path)
    assert (seen.sync_ms, seen.write_error) == (None, "No space left on device")
    assert list(tmp_path.iterdir()) == []


def states(folder: Path) -> list[str]:
    return [database.state for database in see_databases(folder)]


def test_databases_are_absent_then_sound_in_use_or_not(tmp_path):
    assert states(tmp_path) == ["absent", "absent"]
    with Spool(tmp_path / "spool.sqlite"), SqliteStore(tmp_path / "store.sqlite"):
        assert states(tmp_path) == ["sound", "sound"]
    before = sorted(tmp_path.iterdir())
    assert states(tmp_path) == ["sound", "sound"]
    assert sorted(tmp_path.iterdir()) == before


def test_databases_of_a_later_release_are_foreign(tmp_path):
    Spool(tmp_path / "spool.sqlite").close()
    SqliteStore(tmp_path / "store.sqlite").close()
    for name, statement in [
        ("spool", "PRAGMA user_version = 99"),
        ("store", "UPDATE alembic_version SET version_num = '9999'"),
    ]:
        connection = sqlite3.connect(tmp_path / f"{name}.sqlite")
        connection.execute(statement)
        connection.commit()
        connection.close()
    spool, store = see_databases(tmp_path)
    assert (spool.state, store.state) == ("foreign", "foreign")
    assert "version 99" in spool.said
    assert "9999" in store.said


def test_what_is_no_database_cannot_be_read_and_another_programs_is_foreign(tmp_path):
    (tmp_path / "spool.sqlite").write_text("dear diary " * 100)
    (tmp_path / "store.sqlite").mkdir()
    assert states(tmp_path) == ["unreadable", "unreadable"]
    (tmp_path / "spool.sqlite").unlink()
    connection = sqlite3.connect(tmp_path / "spool.sqlite")
    connection.execute("CREATE TABLE cookies (name TEXT)")
    connection.close()
    assert states(tmp_path)[0] == "foreign"
    (tmp_path / "spool.sqlite").rename(tmp_path / "cookies.sqlite")
    (tmp_path / "store.sqlite").rmdir()
    (tmp_path / "cookies.sqlite").rename(tmp_path / "store.sqlite")
    assert states(tmp_path)[1] == "foreign"


def test_an_empty_file_is_as_good_as_none(tmp_path):
    (tmp_path / "spool.sqlite").write_bytes(b"")
    (tmp_path / "store.sqlite").write_bytes(b"")
    assert states(tmp_path) == ["absent", "absent"]


def test_this_installation_has_its_engine_and_its_prompts():
    seen = see_installed()
    assert seen.engine_version == seen.version
    assert seen.codecs == ("PCMU", "PCMA", "telephone-event")
    assert (seen.prompts > 250, seen.prompts_missing) == (True, ())


def test_a_socket_that_a_killed_server_left_is_no_server(tmp_path):
    assert see_running(tmp_path, "local").pid is None
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / "bus.sock"))
    assert see_running(tmp_path, "local").pid is None


def test_a_process_that_holds_the_socket_and_says_nothing_is_told_of(tmp_path):
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "bus.sock"))
        silent.listen()
        seen = see_running(tmp_path, "local")
    assert (seen.pid, seen.figures) == (os.getpid(), None)
    assert "server.token" in seen.error


def test_gathering_is_all_of_it(tmp_path):
    ports = free_port_range(8)
    server = f'default_tenant = "demo"\n[sip]\nport = 0\n[rtp]\nports = [{ports[0]}, {ports[-1]}]\n'
    facts = gather(load(data_folder(tmp_path / "data", server=server)))
    assert facts.sip_port.state == "free"
    assert facts.web_port.host == "127.0.0.1"
    assert facts.running.pid is None
    assert facts.clock.watched_s > 0
