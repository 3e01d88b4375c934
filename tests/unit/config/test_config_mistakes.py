"""Every mistake names its file, its line, what was read and what would do."""

from pathlib import Path
from typing import Any

import pytest

from pbx.config.load import load
from pbx.config.mistake import ConfigMistakes, Mistake
from tests.support.data_folder import DEMO, SERVER, data_folder, demo_and, demo_with

HA1 = 'ha1.MD5 = "0123456789abcdef0123456789abcdef"\n'
KINDS = (
    "'extension', 'ring', 'schedule', 'reject', 'menu', 'announcement', 'voicemail', 'mailbox', 'conference', 'echo'"
)
A_TEST = '[[tests]]\ncall = {{ from = "101", to = "600"{} }}\nexpect = ["{}"]\n'


def schedule(hours: str) -> str:
    """A schedule from line 29 on, its hours (or whatever comes in their place) in line 31."""
    return f'\n\n[nodes.day]\nkind = "schedule"\n{hours}\nopen = "sales"\nclosed = "sales-box"\n'


def mistakes(folder: Path, **files: Any) -> list[str]:
    with pytest.raises(ConfigMistakes) as caught:
        load(data_folder(folder / "data", **files))
    return [str(mistake).replace(str(folder), "") for mistake in caught.value.mistakes]


