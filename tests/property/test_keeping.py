"""P13 and P15 to P18: what is kept of a dictation, however often its keeping was cut off and begun again."""

import hashlib
import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import sessionmaker

from local_services import sql_transcripts
from local_services.file_audio_store import FileAudioStore
from local_services.sql_notes import SqlNotes
from local_services.sql_transcripts import SqlTranscripts, storable
from models.errors import InvalidSessionState
from models.ports import Closing, StoredRecording
from models.recording_key import is_recording_key, recording_key
from models.transcript import count_words, join_text
from models.transcription import Transcription
from tests.dictating import START, opening, said
from utils.database import open_engine, transaction, upgrade_schema

pytestmark = pytest.mark.property

ANY_TEXT = st.text(st.characters(exclude_categories=[]), max_size=300)
"""NUL and lone surrogates too"""
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(2000, 1, 2), datetime(9999, 12, 30), timezones=ZONES)
KEY_SHAPE = re.compile(r"audio/([^/]+)/\d{8}_\d{6}_([0-9a-f-]{36})\.mp3")


class Crash(BaseException):
    """The process is gone at this point: nothing catches it."""


class Clock:
    """A clock that moves on by itself, and a place to crash: writes read it in the middle of their transaction."""

    def __init__(self) -> None:
        self.time = START
        self.crashes = 0

    def __call__(self) -> datetime:
        if self.crashes:
            self.crashes -= 1
            raise Crash
        self.time += timedelta(microseconds=1)
        return self.time


@dataclass
class Keeper:
    """A database and a folder of recordings, and how they look to a process that has just started."""

    engine: Engine
    recordings: Path

    def transcripts(self, clock: Callable[[], datetime]) -> SqlTranscripts:
        return SqlTranscripts(self.engine, clock)

    @property
    def notes(self) -> SqlNotes:
        return SqlNotes(self.engine)

    @property
    def store(self) -> FileAudioStore:
        return FileAudioStore(self.recordings)

    def row(self, note_id: int) -> Transcription:
        with transaction(sessionmaker(self.engine, expire_on_commit=False)) as rows:
            return rows.get_one(Transcription, note_id)


@pytest.fixture(scope="module")
def keeper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keeper]:
    """One for all examples: each brings a session of its own."""
    folder = tmp_path_factory.mktemp("keeping")
    engine = open_engine(f"sqlite:///{folder}/notes.sqlite3")
    upgrade_schema(engine)
    yield Keeper(engine, folder / "recordings")
    engine.dispose()


@given(
    user_id=ANY_TEXT | st.sampled_from(["../..", "a/b", ".", "\x00", "audio/x.mp3", "x" * 300, "\ud800", "𝖆𝖉𝖒𝖎𝖓"]),
    other=ANY_TEXT,
    started_at=MOMENTS,
)
def test_p13_every_user_gets_keys_of_one_shape_that_say_nothing_of_them(
    user_id: str, other: str, started_at: datetime
) -> None:
    key = recording_key(user_id, started_at, uuid.uuid4())
    shape = KEY_SHAPE.fullmatch(key)
    assert shape is not None and is_recording_key(key)
    folder, number = shape.groups()
    assert re.fullmatch("[0-9a-f]{32}", folder)
    assert uuid.UUID(number).version == 4 and str(uuid.UUID(number)) == number
    assert f"{started_at.astimezone(UTC):%Y%m%d_%H%M%S}" in key
    same_folder = recording_key(other, started_at, uuid.uuid4()).split("/")[1] == folder
    assert same_folder == (other == user_id)


@given(
    sound=st.binary(max_size=2000),
    crashes=st.lists(st.sampled_from(["before", "in the row", "after"]), max_size=4),
    finished_first=st.booleans(),
)
def test_p15_a_stored_recording_s_key_is_in_its_row_whatever_crashed_between(
    keeper: Keeper, sound: bytes, crashes: list[str], finished_first: bool
) -> None:
    begun, clock = opening(), Clock()
    source = keeper.recordings.with_suffix(".mp3")
    source.write_bytes(sound)
    note_id = keeper.transcripts(clock).begin(begun)
    if finished_first:
        keeper.transcripts(clock).finish(begun.session_id, Closing(True, 1.0))

    def keep(crash: str | None) -> None:
        if crash == "before":
            raise Crash
        stored = keeper.store.put(begun.audio_s3_key, source)
        clock.crashes = 1 if crash == "in the row" and keeper.row(note_id).audio_status != "STORED" else 0
        keeper.transcripts(clock).recording_stored(begun.session_id, stored)
        if crash == "after":
            raise Crash

    for crash in crashes:
        with suppress(Crash):
            keep(crash)
        row = keeper.row(note_id)
        assert row.audio_status == "PENDING" or keeper.store.stat(begun.audio_s3_key).sha256 == row.audio_sha256
    keep(None)
    row = keeper.row(note_id)
    assert row.audio_s3_key == begun.audio_s3_key and row.audio_status == "STORED"
    kept = StoredRecording(row.audio_s3_key, row.audio_bytes or 0, row.audio_sha256 or "")
    assert kept == keeper.store.stat(row.audio_s3_key)
    assert kept.sha256 == hashlib.sha256(sound).hexdigest()


