"""The server dies by kill -9 while somebody dictates, and comes back.

Audio counts its samples and the scripted recogniser's finals say which bytes they cover, so that what is missing or
doubled shows as a number. KILL_SEEDS says how many dictations are killed at random instants.
"""

import os
import random
import subprocess
import time

import pytest

from aws_services.mp3 import ffmpeg
from tests.conftest import ASYNC_MODES
from tests.process import server_process
from tests.speaker import Speaker, sign_in, wait_until
from tests.whole import SECOND, assert_whole, covers_once, rest_of, spool_of

pytestmark = [pytest.mark.integration, pytest.mark.faults]

KILL_SEEDS = int(os.environ.get("KILL_SEEDS", "20"))
KILLED_STARTS = 0.15
"""Part of the dictations whose start a kill meets, too"""


@pytest.fixture(params=ASYNC_MODES)
def server(request, tmp_path):
    with server_process(tmp_path, async_mode=request.param, recogniser="scripted", scripted_final_every=4) as running:
        yield running


def test_f01_a_killed_server_is_restarted_and_the_dictation_goes_on(server):
    pcm = os.urandom(6 * SECOND)
    first = Speaker(server.url)
    first.start()
    first.say(pcm[: 3 * SECOND])
    first.wait_until_kept(2 * SECOND)
    kept, told = first.kept_bytes, [final["segment_id"] for final in first.finals]
    server.kill()
    server.start()
    second = Speaker(server.url)
    ack = second.resume(first)
    assert ack["received_bytes"] >= kept
    second.say(rest_of(pcm, second))
    second.wait_until_kept(6 * SECOND)
    assert (spool_of(server, second) / "audio.pcm").read_bytes() == pcm
    second.end()
    note = second.note()
    assert_whole(note, 6.0)
    assert [segment["segment_id"] for segment in note["segments"]][: len(told)] == told
    second.close()


def started(server, chance):
    """Somebody who may speak. A server killed before it answered is asked for another session, as the page does it."""
    speaker = Speaker(server.url)
    if chance.random() < KILLED_STARTS:
        speaker.send("session_start", speaker.start_message())
        time.sleep(chance.uniform(0, 0.05))
        server.kill()
        server.start()
        speaker.leave()
        speaker = Speaker(server.url)
    assert speaker.start()["type"] == "session_ack"
    return speaker


def told_to(speakers):
    """(segment id, text) of every final that they were told, by its index; told twice it must be the same."""
    told = {}
    for speaker in speakers:
        missed = [final for message in speaker.told for final in message.get("segments", ())]
        for final in [*missed, *speaker.finals]:
            words = (final["segment_id"], final["text"])
            assert told.setdefault(final["segment_index"], words) == words
    return told


@pytest.mark.parametrize("seed", range(KILL_SEEDS))
def test_f01_killed_at_random_instants_nothing_is_lost_and_nothing_doubled(seed, tmp_path):
    """Up to three kills a dictation, or four; the seed is in the test's name."""
    chance = random.Random(seed)
    pcm = chance.randbytes(8 * SECOND)
    mode = chance.choice(ASYNC_MODES)
    with server_process(tmp_path, async_mode=mode, recogniser="scripted", scripted_final_every=4) as server:
        speakers = [started(server, chance)]
        for _ in range(chance.randint(1, 3)):
            former = speakers[-1]
            former.say(rest_of(pcm, former)[: chance.randrange(0, 3 * SECOND, 2)], chunk_bytes=4000)
            if chance.random() < 0.5:
                former.wait_until_kept(former._sent_bytes)
            server.kill()
            server.start()
            speakers.append(Speaker(server.url))
            ack = speakers[-1].resume(former)
            assert ack["type"] == "session_ack", "what was told to be started is there"
            assert ack["received_bytes"] >= former.kept_bytes
        speaker = speakers[-1]
        speaker.say(rest_of(pcm, speaker))
        speaker.wait_until_kept(len(pcm))
        assert (spool_of(server, speaker) / "audio.pcm").read_bytes() == pcm
        assert speaker.end()["type"] == "session_complete"
        note = speaker.note()
        assert_whole(note, 8.0)
        kept = {segment["segment_index"]: (segment["segment_id"], segment["text"]) for segment in note["segments"]}
        assert told_to(speakers).items() <= kept.items()
        wait_until(lambda: told_to(speakers) == kept)
        for one in speakers:
            one.leave()


def test_f02_after_a_kill_nobody_comes_back_and_all_that_was_accepted_is_recognised_and_stored(tmp_path):
    limits = {"idle_timeout_seconds": 3, "cleanup_interval_seconds": 0.2}
    with server_process(tmp_path, recogniser="scripted", scripted_final_every=4, **limits) as server:
        speaker = Speaker(server.url)
        speaker.start()
        speaker.say(bytes(5 * SECOND))
        speaker.wait_until_kept(5 * SECOND)
        server.kill()
        server.start()
        wait_until(lambda: not spool_of(server, speaker).exists())
        speaker.http = sign_in(server.url)
        note = speaker.note()
        assert (note["status"], note["failure_code"], note["audio_status"]) == ("FAILED", "SESSION_TIMEOUT", "STORED")
        assert note["audio_duration_seconds"] == 5.0
        assert covers_once(note, 5.0)
        speaker.close()


def test_a_server_killed_between_the_end_and_the_receipt_finishes_at_its_next_start(tmp_path):
    """P15 and I4: the store is away when the dictation ends, the server is killed, and everything comes right later."""
    with server_process(tmp_path, recogniser="scripted", scripted_final_every=4) as server:
        recordings = server.folder / "instance" / "recordings"
        speaker = Speaker(server.url)
        speaker.start()
        speaker.say(bytes(3 * SECOND))
        recordings.rmdir()
        recordings.write_text("in the way")
        receipt = speaker.end()
        assert receipt["audio_status"] == "PENDING"
        server.kill()
        recordings.unlink()
        server.start()
        wait_until(lambda: not spool_of(server, speaker).exists())
        speaker.http = sign_in(server.url)
        assert_whole(speaker.note(), 3.0)
        audio = speaker.http.get(f"{server.url}/api/v1/transcriptions/{receipt['transcription_id']}/audio", timeout=10)
        command = [ffmpeg(), "-v", "error", "-i", "-", "-f", "s16le", "-ac", "1", "-ar", "16000", "-"]
        decoded = subprocess.run(command, input=audio.content, capture_output=True, check=True).stdout
        assert len(decoded) / SECOND == pytest.approx(3.0, abs=0.1)
        speaker.close()