def test_a_mistake_has_its_parts() -> None:
    mistake = Mistake("tenants/demo.toml", 14, "nodes.sales", "no node named 'sale-box'", "did you mean 'sales-box'?")
    assert str(mistake) == "tenants/demo.toml:14: nodes.sales: no node named 'sale-box' (did you mean 'sales-box'?)"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "pbx.toml: no 'default_tenant' (add default_tenant = text in quotes)"),
        ('default_tenant = "dmeo"', "pbx.toml:1: default_tenant: no tenant named 'dmeo' (did you mean 'demo'?)"),
        ('default_tenant = "zebra"', "pbx.toml:1: default_tenant: no tenant named 'zebra' (write tenants/zebra.toml)"),
        (
            SERVER + "[timers]\nrings_s = 3",
            "pbx.toml:3: timers.rings_s: unknown key 'rings_s' (did you mean 'ring_s'?)",
        ),
        (SERVER + "[timer]", "pbx.toml:2: timer: unknown key 'timer' (did you mean 'timers'?)"),
        (
            SERVER + "[sip]\nxyzzy = 1",
            "pbx.toml:3: sip.xyzzy: unknown key 'xyzzy' (there is 'host', 'port')",
        ),
        (
            SERVER + '[sip]\nport = "5060"',
            "pbx.toml:3: sip.port: the text '5060' (write a whole number from 0 to 65535, without quotes)",
        ),
        (SERVER + "[sip]\nport = true", "pbx.toml:3: sip.port: true (write a whole number from 0 to 65535)"),
        (SERVER + "sip.port = 70000", "pbx.toml:2: sip.port: the number 70000 (write a whole number from 0 to 65535)"),
        (
            SERVER + '[web]\nhost = "0.0.0.0"',
            "pbx.toml:3: web.host: '0.0.0.0', where passwords would travel unencrypted (write \"127.0.0.1\"; or, where "
            "a proxy in front of it speaks HTTPS, allow_plain_http = true)",
        ),
        (
            SERVER + '[web]\nhost = "a b"\nallow_plain_http = true',
            "pbx.toml:3: web.host: no host: 'a b' (write a name or an address of this machine, or \"0.0.0.0\" for all)",
        ),
        ('log = "info"\n' + SERVER, "pbx.toml:1: log: the text 'info' (write a table)"),
        (SERVER + '[log]\nlevel = "warn"', "pbx.toml:3: log.level: the text 'warn' (did you mean 'warning'?)"),
        (
            SERVER + "[log]\nlevel = 3",
            "pbx.toml:3: log.level: the number 3 (write one of 'debug', 'error', 'info', 'warning')",
        ),
        (
            SERVER + "[timers]\nring_s = 0",
            "pbx.toml:3: timers.ring_s: the number 0 (write a whole number from 1 to 600, seconds)",
        ),
        (
            SERVER + "[timers]\nring_s = 2.5",
            "pbx.toml:3: timers.ring_s: the number 2.5 (write a whole number from 1 to 600, seconds)",
        ),
        (
            SERVER + "[timers]\n\nregister_max_s = 60\nregister_min_s = 600",
            "pbx.toml:5: timers.register_min_s: 600 s, more than register_max_s = 60 (write 60 or less)",
        ),
        (
            SERVER + '[sip]\nhost = "0.0.0.0:5060"',
            "pbx.toml:3: sip.host: no host: '0.0.0.0:5060' "
            "(write the port as port = …, and IPv6 addresses without brackets)",
        ),
        (
            SERVER + '[rtp]\naddress = "pbx.example"',
            "pbx.toml:3: rtp.address: no IP address: 'pbx.example' (write one of this machine, or \"0.0.0.0\" for all)",
        ),
        (
            'advertised_address = "0.0.0.0"\n' + SERVER,
            "pbx.toml:1: advertised_address: no IP address that a phone could send to: '0.0.0.0' "
            "(write the address that phones reach this server at)",
        ),
        (
            SERVER + "[rtp]\nports = [30000, 20000]",
            "pbx.toml:3: rtp.ports: the last port, 20000, comes before the first, 30000 (write [20000, 30000])",
        ),
        (
            SERVER + "[rtp]\nports = [20001, 30000]",
            "pbx.toml:3: rtp.ports: a range that begins with the odd port 20001 "
            "(begin with an even port, such as 20002 (RTP has the even ports, RTCP the odd ones))",
        ),
        (
            SERVER + "[rtp]\nports = [20000, 20002]",
            "pbx.toml:3: rtp.ports: a range of 3 ports (end it at 20003 or later: one call needs 4 ports)",
        ),
        (
            SERVER + "[rtp]\nports = [20000]",
            "pbx.toml:3: rtp.ports: a list of 1 (write a list of 2: each a whole number from 1024 to 65535)",
        ),
        (
            SERVER + "[rtp]\nports = [\n  80,\n  20002,\n]",
            "pbx.toml:4: rtp.ports[1]: the number 80 (write a whole number from 1024 to 65535)",
        ),
        (
            SERVER + "[sip]\nport = 20002",
            "pbx.toml:3: sip.port: 20002 is one of the RTP ports 20000 to 39999 (keep it out of rtp.ports)",
        ),
    ],
)
def test_mistakes_in_the_servers_file(tmp_path: Path, text: str, said: str) -> None:
    assert mistakes(tmp_path, server=text) == [said]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            demo_with('name = "Ada"\n', 'name = "Ada"\npassword = "hunter2"\n'),
            "6: extensions.101.password: unknown key 'password' "
            "(passwords are never kept: write ha1.SHA-256 = the digest of NUMBER:REALM:PASSWORD)",
        ),
        (
            demo_with('"Ada"\nha1.MD5 = "0123', '"Ada"\nha1.MD5 = "0'),
            "6: extensions.101.ha1.MD5: a digest of 29 digits (MD5 has 32 hexadecimal digits)",
        ),
        (
            demo_with('"Ada"\nha1.MD5 = "0123', '"Ada"\nha1.MD5 = "0xyz'),
            "6: extensions.101.ha1.MD5: a digest that is not hexadecimal (use the digits 0-9 and a-f alone)",
        ),
        (
            demo_with('"Ada"\nha1.MD5', '"Ada"\nha1.SHA256'),
            "6: extensions.101.ha1.SHA256: no digest algorithm 'SHA256' (did you mean 'SHA-256'?)",
        ),
        (
            demo_with(f'"Ada"\n{HA1}', '"Ada"\n'),
            "4: extensions.101: no 'ha1' (add ha1 = a table, MD5 or SHA-256 = the digest of NUMBER:REALM:PASSWORD)",
        ),
        (
            demo_with(f'"Ada"\n{HA1}', '"Ada"\nha1 = {}\n'),
            "6: extensions.101.ha1: no digest (add SHA-256 = the digest of NUMBER:REALM:PASSWORD)",
        ),
        (
            demo_with(f'"Ada"\n{HA1}', '"Ada"\nha1 = "00"\n'),
            "6: extensions.101.ha1: the text '00' "
            "(write a table, MD5 or SHA-256 = the digest of NUMBER:REALM:PASSWORD)",
        ),
        (
            demo_with("ring_s = 20", "ring_s = 601"),
            "11: extensions.102.ring_s: the number 601 (write a whole number from 1 to 600, seconds)",
        ),
        (
            demo_and(f"\n[extensions.bob]\n{HA1}"),
            "28: extensions.bob: no extension's number: 'bob' (use up to 20 digits)",
        ),
        (
            demo_and("[extensions.101]\n"),
            "27: [extensions.101] a second time (join the two, or give one of them another name)",
        ),
        (
            demo_with('who = ["101", "102"]', 'who = [\n  "101",\n  "1022"]'),
            "22: nodes.sales.who[2]: no extension '1022' (did you mean '102'?)",
        ),
        (
            demo_with('who = ["101", "102"]', 'who = ["101", "101"]'),
            "20: nodes.sales.who[2]: extension '101' a second time (remove it)",
        ),
        (
            demo_with('who = ["101", "102"]', 'who = "101"'),
            "20: nodes.sales.who: the text '101' (write a list, not an empty one: each text in quotes)",
        ),
        (
            demo_with('who = ["101", "102"]', "who = [101]"),
            '20: nodes.sales.who[1]: the number 101 (write "101", in quotes)',
        ),
        (
            demo_with('who = ["101", "102"]', "who = []"),
            "20: nodes.sales.who: an empty list (write a list, not an empty one: each text in quotes)",
        ),
        (
            demo_with('who = ["101", "102"]\n', ""),
            "18: nodes.sales: no 'who' (add who = a list, not an empty one: each text in quotes)",
        ),
        (
            demo_with('busy = "sales-box"', 'busy = "sale-box"'),
            "22: nodes.sales.busy: no node named 'sale-box' (did you mean 'sales-box'?)",
        ),
        (
            demo_with('"200" = "sales"', '"200" = "slaes"'),
            "15: numbers.200: no node named 'slaes' (did you mean 'sales'?)",
        ),
        (
            demo_with('busy = "sales-box"', 'bussy = "sales-box"'),
            "22: nodes.sales.bussy: unknown key 'bussy' (did you mean 'busy'?)",
        ),
        (
            demo_and('[nodes.hello]\nkind = "menu"\nprompt = "menu-demo"\ndigits = { 1 = "sales", one = "sales" }\n'),
            "30: nodes.hello.digits.one: nobody can press 'one' (use up to 20 of 0-9, * and #)",
        ),
        (
            demo_and('[nodes.hello]\nkind = "menu"\nprompt = "menu-demo"\ndigits = { 1 = "slaes" }\n'),
            "30: nodes.hello.digits.1: no node named 'slaes' (did you mean 'sales'?)",
        ),
        (
            demo_and('[nodes.hello]\nkind = "menu"\nprompt = "menu-demo"\ndigits = {}\n'),
            '30: nodes.hello.digits: a menu without a choice (write digits = { 1 = "extension" })',
        ),
        (
            demo_and('[nodes.box]\nkind = "voicemail"\nbox = "110"\n'),
            "29: nodes.box.box: no extension '110' (did you mean '102'?)",
        ),
        (
            demo_and('[nodes.room]\nkind = "conference"\npin = "12a4"\n'),
            "29: nodes.room.pin: the text '12a4' (write text in quotes, digits, or \"\" for none)",
        ),
        (
            demo_with('kind = "ring"', 'kind = "rings"'),
            "19: nodes.sales.kind: no kind of that name: the text 'rings' (did you mean 'ring'?)",
        ),
        (
            demo_with('kind = "ring"\n', ""),
            f"18: nodes.sales: no 'kind' (add kind = one of {KINDS})",
        ),
        (
            demo_with('kind = "ring"', "kind = 3"),
            f"19: nodes.sales.kind: no kind of that name: the number 3 (write one of {KINDS})",
        ),
        (
            demo_with("status = 480", "status = 200"),
            "26: nodes.sales-box.status: the number 200 (write a whole number from 400 to 699, a SIP status)",
        ),
        (demo_and('[nodes.""]\nkind = "echo"\n'), '27: nodes."": a node without a name (give it one)'),
        (
            demo_with('busy = "sales-box"', 'busy = "sales"'),
            "22: nodes.sales.busy: a circle that rings nobody: sales → sales (let one of them lead to another node)",
        ),
        (
            demo_with('"600" =', '"6-00" ='),
            "16: numbers.6-00: '6-00' is no number or pattern (write it without spaces and punctuation)",
        ),
        (
            demo_with('"1xx" =', '"1XX" ='),
            "14: numbers.1XX: '1XX' is no number or pattern (write a small x for a digit)",
        ),
        (
            demo_with("Europe/London", "Europe/Londn"),
            "2: time_zone: no time zone named 'Europe/Londn' (did you mean 'Europe/London'?)",
        ),
        (
            demo_with("Europe/London", "../../etc/passwd"),
            "2: time_zone: no time zone named '../../etc/passwd' (write a name such as \"Europe/London\")",
        ),
        (
            demo_with('"demo.example"', '\n  "demo.example",\n  "sip:demo.example",\n'),
            "3: domains[2]: no domain: 'sip:demo.example' (write the part after the @ alone, as in pbx.example.org)",
        ),
        (
            demo_with('"demo.example"', '"demo.example", "Demo.example"'),
            "1: domains[2]: the domain 'Demo.example' a second time (remove it)",
        ),
        (
            demo_and(A_TEST.format("", "sales")),
            "27: tests[1]: expected 'sales', but the call goes: numbers: echo; echo: echo; run echo "
            "(change the plan, or what the test expects)",
        ),
        (
            demo_and(A_TEST.format(', at = "noon"', "echo")),
            "28: tests[1].call.at: no time: 'noon' (write it as \"2026-11-28T19:00\")",
        ),
        (
            demo_and(A_TEST.format(', outcomes = ["bsy"]', "echo")),
            "28: tests[1].call.outcomes[1]: no outcome named 'bsy' (did you mean 'busy'?)",
        ),
        (
            demo_and(schedule('hours = "Mon-Fir 09:00-17:30"')),
            "31: nodes.day.hours: no day named 'Fir' (did you mean 'Fri'?)",
        ),
        (
            demo_and(schedule('hours = "Mon-Fri"')),
            "31: nodes.day.hours: no times after 'Mon-Fri' (write some, as in Mon-Fri 09:00-17:30)",
        ),
        (
            demo_and(schedule('hours = "Mon-Fri 9-5"')),
            "31: nodes.day.hours: no time of day: '9' (write it as 09:00, from 00:00 to 24:00)",
        ),
        (
            demo_and(schedule('hours = "Mon 09:00-09:00"')),
            "31: nodes.day.hours: a range that ends where it begins: '09:00-09:00' (write 00:00-24:00 for a whole day)",
        ),
        (
            demo_and(schedule('hours = "09:00-17:30 Europe/Londn"')),
            "31: nodes.day.hours: no time zone named 'Europe/Londn' (did you mean 'Europe/London'?)",
        ),
        (
            demo_and(schedule('hours = "Mon 09:00-17:30 UTC; Tue 10:00-12:00"')),
            "31: nodes.day.hours: 'UTC' in the middle (write one time zone, after everything else)",
        ),
        (
            demo_and(schedule('hours = "09:00-17:30 Mon-Fri"')),
            "31: nodes.day.hours: 'Mon-Fri' after times (write days before their times, and ; before further days)",
        ),
        (
            demo_and(schedule('hours = "Mon-Fri 24/7"')),
            "31: nodes.day.hours: '24/7' beside other hours (write it alone, or 00:00-24:00 after the days)",
        ),
        (
            demo_and(schedule('hours = "Mon-Fri 09:00-17:30;"')),
            "31: nodes.day.hours: nothing beside a semicolon (remove the semicolon)",
        ),
        (
            demo_and(schedule('hours = "Mon-Fri 09:00-17:30; Sun closed"')),
            "31: nodes.day.hours: 'Sun closed' (leave it out: a day that is not named is closed)",
        ),
        (
            demo_and(schedule("hours = 9")),
            '31: nodes.day.hours: the number 9 (write "9", in quotes)',
        ),
        (demo_and(schedule("")), "29: nodes.day: no 'hours' (add hours = text in quotes)"),
        (
            demo_and(schedule('hours = "24/7"\ndates."25.12.2026" = "closed"')),
            "32: nodes.day.dates.\"25.12.2026\": no date: '25.12.2026' "
            '(write it as "2026-12-25", or "12-25" for every year)',
        ),
        (
            demo_and(schedule('hours = "24/7"\ndates.2026-12-25 = "Fri 09:00-12:00"')),
            "32: nodes.day.dates.2026-12-25: no hours of a day: 'Fri 09:00-12:00' "
            '(write "closed", or times alone, as in "09:00-12:00")',
        ),
        (
            demo_and(schedule('hours = "24/7"\ndates = ["2026-12-25"]')),
            '32: nodes.day.dates: a list of 1 (write a table, "2026-12-25" = "closed" or "09:00-12:00")',
        ),
        (
            demo_and(schedule('hours = "24/7"').replace('closed = "sales-box"', 'closed = "sale-box"')),
            "33: nodes.day.closed: no node named 'sale-box' (did you mean 'sales-box'?)",
        ),
        (
            demo_and(schedule('hours = "24/7"').replace('closed = "sales-box"\n', "")),
            "29: nodes.day: no 'closed' (add closed = text in quotes)",
        ),
        (
            demo_and(schedule('hours = "24/7"').replace('"sales"', '"day"')),
            "32: nodes.day.open: a circle that rings nobody: day → day (let one of them lead to another node)",
        ),
        (
            demo_and('[[tests]]\ncall = { from = "101", to = "600" }\n'),
            "27: tests[1]: no 'expect' (add expect = a list: each text in quotes)",
        ),
        (
            demo_and('[[tests]]\ncall = { from = "101" }\nexpect = []\n'),
            "28: tests[1].call: no 'to' (add to = text in quotes)",
        ),
    ],
)
def test_mistakes_in_a_tenants_file(tmp_path: Path, text: str, said: str) -> None:
    assert mistakes(tmp_path, demo=text) == [f"tenants/demo.toml:{said}"]


