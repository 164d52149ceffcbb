"""Recordings made elsewhere, in a real browser: sent, watched, read, refused, and found again."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import NewClinician, SignIns, arrived
from tests.browser.test_page import CONTRASTS, LEAST_CONTRAST, SMALLEST_TOUCH_PX
from tests.browser.uploading import card, choose, drop, is_where_it_was, minutes_of_speech, opened, percent
from tests.process import ServerProcess
from tests.recordings import HOSTILE, spoken

pytestmark = [pytest.mark.browser, pytest.mark.integration, pytest.mark.speech]

HALF_WAY = 55
"""Percent of the bar at which the server has done half of its work"""
ONLINE = "() => dispatchEvent(new Event('online'))"
"""As a browser says it when its network is back"""
REMEMBER_MODES = """() => {
    window.modes = new Set();
    new MutationObserver(() => {
        document.querySelectorAll('[data-upload="mode"]').forEach((mode) => modes.add(mode.textContent));
    }).observe(document.querySelector('[data-part="list"]'), { subtree: true, childList: true, characterData: true });
}"""
REMEMBER_STEPS_BACK = """() => {
    window.stepsBack = [];
    let before = 0;
    new MutationObserver(() => {
        const { value } = document.querySelector('progress');
        if (value < before) stepsBack.push([before, value]);
        before = value;
    }).observe(document.querySelector('[data-part="list"]'), { subtree: true, attributes: true });
}"""


def test_a_recording_is_sent_watched_and_read_without_a_reload(heard: NewClinician, tmp_path: Path) -> None:
    person = heard(viewport={"width": 1280, "height": 900})
    page = opened(person)
    page.evaluate(REMEMBER_MODES)
    page.evaluate(REMEMBER_STEPS_BACK)
    choose(page, spoken(tmp_path, "mp3"))
    sent = card(page, "spoken.mp3")
    expect(sent.locator('[data-upload="text"]')).to_contain_text("pressure")
    expect(sent.get_by_role("progressbar")).to_have_attribute("value", "100")
    assert page.evaluate("() => stepsBack") == []
    assert "Live updates." in page.evaluate("() => [...modes]")
    expect(page.get_by_role("status")).to_contain_text("spoken.mp3")
    with page.expect_download() as text:
        sent.get_by_role("link", name="Download text").click()
    assert "pressure" in text.value.path().read_text()
    with page.expect_download() as recording:
        sent.get_by_role("link", name="Download recording").click()
    assert recording.value.path().stat().st_size > 10_000
    person.picture("upload.png", tmp_path)
    choose(page, spoken(tmp_path, "mp3"))
    again = page.get_by_role("article").filter(has_text="You sent this recording before. This is its note.")
    expect(again.get_by_role("link", name="Open note")).to_have_attribute(
        "href", sent.get_by_role("link", name="Open note").get_attribute("href") or ""
    )
    expect(again.get_by_role("button", name="Make a new note")).to_be_visible()
    again.get_by_role("link", name="Open note").click()
    expect(page.locator(".note-text")).to_contain_text("pressure")
    opened(person)
    expect(page.locator('[data-upload="text"]').first).to_contain_text("pressure")
    expect(page.get_by_role("heading", level=2).first).to_contain_text("Recording of ")


def test_a_server_that_is_killed_half_way_finishes_and_the_page_follows_without_a_reload(
    browser: Browser, scripted: ServerProcess, sign_ins: SignIns, tmp_path: Path
) -> None:
    person = arrived(browser, scripted, sign_ins)
    page = opened(person)
    page.evaluate(REMEMBER_STEPS_BACK)
    choose(page, minutes_of_speech(tmp_path, 3))
    bar = page.get_by_role("progressbar")
    person.until(lambda: float(bar.get_attribute("value") or 0) >= HALF_WAY)
    scripted.kill()
    expect(page.locator('[data-upload="mode"]')).to_contain_text("can't be reached")
    scripted.start()
    expect(page.locator('[data-upload="text"]')).to_contain_text("pressure")
    assert page.evaluate("() => stepsBack") == []
    person.context.close()


def test_where_live_updates_are_blocked_the_page_asks_says_so_finds_its_place_after_a_reload_and_is_live_again(
    browser: Browser, scripted: ServerProcess, sign_ins: SignIns, tmp_path: Path
) -> None:
    person = arrived(browser, scripted, sign_ins)
    person.context.route("**/status/stream*", lambda route: route.abort())
    page = opened(person)
    choose(page, minutes_of_speech(tmp_path, 20))
    words = page.locator('[data-upload="mode"]')
    expect(words).to_have_text("Live updates don't get through. Asking every 3 seconds instead.")
    person.until(lambda: percent(page) > 0)
    reached = percent(page)
    page.reload()
    is_where_it_was(person, page, reached)
    expect(words).to_contain_text("Asking every 3 seconds instead.")
    person.context.unroute("**/status/stream*")
    page.evaluate(ONLINE)
    expect(words).to_have_text("Live updates.")
    page.get_by_role("article").get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("article")).to_contain_text("This was cancelled.")
    person.context.close()


def test_a_second_tab_shows_the_recording_and_one_may_cancel_it_there_or_go_back_to_it(
    clinician: NewClinician, tmp_path: Path
) -> None:
    person = clinician()
    page = opened(person)
    choose(page, minutes_of_speech(tmp_path, 7))
    expect(page.get_by_role("article")).to_contain_text("Turning speech into text")
    reached = percent(page)
    page.get_by_role("link", name="Notes", exact=True).click()
    page.wait_for_url("**/notes")
    page.go_back()
    is_where_it_was(person, page, reached)
    tab = person.context.new_page()
    tab.goto("/upload")
    is_where_it_was(person, tab, reached)
    tab.get_by_role("article").get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("article")).to_contain_text("This was cancelled.")
    expect(page.get_by_role("article").get_by_role("button", name="Cancel")).to_be_hidden()


def test_what_is_no_recording_is_refused_in_the_servers_words(clinician: NewClinician, tmp_path: Path) -> None:
    person = clinician()
    page = opened(person)
    content, _, _ = HOSTILE["m3u8"]
    drop(page, "visit.mp3", content)
    refused = card(page, "visit.mp3")
    expect(refused).to_contain_text("This file is a list of recordings and holds none. Nothing was kept")
    expect(refused.get_by_role("button", name="Try again")).to_be_hidden()
    choose(page, {"name": "hours.wav", "mimeType": "audio/wav", "buffer": b"0" * (1024 * 1024 + 1)})
    expect(card(page, "hours.wav")).to_contain_text("The file is larger than 1 MB. Nothing was kept")
    refused.get_by_role("button", name="Hide").click()
    expect(page.get_by_role("article")).to_have_count(1)
    person.complaints.clear()  # the browser notes every refusal of a request


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_upload_page_has_enough_contrast_and_fits_a_narrow_phone(
    heard: NewClinician, scheme: str, tmp_path: Path
) -> None:
    person = heard(color_scheme=scheme, viewport={"width": 320, "height": 640}, has_touch=True)
    page = opened(person)
    no_sound = tmp_path / f"{'long-' * 30}name.wav"
    no_sound.write_bytes(b"no sound")
    choose(page, spoken(tmp_path, "mp3"), no_sound)
    expect(page.locator('[data-upload="card"][data-tone="bad"]')).to_be_visible()
    expect(page.locator('[data-upload="card"][data-tone="good"]')).to_be_visible()
    assert [found for found in page.evaluate(CONTRASTS) if found[0] < LEAST_CONTRAST] == []
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    for control in page.locator("main button:visible, main a:visible").all():
        box = control.bounding_box()
        assert box is not None
        assert box["height"] >= SMALLEST_TOUCH_PX
    person.picture(f"upload-phone-{scheme}.png", tmp_path)
    person.complaints.clear()  # the browser notes every refusal of a request
