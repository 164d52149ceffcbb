"""Notes as REST tells them, and as files people take away: txt, json, srt, vtt."""

import dataclasses
import html
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from models.note import Note, NoteItem
from models.transcript import Segment, segment_record

CHECK_BEFORE_USE = "Automatic transcript. Check it before use."
MILLISECONDS = 1000


def item_shape(note: NoteItem) -> dict[str, Any]:
    """A line of the list."""
    return {
        "id": note.id,
        "session_id": note.session_id,
        "status": note.status,
        "audio_status": note.audio_status,
        "created_at": iso(note.created_at),
        "updated_at": iso(note.updated_at),
        "audio_duration_seconds": note.audio_duration_seconds,
        "word_count": note.word_count,
        "quality": note.quality,
        "sample_rate": note.sample_rate,
        "specialty": note.specialty,
        "recogniser": note.recogniser,
        "failure_code": note.failure_code,
        "preview": note.preview,
    }


def note_shape(note: Note) -> dict[str, Any]:
    """The whole note."""
    return {
        **item_shape(note),
        "transcript_text": note.text,
        "audio_type": note.audio_type,
        "segments": [segment_record(segment) for segment in note.segments],
        "ledger": dataclasses.asdict(note.ledger),
    }


def iso(moment: datetime) -> str:
    """ISO 8601 in UTC, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def file_name(note: NoteItem, ending: str) -> str:
    """What a downloaded file is called: when it was dictated, and nothing about whom."""
    return f"dictation-{note.created_at.astimezone(UTC):%Y%m%d-%H%M%S}.{ending}"


def _txt(note: Note) -> str:
    head = f"Dictation of {note.created_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC. {CHECK_BEFORE_USE}"
    return f"{head}\n\n{note.text}\n"


def _json(note: Note) -> str:
    return json.dumps({"notice": CHECK_BEFORE_USE, **note_shape(note)}, ensure_ascii=False, indent=2) + "\n"


def _srt(note: Note) -> str:
    cues = [f"{number}\n{_span(s, ',')}\n{_one_line(s)}\n" for number, s in enumerate(note.segments, start=1)]
    return "\n".join(cues)


def _vtt(note: Note) -> str:
    # WebVTT reads & and < as markup, and --> as the next cue's times.
    cues = [f"{_span(segment, '.')}\n{html.escape(_one_line(segment), quote=False)}\n" for segment in note.segments]
    return "\n".join(["WEBVTT\n", f"NOTE {CHECK_BEFORE_USE}\n", *cues])


def _span(segment: Segment, decimal: str) -> str:
    return f"{_clock(segment.final.start_time, decimal)} --> {_clock(segment.final.end_time, decimal)}"


def _clock(seconds: float, decimal: str) -> str:
    whole, milliseconds = divmod(round(seconds * MILLISECONDS), MILLISECONDS)
    minutes, second = divmod(whole, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{second:02}{decimal}{milliseconds:03}"


def _one_line(segment: Segment) -> str:
    return " ".join(segment.final.text.split())


EXPORTS: dict[str, tuple[str, Callable[[Note], str]]] = {
    "txt": ("text/plain; charset=utf-8", _txt),
    "json": ("application/json; charset=utf-8", _json),
    "srt": ("application/x-subrip; charset=utf-8", _srt),
    "vtt": ("text/vtt; charset=utf-8", _vtt),
}
"""Format -> its content type and its maker"""
