"""A Chromium that can be killed and started again with the same profile."""

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from playwright.sync_api import BrowserContext, Error, Page, Playwright

from tests.browser.clinician import DICTATION, PATIENCE_MS, QUIET_ARGUMENTS
from tests.process import EMAIL, PASSWORD, ServerProcess


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
