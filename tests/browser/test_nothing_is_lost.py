"""What dies in between costs no speech: a killed server, a killed browser."""

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, Playwright, expect

from tests.browser.clinician import DICTATION, PATIENCE_MS, QUIET_ARGUMENTS, Clinician, clock_seconds, until
from tests.browser.test_dictation import ROUNDED, SPOKEN, heard_all
from tests.process import EMAIL, PASSWORD, ServerProcess, server_process
from tests.speech.wer import word_error_rate

pytestmark = [pytest.mark.browser, pytest.mark.integration, pytest.mark.faults]

MOST_WRONG = 0.3
KEPT_TAIL_SECONDS = 1.0
"""What a killed browser may lose: not yet written to its disk"""
RESUME_MS = 500
"""The fastest of three: a busy machine may be slow once"""
REMEMBER_TRACKS = """
    window.tracks = [];
    const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async (wanted) => {
        const stream = await open(wanted);
        tracks.push(...stream.getAudioTracks());
        return stream;
    };
"""
PAUSE_AND_GO_ON = """async () => {
    const [press, button] = ['[data-part="pause"]', ".record"].map((name) => document.querySelector(name));
    const becomes = async (state) => {
        while (button.dataset.state !== state) await new Promise((next) => setTimeout(next, 5));
    };
    press.click();
    await becomes("paused");
    const began = performance.now();
    press.click();
    await becomes("recording");
    return performance.now() - began;
}"""


def test_a_server_killed_while_speaking_costs_neither_sound_nor_words(browser: Browser, tmp_path: Path) -> None:
    with server_process(tmp_path) as server:
        person = Clinician(browser, server.url).sign_in()
        person.record()
        person.speaks_until(3)
        server.kill()
        expect(person.part("connection")).to_contain_text("still recording")
        person.speaks_until(15)
        person.sees_state("recording")
        server.start()
        expect(person.part("connection")).to_contain_text("Live")
        heard_all(person)
        person.stop()
        receipt = person.page.locator(".receipt")
        expect(receipt).to_contain_text("Recording saved")  # words may still be catching up
        note = person.newest_note()
        assert note["status"] == "COMPLETED"
        assert note["audio_duration_seconds"] == pytest.approx(person.elapsed_seconds, abs=ROUNDED)
        assert word_error_rate(SPOKEN, note["transcript_text"]) <= MOST_WRONG
        shown = " ".join(person.page.locator(".segment.final").all_inner_texts())
        assert shown.split() == note["transcript_text"].split()
        person.context.close()


def test_stop_while_the_server_is_away_is_saved_here_and_sent_by_itself(browser: Browser, tmp_path: Path) -> None:
    with server_process(tmp_path, recogniser="scripted") as server:
        person = Clinician(browser, server.url).sign_in()
        person.record()
        person.speaks_until(2)
        server.kill()
        person.speaks_until(5)
        person.stop()
        card = person.page.locator(".unsent-card")
        expect(card).to_contain_text("Saved on this computer - will send when reconnected")
        server.start()
        expect(person.page.locator(".receipt")).to_be_visible(timeout=2 * PATIENCE_MS)
        expect(card).to_have_count(0)
        note = person.newest_note()
        assert note["audio_duration_seconds"] == pytest.approx(person.elapsed_seconds, abs=ROUNDED)
        person.context.close()


