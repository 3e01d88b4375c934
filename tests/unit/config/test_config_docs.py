"""docs/configuration.md and docs/routing.md against the typed structs: every setting, its unit, its default."""

import re
from pathlib import Path
from typing import get_args

import pytest

from pbx.config.server import Server
from pbx.config.tenant_file import TenantTables
from pbx.routing.plan import Node, PlanTest
from tests.support.setting_rows import Setting, in_page, settings

DOCS = Path(__file__).resolve().parents[3] / "docs"
CONFIGURATION = (DOCS / "configuration.md").read_text(encoding="utf-8")
ROUTING = (DOCS / "routing.md").read_text(encoding="utf-8")
KINDS = {str(kind.__struct_config__.tag): kind for kind in get_args(Node)}


def by_name(rows: list[Setting]) -> dict[str, Setting]:
    found = {row.name: row for row in rows}
    assert len(found) == len(rows), "a setting stands there twice"
    return found


def test_the_configuration_page_has_every_setting_as_the_code_has_it() -> None:
    coded = [*settings(Server), *settings(TenantTables), *settings(PlanTest, "tests.")]
    assert by_name(list(in_page(CONFIGURATION))) == by_name(coded)


def test_the_routing_page_has_every_setting_of_every_kind_of_node() -> None:
    coded = [setting for tag, kind in KINDS.items() for setting in settings(kind, f"{tag}.")]
    assert by_name(list(in_page(ROUTING))) == by_name(coded)


def test_every_kind_of_node_has_a_heading_and_stands_in_an_example() -> None:
    assert set(re.findall(r"^## `([a-z]+)`", ROUTING, re.MULTILINE)) == set(KINDS)
    examples = "".join(re.findall(r"^```toml\n(.*?)^```", ROUTING, re.MULTILINE | re.DOTALL))
    for kind in KINDS:
        assert f'= "{kind}"' in examples, kind


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("| `sip.port` | port | `5061` | a whole number from 0 to 65535 | where |", "`5061`"),
        ("| `sip.prot` | port | `5060` | a whole number from 0 to 65535 | where |", "sip.prot"),
        ("| `sip.port` | — | `5060` | a whole number from 0 to 65535 | where |", "—"),
    ],
)
def test_a_page_that_differs_is_noticed(line: str, said: str) -> None:
    (row,) = in_page(line + "\n")
    assert row not in list(settings(Server))
    assert said in (row.name, row.unit, row.default)
