"""The table of live calls: whatever somebody dialled is shown as it is."""

import io

import pytest
from rich.console import Console

from pbx.cli.calls import _table
from pbx.events.live_call import LiveCall


@pytest.mark.parametrize("dialled", ["102", "[/bold]", "[red]x", "[link=http://x]y", "\\[", ""])
def test_a_dialled_number_is_text_and_not_mark_up(dialled):
    call = LiveCall("c1", "demo", "101", dialled, "talking", 0.0, None, ("102", dialled))
    out = io.StringIO()
    Console(file=out, width=200).print(_table([call]))
    assert f" {dialled} " in out.getvalue()