def test_after_the_browser_was_killed_the_card_sends_the_rest(playwright: Playwright, tmp_path: Path) -> None:
    profile = tmp_path / "profile"
    with server_process(tmp_path, recogniser="scripted") as server:
        with killable_chromium(playwright, profile) as context:
            page = context.new_page()
            sign_in(page, server)
            page.get_by_role("button", name="Record").click()
            until(page, lambda: clock_seconds(page) >= 2)
            server.kill()
            until(page, lambda: clock_seconds(page) >= 6)
            kill_chromium(profile)
        server.start()
        with killable_chromium(playwright, profile) as context:
            page = context.new_page()
            page.goto(server.url)
            if page.url != f"{server.url}/":
                sign_in(page, server)
            card = page.locator(".unsent-card")
            expect(card).to_contain_text("Unsent dictation from")
            card.get_by_role("button", name="Send").click()
            expect(card).to_contain_text(": sent")
            expect(card.get_by_role("link", name="Open note")).to_be_visible()
            newest = context.request.get(f"{server.url}/api/v1/transcriptions?page_size=1").json()["items"][0]
            assert newest["audio_duration_seconds"] >= 6 - KEPT_TAIL_SECONDS
            assert newest["status"] == "COMPLETED"


def test_a_pause_really_closes_the_microphone_and_going_on_takes_no_half_second(
    browser: Browser, tmp_path: Path
) -> None:
    with server_process(tmp_path, recogniser="scripted") as server:
        person = Clinician(browser, server.url).sign_in()
        person.page.add_init_script(REMEMBER_TRACKS)
        person.page.reload()
        person.record()
        person.speaks_until(2)
        person.page.get_by_role("button", name="Pause").click()
        person.sees_state("paused")
        assert person.page.evaluate("() => tracks.map((track) => track.readyState)") == ["ended"]
        stopped_at = person.part("elapsed").inner_text()
        person.page.wait_for_timeout(1500)
        assert person.part("elapsed").inner_text() == stopped_at
        person.page.get_by_role("button", name="Go on").click()
        person.sees_state("recording")
        assert min(person.page.evaluate(PAUSE_AND_GO_ON) for _ in range(3)) < RESUME_MS
        person.speaks_until(4)
        person.stop()
        note = person.newest_note()
        assert note["audio_duration_seconds"] == pytest.approx(person.elapsed_seconds, abs=ROUNDED)
        assert person.complaints == []
        person.context.close()


def test_a_second_tab_takes_the_dictation_over_and_the_first_lets_go(browser: Browser, tmp_path: Path) -> None:
    with server_process(tmp_path, recogniser="scripted") as server:
        person = Clinician(browser, server.url).sign_in()
        person.record()
        person.speaks_until(2)
        second = person.context.new_page()
        second.goto(f"{server.url}/")
        expect(second.locator(".unsent-card")).to_contain_text("In progress in another tab")
        second.get_by_role("button", name="Take over").click()
        expect(second.locator('.record[data-state="recording"]')).to_be_visible()
        person.sees_error("taken over in another tab")
        person.sees_state("ready")
        until(second, lambda: clock_seconds(second) >= 2)
        second.get_by_role("button", name="Stop").click()
        expect(second.locator(".receipt")).to_be_visible()
        assert person.newest_note()["audio_duration_seconds"] >= 4 - KEPT_TAIL_SECONDS
        person.context.close()


def sign_in(page: Page, server: ServerProcess) -> None:
    page.goto(f"{server.url}/login")
    page.get_by_label("Email").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{server.url}/")


@contextmanager
def killable_chromium(playwright: Playwright, profile: Path) -> Iterator[BrowserContext]:
    """A Chromium that keeps its profile from one start to the next."""
    arguments = [*QUIET_ARGUMENTS, "--use-fake-ui-for-media-stream", f"--use-file-for-fake-audio-capture={DICTATION}"]
    context = playwright.chromium.launch_persistent_context(
        profile, executable_path=shutil.which("chromium"), args=arguments
    )
    context.set_default_timeout(PATIENCE_MS)
    try:
        yield context
    finally:
        with suppress(Error):  # it was killed on purpose
            context.close()


def kill_chromium(profile: Path) -> None:
    """SIGKILL to the browser process that has this profile open; its children end with it."""
    lock = str((profile / "SingletonLock").readlink())
    os.kill(int(lock.rpartition("-")[2]), signal.SIGKILL)
