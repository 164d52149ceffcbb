"""A dictation that can't go on in its note goes on in another, linked with it, and nothing falls between the two."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.clinician import Clinician
from tests.browser.tap import Tap
from tests.browser.test_every_byte import no_recording_stored
from tests.process import ServerProcess, server_process

pytestmark = [pytest.mark.browser, pytest.mark.integration, pytest.mark.faults]

MOST_SECONDS = 4


def test_a_dictation_that_was_finished_meanwhile_goes_on_in_a_linked_note_without_losing_a_byte(
    browser: Browser, tmp_path: Path
) -> None:
    soon = {"idle_timeout_seconds": 1.5, "cleanup_interval_seconds": 0.2}
    with server_process(tmp_path, recogniser="scripted", **soon) as server, no_recording_stored(server):
        person = Clinician(browser, server.url).sign_in()
        tap = Tap(person.page, server)
        person.record()
        person.speaks_until(1)
        person.context.set_offline(True)
        person.until(lambda: [status for _, status, _, _ in rows(server)] == ["FAILED"])
        person.context.set_offline(False)
        person.sees_error("goes into a second note")
        person.speaks_until(5)
        person.stop()
        expect(person.page.get_by_role("link", name="Open first part")).to_be_visible()
        (first, _, _, first_seconds), (_, _, continues, second_seconds) = rows(server)
        assert continues == first
        assert first_seconds + second_seconds == pytest.approx(tap.seconds, abs=0.001)
        assert tap.on_disk() == bytes(tap.pcm)
        person.context.close()


def test_f19_at_the_longest_recording_one_key_goes_on_in_a_linked_note(browser: Browser, tmp_path: Path) -> None:
    with server_process(tmp_path, recogniser="scripted", max_recording_seconds=MOST_SECONDS) as server:
        person = Clinician(browser, server.url).sign_in()
        tap = Tap(person.page, server)
        person.record()
        person.sees_error("Maximum recording duration reached (4 s)")
        person.sees_error("Go on in a new dictation")
        expect(person.page.locator(".receipt")).to_be_visible()
        person.page.keyboard.press("Alt+g")
        person.sees_state("recording")
        person.speaks_until(1)
        person.stop()
        expect(person.page.get_by_role("link", name="Open first part")).to_be_visible()
        (first, status, _, first_seconds), (_, _, continues, second_seconds) = rows(server)
        assert (status, continues) == ("COMPLETED", first)
        assert first_seconds + second_seconds == pytest.approx(tap.seconds, abs=0.001)
        assert person.complaints == []
        person.context.close()


def rows(server: ServerProcess) -> list[tuple[Any, ...]]:
    """Of each note in the server's database: id, status, the note it continues, seconds."""
    ask = "SELECT id, status, continues_id, audio_duration_seconds FROM transcriptions ORDER BY id"
    with closing(sqlite3.connect(server.database)) as database:
        return database.execute(ask).fetchall()
