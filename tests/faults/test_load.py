"""Clients that take nothing, send too much, or come back late: they cost the server little and the others nothing."""

import json
import os
import statistics
import time
from pathlib import Path

import pytest

from tests.conftest import ASYNC_MODES
from tests.process import server_process
from tests.proxy import proxy
from tests.speaker import PATIENCE_SECONDS, Speaker, sign_in, wait_until

pytestmark = [pytest.mark.integration, pytest.mark.faults]

SECOND = 32_000
MOST_GROWTH_MB = 40
SLOW_SECONDS = 1.0
"""Generous: it is milliseconds, on a machine that does nothing else"""


def journal_of(server, speaker):
    return server.folder / "instance" / "spool" / speaker.session_id / "journal.jsonl"


def rss_megabytes(server):
    status = Path(f"/proc/{server.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def test_who_comes_back_before_the_last_words_are_made_is_told_that_all_of_it_arrived(tmp_path):
    with server_process(tmp_path, recogniser="scripted", scripted_final_every=1000) as server:
        first = Speaker(server.url)
        first.start()
        first.say(bytes(20 * SECOND))
        first.wait_until_kept(20 * SECOND)
        server.kill()
        server.start()
        second = Speaker(server.url, http=first.http)
        second.resume(first)
        second.send("session_end", {"session_id": second.session_id})
        wait_until(lambda: b'"end"' in journal_of(server, second).read_bytes())
        second.leave()
        third = Speaker(server.url, http=first.http)
        answer = third.resume(second)
        assert (answer["context"]["finished"], answer["context"]["received_bytes"]) == (True, 20 * SECOND)
        wait_until(lambda: third.note()["status"] == "COMPLETED")
        assert third.note()["audio_duration_seconds"] == 20.0
        third.close()


@pytest.fixture
def line():
    """A network that the test makes thin."""
    with proxy() as opened:
        yield opened


@pytest.fixture(params=ASYNC_MODES)
def server(request, tmp_path, line):
    """A server behind that network. Its finals are rare, so its partials grow long."""
    limits = {"max_send_queue_size": 20, "slow_client_seconds": 1, "max_audio_speed": 1, "audio_burst_seconds": 5}
    origins = json.dumps([line.url])
    settings = {"async_mode": request.param, "recogniser": "scripted", "scripted_final_every": 1000}
    with server_process(tmp_path, **settings, **limits, cors_allowed_origins=origins) as running:
        line.lead_to(running.port)
        yield running


class Beside:
    """Another client, who says a word now and then and remembers how long each answer took."""

    def __init__(self, server, http):
        self.waits = []
        self._speaker = Speaker(server.url, http=http)
        self._speaker.start()

    def say_a_word(self):
        heard, began = len(self._speaker.told), time.monotonic()
        self._speaker.say(bytes(200), chunk_bytes=200)
        self._speaker.wait_for("transcription_result", after=heard)
        self.waits.append(time.monotonic() - began)

    @property
    def usual_wait(self):
        return statistics.median(self.waits)


def test_f29_a_client_that_reads_a_kilobyte_a_second_is_let_go_and_gets_every_final_when_it_comes_back(server, line):
    line.throttle(100_000, "down")
    http = sign_in(server.url)
    slow, beside = Speaker(line.url, http=http), Beside(server, http)
    slow.start()
    line.throttle(1000, "down")
    before = rss_megabytes(server)
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while b"client_lost" not in server.log.read_bytes():
        assert time.monotonic() < give_up_at, "it was never let go"
        slow.say(bytes(200), chunk_bytes=2)
        beside.say_a_word()
    assert rss_megabytes(server) - before < MOST_GROWTH_MB
    assert beside.usual_wait < SLOW_SECONDS
    line.pass_on()
    assert slow.wait_for("error")["error_code"] == "CLIENT_TOO_SLOW"
    assert slow.hung_up.wait(PATIENCE_SECONDS)
    assert len(slow.partials) < slow._seq
    back = Speaker(server.url, http=http)
    ack = back.resume(slow, after_segment=-1)
    assert [segment["segment_index"] for segment in ack["segments"]] == list(range(ack["received_bytes"] // 2000))
    assert back.end()["total_duration"] == ack["received_bytes"] / SECOND


def test_f31_a_flood_is_told_to_wait_and_loses_nothing_while_the_others_go_on_as_before(server):
    http = sign_in(server.url)
    hasty, beside = Speaker(server.url, http=http), Beside(server, http)
    hasty.start()
    pcm = os.urandom(20 * SECOND)
    before = rss_megabytes(server)
    for second in range(20):  # ten times real time for two seconds
        hasty.say(pcm[second * SECOND : (second + 1) * SECOND])
        beside.say_a_word()
        time.sleep(0.1)
    refusal = hasty.wait_for("error", error_code="TOO_FAST")
    assert refusal["retry_after"] > 0
    assert refusal["recoverable"]
    assert rss_megabytes(server) - before < MOST_GROWTH_MB
    assert beside.usual_wait < SLOW_SECONDS
    say_as_fast_as_allowed(hasty, pcm, hasty.kept_bytes + 2 * SECOND)
    kept = (server.folder / "instance" / "spool" / hasty.session_id / "audio.pcm").read_bytes()
    assert len(kept) < len(pcm)
    assert pcm.startswith(kept)


def say_as_fast_as_allowed(speaker, pcm, end):
    """Send from what is kept on, waiting as long as the server says, until everything before `end` is kept."""
    while speaker.kept_bytes < end:
        told, at = len(speaker.told), speaker.kept_bytes
        speaker.send("audio_chunk", (b"\x01" + pcm[at : at + 8000], {"offset": at}))
        answer = speaker.wait_for("audio_ack", "error", after=told)
        time.sleep(answer.get("retry_after") or 0)


def test_f24_what_could_not_be_sent_over_a_dead_line_is_taken_at_once_although_nobody_saw_it_die(tmp_path):
    """Beyond the burst, as much more may come as could not be sent while the server believed the line alive."""
    limits = {"audio_burst_seconds": 1, "max_audio_speed": 1}
    with server_process(tmp_path, recogniser="scripted", **limits) as server:
        silent = Speaker(server.url)
        silent.start()
        silent.say(bytes(SECOND // 2))
        silent.wait_until_kept(SECOND // 2)
        time.sleep(3)
        back = Speaker(server.url, http=silent.http)
        back.resume(silent)
        back.say(bytes(3 * SECOND))
        back.wait_until_kept(SECOND // 2 + 3 * SECOND)
        assert not [message for message in back.told if message["type"] == "error"]
