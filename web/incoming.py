"""Reads what a client of the Socket.IO door sends. Whatever is wrong is named by field, and nothing is changed."""

import re
import uuid
from typing import Any

from models.errors import ChunkTooLarge, Forbidden, InvalidAudioFormat, ValidationFailed
from models.requests import NO_PLACE, ChunkPlace, EndRequest, StartRequest
from models.session import AUDIO_TYPES, LANGUAGES, SAMPLE_RATES, SPECIALTIES
from models.speech import NOTHING, PHI, USUAL, VOCABULARY_NAME, SpeechOptions

Message = dict[str, Any]

AUDIO_MARK = 0x01
"""Byte 0 of every audio message"""
SHORTEST_AUDIO = 3
"""Bytes: the mark and one sample"""
EARLIEST, LATEST = 1e9, 1e10
"""Unix seconds; what lies outside is another unit (a 9-digit number, or milliseconds), not a time of ours"""
LONGEST_GAP_SECONDS = 86_400
"""A dictation of which more than a day is missing is another dictation"""
LARGEST_NUMBER = 2**53
"""What JavaScript counts exactly"""


def read_start(
    payload: Any,
    user_id: str,
    specialty: str,
    usual: SpeechOptions = USUAL,
    *,
    audio_type: str = "DICTATION",
    language_code: str = "en-US",
) -> StartRequest:
    """A session_start; what it does not say is as given here.

    Raises ValidationFailed by field, or Forbidden for a user_id that isn't the signed-in one.
    """
    message = _mapping(payload, "session_start")
    if message.get("user_id") not in (None, user_id):
        raise Forbidden("The dictation would belong to someone else. Nothing was started.")
    _timestamp(message)
    audio_type = _one_of(message, "audio_type", AUDIO_TYPES, audio_type)
    specialty = _one_of(message, "specialty", SPECIALTIES, specialty)
    if specialty == "RADIOLOGY" and audio_type != "DICTATION":
        raise ValidationFailed("specialty RADIOLOGY goes with audio_type DICTATION only. Nothing was started.")
    quality = _one_of(message, "quality", tuple(SAMPLE_RATES), None)
    _check_rate(message, quality)
    return StartRequest(
        session_id=_uuid4(message, "session_id"),
        quality=quality,
        specialty=specialty,
        audio_type=audio_type,
        language_code=_one_of(message, "language_code", LANGUAGES, language_code),
        options=_options(message, audio_type, usual),
        continues=_uuid4(message, "continues") if message.get("continues") is not None else None,
        resume_token=_text_or_none(message, "resume_token"),
        after_segment=_last_index(message, "after_segment"),
    )


def read_chunk(frame: Any, max_chunk_bytes: int) -> bytes:
    """The PCM of an audio message `0x01 + PCM`. Raises InvalidAudioFormat or ChunkTooLarge."""
    if not isinstance(frame, bytes | bytearray) or len(frame) < SHORTEST_AUDIO or frame[0] != AUDIO_MARK:
        raise InvalidAudioFormat
    if len(frame) - 1 > max_chunk_bytes:
        raise ChunkTooLarge
    return bytes(frame[1:])


def read_place(metadata: Any) -> ChunkPlace:
    """A chunk's second argument. Raises ValidationFailed by field."""
    if metadata is None:
        return NO_PLACE
    message = _mapping(metadata, "audio_chunk")
    if message.get("timestamp") is not None:
        _timestamp(message)
    return ChunkPlace(
        _text_or_none(message, "session_id"), _count(message, "seq"), _count(message, "offset"), _gap(message)
    )


def read_end(payload: Any) -> EndRequest:
    """A session_end. Raises ValidationFailed by field."""
    message = _mapping(payload, "session_end")
    if message.get("timestamp") is not None:
        _timestamp(message)
    return EndRequest(_text_or_none(message, "session_id"), _count(message, "total_bytes"), _gap(message))


