"""The portal in a real browser, in states that a real PBX comes to rarely or slowly: its API is answered from memory.

Under a Content-Security-Policy of `default-src 'self'` alone: whatever would break it stands in the console, and fails.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.browser import DESK, PHONE, Complaints, open_page
from tests.support.portal_samples import cdr, live_call, sample_world
from tests.support.portal_stand_in import World, stand_in

pytestmark = [pytest.mark.peers, pytest.mark.timeout(60)]
PROGRAMS = ("chromium",)

STATIC = Path(__file__).resolve().parents[2] / "pbx" / "web" / "portal" / "static"
LISTENS_S = 15.0
PAGES = {"/": "Overview", "/calls": "Calls", "/voicemail": "Voicemail", "/phones": "Phones", "/calls/call-0": "Call"}
HAS_GROUND = "color => getComputedStyle(document.body).backgroundColor === color"
LIGHT, DARK = "rgb(245, 246, 250)", "rgb(16, 18, 22)"


@pytest.fixture
def world() -> World:
    return sample_world()


@pytest.fixture
def complaints() -> Complaints:
    return Complaints()


@pytest.fixture
def address(world: World) -> Iterator[str]:
    assert (STATIC / "index.html").is_file(), "the portal is not built: make portal"
    with stand_in(world, STATIC) as base:
        yield base


@pytest.fixture
def page(world: World, address: str, complaints: Complaints) -> Iterator[Page]:
    """The overview, signed in."""
    with open_page(complaints, color_scheme="light") as page:
        page.goto(f"{address}/sign-in#once")
        expect(page.get_by_role("heading", name="Overview")).to_be_visible()
        assert world.is_listened_to.wait(LISTENS_S)
        yield page


def card(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name, exact=True)


def test_every_page_opens_by_its_address_and_stays_within_the_width_of_a_phone(page: Page, address: str):
    for size in (DESK, PHONE):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        for path, title in PAGES.items():
            page.goto(address + path)
            expect(page).to_have_title(f"{title} · PBX")
            expect(page.get_by_role("heading", level=1)).to_have_text(title)
            expect(page.locator("[aria-busy]")).to_have_count(0)
            assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], (path, size)


def test_an_address_that_leads_nowhere_says_so(page: Page, address: str):
    page.goto(f"{address}/no/such/page")
    expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()


def test_a_call_that_ends_is_seen_ending_and_then_goes(page: Page, world: World):
    world.calls = [live_call("a"), live_call("b", "ringing", started_ago_s=8)]
    world.tell("calls")
    lines = card(page, "Live calls").get_by_role("listitem")
    expect(lines).to_have_count(2)
    expect(lines.nth(0)).to_contain_text("Ringing")
    expect(lines.nth(1)).to_contain_text("1:1")  # a minute and some seconds since the answer
    world.calls = []
    world.tell("calls")
    expect(lines.nth(1)).to_contain_text("Ended")
    expect(card(page, "Live calls")).to_contain_text("No call now")


def test_the_page_of_calls_has_those_that_go_on_above_those_that_are_over(page: Page, world: World, address: str):
    world.calls = [live_call("a")]
    page.goto(f"{address}/calls")
    expect(card(page, "Live calls").get_by_role("listitem")).to_contain_text("Talking")
    expect(card(page, "Call records").locator("[data-call]")).to_have_count(len(world.cdrs))


def test_messages_stand_under_each_other_whatever_their_buttons_say(page: Page, address: str):
    page.goto(f"{address}/voicemail")
    expect(page.get_by_role("button", name="Mark new")).to_have_count(1)
    expect(page.get_by_role("button", name="Mark heard")).to_have_count(1)
    players = page.get_by_role("button", name="Play the message").all()
    assert len({player.bounding_box()["x"] for player in players}) == 1  # type: ignore[index]


def test_a_new_record_appears_when_it_is_told_of(page: Page, world: World):
    world.cdrs.insert(0, cdr("newest", world.cdrs[0]["started_at"] + 30, "busy"))
    world.tell("cdrs", {"id": "newest"})
    expect(card(page, "Latest calls")).to_contain_text("Busy")


def test_extensions_without_a_phone_are_listed_as_not_registered(page: Page):
    row = card(page, "Phones").get_by_role("row", name="103")
    expect(row).to_contain_text("Not registered")
    expect(card(page, "Phones").get_by_role("row", name="101")).to_contain_text("baresip v1.1.0")


def test_a_record_opens_from_the_keyboard_and_shows_why_and_how(page: Page):
    button = card(page, "Latest calls").get_by_role("button").first
    button.focus()
    page.keyboard.press("Enter")
    expect(button).to_have_attribute("aria-expanded", "true")
    for text in ("rings 102 for 30 s", "PCMU/8000", "1.1 %", "1.4 ms", "3.30", "the caller hung up"):
        expect(card(page, "Latest calls")).to_contain_text(text)
    page.keyboard.press("Enter")
    expect(button).to_have_attribute("aria-expanded", "false")


def test_older_calls_come_page_by_page(page: Page, world: World, address: str):
    world.cdrs = [cdr(f"call-{number}", 1_795_000_000.0 - number) for number in range(70)]
    page.goto(f"{address}/calls")
    records = page.locator("[data-call]")
    expect(records).to_have_count(50)
    page.get_by_role("button", name="Show older calls").click()
    expect(records).to_have_count(70)
    expect(page.get_by_role("button", name="Show older calls")).to_have_count(0)


def test_what_is_empty_says_what_would_fill_it(page: Page, world: World, address: str):
    world.cdrs, world.voicemail, world.registrations = [], [], []
    for path, words in {"/calls": "No call yet", "/voicemail": "No messages", "/phones": "No extension yet"}.items():
        page.goto(address + path)
        expect(page.get_by_text(words)).to_be_visible()


def test_the_absence_of_the_call_process_is_told_and_taken_back(page: Page, world: World):
    world.tell("connection", {"call_process": "down"})
    expect(page.get_by_role("status")).to_contain_text("The call process is away.")
    world.tell("connection", {"call_process": "up"})
    expect(page.get_by_role("status")).to_be_empty()


def test_a_mistake_of_the_server_is_told_in_its_words_and_asked_again(
    page: Page, world: World, address: str, complaints: Complaints
):
    complaints.expect("500")
    world.broken.add("voicemail")
    page.goto(f"{address}/voicemail")
    alert = page.get_by_role("alert").filter(has_text="A mistake of ours; the log of the server has it.")
    expect(alert).to_be_visible(timeout=15_000)  # after it was asked three times
    world.broken.clear()
    alert.get_by_role("button", name="Try again").click()
    expect(page.locator("[data-message]")).to_have_count(2)


def test_a_message_that_the_server_does_not_delete_stays_and_it_is_said_why(
    page: Page, world: World, address: str, complaints: Complaints
):
    complaints.expect("500")
    page.goto(f"{address}/voicemail")
    expect(page.locator("[data-message]")).to_have_count(2)
    world.broken.add("voicemail")
    delete(page)
    expect(page.get_by_role("dialog").get_by_role("alert")).to_be_visible()
    world.broken.clear()
    expect(page.locator("[data-message]")).to_have_count(2)
    assert len(world.voicemail) == 2


def test_only_one_message_plays_at_a_time(page: Page, address: str):
    page.goto(f"{address}/voicemail")
    page.get_by_role("button", name="Play the message").first.click()
    expect(page.get_by_role("button", name="Pause the message")).to_have_count(1)
    page.get_by_role("button", name="Play the message").click()
    expect(page.get_by_role("button", name="Pause the message")).to_have_count(1)
    assert page.locator("audio").evaluate_all("players => players.filter(player => !player.paused).length") == 1


def test_keeping_a_message_is_the_answer_that_escape_gives(page: Page, address: str, world: World):
    page.goto(f"{address}/voicemail")
    page.get_by_role("button", name="Delete the message").first.click()
    expect(page.get_by_text("Delete this message for good?")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_text("Delete this message for good?")).to_be_hidden()
    assert len(world.voicemail) == 2


def delete(page: Page) -> None:
    page.get_by_role("button", name="Delete the message").first.click()
    page.get_by_role("button", name="Delete", exact=True).click()


def test_the_look_follows_the_system_until_it_is_chosen(page: Page):
    page.wait_for_function(HAS_GROUND, arg=LIGHT)
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(HAS_GROUND, arg=DARK)
    page.get_by_role("button", name="Light or dark").click()
    page.get_by_role("menuitem", name="Light").click()
    page.wait_for_function(HAS_GROUND, arg=LIGHT)
    page.reload()
    page.wait_for_function(HAS_GROUND, arg=LIGHT)


def test_a_session_that_is_over_leads_to_the_sign_in_page(page: Page, world: World, complaints: Complaints):
    complaints.expect("401")
    world.sessions.clear()
    world.tell("cdrs", {"id": "any"})  # the next thing that is asked for
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_new_password_needs_ten_characters_twice_the_same(page: Page, world: World, address: str):
    page.goto(f"{address}/password")
    page.get_by_label("Current password").fill(str(world.password))
    new, again = page.get_by_label("New password", exact=True), page.get_by_label("New password again")
    button = page.get_by_role("button", name="Set password")
    fill_both(new, again)("too short")
    expect(page.get_by_text("Too short: 1 more character")).to_be_visible()
    expect(button).to_be_disabled()
    new.fill("three otters at dawn")
    expect(page.get_by_text("This is not the same as above.")).to_be_visible()
    fill_both(new, again)("three otters at dawn")
    expect(page.get_by_text("Strong")).to_be_visible()
    button.click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    assert world.password == "three otters at dawn"


def fill_both(*fields: Locator) -> Callable[[str], None]:
    def fill(text: str) -> None:
        for field in fields:
            field.fill(text)

    return fill
