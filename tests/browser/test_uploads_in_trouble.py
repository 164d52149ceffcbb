"""Recordings on their way when somebody cancels, leaves, is signed out, or the line goes: in a real browser."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Dialog, Route, expect

from tests.browser.conftest import NewClinician
from tests.browser.uploading import card, choose, opened
from tests.process import PASSWORD
from tests.recordings import spoken

pytestmark = [pytest.mark.browser, pytest.mark.integration]

SENDING = re.compile(r"/api/v1/transcribe(\?again=true)?$")
ASKING = re.compile(r"/api/v1/transcribe\?bytes=")
LARGE_BYTES = 40_000_000
"""More than lies on the way between a browser and a server that does not read"""


def test_cancelled_or_left_while_it_is_sent_it_asks_first_and_can_be_sent_after_all(
    clinician: NewClinician, tmp_path: Path
) -> None:
    page = opened(clinician())
    held: list[Route] = []
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.route(SENDING, lambda route: held.append(route))
    choose(page, spoken(tmp_path, "flac"), spoken(tmp_path, "ogg"))
    first, second = card(page, "spoken.flac"), card(page, "spoken.ogg")
    expect(second).to_contain_text("Waiting to be sent.")
    second.get_by_role("button", name="Cancel").click()
    expect(first).to_contain_text("Sending.")
    page.on("dialog", stay)
    page.close(run_before_unload=True)
    first.get_by_role("button", name="Cancel").click()
    expect(first).to_contain_text("Cancelled. Nothing was kept of this recording.")
    assert asked == ["beforeunload"]
    page.unroute(SENDING)
    first.get_by_role("button", name="Try again").click()
    expect(first.get_by_role("link", name="Open note")).to_be_visible()


def test_a_network_that_goes_while_it_is_sent_keeps_it_here_and_sends_it_when_it_is_back(
    clinician: NewClinician, tmp_path: Path
) -> None:
    person = clinician()
    page = opened(person)
    person.context.set_offline(True)
    choose(page, spoken(tmp_path, "m4a"))
    sent = card(page, "spoken.m4a")
    expect(sent).to_contain_text("still on your computer, and is sent by itself when the connection is back")
    person.context.set_offline(False)
    expect(sent.get_by_role("link", name="Open note")).to_be_visible()
    person.complaints.clear()  # the browser notes every request that fails


def test_signed_out_meanwhile_one_signs_in_in_place_and_the_file_is_sent(
    clinician: NewClinician, tmp_path: Path
) -> None:
    person = clinician()
    page = opened(person)
    other = person.context.new_page()
    other.goto("/upload")
    other.get_by_role("button", name="Sign out").click()
    other.wait_for_url("**/login")
    choose(page, spoken(tmp_path, "aac"))
    told = page.get_by_role("alert").filter(has_text="You are no longer signed in.")
    expect(told).to_be_visible()
    page.get_by_role("button", name="Sign in here").click()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(told).to_be_hidden()
    expect(card(page, "spoken.aac").get_by_role("link", name="Open note")).to_be_visible()
    person.complaints.clear()


def test_a_refusal_in_the_middle_of_sending_becomes_its_words_and_not_a_lost_connection(
    clinician: NewClinician, tmp_path: Path
) -> None:
    person = clinician()
    person.page.route("**/upload", knows_no_limit)
    page = opened(person)
    page.route(ASKING, lambda route: route.fulfill(status=204), times=1)
    hours = tmp_path / "hours.wav"
    with hours.open("wb") as file:
        file.truncate(LARGE_BYTES)
    choose(page, hours)
    refused = card(page, "hours.wav")
    expect(refused).to_contain_text("The file is larger than 1 MB. Nothing was kept")
    expect(refused.get_by_role("button", name="Try again")).to_be_hidden()
    person.complaints.clear()


def knows_no_limit(route: Route) -> None:
    """The page as it was before the limit was lowered."""
    answer = route.fetch()
    route.fulfill(response=answer, body=answer.text().replace('data-max-upload-mb="1"', 'data-max-upload-mb="99"'))