@pytest.mark.parametrize(
    ("text", "line", "remedy"),
    [
        ("[sip\nport = 1", 2, "mend the syntax of this line, or of the one before"),
        ("region = eu", 2, "put text in quotes"),
        ("region =", 2, "write a value after the ="),
        ("region", 2, "write key = value, or [table]"),
        ('region = "eu\n', 2, "close the text with a quote"),
        ("[rtp]\nports = [1\n\n", 4, "close the list with ]"),
    ],
)
def test_what_is_no_toml_is_at_its_line(tmp_path: Path, text: str, line: int, remedy: str) -> None:
    (said,) = mistakes(tmp_path, server=SERVER + text)
    assert said.startswith(f"pbx.toml:{line}: no TOML: ")
    assert said.endswith(f"({remedy})")


@pytest.mark.parametrize(
    ("server", "said"),
    [
        (None, "pbx.toml: there is no such file (`pbx init /data` makes one)"),
        (SERVER + "a = 1\na = 2", "pbx.toml:3: a key or table that was given already (keep one of the two)"),
        (SERVER.encode() + b"\n# \xe4", "pbx.toml:3: the byte 0xe4, which is not UTF-8 (save the file as UTF-8)"),
        (SERVER + "a = " + "[" * 9_999, "pbx.toml: lists or tables nested too deeply to be read (remove the nesting)"),
        (SERVER + "a = " + "1" * 9_999, "pbx.toml: a number of thousands of digits (write a smaller one)"),
        (
            b" " * 5_000_000,
            "pbx.toml: more than 4194304 bytes (this is hardly a configuration: put back the right file)",
        ),
    ],
)
def test_files_that_cannot_be_read_as_they_are(tmp_path: Path, server: str | bytes | None, said: str) -> None:
    assert mistakes(tmp_path, server=server) == [said]


