"""A dictation that is ended a second time, after a crash between two steps, leaves its note as it was or better."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from local_services.sql_jobs import SqlJobs
from local_services.sql_notes import SqlNotes
from local_services.sql_transcripts import SqlTranscripts
from models.ledger import NO_TEXT, Heard
from models.ports import Closing
from tests.dictating import begin, dictate, said, stored
from tests.stored import Stored
from utils.database import open_engine, upgrade_schema


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = open_engine(f"sqlite:///{tmp_path}/notes.sqlite3")
    upgrade_schema(made)
    yield made
    made.dispose()


@pytest.fixture
def transcripts(engine: Engine) -> SqlTranscripts:
    return SqlTranscripts(engine)


def test_a_recording_whose_rest_was_heard_is_not_heard_again(engine: Engine, transcripts: SqlTranscripts) -> None:
    begun, note_id = begin(transcripts)
    transcripts.append([(begun.session_id, said(0, "spoken live"))])
    transcripts.heard(begun.session_id, Heard(10.0, 1.0))
    transcripts.recording_stored(begun.session_id, stored(begun))
    jobs, leases = SqlJobs(engine), Stored(engine, Path(engine.url.database or "").parent).leases
    assert jobs.enqueue_rest(begun.session_id, 1.0)
    job = leases.claim("worker", 60)
    assert job is not None
    transcripts.append([(begun.session_id, said(1, "heard later"))])
    transcripts.heard(begun.session_id, Heard(10.0, 10.0))
    transcripts.finish(begun.session_id, Closing(True, 10.0))
    leases.finish(job.id, "worker")
    # Its worker had died before it deleted the spool, so the next one ends it again, as the journal has it.
    transcripts.append([(begun.session_id, said(0, "spoken live"))])
    transcripts.heard(begun.session_id, Heard(10.0, 1.0))
    jobs.enqueue_rest(begun.session_id, 1.0)
    again = leases.claim("worker", 60)
    assert again is not None
    assert again.from_seconds == 10.0
    note = SqlNotes(engine).note(note_id)
    assert (note.status, note.text) == ("COMPLETED", "spoken live heard later")
    assert [gap.reason for gap in note.ledger.gaps] != [NO_TEXT]


def test_a_rest_that_was_given_up_goes_on_where_its_words_end(engine: Engine, transcripts: SqlTranscripts) -> None:
    begun, _ = begin(transcripts)
    transcripts.append([(begun.session_id, said(0, "spoken live"))])
    transcripts.heard(begun.session_id, Heard(10.0, 1.0))
    jobs, leases = SqlJobs(engine), Stored(engine, Path(engine.url.database or "").parent).leases
    jobs.enqueue_rest(begun.session_id, 1.0)
    job = leases.claim("worker", 60)
    assert job is not None
    transcripts.append([(begun.session_id, said(1, "heard later"))])
    transcripts.heard(begun.session_id, Heard(10.0, 2.0))
    leases.finish(job.id, "worker", "TRANSCRIBE_SERVICE_ERROR")
    transcripts.heard(begun.session_id, Heard(10.0, 1.0))
    assert jobs.enqueue_rest(begun.session_id, 1.0)
    again = leases.claim("worker", 60)
    assert again is not None
    assert (again.from_seconds, again.from_segment) == (2.0, 2)


def test_a_note_whose_worker_died_with_its_disk_is_still_in_the_list(
    engine: Engine, transcripts: SqlTranscripts
) -> None:
    begun, note_id = begin(transcripts)
    transcripts.append([(begun.session_id, said(0, "spoken live"))])
    transcripts.finish(begun.session_id, Closing(False, 0.0, "CONNECTION_LOST"))
    listed = SqlNotes(engine).page("user-1").items
    # How much sound that disk has nobody knows, so nobody may tell its client to forget any.
    assert [(item.id, item.audio_duration_seconds) for item in listed] == [(note_id, None)]


def test_a_note_that_was_measured_keeps_its_length_when_it_is_closed_for_its_worker(
    engine: Engine, transcripts: SqlTranscripts
) -> None:
    begun, note_id = begin(transcripts)
    transcripts.heard(begun.session_id, Heard(10.0, 1.0))
    transcripts.finish(begun.session_id, Closing(False, 0.0, "CONNECTION_LOST"))
    assert SqlNotes(engine).note(note_id).audio_duration_seconds == 10.0


def test_a_dictation_without_a_sample_is_no_line_in_the_list(engine: Engine, transcripts: SqlTranscripts) -> None:
    begun, _ = begin(transcripts)
    transcripts.finish(begun.session_id, Closing(False, 0.0, "CONNECTION_LOST"))
    kept = dictate(transcripts, "another one")
    assert [item.id for item in SqlNotes(engine).page("user-1").items] == [kept]
