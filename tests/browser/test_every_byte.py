"""Byte for byte: what the page's chunk maker made is what the server has, whatever was lost, killed or closed."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, Playwright, expect

from tests.browser.clinician import Clinician, clock_seconds, until
from tests.browser.killable import kill_chromium, killable_chromium, sign_in
from tests.browser.tap import BYTES_A_SECOND, Tap
from tests.process import PASSWORD, ServerProcess

KEPT_TAIL_SECONDS = 1.0
"""What a closed tab or a killed browser may lose: not yet written to its disk"""

pytestmark = [pytest.mark.browser, pytest.mark.integration, pytest.mark.faults]


def test_f01_a_server_killed_in_the_middle_has_every_byte_in_the_end(
    person: Clinician, scripted: ServerProcess
) -> None:
    tap = Tap(person.page, scripted)
    person.record()
    person.speaks_until(2)
    scripted.kill()
    person.speaks_until(4)
    expect(person.part("connection")).to_contain_text("still recording")
    scripted.start()
    expect(person.part("connection")).to_contain_text("Live")
    paused_and_whole(person, tap)
    person.stop()
    note = person.newest_note()
    assert note["status"] == "COMPLETED"
    assert note["audio_duration_seconds"] == pytest.approx(tap.seconds, abs=0.001)
    assert note["ledger"]["recognised_seconds"] == pytest.approx(tap.seconds, abs=0.001)
    assert note["ledger"]["gaps"] == []
    shown = " ".join(person.page.locator(".segment.final").all_inner_texts())
    assert shown.split() == note["transcript_text"].split()


def test_f22_a_network_that_is_away_for_three_seconds_costs_no_byte(person: Clinician, scripted: ServerProcess) -> None:
    tap = Tap(person.page, scripted)
    person.record()
    person.speaks_until(1)
    person.context.set_offline(True)
    expect(person.part("connection")).to_contain_text("Offline - still recording, saved on this computer")
    person.speaks_until(4)
    person.context.set_offline(False)
    expect(person.part("connection")).to_contain_text("Live")
    paused_and_whole(person, tap)
    person.stop()
    assert person.newest_note()["audio_duration_seconds"] == pytest.approx(tap.seconds, abs=0.001)


def test_f41_signed_out_in_another_tab_one_signs_in_again_in_place_and_loses_no_byte(
    person: Clinician, scripted: ServerProcess
) -> None:
    tap = Tap(person.page, scripted)
    person.record()
    person.speaks_until(1)
    other = person.context.new_page()
    other.goto("/")
    other.get_by_role("button", name="Sign out").click()
    person.sees_error("You are no longer signed in")
    person.sees_state("recording")
    other.close()
    person.page.get_by_role("button", name="Sign in here").click()
    form = person.part("sign-in")
    form.get_by_label("Password").fill("not the password")
    form.get_by_role("button", name="Sign in").click()
    expect(form.get_by_role("alert")).not_to_be_empty()
    form.get_by_label("Password").fill(PASSWORD)
    form.get_by_role("button", name="Sign in").click()
    expect(form).to_be_hidden()
    expect(person.part("connection")).to_contain_text("Live")
    expect(person.page.get_by_text("You are no longer signed in")).to_be_hidden()
    paused_and_whole(person, tap)
    person.stop()
    assert person.newest_note()["audio_duration_seconds"] == pytest.approx(tap.seconds, abs=0.001)
    person.page.get_by_role("button", name="Sign out").click()
    person.page.wait_for_url("**/login")


def test_f20_a_tab_closed_in_the_middle_loses_less_than_a_second(person: Clinician, scripted: ServerProcess) -> None:
    tap = Tap(person.page, scripted)
    person.record()
    person.speaks_until(2)
    with no_recording_stored(scripted):
        person.page.close()
        page = person.context.new_page()
        page.goto(scripted.url)
        sent_from_the_card(page)
        kept_but_for_the_tail(tap)


def test_f03_f21_a_browser_killed_with_the_server_away_loses_less_than_a_second(
    playwright: Playwright, scripted: ServerProcess, tmp_path: Path
) -> None:
    profile = tmp_path / "profile"
    with killable_chromium(playwright, profile) as context:
        page = context.new_page()
        sign_in(page, scripted)
        tap = Tap(page, scripted)
        page.get_by_role("button", name="Record").click()
        until(page, lambda: clock_seconds(page) >= 1)
        scripted.kill()
        until(page, lambda: clock_seconds(page) >= 4)
        kill_chromium(profile)
    scripted.start()
    with killable_chromium(playwright, profile) as context, no_recording_stored(scripted):
        page = context.new_page()
        page.goto(scripted.url)
        if page.url != f"{scripted.url}/":
            sign_in(page, scripted)
        sent_from_the_card(page)
        kept_but_for_the_tail(tap)


def paused_and_whole(person: Clinician, tap: Tap) -> None:
    person.page.get_by_role("button", name="Pause").click()
    person.sees_state("paused")
    tap.is_whole()


def sent_from_the_card(page: Page) -> None:
    card = page.locator(".unsent-card")
    card.get_by_role("button", name="Send").or_(card.get_by_role("button", name="Finish")).click()
    expect(card.get_by_role("link", name="Open note")).to_be_visible()


def kept_but_for_the_tail(tap: Tap) -> None:
    kept = tap.on_disk()
    assert tap.pcm.startswith(kept)
    assert len(kept) / BYTES_A_SECOND >= tap.seconds - KEPT_TAIL_SECONDS


@contextmanager
def no_recording_stored(server: ServerProcess) -> Iterator[None]:
    """The store is away, so that the server keeps a finished dictation's samples where they can be compared."""
    recordings = server.folder / "instance" / "recordings"
    away = recordings.with_name("recordings-away")
    recordings.rename(away)
    recordings.touch()
    try:
        yield
    finally:
        recordings.unlink()
        away.rename(recordings)