def read_session_id(payload: Any) -> str | None:
    """Whose session a session_pause or session_resume means. Raises ValidationFailed."""
    return _text_or_none(_mapping(payload, "the event"), "session_id")


def _mapping(payload: Any, event: str) -> Message:
    if not isinstance(payload, dict):
        raise ValidationFailed(f"{event} takes one JSON object. Nothing was changed.")
    return payload


def _timestamp(message: Message) -> None:
    stamp = message.get("timestamp")
    if isinstance(stamp, bool) or not isinstance(stamp, int | float) or not EARLIEST <= stamp < LATEST:
        raise ValidationFailed("timestamp must be the time in Unix seconds. Nothing was changed.")


def _one_of(message: Message, name: str, allowed: tuple[str, ...], default: str | None) -> str:
    value = message.get(name)
    if value is None and default is not None:
        return default
    if not isinstance(value, str) or value not in allowed:
        raise ValidationFailed(f"{name} must be one of: {', '.join(allowed)}. Nothing was changed.")
    return value


def _check_rate(message: Message, quality: str) -> None:
    """Sound of another rate than the quality's would be heard at the wrong speed. Raises ValidationFailed."""
    if message.get("sample_rate") not in (None, SAMPLE_RATES[quality]):
        rates = ", ".join(f"{name} {rate}" for name, rate in SAMPLE_RATES.items())
        raise ValidationFailed(f"sample_rate goes with quality, in hertz: {rates}. Nothing was started.")


def _options(message: Message, audio_type: str, usual: SpeechOptions) -> SpeechOptions:
    vocabulary = _text_or_none(message, "vocabulary_name")
    if vocabulary and not re.fullmatch(VOCABULARY_NAME, vocabulary):
        raise ValidationFailed(
            "vocabulary_name must be 1 to 200 letters, digits, dots, hyphens or underscores, or empty for none."
            " Nothing was started."
        )
    content = _one_of(message, "content_identification", (PHI, NOTHING), usual.content_identification or NOTHING)
    labels = message.get("show_speaker_labels")
    if labels is not None and not isinstance(labels, bool):
        raise ValidationFailed("show_speaker_labels must be true or false. Nothing was started.")
    if labels and audio_type != "CONVERSATION":
        raise ValidationFailed("show_speaker_labels goes with audio_type CONVERSATION only. Nothing was started.")
    return SpeechOptions(
        vocabulary_name=usual.vocabulary_name if vocabulary is None else vocabulary or None,
        content_identification=None if content == NOTHING else content,
        show_speaker_labels=audio_type == "CONVERSATION" and (usual.show_speaker_labels if labels is None else labels),
    )


def _uuid4(message: Message, name: str) -> str:
    value = message.get(name)
    try:
        parsed = uuid.UUID(value if isinstance(value, str) else "")
    except ValueError:
        parsed = None
    if parsed is None or parsed.version != 4 or str(parsed) != value:
        raise ValidationFailed(f"{name} must be a version 4 UUID in lower case. Nothing was changed.")
    return str(parsed)


def _text_or_none(message: Message, name: str) -> str | None:
    value = message.get(name)
    if value is not None and not isinstance(value, str):
        raise ValidationFailed(f"{name} must be text. Nothing was changed.")
    return value


def _gap(message: Message) -> float:
    """Seconds without sound, 0 for none."""
    value = message.get("gap_seconds")
    if value is None:
        return 0.0
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LONGEST_GAP_SECONDS:
        raise ValidationFailed(f"gap_seconds must be seconds from 0 to {LONGEST_GAP_SECONDS}. Nothing was changed.")
    return float(value)


def _last_index(message: Message, name: str) -> int:
    """The index of the last one there is, -1 for none."""
    return -1 if message.get(name) in (None, -1) else _count(message, name) or 0


def _count(message: Message, name: str) -> int | None:
    value = message.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < LARGEST_NUMBER:
        raise ValidationFailed(f"{name} must be a whole number from 0. Nothing was changed.")
    return value
