"""One folder, one owner: whoever looks into a new folder, or asks for one that is there, changes nothing of it."""

import threading

import pytest

from aws_services import session_folder
from aws_services.session_folder import SessionFolder
from models.errors import InvalidSessionState


def test_a_new_folder_is_its_makers_although_another_process_looks_into_it(tmp_path, monkeypatch):
    """Recovery looks into every folder, also in the moment between its making and its lock."""
    other = SessionFolder(tmp_path, "one")
    has_claimed, has_gone = threading.Event(), threading.Event()

    def go():
        other.release()
        has_gone.set()

    def look_into_it(_folder):
        if (tmp_path / "one").exists() and not has_claimed.is_set():
            assert other.claim()
            has_claimed.set()
            threading.Timer(0.1, go).start()

    monkeypatch.setattr(session_folder, "sync_folder", look_into_it)
    maker = SessionFolder(tmp_path, "one")
    maker.create(floor_mb=0)
    assert has_claimed.is_set()
    assert has_gone.wait(20)
    assert not SessionFolder(tmp_path, "one").claim()
    maker.release()


def test_a_start_with_the_id_of_another_workers_dictation_does_not_touch_its_journal(on_hub):
    """That worker may be in the middle of a line."""

    def body(d):
        (d.folder / "one").mkdir()
        journal = d.folder / "one" / "journal.jsonl"
        journal.write_bytes(b'{"event":"start"}\n{"half a line')
        with pytest.raises(InvalidSessionState):
            d.start()
        assert journal.read_bytes() == b'{"event":"start"}\n{"half a line'
        assert d.manager.get_active_count() == 0

    on_hub(body)
