"""A clinician at a real Chromium with a microphone that plays a WAV file."""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, expect

from tests.process import EMAIL, PASSWORD, PROJECT

PATIENCE_MS = 30_000
"""For whatever happens in its own time, on a machine that may be busy; a wait ends at once when it happens"""
DICTATION = PROJECT / "tests" / "speech" / "dictation.wav"
SCREENSHOTS = PROJECT / "docs" / "screenshots"
SMALLEST_PICTURE_BYTES = 10_000
"""An empty page makes less"""
QUIET_ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
    "--use-fake-device-for-media-stream",
]
REMEMBER_TRACKS = """
    window.tracks = [];
    const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async (wanted) => {
        const stream = await open(wanted);
        tracks.push(...stream.getAudioTracks());
        return stream;
    };
"""
UNPLUG = "() => void tracks.at(-1).dispatchEvent(new Event('ended'))"
STATE = '.record[data-state="{}"]'


@contextmanager
def chromium(playwright: Playwright, wav: Path = DICTATION, allows_microphone: bool = True) -> Iterator[Browser]:
    """Debian's Chromium, its microphone playing `wav` once."""
    arguments = [*QUIET_ARGUMENTS, f"--use-file-for-fake-audio-capture={wav}%noloop"]
    if allows_microphone:
        arguments.append("--use-fake-ui-for-media-stream")
    browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=arguments)
    try:
        yield browser
    finally:
        browser.close()


class Clinician:
    """One person at one page. Remembers every complaint of the browser."""

    def __init__(self, browser: Browser, url: str, **context: Any) -> None:
        self.url = url
        self.context: BrowserContext = browser.new_context(base_url=url, **context)
        self.context.set_default_timeout(PATIENCE_MS)
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.complaints.append(error.message))

    def sign_in(self) -> "Clinician":
        self.page.goto("/login")
        self.page.get_by_label("Email").fill(EMAIL)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url(f"{self.url}/")
        return self

    def press_record(self) -> None:
        self.page.get_by_role("button", name="Record").click()

    def record(self) -> None:
        """Press Record and wait until it really records."""
        self.press_record()
        self.sees_state("recording")

    def stop(self) -> None:
        """Press Stop and wait until everything is finished."""
        self.part("record").and_(self.page.get_by_role("button", name="Stop")).click()
        self.sees_state("ready")

    def sees_state(self, state: str) -> None:
        expect(self.page.locator(STATE.format(state))).to_be_visible()

    def sees_error(self, words: str) -> None:
        expect(self.page.get_by_role("alert").filter(has_text=words)).to_be_visible()

    def speaks_until(self, seconds: float) -> None:
        """Wait until so much was recorded. The clock may jump over a second, so no exact text is awaited."""
        self.until(lambda: self.elapsed_seconds >= seconds)

    def until(self, is_so: Callable[[], bool]) -> None:
        """Wait until something is so that is not on the page."""
        until(self.page, is_so)

    @property
    def elapsed_seconds(self) -> int:
        """What the clock on the page says."""
        return clock_seconds(self.page)

    def part(self, name: str) -> Any:
        """An element of the dictation page by its name."""
        return self.page.locator(f'[data-part="{name}"]')

    def picture(self, name: str, folder: Path) -> None:
        """The page as it looks now. With KEEP_PICTURES=1 it becomes the one in the guide."""
        self.page.mouse.move(0, 0)
        keep = os.environ.get("KEEP_PICTURES") == "1"
        picture = self.page.screenshot(path=(SCREENSHOTS if keep else folder) / name)
        assert len(picture) > SMALLEST_PICTURE_BYTES

    def fetch(self, path: str) -> Any:
        """What the REST interface answers to this signed-in person."""
        answer = self.context.request.get(path)
        assert answer.ok, f"{path}: {answer.status}"
        return answer

    def newest_note(self) -> dict[str, Any]:
        """The note that was begun last, whole."""
        newest = self.fetch("/api/v1/transcriptions?page_size=1").json()["items"][0]
        return dict(self.fetch(f"/api/v1/transcriptions/{newest['id']}").json())

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)


def clock_seconds(page: Page) -> int:
    """What the clock of a dictation page says."""
    minutes, seconds = page.locator('[data-part="elapsed"]').inner_text().split(":")
    return 60 * int(minutes) + int(seconds)


def until(page: Page, is_so: Callable[[], bool]) -> None:
    """Let the page go on until it is so."""
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while not is_so():
        assert time.monotonic() < deadline, "it did not happen"
        page.wait_for_timeout(50)
