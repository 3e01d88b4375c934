import msgspec

from pbx.routing.plan import EchoNode, Plan, RingNode
from pbx.tenants.scope import TenantScope
from pbx.tenants.tenant import Extension, Tenant

TENANT = Tenant(
    name="herons",
    domains=("herons.example",),
    realm="herons.example",
    time_zone="Europe/Warsaw",
    extensions={"101": Extension("101", "Ada", {"MD5": "0" * 32}, 20)},
    plan=Plan(numbers={"1xx": "extension"}, nodes={"a": RingNode(who=("101",), busy="b"), "b": EchoNode()}),
    version=7,
)


def test_a_tenant_comes_back_from_json_as_it_went() -> None:
    assert msgspec.json.decode(msgspec.json.encode(TENANT), type=Tenant) == TENANT


def test_a_digest_is_found_by_number_and_algorithm() -> None:
    assert TENANT.ha1("101", "MD5") == "0" * 32
    assert TENANT.ha1("101", "SHA-256") is None
    assert TENANT.ha1("102", "MD5") is None


def test_scopes_of_two_regions_are_two_keys() -> None:
    scopes = {TenantScope("herons"), TenantScope("herons", "local"), TenantScope("herons", "eu")}
    assert sorted(map(str, scopes)) == ["herons@eu", "herons@local"]
