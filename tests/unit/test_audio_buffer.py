"""The audio buffer takes whole samples, in order, once, up to its limit, and gives them back as they were."""

import pytest

from aws_services.audio_buffer import MAX_UNSYNCED_BYTES, AudioBuffer
from models.errors import AudioGap, BufferOverflow, InvalidAudioFormat, TooFast


class StalledSpool:
    """A disk that takes nothing."""

    def append(self, file, offset, block, urgent):
        pass

    def finish(self, file):
        pass


@pytest.fixture
def buffer(tmp_path):
    return AudioBuffer(16000, max_duration_seconds=1, folder=tmp_path)


def pcm_of(buffer):
    return (buffer.folder / "audio.pcm").read_bytes()


def test_chunks_are_kept_as_they_were(buffer):
    assert buffer.append(b"abcd") == b"abcd"
    assert buffer.append(b"ef", offset=4) == b"ef"
    assert pcm_of(buffer) == b"abcdef"
    assert buffer.received_bytes == 6


def test_a_chunk_sent_again_changes_nothing(buffer):
    buffer.append(b"abcd")
    assert buffer.append(b"abcd", offset=0) == b""
    assert buffer.append(b"cdef", offset=2) == b"ef"
    assert pcm_of(buffer) == b"abcdef"


def test_a_gap_is_refused_and_named(buffer):
    buffer.append(b"abcd")
    with pytest.raises(AudioGap) as refused:
        buffer.append(b"gh", offset=6)
    assert refused.value.context == {"expected_offset": 4}
    assert pcm_of(buffer) == b"abcd"


@pytest.mark.parametrize(("chunk", "offset"), [(b"abc", None), (b"ab", 1)])
def test_half_a_sample_is_refused(buffer, chunk, offset):
    with pytest.raises(InvalidAudioFormat):
        buffer.append(chunk, offset)
    assert buffer.accepted_bytes == 0


def test_at_the_longest_duration_it_takes_no_more(buffer):
    buffer.append(bytes(32_000))
    assert buffer.get_total_duration() == 1.0
    with pytest.raises(BufferOverflow):
        buffer.append(b"ab")
    assert buffer.accepted_bytes == 32_000


def test_a_disk_that_stands_still_slows_the_client_instead_of_filling_memory(tmp_path):
    buffer = AudioBuffer(16000, 3600, folder=tmp_path, spool=StalledSpool())
    with pytest.raises(TooFast):
        while buffer.accepted_bytes < 2 * MAX_UNSYNCED_BYTES:
            buffer.append(bytes(65_536))
    assert buffer.accepted_bytes <= MAX_UNSYNCED_BYTES + 65_536


def test_after_a_restart_it_goes_on_at_the_last_whole_sample(tmp_path):
    (tmp_path / "audio.pcm").write_bytes(b"abcde")
    buffer = AudioBuffer(16000, 1, folder=tmp_path)
    assert buffer.received_bytes == 4
    buffer.append(b"ef", offset=4)
    assert pcm_of(buffer) == b"abcdef"


def test_without_a_folder_it_makes_one_and_clear_removes_it():
    buffer = AudioBuffer()
    buffer.append(bytes(3200))
    assert buffer.get_total_duration() == pytest.approx(0.1)
    buffer.finish(lambda: None)
    assert buffer.finalize_to_mp3(bitrate=64).stat().st_size > 0
    buffer.clear()
    assert not buffer.folder.exists()


def test_a_dictation_without_a_sample_still_has_a_recording(buffer):
    buffer.finish(lambda: None)
    assert buffer.finalize_to_mp3().stat().st_size > 0
