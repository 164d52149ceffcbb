"""Twenty seconds and more without a server or a network, while somebody goes on speaking."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.clinician import Clinician
from tests.browser.tap import Tap
from tests.browser.test_dictation import ROUNDED, SPOKEN, heard_all
from tests.process import ServerProcess, server_process
from tests.proxy import proxy
from tests.speech.wer import word_error_rate

pytestmark = [pytest.mark.browser, pytest.mark.integration, pytest.mark.faults]

MOST_WRONG = 0.3
OUTAGE_SECONDS = 20
CATCH_UP_SECONDS = 5
"""The backlog of such an outage is sent by then"""
NEXT_TRY_SECONDS = 5
"""The next try is no further away, whether or not the browser says that the network is back"""
LONG_OUTAGE_SECONDS = 120
LONG_CATCH_UP_SECONDS = 20
STEP_SECONDS = 20
"""No single wait of a test is much longer"""
ALL_SENT = re.compile("Your audio is safe|Live")
"""What the page says once nothing waits to be sent; the text may still be behind"""
THIN_BYTES_A_SECOND = 250_000
"""2 Mbit/s"""

Outage = Callable[[Clinician, ServerProcess], None]


def test_a_server_killed_while_speaking_costs_neither_sound_nor_words(browser: Browser, tmp_path: Path) -> None:
    with server_process(tmp_path) as server:
        person = Clinician(browser, server.url).sign_in()
        person.record()
        person.speaks_until(3)
        server.kill()
        expect(person.part("connection")).to_contain_text("still recording")
        person.speaks_until(3 + OUTAGE_SECONDS)
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


def goes_offline(person: Clinician, _server: ServerProcess) -> None:
    person.context.set_offline(True)


def comes_online(person: Clinician, _server: ServerProcess) -> None:
    person.context.set_offline(False)


def is_killed(_person: Clinician, server: ServerProcess) -> None:
    server.kill()


def is_started(_person: Clinician, server: ServerProcess) -> None:
    server.start()


@pytest.mark.parametrize(("goes", "comes_back"), [(goes_offline, comes_online), (is_killed, is_started)])
def test_f23_twenty_seconds_away_cost_no_byte_and_the_page_says_what_waits(
    person: Clinician, scripted: ServerProcess, goes: Outage, comes_back: Outage
) -> None:
    tap = Tap(person.page, scripted)
    person.record()
    person.speaks_until(3)
    goes(person, scripted)
    person.speaks_until(3 + OUTAGE_SECONDS)
    expect(person.part("connection")).to_contain_text("still recording, saved on this computer")
    expect(person.part("connection")).to_contain_text("s waiting to send")
    comes_back(person, scripted)
    back_at = person.elapsed_seconds
    expect(person.part("connection")).to_contain_text("Live")
    assert person.elapsed_seconds - back_at <= CATCH_UP_SECONDS + NEXT_TRY_SECONDS
    person.page.get_by_role("button", name="Pause").click()
    person.sees_state("paused")
    tap.is_whole()
    person.stop()
    note = person.newest_note()
    assert note["audio_duration_seconds"] == pytest.approx(tap.seconds, abs=0.001)
    assert note["ledger"]["gaps"] == []


@pytest.mark.timeout(400)
def test_f24_two_minutes_away_and_a_thin_line_afterwards_cost_no_byte(browser: Browser, tmp_path: Path) -> None:
    with proxy() as line, server_process(tmp_path, recogniser="scripted", public_url=line.url) as server:
        line.lead_to(server.port)
        person = Clinician(browser, line.url).sign_in()
        tap = Tap(person.page, server)
        person.record()
        person.speaks_until(3)
        line.blackhole()
        for seconds in range(STEP_SECONDS, LONG_OUTAGE_SECONDS + 1, STEP_SECONDS):
            person.speaks_until(3 + seconds)
        expect(person.part("connection")).to_contain_text("still recording, saved on this computer")
        line.pass_on()
        line.throttle(THIN_BYTES_A_SECOND)
        back_at = person.elapsed_seconds
        expect(person.part("connection")).to_contain_text(ALL_SENT, timeout=60_000)
        took = person.elapsed_seconds - back_at
        print(f"{LONG_OUTAGE_SECONDS} s without a network were sent {took} s after it was back")
        assert took <= LONG_CATCH_UP_SECONDS + NEXT_TRY_SECONDS
        expect(person.part("connection")).to_contain_text("Live", timeout=60_000)
        person.page.get_by_role("button", name="Pause").click()
        person.sees_state("paused")
        tap.is_whole()
        person.stop()
        note = person.newest_note()
        assert note["audio_duration_seconds"] == pytest.approx(tap.seconds, abs=0.001)
        person.context.close()
