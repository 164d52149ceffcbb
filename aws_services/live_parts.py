"""What a live dictation needs around it, as adapters handed in by the wiring."""

import os
import socket
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from aws_services.finals_writer import FinalsWriter
from aws_services.spool_file import Spool
from models.keeping_errors import StorageFull
from models.note import NoteItem
from models.notices import Notice
from models.ports import AudioStore, Recogniser, Transcripts
from models.session import Session
from models.stored_ports import RestOfRecordings
from models.transcript import Final, Partial, StreamEnd
from utils.runtime import Runtime


class Clients(Protocol):
    """The doors that clients came in by. Called on the hub, never blocks."""

    def tell(self, session: Session, notice: Notice) -> None:
        """Send a notice to the client that the session has now; none is no error."""

    def hang_up(self, session: Session) -> None:
        """Close the session's socket once everything told before is sent; none is no error."""

    def flush(self, seconds: float) -> None:
        """Wait until everybody has been sent what they were told, so long at most. In a task."""


class LiveEvents(Protocol):
    """What happens in a live session, told to its manager. Called on the hub."""

    def deliver(self, session: Session, heard: Partial | Final | StreamEnd, arrived: float) -> None:
        """Something was heard; `arrived` is when, by time.perf_counter."""

    def acknowledge(self, session: Session, received_bytes: int) -> None:
        """So many bytes of its audio are durable."""

    def cut(self, session: Session, why: StorageFull) -> None:
        """The disk refused audio that was accepted; it has to come again, or, when that can't be mended, to end."""


class PastNotes(Protocol):
    """What became of dictations that are over. In the blocking pool."""

    def of_session(self, session_id: str, user_id: str) -> NoteItem:
        """The user's note of this session. Raises NotFound, DatabaseUnavailable."""


class Leases(Protocol):
    """Which worker owns which unfinished note. In the blocking pool; raises DatabaseUnavailable."""

    def renew(self, worker_id: str, session_ids: Collection[str]) -> None:
        """These notes are this worker's, and it lives."""

    def abandoned(self, older_than_seconds: float) -> list[str]:
        """Sessions of unfinished notes whose owner has not been heard of for so long."""


@dataclass(frozen=True, slots=True)
class LiveLimits:
    """The limits of live sessions; config.yaml explains each one."""

    max_session_seconds: float = 14400
    max_recording_seconds: int = 1800
    max_chunk_bytes: int = 65536
    max_audio_speed: float = 4
    audio_burst_seconds: float = 30
    resume_stream_seconds: float = 30
    heartbeat_seconds: float = 30
    cleanup_interval_seconds: float = 30
    spool_floor_mb: int = 500
    mp3_bitrate_kbps: int = 64
    blocking_threads: int = 16


@dataclass(frozen=True, slots=True)
class LiveParts:
    """Everything outside a SessionManager."""

    runtime: Runtime
    recogniser: Recogniser
    transcripts: Transcripts
    store: AudioStore
    spool: Spool
    clients: Clients
    spool_dir: Path
    past_notes: PastNotes
    leases: Leases
    finals: FinalsWriter
    rest: RestOfRecordings
    limits: LiveLimits
    fallback: Recogniser | None = None
    """Who goes on with a dictation where `recogniser` can't be used"""
    worker_id: str = field(default_factory=lambda: f"{socket.gethostname()}-{os.getpid()}")
    """This process, among all that share the database"""
