"""Recordings over HTTP: sent, watched by polling, cancelled. Parse, one call, answer."""

import threading
import time
from dataclasses import dataclass
from typing import Any, cast

from flask import Blueprint, Flask, current_app, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser
from werkzeug.http import parse_options_header

from aws_services.uploads import Accepted, Incoming, Uploads
from models.errors import InvalidSessionState, NotFound, RateLimited, RecogniserFailed
from models.keeping_errors import RecordingNotFound
from models.status import COMPLETED, ENDINGS, JobStatus
from models.stored_ports import Jobs, StatusLog, StoredJob
from models.upload import UploadUnreadable, rejected
from web.large_bodies import FIRST_LOOK, FORM_BYTES
from web.login import visitor
from web.note_access import own_note
from web.note_shapes import note_shape
from web.parts import parts

EXTENSION = "seva_uploads"
FORM = "multipart/form-data"
MOST_PARTS = 10
"""Of one form: the file and the few fields beside it"""
MOST_MEMORY_BYTES = 256 * 1024
"""That reading a form may take: for its fields, and for the block of the file that is on its way to the disk"""
BLOCK_BYTES = 256 * 1024
LONGEST_WAITED_FOR_SECONDS = 60.0
"""Of sound: who sends more is not kept waiting"""
PATIENCE_SECONDS = 120.0
LOOK_SECONDS = 0.1
BUSY_SECONDS = 10.0
STILL_COMING = "The recording of this note is still being stored, and words may come with it. Try again in a moment."

uploads = Blueprint("uploads", __name__)


@dataclass(frozen=True, slots=True)
class UploadDoor:
    """What these views work with."""

    uploads: Uploads
    jobs: Jobs
    statuses: StatusLog
    waiting_places: threading.BoundedSemaphore
    """Each request that waits for its text keeps a thread of the pool"""


def register_uploads(app: Flask, door: UploadDoor) -> None:
    """The routes of stored recordings."""
    app.extensions[EXTENSION] = door
    app.register_blueprint(uploads, url_prefix="/api/v1")
    app.register_blueprint(uploads, url_prefix="/v1", name="uploads_short")


@uploads.post("/transcribe")
def transcribe() -> ResponseReturnValue:
    """Take in one recording; answer with where to watch it, or with its text when that is wanted and near."""
    look = request.environ.get(FIRST_LOOK)
    if look is not None:
        if not look.has_place:
            raise RateLimited(
                "Many recordings are coming in. Send this one again in a moment.", retry_after=BUSY_SECONDS
            )
        _door().uploads.check_room(visitor().user_id, max(0, look.size_bytes - FORM_BYTES))
        return "", 204
    incoming, name = _received()
    accepted = _door().uploads.accept(visitor().user_id, incoming, name, again=_asked("again"))
    parts().audit.record("recording_uploaded", visitor().user_id, str(accepted.transcription_id), request.remote_addr)
    if _asked("wait") and (status := _wait_for_end(accepted.session_id)) is not None:
        return _outcome(accepted, status)
    return _ticket(accepted), 200 if accepted.existing else 202


@uploads.get("/transcribe")
def may_come() -> ResponseReturnValue:
    """Whether a recording of `bytes` would be taken now. A refusal of the recording itself ends its connection, and
    many clients then see no more than that."""
    asked = request.args.get("bytes", type=int, default=0)
    _door().uploads.check_room(visitor().user_id, max(0, asked))
    return "", 204


@uploads.delete("/transcribe/<uuid:session_id>")
def cancel(session_id: object) -> ResponseReturnValue:
    """Stop turning a recording into text. What was stored is kept; a job that is over stays as it is."""
    job = own_job(str(session_id))
    if _door().uploads.cancel(job.session_id):
        parts().audit.record("upload_cancelled", visitor().user_id, job.session_id, request.remote_addr)
    return _latest(job).as_dict()


@uploads.post("/transcriptions/<note:note_id>/recognise")
def recognise(note_id: int) -> ResponseReturnValue:
    """Have the part of a note's recording that has no text recognised, and added to its text."""
    note = own_note(note_id, "note_recognised_again")
    if note.session_id is None or note.audio_s3_key is None:
        raise RecordingNotFound
    if note.status != "IN_PROGRESS":
        if note.audio_status == "PENDING":
            raise InvalidSessionState(STILL_COMING, retry_after=BUSY_SECONDS)
        _door().uploads.enqueue_rest(note.session_id, note.ledger.recognised_seconds)
    elif not _is_under_way(note.session_id):
        raise InvalidSessionState("This dictation still goes on. Its text comes by itself.")
    return _ticket(Accepted(note.session_id, note.id, existing=True)), 202


