"""What the microphone missed is told at once, and stands in the note at its place, with its length."""

import pytest
from playwright.sync_api import expect

from tests.browser.clinician import REMEMBER_TRACKS, UNPLUG, Clinician
from tests.browser.tap import Tap
from tests.process import ServerProcess

pytestmark = [pytest.mark.browser, pytest.mark.integration, pytest.mark.faults]

SLEPT_SECONDS = 600
SLEEPABLE = """
    const now = Date.now;
    window.sleptMs = 0;
    Date.now = () => now() + window.sleptMs;
"""
PLUG_IN = "() => void navigator.mediaDevices.dispatchEvent(new Event('devicechange'))"


def test_f44_what_an_unplugged_microphone_missed_stands_in_the_note(person: Clinician, scripted: ServerProcess) -> None:
    person.page.add_init_script(REMEMBER_TRACKS)
    person.page.reload()
    tap = Tap(person.page, scripted)
    person.record()
    person.speaks_until(2)
    person.page.evaluate(UNPLUG)
    person.sees_error("was disconnected. Nothing is recorded now.")
    person.sees_state("paused")
    place = tap.seconds
    person.page.wait_for_timeout(2500)
    person.page.evaluate(PLUG_IN)
    person.sees_state("recording")
    expect(person.page.locator(".segment.gap")).to_contain_text("not recorded - microphone unplugged")
    person.speaks_until(4)
    person.stop()

    note = person.newest_note()
    [gap] = note["ledger"]["gaps"]
    assert gap["reason"] == "microphone"
    assert gap["start_time"] == gap["end_time"] == pytest.approx(place, abs=0.001)
    assert gap["seconds"] >= 2.5
    assert note["audio_duration_seconds"] == pytest.approx(tap.seconds, abs=0.001), "no silence is put in its place"
    expect(person.page.locator('[data-receipt="ledger"]')).to_contain_text("Not recorded")
    expect(person.page.locator('[data-receipt="ledger"]')).to_contain_text("at 00:0")
    person.page.get_by_role("link", name="Open note").click()
    expect(person.page.locator(".note-text .gap")).to_contain_text("s not recorded here")
    expect(person.page.get_by_role("button", name="Recognise again")).to_be_hidden()


def test_f44_stopped_while_it_is_unplugged_the_note_ends_with_what_was_missed(person: Clinician) -> None:
    person.page.add_init_script(REMEMBER_TRACKS)
    person.page.reload()
    person.record()
    person.speaks_until(1)
    person.page.evaluate(UNPLUG)
    person.sees_state("paused")
    person.page.wait_for_timeout(1200)
    person.stop()
    note = person.newest_note()
    [gap] = note["ledger"]["gaps"]
    assert gap["start_time"] == pytest.approx(note["audio_duration_seconds"], abs=0.001)
    assert gap["seconds"] >= 1.2


def test_f45_after_a_sleep_the_gap_is_marked_and_nothing_is_recorded_until_one_says_so(
    person: Clinician, scripted: ServerProcess
) -> None:
    person.page.add_init_script(SLEEPABLE)
    person.page.reload()
    tap = Tap(person.page, scripted)
    person.record()
    person.speaks_until(2)
    person.page.evaluate("(seconds) => { window.sleptMs += 1000 * seconds; }", SLEPT_SECONDS)
    person.sees_error("This computer was asleep, so recording is paused.")
    person.sees_state("paused")
    expect(person.page.locator(".segment.gap")).to_have_text("[10 min not recorded - computer asleep]")
    stopped_at = tap.seconds
    person.page.wait_for_timeout(500)
    assert tap.seconds == stopped_at
    tap.is_whole()
    person.page.get_by_role("alert").get_by_role("button", name="Go on").click()
    person.sees_state("recording")
    person.speaks_until(5)
    person.stop()
    note = person.newest_note()
    [gap] = note["ledger"]["gaps"]
    assert gap["seconds"] == pytest.approx(SLEPT_SECONDS, abs=2)
    assert 1.5 <= gap["start_time"] < stopped_at
    assert note["audio_duration_seconds"] == pytest.approx(tap.seconds, abs=0.001)
