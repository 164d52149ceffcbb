"""Dictations that tests make up: who spoke, what was said, and a clock that tests move."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from models.ports import Closing, Opening, StoredRecording, Transcripts
from models.recording_key import recording_key
from models.transcript import Final, Segment, Word

START = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
DONE = Closing(completed=True, audio_duration_seconds=12.5)
GONE = Closing(completed=False, audio_duration_seconds=3.25, failure_code="SESSION_TIMEOUT")


class Clock:
    """A clock that moves a second each time it is read, unless it is set."""

    def __init__(self) -> None:
        self.time = START

    def __call__(self) -> datetime:
        self.time += timedelta(seconds=1)
        return self.time


def opening(user_id: str = "user-1", **changed: object) -> Opening:
    made = Opening(
        session_id=str(uuid.uuid4()),
        user_id=user_id,
        job_id=str(uuid.uuid4()),
        audio_s3_key=recording_key(user_id, START, uuid.uuid4()),
        sample_rate=16000,
        quality="medium",
        specialty="CARDIOLOGY",
        recogniser="scripted",
        worker_id="worker-1",
        created_at=START,
    )
    return replace(made, **changed)


def said(index: int, words: str) -> Segment:
    spoken = tuple(
        Word(word, index + place / 10, index + place / 10 + 0.1, 0.5) for place, word in enumerate(words.split())
    )
    return Segment(index, Final(f"s{index}", words, float(index), index + 1.0, 0.875, spoken))


def stored(begun: Opening) -> StoredRecording:
    return StoredRecording(begun.audio_s3_key, 4096, "ab" * 32)


def begin(transcripts: Transcripts, **changed: object) -> tuple[Opening, int]:
    begun = opening(**changed)
    return begun, transcripts.begin(begun)


def dictate(transcripts: Transcripts, *spoken: str, user_id: str = "user-1", created_at: datetime = START) -> int:
    """A finished note."""
    begun, note_id = begin(transcripts, user_id=user_id, created_at=created_at)
    for index, words in enumerate(spoken):
        transcripts.append([(begun.session_id, said(index, words))])
    transcripts.finish(begun.session_id, DONE)
    return note_id