def test_a_folder_in_a_files_place(tmp_path: Path) -> None:
    folder = data_folder(tmp_path / "data")
    (folder / "tenants/more.toml").mkdir()
    with pytest.raises(ConfigMistakes, match=r"^tenants/more\.toml: cannot be read: Is a directory \(make it a file"):
        load(folder)


def test_a_data_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigMistakes, match=r"^pbx\.toml: there is no such file \(`pbx init .*nowhere` makes one\)"):
        load(tmp_path / "nowhere")


def test_two_tenants_cannot_share_a_domain(tmp_path: Path) -> None:
    herons = demo_with('domains = ["demo.example"]', '# ours\ndomains = ["herons.example", "DEMO.example"]')
    assert mistakes(tmp_path, demo=DEMO, herons=herons) == [
        "tenants/herons.toml:2: domains[2]: the domain 'demo.example', which belongs to tenant 'demo' "
        "(remove it here, or from tenants/demo.toml)"
    ]


def test_a_tenants_name_is_plain(tmp_path: Path) -> None:
    assert mistakes(tmp_path, demo=DEMO, Herons_="") == [
        "tenants/Herons_.toml: a tenant named 'Herons_' (name the file with small letters, digits and hyphens)"
    ]


def test_all_mistakes_of_all_files_are_said_at_once(tmp_path: Path) -> None:
    server = SERVER + '[sip]\nport = "x"\n[rtp]\nports = [3, 20001]\n'
    demo = demo_with('busy = "sales-box"', 'busy = "sale-box"\nring = 3').replace("London", "Paris?")
    herons = "domains = 7\n[nodes.a]\nkind = 'extension'\nbusy = 'b'\n"
    said = mistakes(tmp_path, server=server, demo=demo, herons=herons)
    assert [line.split(" (")[0] for line in said] == [
        "pbx.toml:3: sip.port: the text 'x'",
        "pbx.toml:5: rtp.ports[1]: the number 3",
        "tenants/demo.toml:2: time_zone: no time zone named 'Europe/Paris?'",
        "tenants/demo.toml:22: nodes.sales.busy: no node named 'sale-box'",
        "tenants/demo.toml:23: nodes.sales.ring: unknown key 'ring'",
        "tenants/herons.toml:1: domains: the number 7",
        "tenants/herons.toml:4: nodes.a.busy: no node named 'b'",
    ]


