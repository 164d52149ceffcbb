"""The main job in a real browser: speak, read, stop, and find everything kept."""

import json
import re
import subprocess
import wave
from pathlib import Path

import imageio_ffmpeg
import pytest
from playwright.sync_api import Dialog, Playwright, WebSocketRoute, expect

from tests.browser.clinician import Clinician, chromium
from tests.browser.conftest import NewClinician, SignIns, arrived
from tests.process import PROJECT, ServerProcess
from tests.speech.wer import word_error_rate

pytestmark = [pytest.mark.browser, pytest.mark.integration]

SCRIPT = json.loads((PROJECT / "tests/speech/dictation.json").read_text())["sentences"]
SPOKEN = " ".join(sentence["text"] for sentence in SCRIPT)
SPEECH_SECONDS = SCRIPT[-1]["end_time"]
MOST_WRONG = 0.3
AUDIO_TOLERANCE_SECONDS = 0.1
ROUNDED = 1.1
"""The clock on the page shows whole seconds"""
RATE = 16000
SOCKET = re.compile("/socket.io/")
SPOKEN_BESIDE_A_FINAL = """() => {
    const lines = (which) => [...document.querySelectorAll(which)];
    const words = (which) => lines(which).map(({ textContent: text }) => text.split(" ").length);
    return words(".segment.final").length > 0 && words(".segment.partial.spoken").some((count) => count >= 5);
}"""

HOLD_MICROPHONE = """
    const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    const held = new Promise((release) => (window.releaseMicrophone = release));
    navigator.mediaDevices.getUserMedia = (wanted) => held.then(() => open(wanted));
"""
NO_WEBSOCKET = """
    window.WebSocket = class {
        constructor() { setTimeout(() => this.onerror(new Event("error"))); }
        close() {}
    };
"""


def test_a_dictation_is_read_while_it_is_spoken_and_kept_whole(heard: NewClinician, tmp_path: Path) -> None:
    person = heard(viewport={"width": 1280, "height": 800})
    person.record()
    expect(person.page.locator(".segment.partial")).to_be_visible()
    expect(person.page.locator(".segment.final").first).to_be_visible()
    person.page.wait_for_function(SPOKEN_BESIDE_A_FINAL)
    person.picture("dictating.png", tmp_path)
    heard_all(person)
    person.stop()

    expect(person.page.locator('[data-receipt="summary"]')).to_contain_text("Saved")
    expect(person.page.locator('[data-receipt="text"]')).to_have_text("Text saved")
    expect(person.page.locator('[data-receipt="audio"]')).to_have_text("Recording saved")
    expect(person.page.locator(".segment.partial")).to_have_count(0)
    person.picture("saved.png", tmp_path)

    note = person.newest_note()
    assert note["status"] == "COMPLETED"
    assert word_error_rate(SPOKEN, note["transcript_text"]) <= MOST_WRONG
    shown = person.page.locator(".segment.final").all_inner_texts()
    assert " ".join(shown).split() == note["transcript_text"].split()
    recording = person.fetch(f"/api/v1/transcriptions/{note['id']}/audio").body()
    captured = note["audio_duration_seconds"]
    assert captured >= SPEECH_SECONDS
    assert abs(mp3_seconds(recording) - captured) <= AUDIO_TOLERANCE_SECONDS


@pytest.mark.parametrize(("quality", "rate"), [("low", 8000), ("high", 48000)])
def test_p28_the_row_says_the_rate_that_was_chosen(clinician: NewClinician, quality: str, rate: int) -> None:
    person = clinician()
    person.part("quality").select_option(quality)
    person.record()
    person.speaks_until(1)
    person.stop()
    note = person.newest_note()
    assert (note["quality"], note["sample_rate"]) == (quality, rate)
    assert note["audio_duration_seconds"] == pytest.approx(person.elapsed_seconds, abs=ROUNDED)


