"""Stopped with the server away, paused, taken over, left: what the person does then costs no speech either."""

import pytest
from playwright.sync_api import Dialog, expect

from tests.browser.clinician import REMEMBER_TRACKS, Clinician, clock_seconds, until
from tests.browser.test_dictation import ROUNDED
from tests.process import ServerProcess

pytestmark = [pytest.mark.browser, pytest.mark.integration, pytest.mark.faults]

KEPT_TAIL_SECONDS = 1.0
"""What a tab that is taken over may not have sent yet"""
RESUME_MS = 500
"""The fastest of three: a busy machine may be slow once"""
FULL_DISK = """
    const begin = IDBDatabase.prototype.transaction;
    IDBDatabase.prototype.transaction = function (...wanted) {
        if (window.isDiskFull) throw new DOMException("No room.", "QuotaExceededError");
        return begin.apply(this, wanted);
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


def test_f02_stop_while_the_server_is_away_is_saved_here_and_sent_by_itself(
    person: Clinician, scripted: ServerProcess
) -> None:
    person.record()
    person.speaks_until(1)
    scripted.kill()
    person.speaks_until(3)
    person.stop()
    card = person.page.locator(".unsent-card")
    expect(card).to_contain_text("Saved on this computer - will send when reconnected")
    assert asked_before_leaving(person) == ["beforeunload"], "only here is not safe enough to leave"
    scripted.start()
    expect(person.page.locator(".receipt")).to_be_visible()
    expect(card).to_have_count(0)
    note = person.newest_note()
    assert note["audio_duration_seconds"] == pytest.approx(person.elapsed_seconds, abs=ROUNDED)


def test_a_pause_really_closes_the_microphone_and_going_on_takes_no_half_second(person: Clinician) -> None:
    person.page.add_init_script(REMEMBER_TRACKS)
    person.page.reload()
    person.record()
    person.speaks_until(1)
    person.page.get_by_role("button", name="Pause").click()
    person.sees_state("paused")
    assert person.page.evaluate("() => tracks.map((track) => track.readyState)") == ["ended"]
    stopped_at = person.part("elapsed").inner_text()
    person.page.wait_for_timeout(1500)
    assert person.part("elapsed").inner_text() == stopped_at
    person.page.get_by_role("button", name="Go on").click()
    person.sees_state("recording")
    assert min(person.page.evaluate(PAUSE_AND_GO_ON) for _ in range(3)) < RESUME_MS
    person.speaks_until(2)
    person.stop()
    note = person.newest_note()
    assert note["audio_duration_seconds"] == pytest.approx(person.elapsed_seconds, abs=ROUNDED)
    assert note["ledger"]["gaps"] == [], "a pause is no gap"
    assert person.complaints == []


def test_f39_a_second_tab_takes_the_dictation_over_and_the_first_lets_go(
    person: Clinician, scripted: ServerProcess
) -> None:
    person.record()
    person.speaks_until(2)
    second = person.context.new_page()
    second.goto(f"{scripted.url}/")
    expect(second.locator(".unsent-card")).to_contain_text("In progress in another tab")
    second.get_by_role("button", name="Take over").click()
    expect(second.locator('.record[data-state="recording"]')).to_be_visible()
    person.sees_error("taken over in another tab")
    person.sees_state("ready")
    until(second, lambda: clock_seconds(second) >= 2)
    second.get_by_role("button", name="Stop").click()
    expect(second.locator(".receipt")).to_be_visible()
    assert person.newest_note()["audio_duration_seconds"] >= 4 - KEPT_TAIL_SECONDS


def test_f33_a_disk_that_is_full_in_the_middle_is_told_and_the_recording_goes_on(person: Clinician) -> None:
    person.page.add_init_script(FULL_DISK)
    person.page.reload()
    person.record()
    person.speaks_until(1)
    person.page.evaluate("() => { window.isDiskFull = true; }")
    person.sees_error("This computer can't keep any more")
    person.sees_error("on the server")
    person.sees_state("recording")
    person.page.evaluate("() => { window.isDiskFull = false; }")
    expect(person.page.get_by_text("This computer can't keep any more")).to_be_hidden()
    person.stop()
    note = person.newest_note()
    assert note["audio_duration_seconds"] == pytest.approx(person.elapsed_seconds, abs=ROUNDED)


def asked_before_leaving(person: Clinician) -> list[str]:
    """The questions a browser asks when this page is to be closed; the answer is to stay."""
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    person.page.once("dialog", stay)
    person.page.close(run_before_unload=True)
    person.until(lambda: bool(asked))
    return asked
