"""Whose note it is: checked before anything of it is shown, and written down either way."""

from flask import request
from werkzeug.routing import IntegerConverter

from models.errors import NotFound
from models.note import Note
from web.login import visitor
from web.parts import parts


class NoteId(IntegerConverter):
    """`<note:note_id>` in a route: a number that a row can have. Every other address is not found."""

    regex = r"[1-9][0-9]{0,8}"


def own_note(transcription_id: int, event: str | None = None) -> Note:
    """The note, for its owner or an admin, with an audit line `event` when one is given.

    Raises NotFound, after a line of its own, for a missing note and for someone else's: neither the answer nor the time
    it takes tells them apart.
    """
    who = visitor()
    try:
        note = parts().notes.owned_note(transcription_id, who.user_id, who.is_admin)
    except NotFound:
        _write_down("note_denied", transcription_id, "denied")
        raise
    if event is not None:
        _write_down(event, transcription_id, "ok")
    return note


def _write_down(event: str, transcription_id: int, outcome: str) -> None:
    parts().audit.record(event, visitor().user_id, str(transcription_id), request.remote_addr, outcome)
