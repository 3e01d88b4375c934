"""Somebody looks at the portal in a real browser while real phones call through the real PBX."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.baresip import start_baresip
from tests.support.browser import PATIENCE_MS, Complaints, in_thread, open_page
from tests.support.pbx_process import PBX, START_S, DataFolder, PbxProcess, make_data_folder
from tests.support.stage import Stage, eventually

pytestmark = [pytest.mark.peers, pytest.mark.timeout(120)]
PROGRAMS = ("baresip", "chromium")

PORTAL = Path(__file__).resolve().parents[2] / "pbx" / "web" / "portal" / "static" / "index.html"
PASSWORD = "heron under the bridge"
MESSAGE_BYTES = 50_000  # of 16-bit samples: three seconds of a telephone's
GREETING_S = 40.0  # for it to be said to its end, and a message after it
ADA_HZ = 440.0

VOICEMAIL = """
[nodes.leave]
kind = "voicemail"
box = "102"
"""


@pytest.fixture
def complaints() -> Complaints:
    return Complaints()


async def make_folder(stage: Stage) -> DataFolder:
    """Whoever dials 700 leaves a message for 102."""
    folder = await make_data_folder(stage)
    (tenant,) = (folder.path / "tenants").glob("*.toml")
    text = tenant.read_text().replace("[numbers]\n", '[numbers]\n"700" = "leave"\n', 1)
    tenant.write_text(text + VOICEMAIL)
    return folder


async def start(stage: Stage) -> tuple[PbxProcess, str]:
    """A PBX with its web process, and the link into its portal."""
    assert PORTAL.is_file(), "the portal is not built: make portal"
    pbx = await PbxProcess.start(stage, await make_folder(stage), web="127.0.0.1:0")
    said = json.loads((await pbx.program.wait_line(r'^\{"web".*\}$', within_s=START_S))[0])
    return pbx, said["portal"]


def sign_in_by(link: str) -> Callable[[Page], None]:
    def steps(page: Page) -> None:
        page.goto(link)
        expect(page.get_by_role("heading", name="Set your password")).to_be_visible()
        assert "#" not in page.url
        page.get_by_label("New password", exact=True).fill(PASSWORD)
        page.get_by_label("New password again").fill(PASSWORD)
        page.get_by_role("button", name="Set password").click()
        expect(page.get_by_role("heading", name="Overview")).to_be_visible()

    return steps


def live_calls(page: Page) -> Any:
    return page.get_by_role("region", name="Live calls")


def shows(where: Callable[[Page], Any], *texts: str) -> Callable[[Page], None]:
    def look(page: Page) -> None:
        for text in texts:
            expect(where(page)).to_contain_text(text)

    return look


def card(name: str) -> Callable[[Page], Any]:
    return lambda page: page.get_by_role("region", name=name)


async def test_a_call_is_seen_appearing_and_ending_without_a_reload(stage: Stage, complaints: Complaints):
    pbx, link = await start(stage)
    async with in_thread(open_page(complaints)) as do:
        await do(sign_in_by(link))
        await do(shows(live_calls, "No call now", "600"))
        await do(shows(card("Phones"), "Not registered"))

        ada = await start_baresip(stage, pbx, "101", tone_hz=ADA_HZ)
        await start_baresip(stage, pbx, "102", tone_hz=ADA_HZ, answers=True)
        await do(shows(card("Phones"), "baresip", "127.0.0.1"))
        await do(lambda page: expect(card("Phones")(page)).not_to_contain_text("Not registered"))

        await ada.dial("102")
        await do(shows(live_calls, "101", "102", "Talking"))
        await do(timer_runs)
        await ada.hang_up()
        await do(shows(live_calls, "No call now"))
        await do(shows(card("Latest calls"), "Ada (101)", "Answered"))
        await do(open_record)
        await do(shows(card("Latest calls"), "the caller hung up", "PCMU", "rings 102"))
    await pbx.wait_nothing_left()


def timer_runs(page: Page) -> None:
    timer = live_calls(page).get_by_role("timer")
    first = timer.inner_text()
    expect(timer).not_to_have_text(first)


def open_record(page: Page) -> None:
    card("Latest calls")(page).get_by_role("button", name="Details of the call from 101 to 102").click()


async def test_a_message_is_heard_marked_and_deleted(stage: Stage, complaints: Complaints):
    pbx, link = await start(stage)
    async with in_thread(open_page(complaints)) as do:
        await do(sign_in_by(link))
        await do(lambda page: page.get_by_role("link", name="Voicemail", exact=True).click())
        await do(shows(card("Messages"), "No messages"))

        ada = await start_baresip(stage, pbx, "101", tone_hz=ADA_HZ)
        await leave_message(pbx, ada)
        await do(shows(card("Messages"), "New:", "Ada (101)", "Box 102"))
        await do(play_whole)
        await do(lambda page: expect(card("Messages")(page)).not_to_contain_text("New:"))
        await do(delete_message)
        await do(shows(card("Messages"), "No messages"))
    await pbx.wait_nothing_left()


async def leave_message(pbx: PbxProcess, phone: Any) -> None:
    """Talks for a while after the greeting and the tone, and hangs up as callers do."""
    await phone.dial("700")
    await phone.wait_event("CALL_ESTABLISHED")
    await eventually(
        lambda: any(is_long_enough(path) for path in pbx.folder.path.rglob("*.wav")), "a recording", within_s=GREETING_S
    )
    await phone.hang_up()


def is_long_enough(recording: Path) -> bool:
    return recording.stat().st_size > MESSAGE_BYTES


def play_whole(page: Page) -> None:
    page.get_by_role("button", name="Play the message from Ada (101)").click()
    expect(page.get_by_role("button", name="Pause the message from Ada (101)")).to_be_visible()
    playing = "() => document.querySelector('audio').currentTime > 1 && document.querySelector('audio').duration > 2"
    page.wait_for_function(playing, timeout=PATIENCE_MS)


def delete_message(page: Page) -> None:
    page.get_by_role("button", name="Delete the message from Ada (101)").click()
    page.get_by_role("button", name="Delete", exact=True).click()


async def test_a_demo_has_a_message_to_be_heard_as_soon_as_it_is_up(stage: Stage, complaints: Complaints):
    web = "127.0.0.1:0"
    command = [PBX, "demo", "--data", stage.folder / "data", "--sip", "127.0.0.1:0", "--web", web, "--json"]
    demo = await stage.start("pbx demo", command)
    said = json.loads((await demo.wait_line(r'^\{"portal".*\}$', within_s=START_S))[0])
    async with in_thread(open_page(complaints)) as do:
        await do(sign_in_by(said["portal"]))
        await do(lambda page: page.get_by_role("link", name="Voicemail 1 new").click())
        await do(shows(card("Messages"), "New:", "self-test", "Box 101"))
        await do(lambda page: page.get_by_role("button", name="Play the message from self-test").click())
        await do(lambda page: expect(card("Messages")(page)).not_to_contain_text("New:"))  # it counts once it plays
    assert await demo.stop() == 0


async def test_only_the_name_and_the_password_open_the_portal_once_the_link_was_used(
    stage: Stage, complaints: Complaints
):
    complaints.expect("401", "410")
    _, link = await start(stage)
    async with in_thread(open_page(complaints)) as do:
        await do(sign_in_by(link))
        await do(sign_out)
        await do(lambda page: page.goto(link))
        await do(lambda page: expect(page.get_by_role("alert")).to_contain_text("This link was used"))
        await do(sign_in("not the password"))
        await do(lambda page: expect(page.get_by_role("alert")).to_contain_text("The name or the password is wrong."))
        await do(sign_in(PASSWORD))
        await do(lambda page: expect(page.get_by_role("heading", name="Overview")).to_be_visible())


def sign_out(page: Page) -> None:
    page.get_by_role("button", name="admin").click()
    page.get_by_role("menuitem", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def sign_in(password: str) -> Callable[[Page], None]:
    def steps(page: Page) -> None:
        page.get_by_label("Name").fill("admin")
        page.get_by_label("Password", exact=True).fill(password)
        page.get_by_role("button", name="Sign in").click()

    return steps


async def test_the_portal_says_when_the_server_is_away_and_goes_on_when_it_is_back(
    stage: Stage, complaints: Complaints
):
    complaints.expect("ERR_CONNECTION", "ERR_INCOMPLETE", "ERR_EMPTY", "401", "503")
    pbx, link = await start(stage)
    port = link.partition("/sign-in")[0].rpartition(":")[2]
    async with in_thread(open_page(complaints)) as do:
        await do(sign_in_by(link))
        await pbx.kill()
        await do(lambda page: expect(page.get_by_role("status")).to_contain_text("No connection to the server."))
        await PbxProcess.start(stage, pbx.folder, web=f"127.0.0.1:{port}")
        await do(lambda page: expect(page.get_by_role("status")).to_be_empty(timeout=2 * PATIENCE_MS))
        await do(shows(live_calls, "No call now"))
