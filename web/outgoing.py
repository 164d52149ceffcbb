"""Writes what a client of the Socket.IO door is told. The event's name is the message's `type`."""

import time
from collections.abc import Callable
from typing import Any

from models.errors import DictationError
from models.notices import (
    AudioKept,
    Draining,
    FinalHeard,
    Heartbeat,
    Notice,
    PartialHeard,
    RecordingStored,
    Refused,
    SessionComplete,
    SessionReady,
    StateChanged,
)
from models.session import Session
from models.transcript import segment_record

Message = dict[str, Any]


def message_of(session: Session, notice: Notice) -> Message:
    """A notice to the client of this session, as a message."""
    return _WRITERS[type(notice)](session, notice)


def error_message(error: DictationError, session_id: str | None, user_id: str | None) -> Message:
    """The one shape of every error."""
    return {
        "type": "error",
        "error_code": error.code,
        "message": error.text,
        "recoverable": error.recoverable,
        "retry_after": error.retry_after,
        "timestamp": time.time(),
        "context": {"session_id": session_id, "user_id": user_id, **error.context},
    }


def _message(kind: str, session: Session, **fields: Any) -> Message:
    return {"type": kind, "session_id": session.session_id, "timestamp": time.time(), **fields}


def _ready(session: Session, notice: SessionReady) -> Message:
    resumed: Message = {}
    if notice.missed is not None:
        resumed = {"resumed": True, "segments": [segment_record(segment) for segment in notice.missed]}
    return _message(
        "session_ack",
        session,
        job_id=session.job_id,
        status="ready",
        sample_rate=session.sample_rate,
        received_bytes=notice.received_bytes,
        resume_token=session.resume_token,
        epoch=session.epoch,
        recogniser=notice.recogniser,
        limits={
            "max_seconds": notice.max_seconds,
            "idle_seconds": notice.idle_seconds,
            "max_chunk_bytes": notice.max_chunk_bytes,
        },
        **resumed,
    )


def _kept(session: Session, notice: AudioKept) -> Message:
    return _message("audio_ack", session, received_bytes=notice.received_bytes, seq=notice.seq)


def _partial(session: Session, notice: PartialHeard) -> Message:
    partial = notice.partial
    return _message(
        "transcription_result",
        session,
        is_partial=True,
        text=partial.text,
        segment_id=partial.segment_id,
        segment_index=notice.segment_index,
        start_time=partial.start_time,
        end_time=partial.end_time,
        confidence=None,
    )


def _final(session: Session, notice: FinalHeard) -> Message:
    return _message("transcription_result", session, is_partial=False, **segment_record(notice.segment))


def _state(session: Session, notice: StateChanged) -> Message:
    return _message(
        "session_state",
        session,
        state=notice.state,
        recogniser_state=notice.recogniser_state,
        lag_seconds=notice.lag_seconds,
        recogniser=notice.recogniser,
        message=notice.message,
    )


def _complete(session: Session, notice: SessionComplete) -> Message:
    return _message(
        "session_complete",
        session,
        transcription_id=notice.transcription_id,
        audio_s3_key=notice.audio_s3_key,
        audio_status=notice.audio_status,
        total_duration=notice.total_duration,
        word_count=notice.word_count,
    )


def _stored(session: Session, notice: RecordingStored) -> Message:
    return _message("recording_stored", session, audio_s3_key=notice.audio_s3_key, audio_status=notice.audio_status)


_WRITERS: dict[type, Callable[[Session, Any], Message]] = {
    SessionReady: _ready,
    AudioKept: _kept,
    PartialHeard: _partial,
    FinalHeard: _final,
    StateChanged: _state,
    SessionComplete: _complete,
    RecordingStored: _stored,
    Heartbeat: lambda session, _: _message("heartbeat", session),
    Draining: lambda session, notice: _message("server_draining", session, retry_after=notice.retry_after),
    Refused: lambda session, notice: error_message(notice.error, session.session_id, session.user_id),
}
