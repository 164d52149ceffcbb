"""The folder of one dictation in the spool."""

import shutil

from aws_services.journal import JOURNAL_NAME
from aws_services.session_folder import SessionFolder


def test_a_folder_that_is_being_removed_is_not_taken_for_a_dictation_without_sound(tmp_path, monkeypatch):
    folder = SessionFolder(tmp_path, "one")
    folder.create(floor_mb=0)
    for name in (JOURNAL_NAME, "audio.pcm"):
        (folder.path / name).write_bytes(b"kept elsewhere by now")
    monkeypatch.setattr(shutil, "rmtree", lambda *_, **__: None)  # killed before it got far
    folder.remove()
    assert not (folder.path / JOURNAL_NAME).exists()
    assert (folder.path / "audio.pcm").exists()
