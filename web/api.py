"""REST for notes, under /api/v1 and /v1. Errors are the object of PROTOCOL 3 on every route."""

import base64
import os
from typing import BinaryIO

from flask import Blueprint, Response, current_app, jsonify, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.wsgi import wrap_file

from models.errors import InvalidSessionState, ValidationFailed
from models.keeping_errors import RecordingNotFound
from models.note import Note
from web.login import public, visitor
from web.note_access import own_note
from web.note_shapes import EXPORTS, file_name, item_shape, note_shape
from web.openapi import DOCUMENT
from web.parts import parts
from web.secret_key import browser_key

DEFAULT_PAGE_SIZE = 20
LONGEST_SEARCH = 200
"""Characters"""
LINK_SECONDS = 300
"""How long a presigned address of a recording works"""
AUDIO_TYPE = "audio/mpeg"
DISPENSABLE = frozenset({"redis"})
"""Without these dictations go on as ever: no process may be taken out of service for them"""

api = Blueprint("api", __name__)


@api.get("/openapi.json")
@public
def openapi() -> ResponseReturnValue:
    """This interface, for machines."""
    return jsonify(DOCUMENT)


@api.get("/health")
@public
def health() -> ResponseReturnValue:
    """The process answers."""
    return {"status": "alive", "active_sessions": parts().active_sessions()}


@api.get("/ready")
@public
def ready() -> ResponseReturnValue:
    """Whether dictations can start here; what is down is named. `degraded` can do without what is down."""
    found = {name: check() for name, check in parts().readiness.items()}
    down = sorted(name for name, problem in found.items() if problem is not None)
    checks = {name: problem or "ok" for name, problem in found.items()}
    is_ready = DISPENSABLE.issuperset(down)
    status = "ready" if not down else "degraded" if is_ready else "not ready"
    return {"status": status, "down": down, "checks": checks}, 200 if is_ready else 503


@api.get("/browser-key")
def own_browser_key() -> ResponseReturnValue:
    """The key under which the page keeps unsent audio on this computer, for the signed-in user."""
    key = browser_key(str(current_app.secret_key), visitor().user_id)
    return {"key": base64.b64encode(key).decode()}


@api.get("/transcriptions")
def transcriptions() -> ResponseReturnValue:
    """One page of one's own notes, or of everybody's for an admin."""
    who, asked = visitor(), request.args
    words = asked.get("q")
    if words is not None and len(words) > LONGEST_SEARCH:
        raise ValidationFailed(f"q: search for at most {LONGEST_SEARCH} characters.")
    page, page_size = _number("page", 1), _number("page_size", DEFAULT_PAGE_SIZE)
    status = asked.get("status") or None
    found = parts().notes.page(None if who.is_admin else who.user_id, page, page_size, status=status, q=words)
    if who.is_admin:
        parts().audit.record("all_notes_listed", who.user_id, address=request.remote_addr)
    items = [item_shape(item) for item in found.items]
    return {"items": items, "page": found.page, "page_size": found.page_size, "total": found.total}


@api.get("/transcriptions/<note:note_id>")
def transcription(note_id: int) -> ResponseReturnValue:
    """One note with its text, segments and words."""
    return note_shape(own_note(note_id, "note_viewed"))


@api.get("/transcriptions/<note:note_id>/audio")
def audio(note_id: int) -> ResponseReturnValue:
    """The recording, whole or in parts, or the way to it."""
    note = own_note(note_id, "recording_downloaded" if request.args.get("download") else "recording_played")
    key, name = _stored_key(note), file_name(note, "mp3")
    link = parts().store.link(key, LINK_SECONDS, name)
    if link is not None:
        return redirect(link)
    return _recording(parts().store.open(key), key, name)


@api.get("/transcriptions/<note:note_id>/export")
def export(note_id: int) -> ResponseReturnValue:
    """The note as a file."""
    wanted = request.args.get("format", "txt")
    if wanted not in EXPORTS:
        raise ValidationFailed(f"format: one of {', '.join(EXPORTS)}.")
    note = own_note(note_id, "note_exported")
    content_type, make = EXPORTS[wanted]
    response = Response(make(note), content_type=content_type)
    response.headers.set("Content-Disposition", "attachment", filename=file_name(note, wanted))
    return response


def _number(name: str, default: int) -> int:
    given = request.args.get(name)
    if given is None:
        return default
    if not (given.isascii() and given.isdigit() and len(given) < 10):
        raise ValidationFailed(f"{name}: a whole number from 1.")
    return int(given)


def _stored_key(note: Note) -> str:
    if note.audio_status == "PENDING":
        raise InvalidSessionState(
            "The recording is still being stored. It is safe; try again in a moment.", retry_after=5
        )
    if note.audio_status != "STORED" or note.audio_s3_key is None:
        raise RecordingNotFound("The recording of this note could not be stored. The text is not affected.")
    return note.audio_s3_key


def _recording(file: BinaryIO, key: str, name: str) -> Response:
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    response = Response(wrap_file(request.environ, file), mimetype=AUDIO_TYPE, direct_passthrough=True)
    response.call_on_close(file.close)
    response.content_length = size
    response.set_etag(key.rpartition("_")[2].removesuffix(".mp3"))  # a recording never changes under its key
    response.headers.set("Content-Disposition", "attachment", filename=name)
    try:
        response.make_conditional(request.environ, accept_ranges=True, complete_length=size)
    except RequestedRangeNotSatisfiable:
        file.close()
        raise
    return response
