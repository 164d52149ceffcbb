"""The promises around stored recordings: their jobs, who recognises them, and what is told of them on the way."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from models.speech import USUAL, SpeechOptions
from models.status import JobStatus
from models.transcript import Final

UPLOAD, REST = "upload", "rest"
"""What a job is about: a file that came in, or what nobody recognised of a recording that is stored"""


@dataclass(frozen=True, slots=True)
class StoredJob:
    """A recording on its way to text, as its row has it."""

    id: str
    session_id: str
    user_id: str
    kind: str
    """UPLOAD or REST"""
    file_name: str = field(repr=False)
    """As the user named it, cleaned: shown, never a path"""
    media_type: str
    size_bytes: int
    created_at: datetime
    """UTC, with zone"""
    content_sha256: str | None = None
    """Lower-case hex of the bytes that came in"""
    from_seconds: float = 0.0
    """Where in the recording to begin to listen"""
    from_segment: int = 0
    """The index of the first final that this job adds"""
    audio_seconds: float | None = None
    """How long the recording is, once it was read"""
    status: str = "queued"
    """queued, processing, completed or failed"""
    attempts: int = 0
    """How often somebody began it"""
    failure_code: str | None = None


class RestOfRecordings(Protocol):
    """Has heard later what nobody recognised while it was spoken. In the blocking pool."""

    def enqueue_rest(self, session_id: str, from_seconds: float | None = None) -> bool:
        """Have the recording of this note recognised from that second on, and the words added to its text.

        None: from where the note says that it is recognised, else from the end of its last final. Returns at once; True
        when it is queued now, False when it was waiting already. A recording that is not stored yet is waited for.
        Raises NotFound, DatabaseUnavailable.
        """


class Jobs(RestOfRecordings, Protocol):
    """The queue of stored recordings, for who brings work and asks about it. Raises DatabaseUnavailable."""

    def enqueue(self, job: StoredJob, first: JobStatus | None = None) -> None:
        """Queue an upload, with what is told of it first: both or neither. The same session again changes nothing."""

    def of_session(self, session_id: str) -> StoredJob:
        """The session's newest job. Raises NotFound. Whoever asks may not be the owner: check `user_id`."""

    def same_recording(self, user_id: str, content_sha256: str) -> StoredJob | None:
        """This user's newest upload of the same bytes that did not fail and whose note is not in the bin."""

    def unfinished(self, user_id: str) -> int:
        """How many jobs of this user wait or are worked on."""

    def cancel(self, session_id: str) -> bool:
        """Stop the session's unfinished job for good; False when there is none. Its worker hears of it by `renew`."""


class JobLeases(Protocol):
    """The same queue, for workers. No two of them have the same job. Raises DatabaseUnavailable."""

    def claim(self, owner: str, lease_seconds: float, job_id: str | None = None) -> StoredJob | None:
        """The job that waits longest, or the given one, as this owner's; None when there is none to have.

        A job whose lease ran out waits like any other. Counts the attempt.
        """

    def renew(self, job_id: str, owner: str, lease_seconds: float) -> bool:
        """Keep it; False when it is not this owner's any more, so that its work must stop."""

    def measured(self, job_id: str, audio_seconds: float) -> None:
        """Note how long the recording is."""

    def put_back(self, job_id: str, owner: str, after_seconds: float, counts: bool) -> None:
        """Have it begun again later. The attempt `counts` when it may be the job's own fault."""

    def finish(self, job_id: str, owner: str, failure_code: str | None = None) -> None:
        """It is over, for good. Nothing happens when it is not this owner's any more."""

    def waiting(self) -> list[str]:
        """The ids of all jobs that could be claimed now, those of dead workers included, the longest waiting first."""


@dataclass(frozen=True, slots=True)
class FileRequest:
    """What is to be heard of a recording."""

    session_id: str
    pcm: Path
    """s16le, mono, at `sample_rate`"""
    audio_key: str
    """Under which the store has the recording"""
    sample_rate: int = 16000
    """Hertz"""
    from_seconds: float = 0.0
    """Where to begin to listen"""
    heard_until: float = 0.0
    """The end of the last final that was kept of an earlier try of the very same request, else 0"""
    specialty: str = "PRIMARYCARE"
    language_code: str = "en-US"
    audio_type: str = "DICTATION"
    options: SpeechOptions = USUAL


class FileListener(Protocol):
    """Who is told what a recording says. Both may raise to stop the work."""

    def settled(self, finals: Sequence[Final], until: float) -> None:
        """All that was said since the last call and up to second `until`. Times count from the recording's start."""

    def reached(self, second: float) -> None:
        """The work has come so far; nothing is settled by it."""


class FileRecogniser(Protocol):
    """Makes words of a recording that is there as a whole."""

    name: str
    """Shown to people and kept with the note"""

    def recognise(self, request: FileRequest, listener: FileListener) -> None:
        """Hear it to its end, in order. Waits; memory does not grow with the recording.

        Tried again after a crash, with `heard_until`, it settles exactly what had not been settled. An exception of the
        listener ends the work and goes on to the caller. Raises RecogniserFailed, which can be tried again.
        """


class StatusLog(Protocol):
    """Every status of every job, numbered and kept. Raises DatabaseUnavailable."""

    def publish(self, status: JobStatus) -> list[JobStatus]:
        """Keep it, and return what is to be told: numbered, never going back, with every milestone it passed.

        Empty after an ending (unless it is a new beginning), so a worker that comes late changes nothing.
        """

    def snapshot(self, session_id: str) -> JobStatus | None:
        """The newest, or None when nothing was published."""

    def after(self, session_id: str, seq: int) -> list[JobStatus]:
        """What comes behind that number, in order; a thousand at most."""

    def newest(self, session_ids: Collection[str]) -> dict[str, int]:
        """The highest number of each of these sessions that has one."""


class StatusPublisher(Protocol):
    """Keeps what is told of jobs, and passes it on to whoever watches, on whichever worker. Called by workers."""

    def publish(self, status: JobStatus) -> None:
        """Keep it and tell every watcher.

        Raises DatabaseUnavailable when it could not be kept; whoever could not be told now finds it in the log.
        """


Tell = Callable[[list[JobStatus]], None]
"""Hears statuses of one session: in order, none missing, none twice. Called on any thread; must return at once"""


class StatusSubscription(Protocol):
    """One watcher."""

    def close(self) -> None:
        """Hear no more. Returns at once; nothing happens the second time."""


class StatusSubscriber(Protocol):
    """Hears what is told of jobs, wherever it was published. Called in the blocking pool."""

    def subscribe(self, session_id: str, after_seq: int, tell: Tell) -> StatusSubscription:
        """Watch a session: first everything behind `after_seq`, told before this returns, then what comes.

        A number that nobody was told counts as 0. Raises DatabaseUnavailable.
        """

    def snapshot(self, session_id: str) -> JobStatus | None:
        """The newest, or None when nothing was published. Raises DatabaseUnavailable."""

    def look(self) -> None:
        """Tell what is in the log and did not come by itself, if called every now and then.

        Raises DatabaseUnavailable.
        """
