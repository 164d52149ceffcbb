"""F05, F40, F46, F47: a server that ends, or dies, under many speakers, more of them than places, and one account."""

import contextlib
import random
import threading
import time

import pytest
from socketio.exceptions import SocketIOError

from tests.process import ServerProcess, server_process
from tests.speaker import Speaker, sign_in, wait_until
from tests.whole import assert_whole, rest_of, spool_of

pytestmark = [pytest.mark.integration, pytest.mark.faults]

SECOND = 32_000
TALKING = 20
GRACE_SECONDS = 10.0
RETURNING = 50
BACK_WITHIN_SECONDS = 30.0


class TaggedServer(ServerProcess):
    """Its recogniser says what it hears."""

    program = ("-m", "tests.faults.tagged_program")


@pytest.fixture
def tagged(tmp_path):
    server = TaggedServer(tmp_path, recogniser="scripted", scripted_final_every=4)
    server.start()
    server.add_user()
    yield server
    server.stop()


def all_at_once(work, workers):
    """work(worker) for all of them, each in its own thread."""
    failures = []

    def run(worker):
        try:
            work(worker)
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(worker,)) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for failure in failures:
        raise failure


def test_f40_two_devices_of_one_account_and_a_stranger_speak_at_once_and_no_word_is_crossed(tagged):
    tagged.add_user("ben@clinic.example")
    speakers = {
        bytes([1]): Speaker(tagged.url),
        bytes([2]): Speaker(tagged.url),
        bytes([3]): Speaker(tagged.url, http=sign_in(tagged.url, "ben@clinic.example")),
    }

    def dictate(tag):
        speaker = speakers[tag]
        assert speaker.start()["type"] == "session_ack"
        speaker.say(tag * (8 * SECOND), seconds_a_chunk=0.02)
        assert speaker.end()["total_duration"] == 8.0

    all_at_once(dictate, speakers)
    for tag, speaker in speakers.items():
        own = f"tag{tag[0]}"
        told = [message["text"] for message in [*speaker.finals, *speaker.partials]]
        assert {word for text in told for word in text.split()} == {own}
        assert {message["session_id"] for message in speaker.told} == {speaker.session_id}
        wait_until(lambda speaker=speaker: speaker.note()["status"] == "COMPLETED")
        assert speaker.note()["transcript_text"].split() == [own] * 32
        notes = speaker.http.get(f"{tagged.url}/api/v1/transcriptions", timeout=20).json()
        assert notes["total"] == (1 if tag == bytes([3]) else 2)
        speaker.leave()


def test_f46_when_every_place_is_taken_the_next_one_is_told_before_it_speaks_and_the_others_are_unharmed(tmp_path):
    asked = {"max_sessions_per_worker": 2, "max_sessions_per_user": 5}
    with server_process(tmp_path, recogniser="scripted", scripted_final_every=4, **asked) as server:
        http = sign_in(server.url)
        admitted = [Speaker(server.url, http=http) for _ in range(2)]
        for speaker in admitted:
            speaker.start()
            speaker.say(bytes(SECOND))
        late = [Speaker(server.url, http=http) for _ in range(3)]
        for speaker in late:
            refused = speaker.start()
            assert (refused["error_code"], refused["recoverable"]) == ("SESSION_LIMIT_EXCEEDED", True)
            assert refused["retry_after"] > 0
            assert "Nothing was recorded" in refused["message"]
        spool = server.folder / "instance" / "spool"
        assert {folder.name for folder in spool.iterdir()} == {speaker.session_id for speaker in admitted}
        for speaker in admitted:
            speaker.say(bytes(SECOND))
            assert speaker.end()["total_duration"] == 2.0
            assert speaker.note()["status"] == "COMPLETED"
        wait_until(lambda: late[0].start()["type"] == "session_ack")
        late[0].say(bytes(SECOND))
        assert late[0].end()["total_duration"] == 1.0
        for speaker in [*admitted, *late]:
            speaker.leave()


