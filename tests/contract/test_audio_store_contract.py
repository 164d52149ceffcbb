"""What every store of recordings promises, in a folder and in S3."""

import hashlib
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from models.keeping_errors import RecordingExists, RecordingNotFound
from models.ports import AudioStore, StoredRecording
from models.recording_key import recording_key

SOUND = b"\xff\xfb" + bytes(range(256)) * 1000


def new_key() -> str:
    return recording_key("user-1", datetime(2026, 11, 20, 9, 30, tzinfo=UTC), uuid.uuid4())


@pytest.fixture
def key() -> str:
    return new_key()


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return file_of(tmp_path, SOUND)


def file_of(folder: Path, content: bytes) -> Path:
    file = folder / f"{uuid.uuid4()}.mp3"
    file.write_bytes(content)
    return file


def content_of(store: AudioStore, key: str) -> bytes:
    with store.open(key) as file:
        return file.read()


def test_a_stored_recording_comes_back_byte_for_byte(store: AudioStore, key: str, recording: Path) -> None:
    stored = store.put(key, recording)
    assert stored == StoredRecording(key, len(SOUND), hashlib.sha256(SOUND).hexdigest())
    assert store.stat(key) == stored
    assert content_of(store, key) == SOUND
    assert recording.read_bytes() == SOUND


def test_a_recording_can_be_read_in_pieces(store: AudioStore, key: str, recording: Path) -> None:
    store.put(key, recording)
    with store.open(key) as file:
        assert b"".join(iter(lambda: file.read(1000), b"")) == SOUND


def test_storing_the_same_recording_again_is_success(store: AudioStore, key: str, recording: Path) -> None:
    assert store.put(key, recording) == store.put(key, recording)


def test_nothing_is_ever_overwritten(store: AudioStore, key: str, recording: Path, tmp_path: Path) -> None:
    store.put(key, recording)
    for other in (b"other", b"", SOUND[:-1] + b"\x00"):
        with pytest.raises(RecordingExists):
            store.put(key, file_of(tmp_path, other))
    assert content_of(store, key) == SOUND


def test_of_two_recordings_that_want_one_key_at_once_exactly_one_wins(
    store: AudioStore, key: str, tmp_path: Path
) -> None:
    sources = [file_of(tmp_path, bytes([number]) * 50_000) for number in range(6)]

    def put(source: Path) -> Path | None:
        try:
            store.put(key, source)
        except RecordingExists:
            return None
        return source

    with ThreadPoolExecutor(6) as workers:
        winners = [source for source in workers.map(put, sources) if source]
    assert len(winners) == 1
    assert content_of(store, key) == winners[0].read_bytes()


def test_the_same_recording_put_many_times_at_once_is_stored_once(store: AudioStore, key: str, recording: Path) -> None:
    with ThreadPoolExecutor(6) as workers:
        results = set(workers.map(lambda _: store.put(key, recording), range(12)))
    assert results == {store.stat(key)}


def test_recordings_do_not_mix(store: AudioStore, tmp_path: Path) -> None:
    kept = {new_key(): f"recording {number}".encode() for number in range(5)}
    for each, content in kept.items():
        store.put(each, file_of(tmp_path, content))
    assert {each: content_of(store, each) for each in kept} == kept


def test_a_recording_that_was_never_stored_is_not_found(store: AudioStore, key: str) -> None:
    for call in (store.stat, store.open):
        with pytest.raises(RecordingNotFound):
            call(key)


def test_a_deleted_recording_is_gone_and_deleting_it_again_is_success(
    store: AudioStore, key: str, recording: Path
) -> None:
    store.put(key, recording)
    store.delete(key)
    store.delete(key)
    with pytest.raises(RecordingNotFound):
        store.stat(key)


@pytest.mark.parametrize(
    "crooked",
    ["", "x.mp3", "audio/../../etc/passwd", "/etc/passwd", "audio/u/x.mp3", "AUDIO/" + "a" * 32, "audio/\x00.mp3"],
)
def test_a_key_of_any_other_shape_is_refused(store: AudioStore, recording: Path, crooked: str) -> None:
    for bad in (crooked, new_key() + "\n", new_key() + "/", "./" + new_key(), new_key().upper()):
        for call in (
            lambda bad=bad: store.put(bad, recording),
            lambda bad=bad: store.stat(bad),
            lambda bad=bad: store.open(bad),
            lambda bad=bad: store.link(bad, 60, "x.mp3"),
            lambda bad=bad: store.delete(bad),
        ):
            with pytest.raises(ValueError, match="Not a recording key"):
                call()