@given(
    user_id=st.uuids().map(str),
    quality=st.sampled_from([("low", 8000), ("medium", 16000), ("high", 48000)]),
    created_at=MOMENTS,
    repeats=st.integers(0, 2),
)
def test_p16_a_row_stands_in_progress_from_the_start(
    keeper: Keeper, user_id: str, quality: tuple[str, int], created_at: datetime, repeats: int
) -> None:
    begun = opening(user_id, quality=quality[0], sample_rate=quality[1], created_at=created_at)
    ids = {keeper.transcripts(Clock()).begin(begun) for _ in range(repeats + 1)}
    row = keeper.row(ids.pop())
    assert not ids
    assert (row.status, row.audio_status, row.is_streaming) == ("IN_PROGRESS", "PENDING", True)
    assert (row.user_id, row.job_id, row.session_id) == (user_id, begun.job_id, begun.session_id)
    assert (row.audio_s3_key, row.quality, row.sample_rate) == (begun.audio_s3_key, *quality)
    # Python calls an hour that clocks show twice equal to no moment of another zone, so it is compared in UTC.
    assert row.created_at == created_at.astimezone(UTC) and row.created_at.utcoffset() == timedelta(0)


@given(
    spoken=st.lists(ANY_TEXT | st.sampled_from(["one", "two .", ", three", "", "  "]), max_size=6),
    tellings=st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=12),
    ending=st.sampled_from([1, 3, sql_transcripts.ENDING_CHARACTERS]),
)
def test_p17_finals_become_the_text_in_order_and_once(
    keeper: Keeper, spoken: list[str], tellings: list[tuple[int, bool]], ending: int
) -> None:
    begun, clock = opening(), Clock()
    note_id = keeper.transcripts(clock).begin(begun)
    finals = [said(index, words) for index, words in enumerate(spoken)]
    kept = 0
    for index, crashes in [*tellings, *((index, False) for index in range(len(finals)))]:
        if index >= len(finals):
            continue
        clock.crashes = int(crashes and index == kept)
        try:
            with patch.object(sql_transcripts, "ENDING_CHARACTERS", ending):
                keeper.transcripts(clock).append([(begun.session_id, finals[index])])
            assert index <= kept
            kept = max(kept, index + 1)
        except Crash:
            assert index == kept
        except InvalidSessionState:
            assert index > kept
    note = keeper.notes.note(note_id)
    expected = ""
    for words in spoken:
        expected = join_text(expected, storable(words))
    assert note.text == expected
    assert note.word_count == count_words(expected)
    assert [(segment.index, segment.final.text) for segment in note.segments] == list(enumerate(map(storable, spoken)))


CLOSINGS = st.builds(
    lambda completed, seconds: Closing(completed, seconds, None if completed else "SESSION_TIMEOUT"),
    st.booleans(),
    st.floats(0, 20_000),
)


@given(closings=st.lists(CLOSINGS, min_size=1, max_size=5), leap=st.integers(0, 10**9), late=st.booleans())
def test_p18_a_note_moves_once_and_every_other_move_is_refused(
    keeper: Keeper, closings: list[Closing], leap: int, late: bool
) -> None:
    begun, clock = opening(), Clock()
    transcripts = keeper.transcripts(clock)
    note_id = transcripts.begin(begun)
    clock.time += timedelta(microseconds=leap)
    status = "IN_PROGRESS"
    for closing in closings:
        before = keeper.row(note_id)
        wanted = "COMPLETED" if closing.completed else "FAILED"
        if status in ("IN_PROGRESS", wanted):
            transcripts.finish(begun.session_id, closing)
        else:
            with pytest.raises(InvalidSessionState):
                transcripts.finish(begun.session_id, closing)
        after = keeper.row(note_id)
        if status == "IN_PROGRESS":
            status = wanted
            assert after.updated_at > before.updated_at
            assert after.audio_duration_seconds == closing.audio_duration_seconds
            assert after.failure_code == closing.failure_code and after.partial_transcript is None
        else:
            assert after.updated_at == before.updated_at
            assert after.audio_duration_seconds == before.audio_duration_seconds
        assert after.status == status
    if late:
        transcripts.append([(begun.session_id, said(0, "late"))])
        assert keeper.row(note_id).updated_at > after.updated_at
    for other in {"IN_PROGRESS", "COMPLETED", "FAILED", "DONE", ""} - {status}:
        with keeper.engine.connect() as connection, pytest.raises(IntegrityError):
            connection.execute(
                text("UPDATE transcriptions SET status = :other WHERE id = :id"), {"other": other, "id": note_id}
            )
    assert keeper.row(note_id).status == status
