"""What readers of notes are promised, on SQLite and on PostgreSQL."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import sessionmaker

from local_services.sql_notes import SqlNotes
from local_services.sql_transcripts import SqlTranscripts
from models.errors import NotFound, ValidationFailed
from models.note import PREVIEW_CHARACTERS, Note
from models.ports import Closing
from models.transcription import Transcription
from tests.dictating import START, begin, dictate
from utils.database import transaction


def test_reading_waits_for_no_writer(transcripts: SqlTranscripts, notes: SqlNotes, engine: Engine) -> None:
    _, note_id = begin(transcripts)
    with transaction(sessionmaker(engine)) as rows:
        rows.get_one(Transcription, note_id).transcript_text = "not yet"
        rows.flush()
        assert notes.note(note_id).text == ""
        assert notes.page("user-1").total == 1
    assert notes.note(note_id).text == "not yet"


def test_notes_come_newest_first_and_in_pages(transcripts: SqlTranscripts, notes: SqlNotes) -> None:
    ids = [dictate(transcripts, f"note {day}", created_at=START + timedelta(days=day)) for day in (2, 0, 1, 3, 4)]
    first, second, third = (notes.page("user-1", page, page_size=2) for page in (1, 2, 3))
    shown = [item.id for page in (first, second, third) for item in page.items]
    assert shown == [ids[4], ids[3], ids[0], ids[2], ids[1]]
    assert (first.total, first.page, first.page_size) == (5, 1, 2)
    assert notes.page("user-1", 4, page_size=2).items == ()


def test_a_list_holds_one_user_s_notes_and_everybody_s_for_an_admin(
    transcripts: SqlTranscripts, notes: SqlNotes
) -> None:
    mine, theirs = dictate(transcripts, "mine"), dictate(transcripts, "theirs", user_id="user-2")
    assert [item.id for item in notes.page("user-1").items] == [mine]
    assert {item.id for item in notes.page(None).items} == {mine, theirs}


def test_a_list_can_be_narrowed_by_status(transcripts: SqlTranscripts, notes: SqlNotes) -> None:
    done, (_, live) = dictate(transcripts, "done"), begin(transcripts)
    assert [item.id for item in notes.page(None, status="COMPLETED").items] == [done]
    assert [item.id for item in notes.page(None, status="IN_PROGRESS").items] == [live]
    assert notes.page(None, status="FAILED").total == 0


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("murmur", 1),
        ("MURMUR heart", 1),
        ("normal", 2),
        ("murmur lungs", 0),
        ("100%", 1),
        ("%", 1),
        ("_", 0),
        ("\x00", 0),
        (" ", 3),
    ],
)
def test_a_search_finds_the_notes_that_hold_all_its_words(
    transcripts: SqlTranscripts, notes: SqlNotes, q: str, found: int
) -> None:
    for words in ("Heart normal, no murmur", "Lungs normal", "Saturation 100% today"):
        dictate(transcripts, words)
    page = notes.page(None, q=q)
    assert (page.total, len(page.items)) == (found, found)


def test_a_list_shows_the_beginning_of_a_long_text(transcripts: SqlTranscripts, notes: SqlNotes) -> None:
    long = " ".join(["é漢😀"] * 100)
    dictate(transcripts, long)
    assert notes.page(None).items[0].preview == long[:PREVIEW_CHARACTERS]


def test_notes_in_the_bin_are_not_shown(transcripts: SqlTranscripts, notes: SqlNotes, engine: Engine) -> None:
    note_id = dictate(transcripts, "gone")
    with transaction(sessionmaker(engine)) as rows:
        rows.get_one(Transcription, note_id).deleted_at = START
    assert notes.page(None).total == 0
    with pytest.raises(NotFound):
        notes.note(note_id)


def test_someone_else_s_note_looks_like_a_missing_one(transcripts: SqlTranscripts, notes: SqlNotes) -> None:
    note_id = dictate(transcripts, "mine")
    assert isinstance(notes.owned_note(note_id, "user-1", is_admin=False), Note)
    assert notes.owned_note(note_id, "admin", is_admin=True).text == "mine"
    refusals = []
    for asked_for, who in ((note_id, "user-2"), (note_id + 1, "user-2"), (2**80, "user-1"), (-1, "user-1")):
        with pytest.raises(NotFound) as refusal:
            notes.owned_note(asked_for, who, is_admin=False)
        refusals.append((refusal.value.text, refusal.value.code))
    assert len(set(refusals)) == 1


@pytest.mark.parametrize("asked", [{"page": 0}, {"page": 2**70}, {"page_size": 101}, {"page_size": 0}, {"status": "X"}])
def test_a_page_that_can_not_be_is_refused(notes: SqlNotes, asked: dict[str, object]) -> None:
    with pytest.raises(ValidationFailed):
        notes.page(None, **asked)


def test_notes_from_before_live_dictation_can_be_read(notes: SqlNotes, engine: Engine) -> None:
    with transaction(sessionmaker(engine)) as rows:
        row = Transcription(user_id="user-1", status="COMPLETED", created_at=START, updated_at=START)
        rows.add(row)
        rows.flush()
        note_id = row.id
    note = notes.note(note_id)
    assert (note.text, note.preview, note.session_id, note.segments) == ("", "", None, ())


def test_a_note_shown_in_a_log_by_accident_holds_no_words(transcripts: SqlTranscripts, notes: SqlNotes) -> None:
    note = notes.note(dictate(transcripts, "canary"))
    assert "canary" not in repr(note)


def test_a_dictation_that_ended_before_its_first_sample_is_not_listed(
    transcripts: SqlTranscripts, notes: SqlNotes
) -> None:
    opened, note_id = begin(transcripts)
    assert [item.id for item in notes.page("user-1").items] == [note_id]
    transcripts.finish(opened.session_id, Closing(completed=True, audio_duration_seconds=0.0))
    assert notes.page("user-1").total == 0
    assert notes.note(note_id).status == "COMPLETED"
