"""A server under soak, the clinicians who dictate to it, and the judgement of what became of a dictation."""

import contextlib
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import requests

from aws_services.mp3 import ffmpeg
from tests.process import ServerProcess
from tests.soak.dictation import Dictation
from tests.soak.figures import Figures
from tests.soak.voice import BYTES_A_SECOND
from tests.speaker import sign_in

T = TypeVar("T")

NOTE_PATIENCE_SECONDS = 120.0
"""A note is finished and stored by then, also when the server was killed meanwhile"""
MP3_EDGE_SECONDS = 0.1
"""An MP3 has whole frames only"""
UNHINDERED: dict[str, object] = {
    "recogniser": "scripted",
    "scripted_final_every": 4,
    "max_sessions_per_user": 100,
    "session_idle_minutes": 600,
    "log_level": "INFO",
}
"""Settings of every server under soak; all others are as they come"""


class Site(ServerProcess):
    """A server process with some signed-in clinicians."""

    def __init__(self, folder: Path, **settings: object) -> None:
        folder.mkdir()
        super().__init__(folder, **{**UNHINDERED, **settings})
        self.people: list[requests.Session] = []
        self._adding = threading.Lock()

    def add_people(self, number: int) -> None:
        """Accounts, and their browsers' cookies. The server must run."""
        for each in range(number):
            email = f"clinician{each}@clinic.example"
            self.add_user(email)
            self.people.append(sign_in(self.url, email))

    def cookie(self, person: int) -> str:
        """The Cookie header of one of them."""
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.people[person].cookies)

    def lost_on_disk(self, dictation: Dictation) -> int:
        """Bytes of a wholly acknowledged dictation that its spool has not, or has otherwise."""
        return dictation.voice.lost_in(self.folder / "instance" / "spool" / dictation.session_id / "audio.pcm")

    def judge(self, dictation: Dictation, person: int, figures: Figures) -> None:
        """Wait for the note of a dictation that is over, and add what became of it. On any thread."""
        voice, http = dictation.voice, self.people[person]
        note_url = f"{self.url}/api/v1/transcriptions/{dictation.transcription_id}"
        note = _eventually(lambda: _finished_note(http, note_url))
        recorded = _eventually(lambda: _seconds_of(http.get(f"{note_url}/audio", timeout=60).content)) if note else None
        with self._adding:
            figures.bytes_kept += voice.size - dictation.lost_bytes
            figures.bytes_lost += dictation.lost_bytes
            if note is None:
                figures.missed.append("a note was not COMPLETED and STORED in time")
                return
            figures.words.add(dictation.told.compared(note, voice.seconds))
            if abs(note["audio_duration_seconds"] - voice.seconds) > 1 / BYTES_A_SECOND:
                figures.missed.append("a note names another duration than was spoken")
            if recorded is None or abs(recorded - voice.seconds) > MP3_EDGE_SECONDS:
                figures.missed.append(f"a recording of {voice.seconds:.2f} s lasts {recorded or 0.0:.2f} s")


def _eventually(found: Callable[[], T | None]) -> T | None:
    """What is found at last, also when the server is being restarted; None when it takes too long."""
    give_up_at = time.monotonic() + NOTE_PATIENCE_SECONDS
    while time.monotonic() < give_up_at:
        with contextlib.suppress(requests.RequestException):
            if (it := found()) is not None:
                return it
        time.sleep(0.25)
    return None


def _finished_note(http: requests.Session, url: str) -> dict[str, Any] | None:
    note: dict[str, Any] = http.get(url, timeout=10).json()
    is_finished = (note.get("status"), note.get("audio_status")) == ("COMPLETED", "STORED")
    return note if is_finished else None


def _seconds_of(mp3: bytes) -> float | None:
    command = [ffmpeg(), "-v", "error", "-i", "-", "-f", "s16le", "-ac", "1", "-ar", "16000", "-"]
    decoded = subprocess.run(command, input=mp3, capture_output=True, check=False).stdout
    return len(decoded) / BYTES_A_SECOND or None
