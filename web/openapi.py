"""The REST interface as an OpenAPI 3.1 document, served at /api/v1/openapi.json."""

from typing import Any

from models.ledger import MICROPHONE, NO_TEXT
from models.transcription import AUDIO_STATUSES, STATUSES
from web.note_shapes import EXPORTS
from web.openapi_health import HEALTH_PATHS, HEALTH_SCHEMAS
from web.openapi_stored import STORED_PATHS, STORED_SCHEMAS

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
WHOLE: Schema = {"type": "integer"}
NUMBER: Schema = {"type": "number"}
MOMENT: Schema = {"type": "string", "format": "date-time", "description": "UTC"}


def _or_null(schema: Schema) -> Schema:
    return {**schema, "type": [schema["type"], "null"]}


def _object(**properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _with(schema: Schema, **optional: Schema) -> Schema:
    return {**schema, "properties": {**schema["properties"], **optional}}


def _list(schema: Schema) -> Schema:
    return {"type": "array", "items": schema}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _answer(description: str, schema: Schema, content_type: str = "application/json") -> Schema:
    return {"description": description, "content": {content_type: {"schema": schema}}}


def _query(name: str, schema: Schema, description: str) -> Schema:
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": description}


def _get(summary: str, *parameters: Schema, answers: dict[str, Schema], needs_user: bool = True) -> Schema:
    errors = {"default": {"$ref": "#/components/responses/Error"}}
    operation: Schema = {"summary": summary, "parameters": list(parameters), "responses": {**answers, **errors}}
    if not needs_user:
        operation["security"] = []
    return {"get": operation}


NOTE_ID: Schema = {"name": "note_id", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1}}
CONFIDENCE = {**_or_null(NUMBER), "minimum": 0, "maximum": 1}
SPAN = {"start_time": {**NUMBER, "description": "Seconds from the first sample"}, "end_time": NUMBER}

ITEM = _object(
    id=WHOLE,
    session_id=_or_null(TEXT),
    status={"type": "string", "enum": list(STATUSES)},
    audio_status={"type": "string", "enum": list(AUDIO_STATUSES)},
    created_at=MOMENT,
    updated_at=MOMENT,
    audio_duration_seconds=_or_null(NUMBER),
    word_count=WHOLE,
    quality=TEXT,
    sample_rate={**WHOLE, "description": "Hertz as captured"},
    specialty=_or_null(TEXT),
    recogniser=_or_null(TEXT),
    failure_code=_or_null(TEXT),
    preview={**TEXT, "description": "The first 160 characters of the text"},
)
SCHEMAS: Schema = {
    "Item": ITEM,
    "Word": _with(
        _object(text=TEXT, **SPAN, confidence=CONFIDENCE),
        speaker={"type": "integer", "minimum": 1, "description": "Where speakers are told apart"},
        is_phi={"const": True, "description": "Taken for protected health information"},
    ),
    "Segment": _with(
        _object(
            segment_index=WHOLE, segment_id=TEXT, text=TEXT, **SPAN, confidence=CONFIDENCE, words=_list(_ref("Word"))
        ),
        recogniser={**TEXT, "description": "Who made it, where that is not the note's recogniser"},
    ),
    "Gap": _object(
        start_time=NUMBER, end_time=NUMBER, seconds=NUMBER, reason={"type": "string", "enum": [MICROPHONE, NO_TEXT]}
    ),
    "Ledger": _object(
        received_seconds=NUMBER, stored_seconds=NUMBER, recognised_seconds=NUMBER, gaps=_list(_ref("Gap"))
    ),
    "Note": {
        "allOf": [
            _ref("Item"),
            _object(
                transcript_text=TEXT, audio_type=_or_null(TEXT), segments=_list(_ref("Segment")), ledger=_ref("Ledger")
            ),
        ]
    },
    "Page": _object(items=_list(_ref("Item")), page=WHOLE, page_size=WHOLE, total=WHOLE),
    "Error": _object(
        type={"type": "string", "const": "error"},
        error_code=TEXT,
        message={**TEXT, "description": "What happened, whether the dictation is safe, what to do"},
        recoverable={"type": "boolean"},
        retry_after={**_or_null(NUMBER), "description": "Seconds"},
        timestamp={**NUMBER, "description": "Unix seconds"},
        context=_object(session_id=_or_null(TEXT), user_id=_or_null(TEXT), request_id=TEXT),
    ),
    "Health": _object(status=TEXT, active_sessions=WHOLE),
    "Readiness": _object(
        status=TEXT,
        down=_list(TEXT),
        checks={"type": "object", "additionalProperties": TEXT},
    ),
}

