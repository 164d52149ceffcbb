"""Recordings made elsewhere, in a real browser: sent, watched, read, refused, and found again."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.browser.clinician import Clinician
from tests.browser.conftest import NewClinician
from tests.browser.test_page import CONTRASTS, LEAST_CONTRAST, SMALLEST_TOUCH_PX
from tests.process import ServerProcess, server_process
from tests.recordings import HOSTILE, SPOKEN, made, spoken

pytestmark = [pytest.mark.browser, pytest.mark.integration, pytest.mark.speech]

HALF_WAY = 55
"""Percent of the bar at which the server has done half of its work"""
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
DROP = """async ([name, bytes]) => {
    const files = new DataTransfer();
    files.items.add(new File([new Uint8Array(bytes)], name));
    document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: files, bubbles: true, cancelable: true }));
}"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that really listens, and soon takes up what a killed one left."""
    folder: Path = tmp_path_factory.mktemp("server")
    with server_process(folder, login_attempts_per_minute=1000, job_lease_seconds=3, max_upload_mb=1) as started:
        yield started


def opened(person: Clinician) -> Page:
    person.page.get_by_role("link", name="Upload", exact=True).click()
    expect(person.page.get_by_role("heading", level=1)).to_have_text("Upload recordings")
    person.page.wait_for_load_state()
    return person.page


def choose(page: Page, *files: Any) -> None:
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose recordings").click()
    chooser.value.set_files(list(files))


def card(page: Page, name: str) -> Locator:
    """Of that recording; the one sent first, where there are more."""
    return page.get_by_role("article").filter(has_text=name).last


def minutes_of_speech(folder: Path, repeats: int) -> Path:
    return made(folder / f"spoken{repeats}.mp3", "-stream_loop", str(repeats), "-i", str(SPOKEN), "-b:a", "32k")


def test_a_recording_is_sent_watched_and_read_without_a_reload(clinician: NewClinician, tmp_path: Path) -> None:
    person = clinician(viewport={"width": 1280, "height": 900})
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


def test_a_server_that_is_killed_half_way_finishes_and_the_page_follows_without_a_reload(
    browser: Browser, server: ServerProcess, tmp_path: Path
) -> None:
    person = Clinician(browser, server.url).sign_in()
    page = opened(person)
    page.evaluate(REMEMBER_STEPS_BACK)
    choose(page, minutes_of_speech(tmp_path, 2))
    bar = page.get_by_role("progressbar")
    person.until(lambda: float(bar.get_attribute("value") or 0) >= HALF_WAY)
    server.kill()
    expect(page.locator('[data-upload="mode"]')).to_contain_text("can't be reached")
    server.start()
    expect(page.locator('[data-upload="text"]')).to_contain_text("pressure")
    assert page.evaluate("() => stepsBack") == []
    person.context.close()


def test_where_live_updates_are_blocked_the_page_asks_says_so_and_finds_its_place_after_a_reload(
    browser: Browser, server: ServerProcess, tmp_path: Path
) -> None:
    person = Clinician(browser, server.url).sign_in()
    person.context.route("**/status/stream*", lambda route: route.abort())
    page = opened(person)
    choose(page, minutes_of_speech(tmp_path, 4))
    words = page.locator('[data-upload="mode"]')
    expect(words).to_have_text("Live updates don't get through. Asking every 3 seconds instead.")
    reached = float(page.get_by_role("progressbar").get_attribute("value") or 0)
    page.reload()
    expect(page.get_by_role("article")).to_have_count(1)
    assert float(page.get_by_role("progressbar").get_attribute("value") or 0) in (0, *range(int(reached), 101))
    expect(page.locator('[data-upload="text"]')).to_contain_text("pressure")
    expect(page.get_by_role("heading", level=2)).to_contain_text("Recording of ")
    person.context.close()


def test_what_is_no_recording_is_refused_in_the_servers_words(clinician: NewClinician, tmp_path: Path) -> None:
    person = clinician()
    page = opened(person)
    content, _, _ = HOSTILE["m3u8"]
    page.evaluate(DROP, ["visit.mp3", list(content)])
    refused = card(page, "visit.mp3")
    expect(refused).to_contain_text("This file is a list of recordings and holds none. Nothing was kept")
    expect(refused.get_by_role("button", name="Try again")).to_be_hidden()
    choose(page, {"name": "hours.wav", "mimeType": "audio/wav", "buffer": b"0" * (1024 * 1024 + 1)})
    expect(card(page, "hours.wav")).to_contain_text("The file is larger than 1 MB. Nothing was kept")
    refused.get_by_role("button", name="Hide").click()
    expect(page.get_by_role("article")).to_have_count(1)
    person.complaints.clear()  # the browser notes every refusal of a request


def test_cancelled_while_it_is_sent_nothing_is_kept_and_it_can_be_sent_after_all(
    clinician: NewClinician, tmp_path: Path
) -> None:
    page = opened(clinician())
    held: list[Route] = []
    page.route("**/api/v1/transcribe*", lambda route: held.append(route))
    choose(page, spoken(tmp_path, "flac"), spoken(tmp_path, "ogg"))
    first, second = card(page, "spoken.flac"), card(page, "spoken.ogg")
    expect(second).to_contain_text("Waiting to be sent.")
    second.get_by_role("button", name="Cancel").click()
    expect(first).to_contain_text("Sending.")
    first.get_by_role("button", name="Cancel").click()
    expect(first).to_contain_text("Cancelled. Nothing was kept of this recording.")
    page.unroute("**/api/v1/transcribe*")
    first.get_by_role("button", name="Try again").click()
    expect(first.locator('[data-upload="text"]')).to_contain_text("pressure")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_upload_page_has_enough_contrast_and_fits_a_narrow_phone(
    clinician: NewClinician, scheme: str, tmp_path: Path
) -> None:
    person = clinician(color_scheme=scheme, viewport={"width": 320, "height": 640}, has_touch=True)
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
