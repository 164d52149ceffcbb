"""A key that is taken already: by an earlier try whose answer was lost, or by something else."""

import uuid
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aws_services.store_once import store_once
from local_services.file_audio_store import FileAudioStore
from models.keeping_errors import RecordingExists
from models.notices import SessionComplete
from models.recording_key import recording_key
from tests.live_manager import SECOND, Dictations
from utils.runtime import Runtime

KEY = recording_key("user-1", datetime(2026, 11, 20, tzinfo=UTC), uuid.uuid4())
HALF_A_MINUTE = 240_000
"""Bytes at 64 kbit/s"""


@pytest.fixture
def store(tmp_path: Path) -> FileAudioStore:
    return FileAudioStore(tmp_path / "recordings")


def mp3_of(folder: Path, size: int, filling: bytes = b"a") -> Path:
    file = folder / "recording.mp3"
    file.write_bytes(filling * size)
    return file


def test_the_same_sound_from_another_encoder_counts_as_stored(store: FileAudioStore, tmp_path: Path) -> None:
    earlier = store_once(store, KEY, mp3_of(tmp_path, HALF_A_MINUTE))
    assert store_once(store, KEY, mp3_of(tmp_path, HALF_A_MINUTE + 300, b"b")) == earlier
    assert store.stat(KEY) == earlier


@pytest.mark.parametrize("other", [0, HALF_A_MINUTE // 2, 2 * HALF_A_MINUTE])
def test_what_is_shorter_or_longer_is_never_taken_for_it(store: FileAudioStore, tmp_path: Path, other: int) -> None:
    store.put(KEY, mp3_of(tmp_path, other, b"b"))
    with pytest.raises(RecordingExists):
        store_once(store, KEY, mp3_of(tmp_path, HALF_A_MINUTE))
    assert store.stat(KEY).size_bytes == other


def test_a_dictation_whose_key_holds_something_else_keeps_its_sound_and_says_so(
    runtime: Runtime, store: FileAudioStore, tmp_path: Path
) -> None:
    spool = tmp_path / "spool"
    spool.mkdir()
    d = Dictations(runtime, spool, store=store)

    def body() -> None:
        d.start()
        d.say(5)
        store.put(d.manager.get_session("one").audio_key, mp3_of(tmp_path, 100))
        d.end()
        d.wait_until(lambda: d.clients.of(SessionComplete) and not d.manager._endings)

    try:
        runtime.on_hub(body)()
    finally:
        d.close()
    assert d.clients.of(SessionComplete)[-1].audio_status == "FAILED"
    assert d.rows.failed_recordings == ["one"]
    assert (spool / "one" / "audio.pcm").stat().st_size == 5 * SECOND
