"""A client comes back to its dictation after a lost socket, a pause, or to another device.

Audio counts its samples and the scripted recogniser's finals say which bytes they cover, so that what is missing or
doubled shows as a number.
"""

import os

import pytest

from tests.conftest import ASYNC_MODES
from tests.process import server_process
from tests.speaker import Speaker, sign_in, wait_until
from tests.whole import SECOND, assert_whole, rest_of, spool_of

pytestmark = [pytest.mark.integration, pytest.mark.faults]


@pytest.fixture(params=ASYNC_MODES)
def server(request, tmp_path):
    with server_process(tmp_path, async_mode=request.param, recogniser="scripted", scripted_final_every=4) as running:
        yield running


def test_f22_a_lost_socket_is_resumed_on_the_same_row_with_nothing_twice(server):
    pcm = os.urandom(6 * SECOND)
    first = Speaker(server.url)
    first.start()
    first.say(pcm[: 3 * SECOND])
    first.wait_until_kept(1)
    first.leave()
    second = Speaker(server.url, http=first.http)
    ack = second.resume(first)
    assert (ack["epoch"], ack["resumed"]) == (2, True)
    assert ack["received_bytes"] <= 3 * SECOND
    second.say(rest_of(pcm, second))
    second.wait_until_kept(6 * SECOND)
    assert (spool_of(server, second) / "audio.pcm").read_bytes() == pcm
    second.end()
    assert_whole(second.note(), 6.0)
    known = [final["segment_id"] for final in first.finals]
    known += [s["segment_id"] for s in ack["segments"] if s["segment_id"] not in known]
    known += [final["segment_id"] for final in second.finals if final["segment_id"] not in known]
    assert known == [segment["segment_id"] for segment in second.note()["segments"]]
    second.close()


def test_f39_another_device_takes_over_and_the_former_one_is_told_and_takes_no_more(server):
    pcm = os.urandom(4 * SECOND)
    first = Speaker(server.url)
    first.start()
    first.say(pcm[:SECOND])
    first.wait_until_kept(SECOND)
    second = Speaker(server.url)
    assert second.resume(first)["epoch"] == 2
    assert first.wait_for("error")["error_code"] == "SESSION_SUPERSEDED"
    assert first.hung_up.wait(5)
    second.say(rest_of(pcm, second))
    assert second.end()["total_duration"] == 4.0
    assert_whole(second.note(), 4.0)
    second.close()


def test_f39_a_dictation_that_is_taken_over_before_its_first_word_goes_on(server):
    first = Speaker(server.url)
    first.start()
    second = Speaker(server.url)
    assert second.resume(first)["epoch"] == 2
    assert first.wait_for("error")["error_code"] == "SESSION_SUPERSEDED"
    assert first.hung_up.wait(5)
    second.say(bytes(2 * SECOND))
    assert second.end()["total_duration"] == 2.0
    assert_whole(second.note(), 2.0)
    second.close()


def test_who_comes_back_after_the_end_is_told_what_became_of_it_and_goes_on_in_a_linked_one(server):
    first = Speaker(server.url)
    first.start()
    first.say(bytes(2 * SECOND))
    receipt = first.end()
    second = Speaker(server.url, http=first.http)
    answer = second.resume(first)
    assert answer["error_code"] == "INVALID_SESSION_STATE"
    assert answer["context"]["finished"] is True
    assert answer["context"]["transcription_id"] == receipt["transcription_id"]
    assert answer["context"]["received_bytes"] == 2 * SECOND
    third = Speaker(server.url, http=first.http)
    assert third.start(continues=first.session_id)["type"] == "session_ack"
    third.say(bytes(SECOND))
    third.end()
    for speaker in (second, third):
        speaker.leave()
    first.close()


def test_a_wrong_token_or_another_user_cannot_come_in_and_sees_no_difference(server):
    first = Speaker(server.url)
    first.start()
    first.say(bytes(SECOND))
    server.add_user("ben@clinic.example")
    intruder = Speaker(server.url, http=sign_in(server.url, "ben@clinic.example"))
    stolen = intruder.resume(first)
    guesser = Speaker(server.url, http=first.http)
    guessed = guesser.resume(first, resume_token="x" * 43)
    unknown = Speaker(server.url, http=first.http)
    missing = unknown.start(resume_token="x" * 43)
    answers = [{k: a[k] for k in ("error_code", "message", "recoverable")} for a in (stolen, guessed, missing)]
    assert answers[0] == answers[1] == answers[2]
    assert answers[0]["error_code"] == "INVALID_SESSION_STATE"
    assert first.end()["total_duration"] == 1.0
    for speaker in (intruder, unknown, first):
        speaker.leave()


def test_f16_a_pause_is_told_loses_nothing_and_the_first_word_after_it_is_there(tmp_path):
    limits = {"idle_timeout_seconds": 1, "cleanup_interval_seconds": 0.1}
    with server_process(tmp_path, recogniser="scripted", scripted_final_every=4, **limits) as server:
        speaker = Speaker(server.url)
        speaker.start()
        speaker.say(bytes(2 * SECOND + 8000))
        speaker.send("session_pause", {"session_id": speaker.session_id})
        assert speaker.wait_for("session_state")["state"] == "paused"
        wait_until(lambda: len(speaker.finals) == 3)  # what was open is settled at once
        assert not speaker.hung_up.wait(2.5), "a pause is not idleness"
        speaker.send("session_resume", {"session_id": speaker.session_id})
        assert speaker.wait_for("session_state", state="active")["recogniser_state"] == "live"
        speaker.say(bytes(2 * SECOND - 8000))
        assert speaker.end()["total_duration"] == 4.0
        assert_whole(speaker.note(), 4.0)
        speaker.close()


def test_f23_the_backlog_of_an_interruption_is_taken_at_once(tmp_path):
    """Beyond the burst, as much more may come as could not be sent meanwhile."""
    with server_process(tmp_path, recogniser="scripted", audio_burst_seconds=1, max_audio_speed=1) as server:
        first = Speaker(server.url)
        first.start()
        first.say(bytes(SECOND // 2))
        first.wait_until_kept(SECOND // 2)
        first.leave()
        wait_until(lambda: b"client_lost" in server.log.read_bytes())
        began = os.times().elapsed
        wait_until(lambda: os.times().elapsed - began > 3)
        second = Speaker(server.url, http=first.http)
        second.resume(first)
        second.say(bytes(3 * SECOND))
        second.wait_until_kept(3 * SECOND)
        assert not [m for m in second.told if m["type"] == "error"]
        second.close()
