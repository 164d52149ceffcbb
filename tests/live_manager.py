"""A SessionManager among fakes that remember, on a real runtime: for what a real server is too slow or too kind for."""

import contextlib
import threading
import time
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from aws_services.finals_writer import FinalsWriter
from aws_services.live_parts import LiveLimits, LiveParts
from aws_services.session_care import SessionCare
from aws_services.session_manager import SessionManager
from aws_services.spool import SpoolThread
from local_services.scripted_recogniser import ScriptedRecogniser
from models.errors import DictationError, NotFound
from models.ledger import Heard
from models.note import NoteItem
from models.notices import Notice, Refused
from models.ports import Closing, Opening, StoredRecording
from models.requests import EndRequest, StartRequest
from models.session import Session
from models.transcript import Segment
from utils.runtime import Runtime

SECOND = 32_000
"""Bytes of PCM at 16 kHz"""
PATIENCE_SECONDS = 10.0


class Clock:
    """Unix seconds that move when told to."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


class RememberingClients:
    """Every notice, by session."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Notice]] = []
        self.hung_up: list[str] = []

    def tell(self, session: Session, notice: Notice) -> None:
        if session.request_sid is not None:
            self.told.append((session.session_id, notice))

    def hang_up(self, session: Session) -> None:
        self.hung_up.append(session.session_id)

    def of(self, kind: type, session_id: str | None = None) -> list[Any]:
        """The notices of one kind."""
        return [n for sid, n in self.told if isinstance(n, kind) and session_id in (None, sid)]

    @property
    def codes(self) -> list[str]:
        """The error codes told."""
        return [notice.error.code for notice in self.of(Refused)]


class RememberingRows:
    """The Transcripts port in a dictionary; `fail_with` makes every call raise."""

    def __init__(self) -> None:
        self.openings: dict[str, Opening] = {}
        self.segments: dict[str, list[Segment]] = {}
        self.heards: dict[str, Heard] = {}
        self.closings: dict[str, Closing] = {}
        self.recordings: dict[str, StoredRecording] = {}
        self.failed_recordings: list[str] = []
        self.fail_with: Exception | None = None
        self.hold = threading.Event()
        self.hold.set()

    def begin(self, opening: Opening) -> int:
        self.hold.wait(PATIENCE_SECONDS)
        self._maybe_fail()
        self.openings[opening.session_id] = opening
        assert isinstance(opening.created_at, datetime)
        return len(self.openings)

    def append(self, finals: Sequence[tuple[str, Segment]]) -> None:
        self._maybe_fail()
        for session_id, segment in finals:
            kept = self.segments.setdefault(session_id, [])
            if segment not in kept:
                assert segment.index == len(kept)
                kept.append(segment)

    def recording_stored(self, session_id: str, recording: StoredRecording) -> None:
        self._maybe_fail()
        self.recordings[session_id] = recording

    def recording_failed(self, session_id: str) -> None:
        self.failed_recordings.append(session_id)

    def heard(self, session_id: str, heard: Heard) -> None:
        self._maybe_fail()
        self.heards[session_id] = heard

    def finish(self, session_id: str, closing: Closing) -> None:
        self._maybe_fail()
        self.closings[session_id] = closing

    def _maybe_fail(self) -> None:
        if self.fail_with is not None:
            raise self.fail_with


class PastNotes:
    """Nothing is over yet."""

    def of_session(self, session_id: str, user_id: str) -> NoteItem:
        raise NotFound


class RememberingLeases:
    """The Leases port; `lost` is what it calls abandoned."""

    def __init__(self) -> None:
        self.renewed: list[list[str]] = []
        self.lost: list[str] = []

    def renew(self, worker_id: str, session_ids: Collection[str]) -> None:
        self.renewed.append(list(session_ids))

    def abandoned(self, older_than_seconds: float) -> list[str]:
        return self.lost


class RememberingRest:
    """The RestOfRecordings port: what it was asked to have heard, and from which second on."""

    def __init__(self) -> None:
        self.asked: dict[str, float | None] = {}

    def enqueue_rest(self, session_id: str, from_seconds: float | None = None) -> bool:
        self.asked[session_id] = from_seconds
        return True


class RememberingStore:
    """The AudioStore port's put; `fail_with` makes it raise, `hold` makes it wait."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.fail_with: Exception | None = None
        self.hold = threading.Event()
        self.hold.set()

    def put(self, key: str, source: Path) -> StoredRecording:
        self.hold.wait(PATIENCE_SECONDS)
        if self.fail_with is not None:
            raise self.fail_with
        self.kept[key] = source.read_bytes()
        return StoredRecording(key, len(self.kept[key]), "0" * 64)


class Dictations:
    """A manager and everything around it."""

    def __init__(self, runtime: Runtime, folder: Path, recogniser: Any = None, **limits: Any) -> None:
        self.runtime = runtime
        self.folder = folder
        self.clock = Clock()
        self.clients = RememberingClients()
        self.rows: Any = limits.pop("rows", None) or RememberingRows()
        self.store: Any = limits.pop("store", None) or RememberingStore()
        self.rest = RememberingRest()
        self.recogniser = recogniser or ScriptedRecogniser(4)
        self.fallback = limits.pop("fallback", None)
        self.spool = SpoolThread(runtime.post, sync_ms=10)
        self.spool.start()
        names = ("max_sessions", "idle_timeout", "max_sessions_per_user")
        places = {name: limits.pop(name) for name in names if name in limits}
        live_limits = LiveLimits(**{"spool_floor_mb": 0, "cleanup_interval_seconds": 1, **limits})
        parts = LiveParts(
            runtime,
            self.recogniser,
            self.rows,
            self.store,  # type: ignore[arg-type]
            self.spool,
            self.clients,
            folder,
            PastNotes(),
            RememberingLeases(),
            FinalsWriter(runtime, self.rows),  # type: ignore[arg-type]
            self.rest,
            live_limits,
            self.fallback,
        )
        self.manager = SessionManager(**places, parts=parts, clock=self.clock)
        self.care = SessionCare(self.manager, parts, self.clock)

    def start(self, session_id: str = "one", user_id: str = "asha", **fields: Any) -> Session:
        """Start a dictation on the socket `socket-<session_id>`."""
        self.manager.start(StartRequest(session_id, **fields), user_id, f"socket-{session_id}")
        return self.manager.get_session(session_id)

    def try_start(self, session_id: str) -> None:
        """Start it, come what may."""
        with contextlib.suppress(DictationError, KeyError):
            self.start(session_id)

    def say(self, seconds: float, session_id: str = "one", user_id: str = "asha") -> None:
        """Say so much in chunks of a quarter of a second."""
        for _ in range(int(seconds * 4)):
            self.manager.hear(f"socket-{session_id}", user_id, bytes(SECOND // 4))

    def end(self, session_id: str = "one", user_id: str = "asha", gap_seconds: float = 0.0) -> None:
        """Say that it is over."""
        self.manager.end(f"socket-{session_id}", user_id, EndRequest(session_id, gap_seconds=gap_seconds))

    def wait_until(self, reached: Callable[[], object]) -> None:
        """Let the hub work until it is so."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not reached():
            assert time.monotonic() < deadline, "it did not come to that"
            self.runtime.sleep(0.005)

    def close(self) -> None:
        """End its threads."""
        self.recogniser.close()
        if self.fallback is not None:
            self.fallback.close()
        self.spool.close()