@uploads.get("/sessions/<uuid:session_id>/status")
def status(session_id: object) -> ResponseReturnValue:
    """How far it is."""
    return _latest(own_job(str(session_id))).as_dict()


def _door() -> UploadDoor:
    return cast(UploadDoor, current_app.extensions[EXTENSION])


def own_job(session_id: str) -> StoredJob:
    """The job, for its owner or an admin. Raises NotFound, after an audit line, for a missing one and a foreign one."""
    who = visitor()
    try:
        job = _door().jobs.of_session(session_id)
        if job.user_id != who.user_id and not who.is_admin:
            raise NotFound
    except NotFound:
        parts().audit.record("job_denied", who.user_id, session_id, request.remote_addr, "denied")
        raise
    return job


def _is_under_way(session_id: str) -> bool:
    try:
        return _door().jobs.of_session(session_id).status not in ENDINGS
    except NotFound:
        return False


def _latest(job: StoredJob) -> JobStatus:
    found = _door().statuses.snapshot(job.session_id)
    if found is None:  # it is queued before anything is told of it
        raise NotFound
    return found


# Receiving


def _received() -> tuple[Incoming, str]:
    """The recording, written to its folder, and what its sender calls it. Raises UploadRejected, StorageFull."""
    content_type, options = parse_options_header(request.headers.get("Content-Type"))
    if content_type == FORM:
        return _from_form(options)
    incoming = _door().uploads.receive()
    try:
        while block := request.stream.read(BLOCK_BYTES):
            incoming.write(block)
    except BaseException:
        incoming.discard()
        raise
    return incoming, request.args.get("name", "")


def _from_form(options: dict[str, str]) -> tuple[Incoming, str]:
    files: list[Incoming] = []

    def new_file(*_: Any, **__: Any) -> Incoming:
        files.append(_door().uploads.receive())
        if len(files) > 1:
            raise rejected("many")
        return files[0]

    parser = FormDataParser(
        cast(Any, new_file), max_form_memory_size=MOST_MEMORY_BYTES, max_form_parts=MOST_PARTS, silent=False
    )
    try:
        _, _, found = parser.parse(request.stream, FORM, request.content_length, options)
        sent = found.get("file")
        if sent is None:
            raise rejected("missing")
    except BaseException as problem:
        for file in files:
            file.discard()
        if isinstance(problem, ValueError | RequestEntityTooLarge):  # no form, or one with far more than a file
            raise rejected("missing") from None
        raise
    return files[0], sent.filename or ""


def _asked(name: str) -> bool:
    return request.args.get(name, "").lower() in ("1", "true", "yes")


# Answering


def _ticket(accepted: Accepted) -> dict[str, Any]:
    address = url_for("uploads.status", session_id=accepted.session_id)
    return {
        "session_id": accepted.session_id,
        "transcription_id": accepted.transcription_id,
        "existing": accepted.existing,
        "status_url": address,
        "stream_url": f"{address}/stream",
        "health_url": f"{address.removesuffix('/status')}/connection-health",
    }


def _outcome(accepted: Accepted, ended: JobStatus) -> ResponseReturnValue:
    if ended.status == COMPLETED:
        note = parts().notes.note(accepted.transcription_id)
        return {**_ticket(accepted), "status": ended.as_dict(), "transcript": note_shape(note)}, 200
    if ended.error is not None and ended.error["error_code"] == UploadUnreadable.code:
        raise UploadUnreadable(ended.message)
    raise RecogniserFailed(ended.message)


def _wait_for_end(session_id: str) -> JobStatus | None:
    """The end of a short recording's job, or None when nobody can be kept waiting for it."""
    door, deadline = _door(), time.monotonic() + PATIENCE_SECONDS
    if not door.waiting_places.acquire(blocking=False):
        return None
    try:
        while time.monotonic() < deadline:
            found = door.statuses.snapshot(session_id)
            if found is not None and found.is_ending:
                return found
            if (door.jobs.of_session(session_id).audio_seconds or 0.0) > LONGEST_WAITED_FOR_SECONDS:
                return None
            time.sleep(LOOK_SECONDS)
        return None
    finally:
        door.waiting_places.release()
