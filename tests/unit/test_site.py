"""What a server keeps of its configuration: each version once."""

from dataclasses import replace as with_fields
from pathlib import Path

import pytest
from msgspec.structs import replace

from pbx.config.load import Config, load
from pbx.site import keep_configuration
from pbx.store.sqlite import SqliteStore
from tests.support.data_folder import data_folder


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return load(data_folder(tmp_path / "data"))


async def kept(store: SqliteStore, config: Config, at: float = 1.0) -> list[str]:
    return await keep_configuration(store, config, who="test", at=at)


async def test_a_tenant_is_saved_when_it_is_new_and_when_it_changed_and_else_not(config):
    with SqliteStore(None, inline=True) as store:
        assert await kept(store, config) == ["demo"]
        assert await kept(store, config) == []
        tenant = replace(config.tenants["demo"], time_zone="Europe/Warsaw")
        changed = with_fields(config, tenants={"demo": tenant})
        assert await kept(store, changed, at=2.0) == ["demo"]
        assert await kept(store, changed) == []
        newest = await store.tenant(config.scope("demo"))
        assert newest is not None
        assert (newest.version, newest.tenant.time_zone) == (2, "Europe/Warsaw")


async def test_the_number_of_a_version_is_no_change(config):
    with SqliteStore(None, inline=True) as store:
        await kept(store, config)
        renumbered = with_fields(config, tenants={"demo": replace(config.tenants["demo"], version=99)})
        assert await kept(store, renumbered) == []