def test_what_names_a_broken_node_or_extension_is_not_wrong_itself(tmp_path: Path) -> None:
    demo = demo_with('kind = "reject"', 'kind = "rject"').replace(f'"Ada"\n{HA1}', '"Ada"\nha1 = 1\n')
    assert [line.split(": ")[1] for line in mistakes(tmp_path, demo=demo)] == [
        "extensions.101.ha1",
        "nodes.sales-box.kind",
    ]


def test_digests_and_passwords_are_not_repeated_in_what_is_said(tmp_path: Path) -> None:
    demo = demo_with('"Ada"\nha1.MD5 = "0123', '"Ada"\npassword = "hunter2"\nha1.MD5 = "0xyz')
    said = "\n".join(mistakes(tmp_path, demo=demo))
    assert "hunter2" not in said
    assert "456789abcdef" not in said


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('pin = "2580"', "unknown key 'pin' (PINs are never kept: write pin_hash = what `pbx pin` prints)"),
        ("", "no 'pin_hash' (add pin_hash = text in quotes)"),
        ('pin_hash = "2580"', "no hash of a PIN (`pbx pin` asks for a PIN and prints the line to write here)"),
    ],
)
def test_a_mailbox_without_a_hash_of_its_pin_is_a_mistake(tmp_path: Path, table: str, said: str) -> None:
    text = demo_and(f"\n[extensions.101.voicemail]\n{table}\n")
    assert any(mistake.endswith(said) for mistake in mistakes(tmp_path, demo=text))