PATHS: Schema = {
    "/openapi.json": _get("This document", answers={"200": _answer("OpenAPI", {"type": "object"})}, needs_user=False),
    "/health": _get("The process answers", answers={"200": _answer("Alive", _ref("Health"))}, needs_user=False),
    "/ready": _get(
        "Whether dictations can start here",
        answers={
            "200": _answer("Ready", _ref("Readiness")),
            "503": _answer("Not ready; names what is down", _ref("Readiness")),
        },
        needs_user=False,
    ),
    "/browser-key": _get(
        "The key that seals what this user's browser keeps until it is sent",
        answers={"200": _answer("32 bytes in base64", _object(key=TEXT))},
    ),
    "/transcriptions": _get(
        "One's own notes, the newest first; everybody's for an admin",
        _query("page", {"type": "integer", "minimum": 1, "default": 1}, "Counts from 1"),
        _query("page_size", {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}, "Notes a page"),
        _query("status", {"type": "string", "enum": list(STATUSES)}, "Only these"),
        _query("q", {"type": "string", "maxLength": 200}, "Only notes that hold all these words"),
        answers={"200": _answer("One page", _ref("Page"))},
    ),
    "/transcriptions/{note_id}": _get(
        "One note with text, segments and words", NOTE_ID, answers={"200": _answer("The note", _ref("Note"))}
    ),
    "/transcriptions/{note_id}/audio": _get(
        "The recording as MP3; takes Range",
        NOTE_ID,
        _query("download", {"type": "integer"}, "1 when a person saves the file rather than plays it"),
        answers={
            "200": _answer("The recording", {"type": "string", "contentMediaType": "audio/mpeg"}, "audio/mpeg"),
            "206": _answer("A part of it", {"type": "string", "contentMediaType": "audio/mpeg"}, "audio/mpeg"),
            "302": {"description": "The recording is at Location, for at most five minutes"},
            "409": {"$ref": "#/components/responses/Error"},
        },
    ),
    "/transcriptions/{note_id}/export": _get(
        "The note as a file",
        NOTE_ID,
        _query("format", {"type": "string", "enum": list(EXPORTS), "default": "txt"}, "Of the file"),
        answers={
            "200": {
                "description": "The file",
                "content": {kind.split(";")[0]: {"schema": TEXT} for kind, _make in EXPORTS.values()},
            }
        },
    ),
}

DOCUMENT: Schema = {
    "openapi": "3.1.0",
    "info": {
        "title": "SEVA Arogya Live Transcription",
        "version": "1",
        "description": "Notes of one's dictations. A note of somebody else looks like one that does not exist.",
    },
    "servers": [{"url": "/api/v1"}, {"url": "/v1"}],
    "security": [{"token": []}, {"cookie": []}],
    "paths": {**PATHS, **STORED_PATHS, **HEALTH_PATHS},
    "components": {
        "schemas": {**SCHEMAS, **STORED_SCHEMAS, **HEALTH_SCHEMAS},
        "responses": {"Error": _answer("What went wrong", _ref("Error"))},
        "securitySchemes": {
            "token": {"type": "http", "scheme": "bearer"},
            "cookie": {"type": "apiKey", "in": "cookie", "name": "session"},
        },
    },
}
