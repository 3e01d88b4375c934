"""Which tenant a request is for."""

import pytest

from pbx.tenants.directory import TenantDirectory
from pbx.tenants.tenant import Extension, Tenant

HERONS = Tenant("herons", ("herons.example", "herons.test"))
OTTERS = Tenant("otters", ("otters.example",))
DIRECTORY = TenantDirectory([HERONS, OTTERS], default="herons", region="eu")


def with_ha1s(*algorithms: tuple[str, ...], choice: tuple[str, ...] | None = None) -> frozenset[str]:
    extensions = {str(i): Extension(str(i), "", dict.fromkeys(names, "0" * 32)) for i, names in enumerate(algorithms)}
    tenant = Tenant("t", extensions=extensions, digest_algorithms=choice)
    return TenantDirectory([tenant], default="t").algorithms(tenant)


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("otters.example", "otters"),
        ("OTTERS.Example", "otters"),
        ("otters.example.", "otters"),  # DNS's root
        ("herons.test", "herons"),
        ("192.0.2.1", "herons"),
        ("2001:db8::1", "herons"),
        ("[2001:db8::1]", "herons"),
        ("localhost", "herons"),
        ("LOCALHOST", "herons"),
        ("sub.otters.example", None),
        ("example", None),
        ("192.0.2.1.example", None),
        ("", None),
        (".", None),
    ],
)
def test_the_domain_decides_and_a_bare_address_means_the_default(host, name):
    tenant = DIRECTORY.for_host(host)
    assert (tenant and tenant.name) == name


def test_without_a_default_that_exists_a_bare_address_is_nobodys():
    assert TenantDirectory([OTTERS], default="gone").for_host("192.0.2.1") is None


def test_tenants_are_found_by_name_and_in_order():
    assert DIRECTORY.named("otters") is OTTERS
    assert DIRECTORY.named("gone") is None
    assert list(DIRECTORY) == [HERONS, OTTERS]


def test_a_scope_names_the_region_too():
    assert str(DIRECTORY.scope(OTTERS)) == "otters@eu"


def test_challenges_use_what_every_extension_can_meet():
    assert with_ha1s(("MD5", "SHA-256"), ("MD5",)) == {"MD5"}
    assert with_ha1s(("MD5", "SHA-256"), ("MD5", "SHA-256")) == {"MD5", "SHA-256"}


def test_where_no_algorithm_serves_all_each_extension_still_has_one():
    assert with_ha1s(("MD5",), ("SHA-256",)) == {"MD5", "SHA-256"}


def test_the_tenants_own_choice_counts():
    assert with_ha1s(("MD5", "SHA-256"), choice=("MD5",)) == {"MD5"}


def test_a_tenant_without_extensions_has_no_algorithm():
    assert with_ha1s() == frozenset()
