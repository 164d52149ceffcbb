"""The words' half of the spool: an append-only file of JSON lines that says what a session was and what it was told."""

import json
import os
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from aws_services.spool import Spool, SpoolFile, Then
from models.ports import Opening
from models.transcript import Final, Segment, Word

JOURNAL_NAME = "journal.jsonl"


class Journal:
    """Writes one session's journal. Called on the hub; `then` runs on the hub once the line is durable.

    Made on a folder that already holds one, it goes on after its last whole line.
    """

    def __init__(self, folder: Path, spool: Spool) -> None:
        path = folder / JOURNAL_NAME
        _drop_half_line(path)
        self._file = SpoolFile(spool, path, on_durable=lambda _: None, on_cut=lambda: None)

    def start(self, opening: Opening, resume_sha256: str, then: Then) -> None:
        """The session is accepted; who knows the token of this SHA-256 may come back to it."""
        line = asdict(opening) | {"created_at": opening.created_at.isoformat()}
        self._append({"event": "start", "opening": line, "resume_sha256": resume_sha256}, then)

    def final(self, segment: Segment, then: Then) -> None:
        """A final, before anybody is told of it."""
        self._append({"event": "final", "index": segment.index, "final": asdict(segment.final)}, then)

    def end(self, failure_code: str | None) -> None:
        """No more audio will come; `failure_code` is None for an orderly end."""
        self._append({"event": "end", "failure_code": failure_code}, then=lambda: None)

    def words_done(self, complete: bool, then: Then) -> None:
        """No more words will come; `complete` when all of the audio was heard."""
        self._append({"event": "words_done", "complete": complete}, then)

    def close(self) -> None:
        """Nothing more will be written."""
        self._file.finish(then=lambda: None)

    def _append(self, record: dict[str, Any], then: Then) -> None:
        line = json.dumps(record, separators=(",", ":")).encode() + b"\n"
        self._file.append(line, then, urgent=True)


@dataclass
class Journalled:
    """What a journal says."""

    opening: Opening | None = None
    resume_sha256: str = ""
    segments: list[Segment] = field(default_factory=list)
    ended: bool = False
    failure_code: str | None = None
    words_done: bool = False
    words_complete: bool = False


def read_journal(folder: Path) -> Journalled:
    """What the journal in this session folder says; a last line cut off by a crash was never told and is left out."""
    found = Journalled()
    path = folder / JOURNAL_NAME
    for line in path.read_bytes().splitlines(keepends=True) if path.exists() else ():
        if not line.endswith(b"\n"):
            break
        record = json.loads(line)
        if record["event"] == "start":
            opening = record["opening"]
            found.opening = Opening(**opening | {"created_at": datetime.fromisoformat(opening["created_at"])})
            found.resume_sha256 = record["resume_sha256"]
        elif record["event"] == "final":
            found.segments.append(Segment(record["index"], _final(record["final"])))
        elif record["event"] == "end":
            found.ended, found.failure_code = True, record["failure_code"]
        elif record["event"] == "words_done":
            found.words_done, found.words_complete = True, record["complete"]
    return found


def _final(record: dict[str, Any]) -> Final:
    return Final(**record | {"words": tuple(Word(**word) for word in record["words"])})


def _drop_half_line(path: Path) -> None:
    """A crash may have cut the last line anywhere; it was never told."""
    if path.exists():
        text = path.read_bytes()
        whole = text.rfind(b"\n") + 1
        if whole < len(text):
            os.truncate(path, whole)
