"""What every keeper of notes promises the live path, on SQLite and on PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import sessionmaker

from local_services.sql_notes import SqlNotes
from local_services.sql_transcripts import SqlTranscripts
from models.errors import InvalidSessionState, NotFound
from models.keeping_errors import DatabaseUnavailable
from models.ledger import Gap, Heard, Ledger, SoundGap
from models.ports import Closing
from models.transcription import Transcription
from tests.dictating import DONE, GONE, START, Clock, begin, opening, said, stored
from utils.database import open_engine, transaction


def test_a_note_stands_in_the_list_from_its_first_moment(transcripts: SqlTranscripts, notes: SqlNotes) -> None:
    begun, note_id = begin(transcripts)
    note = notes.note(note_id)
    assert (note.status, note.audio_status, note.text, note.segments) == ("IN_PROGRESS", "PENDING", "", ())
    assert (note.session_id, note.user_id, note.audio_s3_key) == (begun.session_id, "user-1", begun.audio_s3_key)
    assert (note.created_at, note.sample_rate, note.quality) == (START, 16000, "medium")
    assert (note.specialty, note.recogniser, note.word_count) == ("CARDIOLOGY", "scripted", 0)


def test_the_row_names_its_job_and_worker(transcripts: SqlTranscripts, engine: Engine) -> None:
    begun, note_id = begin(transcripts)
    with transaction(sessionmaker(engine)) as rows:
        row = rows.get_one(Transcription, note_id)
        assert (row.job_id, row.streaming_job_id, row.is_streaming) == (begun.job_id, begun.job_id, True)
        assert (row.worker_id, row.version) == ("worker-1", 1)
        assert row.heartbeat_at is not None


def test_beginning_the_same_session_again_gives_the_same_note(transcripts: SqlTranscripts, notes: SqlNotes) -> None:
    begun, note_id = begin(transcripts)
    transcripts.append([(begun.session_id, said(0, "kept"))])
    assert transcripts.begin(begun) == note_id
    assert notes.note(note_id).text == "kept"
    assert notes.page(None).total == 1


def test_a_session_id_of_another_user_is_refused(transcripts: SqlTranscripts, notes: SqlNotes) -> None:
    begun, note_id = begin(transcripts)
    with pytest.raises(InvalidSessionState):
        transcripts.begin(replace(begun, user_id="user-2"))
    assert notes.note(note_id).user_id == "user-1"


def test_workers_that_begin_the_same_session_at_once_share_one_note(engine: Engine, notes: SqlNotes) -> None:
    begun = opening()
    with ThreadPoolExecutor(8) as workers:
        ids = set(workers.map(lambda _: SqlTranscripts(engine).begin(begun), range(16)))
    assert len(ids) == 1
    assert notes.page(None).total == 1


def test_a_note_remembers_the_one_it_goes_on_from(transcripts: SqlTranscripts, engine: Engine) -> None:
    first, first_id = begin(transcripts)
    _, second_id = begin(transcripts, continues_session_id=first.session_id)
    _, stranger_id = begin(transcripts, user_id="user-2", continues_session_id=first.session_id)
    with transaction(sessionmaker(engine)) as rows:
        assert rows.get_one(Transcription, second_id).continues_id == first_id
        assert rows.get_one(Transcription, stranger_id).continues_id is None


def test_finals_become_the_text_in_order_with_their_words(transcripts: SqlTranscripts, notes: SqlNotes) -> None:
    begun, note_id = begin(transcripts)
    spoken = [said(0, "The heart sounds are normal"), said(1, ". No murmur")]
    for segment in spoken:
        transcripts.append([(begun.session_id, segment)])
    note = notes.note(note_id)
    assert note.text == "The heart sounds are normal. No murmur"
    assert note.word_count == 7
    assert list(note.segments) == spoken


def test_a_second_final_with_the_same_index_counts_once(transcripts: SqlTranscripts, notes: SqlNotes) -> None:
    begun, note_id = begin(transcripts)
    for index, words in [(0, "one"), (0, "one"), (1, "two"), (0, "one"), (1, "two")]:
        transcripts.append([(begun.session_id, said(index, words))])
    assert notes.note(note_id).text == "one two"


def test_a_kept_final_can_not_be_replaced_by_another(transcripts: SqlTranscripts, notes: SqlNotes) -> None:
    begun, note_id = begin(transcripts)
    transcripts.append([(begun.session_id, said(0, "left"))])
    with pytest.raises(InvalidSessionState):
        transcripts.append([(begun.session_id, said(0, "right"))])
    assert notes.note(note_id).text == "left"


def test_a_final_that_would_leave_a_gap_is_refused(transcripts: SqlTranscripts, notes: SqlNotes) -> None:
    begun, note_id = begin(transcripts)
    with pytest.raises(InvalidSessionState):
        transcripts.append([(begun.session_id, said(1, "second"))])
    assert notes.note(note_id).segments == ()


def test_two_workers_that_tell_the_same_finals_at_once_write_each_once(engine: Engine, notes: SqlNotes) -> None:
    spoken = [said(index, f"word{index}") for index in range(12)]
    begun = opening()
    note_id = SqlTranscripts(engine).begin(begun)

    def tell_all(_: int) -> None:
        transcripts = SqlTranscripts(engine)
        for segment in spoken:
            transcripts.append([(begun.session_id, segment)])

    with ThreadPoolExecutor(4) as workers:
        list(workers.map(tell_all, range(4)))
    assert list(notes.note(note_id).segments) == spoken
    assert notes.note(note_id).text == " ".join(f"word{index}" for index in range(12))


def test_words_said_last_are_kept_even_after_the_note_was_finished(
    transcripts: SqlTranscripts, notes: SqlNotes
) -> None:
    begun, note_id = begin(transcripts)
    transcripts.append([(begun.session_id, said(0, "early"))])
    transcripts.finish(begun.session_id, GONE)
    transcripts.append([(begun.session_id, said(1, "late"))])
    note = notes.note(note_id)
    assert (note.text, note.word_count, note.status) == ("early late", 2, "FAILED")


def test_characters_that_no_database_takes_do_not_lose_the_segment(
    transcripts: SqlTranscripts, notes: SqlNotes
) -> None:
    begun, note_id = begin(transcripts)
    transcripts.append([(begun.session_id, said(0, "dose \x00five \ud800mg é 漢 😀"))])
    transcripts.append([(begun.session_id, said(0, "dose \x00five \ud800mg é 漢 😀"))])
    assert notes.note(note_id).text == "dose \ufffdfive \ufffdmg é 漢 😀"


def test_a_stored_recording_shows_in_the_note_with_size_and_checksum(
    transcripts: SqlTranscripts, notes: SqlNotes, engine: Engine
) -> None:
    begun, note_id = begin(transcripts)
    transcripts.recording_stored(begun.session_id, stored(begun))
    transcripts.recording_stored(begun.session_id, stored(begun))
    transcripts.recording_failed(begun.session_id)
    assert notes.note(note_id).audio_status == "STORED"
    with transaction(sessionmaker(engine)) as rows:
        row = rows.get_one(Transcription, note_id)
        assert (row.audio_sha256, row.audio_bytes) == ("ab" * 32, 4096)


def test_a_recording_given_up_can_still_be_stored_later(transcripts: SqlTranscripts, notes: SqlNotes) -> None:
    begun, note_id = begin(transcripts)
    transcripts.finish(begun.session_id, DONE)
    transcripts.recording_failed(begun.session_id)
    assert notes.note(note_id).audio_status == "FAILED"
    transcripts.recording_stored(begun.session_id, stored(begun))
    assert notes.note(note_id).audio_status == "STORED"


def test_a_recording_with_another_key_is_not_taken_for_the_note_s_own(
    transcripts: SqlTranscripts, notes: SqlNotes
) -> None:
    begun, note_id = begin(transcripts)
    with pytest.raises(InvalidSessionState):
        transcripts.recording_stored(begun.session_id, stored(opening()))
    assert notes.note(note_id).audio_status == "PENDING"


@pytest.mark.parametrize(("closing", "status"), [(DONE, "COMPLETED"), (GONE, "FAILED")])
def test_a_note_is_finished_once(
    transcripts: SqlTranscripts, notes: SqlNotes, clock: Clock, closing: Closing, status: str
) -> None:
    begun, note_id = begin(transcripts)
    transcripts.finish(begun.session_id, closing)
    transcripts.finish(begun.session_id, closing)
    note = notes.note(note_id)
    assert (note.status, note.failure_code) == (status, closing.failure_code)
    assert note.audio_duration_seconds == closing.audio_duration_seconds
    assert START < note.updated_at < clock.time + timedelta(seconds=1)


@pytest.mark.parametrize(("first", "second"), [(DONE, GONE), (GONE, DONE)])
def test_a_finished_note_does_not_change_its_mind(
    transcripts: SqlTranscripts, notes: SqlNotes, first: Closing, second: Closing
) -> None:
    begun, note_id = begin(transcripts)
    transcripts.finish(begun.session_id, first)
    before = notes.note(note_id)
    with pytest.raises(InvalidSessionState):
        transcripts.finish(begun.session_id, second)
    assert notes.note(note_id) == before


@pytest.mark.parametrize("change", ["status = 'DONE'", "status = 'IN_PROGRESS'", "audio_status = 'LOST'"])
def test_the_database_itself_refuses_other_moves(transcripts: SqlTranscripts, engine: Engine, change: str) -> None:
    begun, _ = begin(transcripts)
    transcripts.finish(begun.session_id, DONE)
    with engine.connect() as connection, pytest.raises(IntegrityError):
        connection.execute(text(f"UPDATE transcriptions SET {change}"))


def test_a_note_says_how_far_it_is_recognised_and_where_sound_is_missing(
    transcripts: SqlTranscripts, notes: SqlNotes
) -> None:
    begun, note_id = begin(transcripts)
    transcripts.heard(begun.session_id, Heard(12.5, 9.0, (SoundGap(4.0, 30.0),)))
    for _ in range(2):
        ledger = notes.note(note_id).ledger
        assert (ledger.received_seconds, ledger.stored_seconds, ledger.recognised_seconds) == (12.5, 0.0, 9.0)
        assert ledger.gaps == (Gap(4.0, 4.0, 30.0, "microphone"), Gap(9.0, 12.5, 3.5, "no_text"))
        transcripts.heard(begun.session_id, Heard(12.5, 9.0, (SoundGap(4.0, 30.0),)))
    transcripts.recording_stored(begun.session_id, stored(begun))
    transcripts.heard(begun.session_id, Heard(12.5, 12.5))
    assert notes.note(note_id).ledger == Ledger(12.5, 12.5, 12.5, ())


def test_a_note_from_before_the_ledger_counts_as_recognised_to_its_end_or_its_last_words(
    transcripts: SqlTranscripts, notes: SqlNotes
) -> None:
    whole, whole_id = begin(transcripts)
    transcripts.finish(whole.session_id, DONE)
    broken, broken_id = begin(transcripts)
    transcripts.append([(broken.session_id, said(0, "one"))])
    transcripts.finish(broken.session_id, GONE)
    assert notes.note(whole_id).ledger.gaps == ()
    ledger = notes.note(broken_id).ledger
    assert ledger.recognised_seconds == said(0, "one").final.end_time
    assert [gap.reason for gap in ledger.gaps] == ["no_text"]


def test_a_clock_set_back_never_makes_a_note_older(transcripts: SqlTranscripts, notes: SqlNotes, clock: Clock) -> None:
    begun, note_id = begin(transcripts)
    transcripts.append([(begun.session_id, said(0, "one"))])
    latest = notes.note(note_id).updated_at
    clock.time = START - timedelta(days=1)
    transcripts.append([(begun.session_id, said(1, "two"))])
    assert notes.note(note_id).updated_at == latest


def test_an_unknown_session_is_not_found(transcripts: SqlTranscripts) -> None:
    begun = opening()
    for call in (
        lambda: transcripts.append([(begun.session_id, said(0, "one"))]),
        lambda: transcripts.recording_stored(begun.session_id, stored(begun)),
        lambda: transcripts.recording_failed(begun.session_id),
        lambda: transcripts.heard(begun.session_id, Heard(1.0, 1.0)),
        lambda: transcripts.finish(begun.session_id, DONE),
    ):
        with pytest.raises(NotFound):
            call()


def test_a_database_that_does_not_answer_can_be_tried_again_and_says_no_words() -> None:
    engine = open_engine("postgresql+psycopg2://dr-secret@127.0.0.1:1/notes")
    with pytest.raises(DatabaseUnavailable) as failure:
        SqlTranscripts(engine).begin(opening())
    engine.dispose()
    assert failure.value.retryable
    assert "secret" not in str(failure.value)
    assert failure.value.__cause__ is None and failure.value.__suppress_context__


def test_a_broken_constraint_does_not_quote_the_row(transcripts: SqlTranscripts, engine: Engine) -> None:
    begun, note_id = begin(transcripts)
    transcripts.append([(begun.session_id, said(0, "canary"))])
    with pytest.raises(IntegrityError) as failure, transaction(sessionmaker(engine)) as rows:
        rows.get_one(Transcription, note_id).status = "DONE"
        rows.flush()
    assert "canary" not in str(failure.value) and "user-1" not in str(failure.value)
    assert failure.value.__suppress_context__
