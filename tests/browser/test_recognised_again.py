"""A part of a dictation that nobody heard is made into text from the recording, with one click."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import NewClinician
from tests.browser.patient_server import PatientServer

pytestmark = [pytest.mark.browser, pytest.mark.integration, pytest.mark.faults]


def test_f13_what_a_lost_recogniser_did_not_hear_is_recognised_again_at_its_place(
    clinician: NewClinician, scripted: PatientServer
) -> None:
    person = clinician()
    person.record()
    expect(person.page.locator(".segment.final").first).to_be_visible()
    with scripted.recogniser_away():
        person.speaks_until(4)
        person.stop()
        person.until(lambda: person.newest_note()["status"] != "IN_PROGRESS")
        before = person.newest_note()
        [gap] = before["ledger"]["gaps"]
        expect(person.page.locator('[data-receipt="text"]')).to_contain_text("have no text. Open the note")
        person.page.get_by_role("link", name="Open note").click()
        expect(person.page.locator(".note-text .gap")).to_contain_text("no text")
        again = person.page.get_by_role("button", name="Recognise again")
        again.click()
        expect(person.page.locator('[data-part="recognise-words"]')).to_contain_text("It did not work this time.")
    again.click()
    expect(person.page.locator(".note-text .gap")).to_have_count(0)
    expect(again).to_be_hidden()
    note = person.newest_note()
    assert note["ledger"]["gaps"] == []
    assert note["transcript_text"].startswith(before["transcript_text"])
    added = [segment for segment in note["segments"] if segment not in before["segments"]]
    assert added
    assert all(gap["start_time"] - 0.01 <= segment["start_time"] < gap["end_time"] for segment in added)
    shown = person.page.locator(".note-text").inner_text()
    assert added[-1]["text"] in shown
