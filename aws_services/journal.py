"""The words' half of the spool: an append-only file of JSON lines that says what a session was and what it was told."""

import collections
import itertools
import json
import math
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from aws_services.spool_file import Spool, SpoolFile, Then
from models.ledger import SoundGap
from models.ports import Opening
from models.speech import SpeechOptions
from models.transcript import Final, Segment, Word, final_record
from utils.runtime import Runtime

JOURNAL_NAME = "journal.jsonl"
WRITE_AGAIN_SECONDS = 0.5
"""How long after the disk refused a line it is written again"""
NOT_WRITTEN = math.inf
"""Where a line ends that waits behind a refused one"""


class Journal:
    """Writes one session's journal. Called on the hub; `then` runs on the hub once the line is durable.

    Made on a folder that already holds one, it goes on after its last whole line.
    """

    def __init__(self, folder: Path, spool: Spool, runtime: Runtime) -> None:
        path = folder / JOURNAL_NAME
        _drop_half_line(path)
        self._runtime = runtime
        self._file = SpoolFile(
            spool, path, on_durable=self._kept, on_cut=lambda _why: self._write_again_soon(), follows=True
        )
        self._lines: collections.deque[tuple[float, bytes, Then]] = collections.deque()
        """(byte after it, line, then) of the lines that are not yet durable: none of them may be dropped"""
        self._is_refused = False
        """True while refused lines wait to be written again: what is told meanwhile stands behind them"""

    def start(self, opening: Opening, resume_sha256: str, then: Then) -> None:
        """The session is accepted; who knows the token of this SHA-256 may come back to it."""
        line = asdict(opening) | {"created_at": opening.created_at.isoformat(), "options": opening.options.chosen}
        self._append({"event": "start", "opening": line, "resume_sha256": resume_sha256}, then)

    def final(self, segment: Segment, then: Then) -> None:
        """A final, before anybody is told of it."""
        self._append({"event": "final", "index": segment.index, "final": final_record(segment.final)}, then)

    def gap(self, gap: SoundGap) -> None:
        """The microphone gave nothing for a while."""
        self._append({"event": "gap", "gap": asdict(gap)}, then=lambda: None)

    def end(self, failure_code: str | None) -> None:
        """No more audio will come; `failure_code` is None for an orderly end."""
        self._append({"event": "end", "failure_code": failure_code}, then=lambda: None)

    def words_done(self, complete: bool, then: Then) -> None:
        """No more words will come; `complete` when all of the audio was heard."""
        self._append({"event": "words_done", "complete": complete}, then)

    def close(self) -> None:
        """Nothing more will be written, not even what the disk refused: only a start that failed leaves such a line."""
        self._lines.clear()
        self._file.finish(then=lambda: None)

    def _append(self, record: dict[str, Any], then: Then) -> None:
        self._write(json.dumps(record, separators=(",", ":")).encode() + b"\n", then)

    def _write(self, line: bytes, then: Then) -> None:
        if self._is_refused:
            self._lines.append((NOT_WRITTEN, line, then))
            return
        self._lines.append((self._file.accepted + len(line), line, then))
        self._file.append(line, urgent=True)

    def _kept(self, durable: int) -> None:
        while self._lines and self._lines[0][0] <= durable:
            self._lines.popleft()[2]()

    def _write_again_soon(self) -> None:
        """The disk refused a line. Audio can be asked for again; words can't."""
        self._is_refused = True
        self._runtime.spawn(self._write_again)

    def _write_again(self) -> None:
        self._runtime.sleep(WRITE_AGAIN_SECONDS)
        self._is_refused = False
        lost = [(line, then) for end, line, then in self._lines if end > self._file.accepted]
        if lost:
            self._lines = collections.deque(kept for kept in self._lines if kept[0] <= self._file.accepted)
            for line, then in lost:
                self._write(line, then)


@dataclass
class Journalled:
    """What a journal says."""

    opening: Opening | None = None
    resume_sha256: str = ""
    segments: list[Segment] = field(default_factory=list)
    gaps: list[SoundGap] = field(default_factory=list)
    ended: bool = False
    failure_code: str | None = None
    words_done: bool = False
    words_complete: bool = False


def read_journal(folder: Path, after_segment: int = -1) -> Journalled:
    """What the journal in this session folder says, without the finals up to `after_segment`.

    A last line cut off by a crash was never told and is left out.
    """
    found = Journalled()
    for line in _whole_lines(folder / JOURNAL_NAME):
        record = json.loads(line)
        if record["event"] == "start":
            found.opening = _opening(record["opening"])
            found.resume_sha256 = record["resume_sha256"]
        elif record["event"] == "final":
            if record["index"] > after_segment:
                found.segments.append(Segment(record["index"], _final(record["final"])))
        elif record["event"] == "gap":
            found.gaps.append(SoundGap(**record["gap"]))
        elif record["event"] == "end":
            found.ended, found.failure_code = True, record["failure_code"]
        elif record["event"] == "words_done":
            found.words_done, found.words_complete = True, record["complete"]
    return found


def _whole_lines(path: Path) -> Iterator[bytes]:
    """One after the other: hours of finals, read at every return of the client, need not be in memory together."""
    if path.exists():
        with path.open("rb") as lines:
            yield from itertools.takewhile(lambda line: line.endswith(b"\n"), lines)


def _opening(record: dict[str, Any]) -> Opening:
    created_at = datetime.fromisoformat(record["created_at"])
    return Opening(**record | {"created_at": created_at, "options": SpeechOptions(**record.get("options", {}))})


def _final(record: dict[str, Any]) -> Final:
    return Final(**record | {"words": tuple(Word(**word) for word in record["words"])})


def _drop_half_line(path: Path) -> None:
    """A crash may have cut the last line anywhere; it was never told."""
    if path.exists():
        text = path.read_bytes()
        whole = text.rfind(b"\n") + 1
        if whole < len(text):
            os.truncate(path, whole)