def test_no_false_recording_while_the_server_is_slow_to_accept(clinician: NewClinician) -> None:
    person = clinician()
    held: list[tuple[WebSocketRoute, str | bytes]] = []

    def hold_the_ack(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()

        def tell(message: str | bytes) -> None:
            if "session_ack" in str(message):
                held.append((socket, message))
            else:
                socket.send(message)

        server.on_message(tell)

    person.page.route_web_socket(SOCKET, hold_the_ack)
    person.page.reload()
    person.press_record()
    person.sees_state("starting")
    person.until(lambda: bool(held))
    person.page.wait_for_timeout(1000)
    person.sees_state("starting")
    expect(person.part("elapsed")).to_have_text("00:00")
    socket, message = held[0]
    socket.send(message)
    person.sees_state("recording")
    person.stop()


def test_no_false_recording_while_the_microphone_is_slow_to_open(clinician: NewClinician) -> None:
    person = clinician()
    person.page.add_init_script(HOLD_MICROPHONE)
    person.page.reload()
    person.press_record()
    person.page.wait_for_timeout(1000)
    person.sees_state("starting")
    expect(person.part("elapsed")).to_have_text("00:00")
    person.page.evaluate("releaseMicrophone()")
    person.sees_state("recording")
    person.stop()


def test_a_lost_connection_comes_back_by_itself_and_costs_nothing(clinician: NewClinician) -> None:
    person = clinician()
    lines: list[WebSocketRoute] = []

    def remember(socket: WebSocketRoute) -> None:
        socket.connect_to_server()
        lines.append(socket)

    person.page.route_web_socket(SOCKET, remember)
    person.page.reload()
    person.record()
    person.speaks_until(2)
    lines[0].close()
    person.sees_state("recording")
    person.until(lambda: len(lines) > 1)
    expect(person.part("connection")).to_contain_text("Live")
    person.speaks_until(4)
    person.stop()
    note = person.newest_note()
    assert note["audio_duration_seconds"] == pytest.approx(person.elapsed_seconds, abs=ROUNDED)


def test_dictating_works_where_a_proxy_lets_no_websocket_through(clinician: NewClinician) -> None:
    person = clinician()
    person.page.add_init_script(NO_WEBSOCKET)
    person.page.reload()
    person.record()
    expect(person.page.locator(".segment").first).to_be_visible()
    person.stop()
    expect(person.page.locator(".receipt")).to_be_visible()


def test_leaving_in_the_middle_of_a_dictation_is_asked_about_first(clinician: NewClinician) -> None:
    person = clinician()
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    person.page.on("dialog", stay)
    person.record()
    person.page.close(run_before_unload=True)
    person.until(lambda: bool(asked))
    assert asked == ["beforeunload"]
    person.stop()


def test_a_refused_microphone_is_told_in_words_and_costs_no_place(
    playwright: Playwright, scripted: ServerProcess, sign_ins: SignIns
) -> None:
    with chromium(playwright, allows_microphone=False) as browser:
        person = arrived(browser, scripted, sign_ins, permissions=[])
        before = live_sessions(person), notes(person)
        person.press_record()
        person.sees_error("Unable to access microphone. Please check permissions.")
        person.sees_error("Nothing was recorded")
        person.sees_state("ready")
        assert person.page.get_by_role("button", name="Try again").is_visible()
        assert (live_sessions(person), notes(person)) == before
        assert person.complaints == []


def test_silence_is_noticed_and_the_microphone_named(
    playwright: Playwright, scripted: ServerProcess, sign_ins: SignIns, tmp_path: Path
) -> None:
    silence = tmp_path / "silence.wav"
    with wave.open(str(silence), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(bytes(2 * RATE * 30))
    with chromium(playwright, wav=silence) as browser:
        person = arrived(browser, scripted, sign_ins)
        person.record()
        expect(person.part("level-hint")).to_contain_text("We can't hear you")
        person.stop()


def live_sessions(person: Clinician) -> int:
    return int(person.fetch("/api/v1/health").json()["active_sessions"])


def notes(person: Clinician) -> int:
    return int(person.fetch("/api/v1/transcriptions?page_size=1").json()["total"])


def heard_all(person: Clinician) -> None:
    """Wait until the whole dictation has been played into the microphone."""
    person.until(lambda: person.elapsed_seconds > SPEECH_SECONDS + 1)


def mp3_seconds(mp3: bytes) -> float:
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(),
        "-v",
        "error",
        "-f",
        "mp3",
        "-i",
        "-",
        "-f",
        "s16le",
        "-ar",
        str(RATE),
        "-",
    ]
    decoded = subprocess.run(command, input=mp3, capture_output=True, check=True).stdout
    return len(decoded) / 2 / RATE