def talk_until_hung_up(speaker, pcm):
    """At five times real time."""
    with contextlib.suppress(SocketIOError):
        speaker.say(pcm, seconds_a_chunk=0.05)


def test_f05_a_server_told_to_end_while_twenty_speak_ends_in_time_and_each_of_them_goes_on(tmp_path):
    asked = {"max_sessions_per_user": TALKING, "shutdown_grace_seconds": GRACE_SECONDS}
    with server_process(tmp_path, recogniser="scripted", scripted_final_every=4, **asked) as server:
        http = sign_in(server.url)
        speakers = [Speaker(server.url, http=http) for _ in range(TALKING)]
        pcm = {speaker: random.randbytes(20 * SECOND) for speaker in speakers}
        all_at_once(Speaker.start, speakers)
        talks = [threading.Thread(target=talk_until_hung_up, args=(speaker, pcm[speaker])) for speaker in speakers]
        for talk in talks:
            talk.start()
        wait_until(lambda: all(speaker.finals for speaker in speakers))
        began = time.monotonic()
        assert server.terminate() == 0
        assert time.monotonic() - began < GRACE_SECONDS
        for talk in talks:
            talk.join()
        for speaker in speakers:
            assert speaker._sent_bytes < len(pcm[speaker]), "still talking when it ended"
            assert speaker.wait_for("server_draining")["retry_after"] > 0
        server.start()

        def go_on(former):
            speaker = Speaker(server.url, http=http)
            ack = speaker.resume(former)
            assert former.kept_bytes <= ack["received_bytes"] <= former._sent_bytes
            spoken = pcm[former][: ack["received_bytes"] + 2 * SECOND]
            speaker.say(rest_of(spoken, speaker))
            speaker.wait_until_kept(len(spoken))
            assert (spool_of(server, speaker) / "audio.pcm").read_bytes() == spoken
            assert speaker.end()["type"] == "session_complete"
            wait_until(lambda: speaker.note()["audio_status"] == "STORED")
            note = speaker.note()
            assert_whole(note, len(spoken) / SECOND)
            kept = [(segment["segment_id"], segment["text"]) for segment in note["segments"]]
            told = [(final["segment_id"], final["text"]) for final in former.finals]
            assert told == kept[: len(told)]
            speaker.leave()

        all_at_once(go_on, speakers)


def test_f47_fifty_clients_that_come_back_at_once_after_a_restart_are_all_back_in_time_with_nothing_lost(tmp_path):
    asked = {"max_sessions_per_user": RETURNING}
    with server_process(tmp_path, recogniser="scripted", scripted_final_every=4, **asked) as server:
        http = sign_in(server.url)
        before = [Speaker(server.url, http=http) for _ in range(RETURNING)]

        def begin(speaker):
            speaker.start()
            speaker.say(bytes(SECOND))
            speaker.wait_until_kept(SECOND)

        all_at_once(begin, before)
        server.kill()
        server.start()
        began, after = time.monotonic(), {}

        def come_back(former):
            after[former] = Speaker(server.url, http=http)
            assert after[former].resume(former)["received_bytes"] == SECOND

        def end(speaker):
            speaker.say(bytes(SECOND))
            assert speaker.end()["total_duration"] == 2.0
            speaker.leave()

        all_at_once(come_back, before)
        assert time.monotonic() - began < BACK_WITHIN_SECONDS
        all_at_once(end, after.values())
        wait_until(lambda: {outcome(note) for note in notes(server, http)} == {("COMPLETED", "STORED", 2.0)})
        assert {note["session_id"] for note in notes(server, http)} == {speaker.session_id for speaker in before}


def notes(server, http):
    return http.get(f"{server.url}/api/v1/transcriptions", params={"page_size": 100}, timeout=20).json()["items"]


def outcome(note):
    return note["status"], note["audio_status"], note["audio_duration_seconds"]
