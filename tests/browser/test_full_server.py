"""Every place is taken: it is told before anything is recorded, and one may record all the same."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.clinician import Clinician
from tests.browser.conftest import SignIns, arrived
from tests.browser.tap import Tap
from tests.browser.test_every_byte import paused_and_whole
from tests.process import ServerProcess, server_process

pytestmark = [pytest.mark.browser, pytest.mark.integration, pytest.mark.faults]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server with one place."""
    folder: Path = tmp_path_factory.mktemp("small")
    with server_process(folder, max_sessions_per_worker=1, recogniser="scripted") as started:
        yield started


@pytest.fixture
def two(browser: Browser, small: ServerProcess, sign_ins: SignIns) -> Iterator[tuple[Clinician, Clinician]]:
    """Somebody who has the place, and somebody who wants it."""
    first, second = (arrived(browser, small, sign_ins) for _ in range(2))
    yield first, second
    first.context.close()
    second.context.close()


def test_a_full_server_is_told_before_the_microphone_opens(two: tuple[Clinician, Clinician]) -> None:
    first, second = two
    first.record()
    second.press_record()
    second.sees_error("Server is at capacity. Please try again in a few minutes.")
    second.sees_error("Nothing was recorded")
    expect(second.part("connection")).to_contain_text("Trying again in")
    first.stop()
    second.page.get_by_role("button", name="Try now").click()
    second.sees_state("recording")
    second.stop()


def test_f46_recorded_while_the_server_was_full_it_is_sent_whole_once_there_is_a_place(
    two: tuple[Clinician, Clinician], small: ServerProcess
) -> None:
    first, second = two
    first.record()
    tap = Tap(second.page, small)
    second.press_record()
    second.sees_error("Server is at capacity")
    assert tap.pcm == b"", "no sound before the choice"
    second.page.get_by_role("button", name="Record now, text later").click()
    second.sees_state("recording")
    expect(second.part("connection")).to_contain_text("Server busy. Recording on this computer only")
    second.speaks_until(2)
    first.stop()
    second.page.evaluate("() => void dispatchEvent(new Event('online'))")  # its next try is half a minute away
    expect(second.part("connection")).to_contain_text("Live")
    paused_and_whole(second, tap)
    second.stop()
    assert second.newest_note()["audio_duration_seconds"] == pytest.approx(tap.seconds, abs=0.001)
