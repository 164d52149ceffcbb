"""What a folder of recordings promises beyond the contract: who can read it, and what a crash leaves."""

import errno
import os
import uuid
from datetime import UTC, datetime
from pathlib import Path

import pytest

from local_services.file_audio_store import FileAudioStore
from models.keeping_errors import RecordingNotFound, StorageFull, StoreUnavailable
from models.recording_key import recording_key

KEY = recording_key("user-1", datetime(2026, 11, 20, tzinfo=UTC), uuid.uuid4())


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "instance" / "recordings"


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    file = tmp_path / "recording.mp3"
    file.write_bytes(b"sound" * 1000)
    return file


def test_only_their_owner_can_read_recordings(root: Path, recording: Path) -> None:
    root.parent.mkdir(mode=0o700)
    FileAudioStore(root).put(KEY, recording)
    modes = {path.relative_to(root).as_posix(): path.stat().st_mode & 0o777 for path in (root, *root.rglob("*"))}
    assert modes.pop(KEY) == 0o600
    assert set(modes.values()) == {0o700}


def test_what_a_crash_left_half_written_never_looks_like_a_recording(root: Path, recording: Path) -> None:
    store = FileAudioStore(root)
    final = root / KEY
    final.parent.mkdir(parents=True)
    left_over = final.with_name(f".{final.name}.x7k2")
    left_over.write_bytes(b"sou")
    with pytest.raises(RecordingNotFound):
        store.stat(KEY)
    store.put(KEY, recording)
    assert [path.name for path in final.parent.iterdir()] == [final.name]


@pytest.mark.parametrize(
    ("fault", "told"), [(errno.ENOSPC, StorageFull), (errno.EDQUOT, StorageFull), (errno.EIO, StoreUnavailable)]
)
def test_a_disk_that_fails_leaves_nothing_and_can_be_tried_again(
    root: Path, recording: Path, monkeypatch: pytest.MonkeyPatch, fault: int, told: type[Exception]
) -> None:
    store = FileAudioStore(root)

    def broken_link(*_: object) -> None:
        raise OSError(fault, "no words of the system", str(root))

    with monkeypatch.context() as broken:
        broken.setattr(os, "link", broken_link)
        with pytest.raises(told) as failure:
            store.put(KEY, recording)
    assert str(root) not in str(failure.value)
    assert list((root / KEY).parent.iterdir()) == []
    assert store.put(KEY, recording) == store.stat(KEY)


def test_a_flipped_byte_is_seen(root: Path, recording: Path) -> None:
    store = FileAudioStore(root)
    stored = store.put(KEY, recording)
    (root / KEY).write_bytes(b"Sound" + b"sound" * 999)
    assert store.stat(KEY).sha256 != stored.sha256


def test_the_program_itself_serves_the_folder(root: Path) -> None:
    assert FileAudioStore(root).link(KEY, 300, "dictation.mp3") is None
