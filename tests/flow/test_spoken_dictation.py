"""Real speech through a real server process and PocketSphinx, by a real Socket.IO client, in both async modes."""

import time

import pytest

from tests.process import server_process
from tests.speaker import Speaker
from tests.speech.hearing import RATE, as_pcm, recorded, spoken_text
from tests.speech.wer import word_error_rate

pytestmark = [pytest.mark.integration, pytest.mark.speech]

CHUNK_SECONDS = 0.25


@pytest.mark.parametrize("async_mode", ["eventlet", "threading"])
def test_three_dictated_sentences_are_read_while_they_are_spoken_and_kept(async_mode, tmp_path):
    pcm = as_pcm(recorded())
    seconds = len(pcm) / 2 / RATE
    with server_process(tmp_path, async_mode=async_mode, recogniser="pocketsphinx") as server:
        speaker = Speaker(server.url)
        speaker.start()
        began = time.monotonic()
        speaker.say(pcm, chunk_bytes=8000, seconds_a_chunk=CHUNK_SECONDS)
        first_partial_before_the_end = bool(speaker.partials)
        finals_before_the_end = len(speaker.finals)
        receipt = speaker.end()
        took = time.monotonic() - began
        note = speaker.note()
        speaker.close()
    assert first_partial_before_the_end
    assert finals_before_the_end >= 2
    assert took < seconds + 8
    assert (note["status"], note["audio_status"], note["recogniser"]) == ("COMPLETED", "STORED", "pocketsphinx")
    assert receipt["total_duration"] == pytest.approx(seconds, abs=0.001)
    assert word_error_rate(spoken_text(), note["transcript_text"]) <= 0.3
    assert [segment["segment_index"] for segment in note["segments"]] == list(range(len(note["segments"])))
    for segment in note["segments"]:
        assert 0 <= segment["start_time"] < segment["end_time"] <= seconds + 0.1
        assert segment["words"]
