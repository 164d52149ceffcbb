"""The routes of stored recordings, for the OpenAPI document."""

from typing import Any

from models.status import STATUSES

Schema = dict[str, Any]

ERROR: Schema = {"$ref": "#/components/responses/Error"}
TEXT: Schema = {"type": "string"}
SESSION_ID: Schema = {
    "name": "session_id",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "format": "uuid"},
}

TICKET: Schema = {
    "type": "object",
    "properties": {
        "session_id": TEXT,
        "transcription_id": {"type": "integer"},
        "existing": {"type": "boolean", "description": "The note was there before: these bytes came a second time"},
        "status_url": TEXT,
        "stream_url": TEXT,
        "health_url": {"type": "string", "description": "Where a page may report how watching fares"},
    },
    "required": ["session_id", "transcription_id", "existing", "status_url", "stream_url", "health_url"],
}
STATUS: Schema = {
    "type": "object",
    "properties": {
        "session_id": TEXT,
        "status": {"type": "string", "enum": list(STATUSES)},
        "progress": {"type": "integer", "minimum": 0, "maximum": 100, "description": "Percent; never goes back"},
        "message": {"type": "string", "description": "Plain words for people"},
        "phase": {"type": "string", "enum": ["waiting", "reading", "storing", "recognising", "done"]},
        "estimated_seconds_remaining": {"type": ["number", "null"]},
        "seq": {"type": "integer", "description": "Counts the session's statuses from 1"},
        "timestamp": {"type": "number", "description": "Unix seconds"},
        "error": {
            "type": "object",
            "properties": {"error_code": TEXT, "message": TEXT},
            "required": ["error_code", "message"],
        },
    },
    "required": [
        *("session_id", "status", "progress", "message", "phase", "estimated_seconds_remaining", "seq", "timestamp")
    ],
}
STORED_SCHEMAS: Schema = {"Ticket": TICKET, "Status": STATUS}


def _json(description: str, schema: str) -> Schema:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {"description": description, "content": content}


def _flag(name: str, description: str) -> Schema:
    return {"name": name, "in": "query", "required": False, "schema": {"type": "boolean"}, "description": description}


BINARY: Schema = {"type": "string", "contentMediaType": "audio/*"}
FORM: Schema = {"type": "object", "properties": {"file": BINARY}, "required": ["file"]}
STORED_PATHS: Schema = {
    "/transcribe": {
        "get": {
            "summary": "Whether a recording of so many bytes would be taken now",
            "parameters": [{"name": "bytes", "in": "query", "schema": {"type": "integer", "minimum": 0}}],
            "responses": {"204": {"description": "It may come"}, "413": ERROR, "default": ERROR},
        },
        "post": {
            "summary": "Send one recording (WAV, MP3, M4A/AAC, OGG/Opus, WebM, FLAC) to become a note",
            "parameters": [
                _flag("again", "Make a new note although these bytes came before"),
                _flag("wait", "Answer with the text when the recording is at most 60 s long"),
            ],
            "requestBody": {
                "required": True,
                "content": {"multipart/form-data": {"schema": FORM}, "audio/*": {"schema": BINARY}},
            },
            "responses": {
                "200": _json("The note there was before; or, with `wait`, also `transcript` and `status`", "Ticket"),
                "202": _json("Queued", "Ticket"),
                "413": ERROR,
                "415": ERROR,
                "422": ERROR,
                "default": ERROR,
            },
        },
    },
    "/transcribe/{session_id}": {
        "delete": {
            "summary": "Stop turning a recording into text",
            "parameters": [SESSION_ID],
            "responses": {"200": _json("Where it stopped", "Status"), "default": ERROR},
        }
    },
    "/sessions/{session_id}/status": {
        "get": {
            "summary": "How far a recording is on its way to text",
            "parameters": [SESSION_ID],
            "responses": {"200": _json("The newest status", "Status"), "default": ERROR},
        }
    },
    "/sessions/{session_id}/status/stream": {
        "get": {
            "summary": "Every status of a recording as Server-Sent Events `status`: `id` its number, `data` a Status",
            "parameters": [
                SESSION_ID,
                {"name": "Last-Event-ID", "in": "header", "schema": {"type": "integer"}},
                {"name": "last_event_id", "in": "query", "schema": {"type": "integer"}},
            ],
            "responses": {
                "200": {
                    "description": "What was told after that number, then what comes, up to the end",
                    "content": {"text/event-stream": {"schema": {"type": "string"}}},
                },
                "204": {"description": "The end was told already"},
                "429": ERROR,
                "default": ERROR,
            },
        }
    },
    "/transcriptions/{note_id}/recognise": {
        "post": {
            "summary": "Have the part of a recording that has no text recognised",
            "parameters": [
                {"name": "note_id", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1}}
            ],
            "responses": {"202": _json("Queued", "Ticket"), "409": ERROR, "default": ERROR},
        }
    },
}
