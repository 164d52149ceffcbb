"""The pages people see. Their words are in templates/, their content comes over REST and the socket."""

from typing import Any

from flask import Blueprint, Flask, render_template
from flask.typing import ResponseReturnValue

from models.session import SPECIALTIES
from models.upload import KINDS_IN_WORDS, rejected
from utils.config import Settings
from web.note_access import own_note

MEDICAL_RECOGNISERS = frozenset({"Amazon Transcribe Medical"})
"""Those made for medical speech. The offline default is not one"""

pages = Blueprint("pages", __name__)


def register_pages(app: Flask, settings: Settings, recogniser_name: str) -> None:
    """The pages, and what every template may use."""
    fixed: dict[str, Any] = {
        "recogniser": recogniser_name,
        "recogniser_is_medical": recogniser_name in MEDICAL_RECOGNISERS,
        "offers_conversation": settings.audio_type == "CONVERSATION"
        or (settings.recogniser == "aws" and settings.show_speaker_labels),
        "default_audio_type": settings.audio_type,
        "specialties": list(SPECIALTIES),
        "default_specialty": settings.specialty,
        "limits": {
            "max_recording_seconds": settings.max_recording_seconds,
            "max_session_seconds": settings.max_session_seconds,
            "max_chunk_bytes": settings.max_chunk_bytes,
            "idle_timeout_seconds": settings.idle_timeout_seconds,
            "session_idle_minutes": settings.session_idle_minutes,
            "max_upload_mb": settings.max_upload_mb,
            "max_upload_seconds": settings.max_upload_seconds,
        },
        "upload_kinds": KINDS_IN_WORDS,
        "upload_too_large": rejected("too_large", settings.max_upload_mb).text,
    }
    app.context_processor(lambda: fixed)
    app.register_blueprint(pages)


@pages.get("/")
def dictation() -> ResponseReturnValue:
    """Where people dictate."""
    return render_template("dictation.html")


@pages.get("/upload")
def upload() -> ResponseReturnValue:
    """Where people send recordings made elsewhere."""
    return render_template("upload.html")


@pages.get("/notes")
def notes() -> ResponseReturnValue:
    """The list of notes."""
    return render_template("notes.html")


@pages.get("/notes/<note:note_id>")
def note(note_id: int) -> ResponseReturnValue:
    """One note."""
    own_note(note_id)
    return render_template("note.html", note_id=note_id)
