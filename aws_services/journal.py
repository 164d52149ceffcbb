"""The words' half of the spool: an append-only file of JSON lines that says what a session was and what it was told."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from aws_services.spool import Spool, SpoolFile
from models.ports import Opening
from models.transcript import Final, Segment, Word

JOURNAL_NAME = "journal.jsonl"


class Journal:
    """Writes one session's journal. Called on the hub; `then` runs on the hub once the line is durable."""

    def __init__(self, folder: Path, spool: Spool) -> None:
        self._file = SpoolFile(spool, folder / JOURNAL_NAME, on_durable=lambda _: None, on_cut=lambda: None)

    def start(self, opening: Opening, then: Callable[[], object]) -> None:
        """The session is accepted."""
        line = asdict(opening) | {"created_at": opening.created_at.isoformat()}
        self._append({"event": "start", "opening": line}, then)

    def final(self, segment: Segment, then: Callable[[], object]) -> None:
        """A final, before anybody is told of it."""
        self._append({"event": "final", "index": segment.index, "final": asdict(segment.final)}, then)

    def end(self, reason: str | None, then: Callable[[], object]) -> None:
        """No more audio will come; `reason` is the failure code, None for an orderly end."""
        self._append({"event": "end", "reason": reason}, then)

    def close(self) -> None:
        """Nothing more will be written."""
        self._file.finish(then=lambda: None)

    def _append(self, record: dict[str, Any], then: Callable[[], object]) -> None:
        line = json.dumps(record, separators=(",", ":")).encode() + b"\n"
        self._file.append(line, then, urgent=True)


@dataclass
class Journalled:
    """What a journal says."""

    opening: Opening | None = None
    segments: list[Segment] = field(default_factory=list)
    ended: bool = False
    end_reason: str | None = None


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
        elif record["event"] == "final":
            found.segments.append(Segment(record["index"], _final(record["final"])))
        elif record["event"] == "end":
            found.ended, found.end_reason = True, record["reason"]
    return found


def _final(record: dict[str, Any]) -> Final:
    return Final(**record | {"words": tuple(Word(**word) for word in record["words"])})
