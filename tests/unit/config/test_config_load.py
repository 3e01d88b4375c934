from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx.config.load import load
from pbx.config.mistake import ConfigMistakes
from pbx.config.server import Limits, Rtp, Server, Sip, Timers
from pbx.config.shape import Shape
from pbx.config.tenant_file import TenantTables
from pbx.routing.plan import RejectNode, RingNode
from pbx.tenants.scope import TenantScope
from pbx.tenants.tenant import Extension
from tests.support.data_folder import DEMO, SERVER, data_folder, demo_and, demo_with


def test_a_sound_folder_becomes_typed_objects(tmp_path: Path) -> None:
    config = load(data_folder(tmp_path / "data"))
    tenant = config.default_tenant
    assert config.server == Server(default_tenant="demo")
    assert (tenant.name, tenant.domains, tenant.realm) == ("demo", ("demo.example",), "demo.example")
    assert tenant.extensions["102"] == Extension("102", "Grace", {"MD5": "0123456789abcdef" * 2}, 20)
    assert tenant.plan.numbers == {"1xx": "extension", "200": "sales", "600": "echo"}
    assert tenant.plan.nodes == {
        "sales": RingNode(who=("101", "102"), ring_s=15, busy="sales-box"),
        "sales-box": RejectNode(status=480),
    }
    assert tenant.plan.extensions == {"101": None, "102": 20}
    assert config.advice == ()


def test_everything_in_the_servers_file_can_be_said(tmp_path: Path) -> None:
    text = """
        default_tenant = "demo"
        region = "eu"
        advertised_address = "203.0.113.5"
        sip = { host = "::", port = 0 }
        rtp = { address = "127.0.0.1", ports = [30000, 30399] }
        limits = { calls_max = 100, calls_per_s = 5 }
        timers = { ring_s = 12 }
        log = { level = "debug", format = "json" }
    """
    config = load(data_folder(tmp_path / "data", server=text))
    server = config.server
    assert server.sip == Sip(host="::", port=0)
    assert server.rtp == Rtp(address="127.0.0.1", ports=(30000, 30399))
    assert server.limits == Limits(calls_max=100, calls_per_s=5)
    assert server.timers == Timers(ring_s=12)
    assert config.scope("demo") == TenantScope("demo", "eu")
    assert config.default_tenant.plan.ring_s == 12


def test_the_domain_decides_between_tenants_with_the_same_numbers(tmp_path: Path) -> None:
    herons = demo_with('"demo.example"', '"Herons.example"').replace("Ada", "Amelia")
    config = load(data_folder(tmp_path / "data", demo=DEMO, herons=herons))
    assert config.domains == {"demo.example": "demo", "herons.example": "herons"}
    assert config.tenants["herons"].extensions["101"].name == "Amelia"
    assert config.default_tenant.extensions["101"].name == "Ada"


def test_a_tenants_ring_time_comes_before_the_servers(tmp_path: Path) -> None:
    config = load(data_folder(tmp_path / "data", demo="ring_s = 9\n" + DEMO))
    assert config.default_tenant.plan.ring_s == 9


def test_a_tenant_without_a_domain_takes_its_name_as_realm(tmp_path: Path) -> None:
    assert load(data_folder(tmp_path / "data", demo="")).default_tenant.realm == "demo"


def test_what_editors_leave_behind_is_no_tenant(tmp_path: Path) -> None:
    folder = data_folder(tmp_path / "data")
    (folder / "tenants/.demo.toml").write_text("]")
    (folder / "tenants/demo.toml~").write_text("]")
    assert list(load(folder).tenants) == ["demo"]


def test_what_is_probably_not_meant_is_advice(tmp_path: Path) -> None:
    server = SERVER + "[rtp]\nports = [20000, 20399]\n"
    demo = demo_and('[nodes.lost]\nkind = "echo"\n').replace('"600" = "echo"', '"3xx" = "extension"')
    config = load(data_folder(tmp_path / "data", server=server, demo=demo))
    assert [str(advice) for advice in config.advice] == [
        "pbx.toml:3: rtp.ports: ports for 100 calls, and calls_max = 1000 (widen the range)",
        "tenants/demo.toml:27: nodes.lost: nothing leads to 'lost' (name it in numbers or in a node)",
        "tenants/demo.toml:16: numbers.3xx: no extension matches '3xx' "
        "(every call to it is refused with 404: add the extension, or lead the number elsewhere)",
    ]


def test_digests_that_others_may_read_are_advice(tmp_path: Path) -> None:
    folder = data_folder(tmp_path / "data")
    (folder / "tenants/demo.toml").chmod(0o644)
    (advice,) = load(folder).advice
    assert str(advice).startswith("tenants/demo.toml: other users of this machine may read it (chmod 600 ")


def test_a_plans_own_tests_are_tried(tmp_path: Path) -> None:
    test = '[[tests]]\ncall = { from = "9", to = "200", at = "2026-11-28T19:00", outcomes = ["busy"] }\n'
    demo = demo_and(test + 'expect = ["sales: busy", "sales-box", "reject 480"]\n')
    assert len(load(data_folder(tmp_path / "data", demo=demo)).default_tenant.plan.tests) == 1


SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5))
KEYS = st.sampled_from(
    [
        "domains",
        "extensions",
        "ha1",
        "numbers",
        "nodes",
        "kind",
        "who",
        "ring_s",
        "tests",
        "call",
        "rtp",
        "ports",
        "sip",
    ]
) | st.text(max_size=3)
VALUES = st.recursive(
    SCALARS | st.sampled_from(["ring", "extension", "echo", "reject"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=30,
)


@pytest.mark.parametrize("kind", [Server, TenantTables])
@given(value=VALUES)
def test_whatever_is_left_of_any_value_converts(kind: type, value: object) -> None:
    complaints: list[tuple[object, ...]] = []
    read = Shape(kind).read(value, lambda *complaint: complaints.append(complaint))
    assert read is not None or complaints


LINES = [
    *DEMO.splitlines(),
    '"\\n\\u001b[1m" = 3',
    '[nodes."\\r"]',
    "[[tests]]",
    'call = {from = "\\n", to = "1xx"}',
    "expect = []",
]


@given(
    text=st.binary(max_size=200) | st.text(max_size=200) | st.lists(st.sampled_from(LINES), max_size=30).map("\n".join)
)
def test_anything_at_all_is_read_or_refused_in_words(
    tmp_path_factory: pytest.TempPathFactory, text: str | bytes
) -> None:
    said = []
    try:
        load(data_folder(tmp_path_factory.mktemp("any") / "data", demo=text))
    except ConfigMistakes as refused:
        said = refused.mistakes
    assert all(mistake.read and mistake.remedy for mistake in said)
    assert all(str(mistake).isprintable() for mistake in said)
