"""F22: the line between a speaker and the server is cut, or swallows all for a while. Same note, nothing lost."""

import json
import os

import pytest

from tests.process import server_process
from tests.proxy import proxy
from tests.speaker import Speaker, wait_until

pytestmark = [pytest.mark.integration, pytest.mark.faults]

SECOND = 32_000


@pytest.fixture(scope="module")
def line_and_server(tmp_path_factory):
    with proxy() as line:
        asked = {"cors_allowed_origins": json.dumps([line.url]), "max_sessions_per_user": 20}
        folder = tmp_path_factory.mktemp("server")
        with server_process(folder, recogniser="scripted", scripted_final_every=4, **asked) as server:
            line.lead_to(server.port)
            yield line, server


@pytest.fixture
def line(line_and_server):
    line, _ = line_and_server
    line.pass_on()
    return line


@pytest.fixture
def server(line_and_server):
    return line_and_server[1]


def audio_of(server, speaker):
    return server.folder / "instance" / "spool" / speaker.session_id / "audio.pcm"


def assert_whole(speaker, first_speaker, seconds):
    """One note of so many seconds, each of them covered once."""
    note = speaker.note()
    assert (note["status"], note["audio_duration_seconds"]) == ("COMPLETED", seconds)
    assert [segment["segment_index"] for segment in note["segments"]] == list(range(len(note["segments"])))
    edges = [0.0, *(s[edge] for s in note["segments"] for edge in ("start_time", "end_time")), seconds]
    assert edges[::2] == pytest.approx(edges[1::2])
    notes = speaker.http.get(f"{speaker.url}/api/v1/transcriptions", timeout=20).json()["items"]
    assert [item["session_id"] for item in notes].count(first_speaker.session_id) == 1


def test_f22_a_connection_that_is_reset_is_resumed_on_the_same_note(line, server):
    pcm = os.urandom(6 * SECOND)
    first = Speaker(line.url)
    first.start()
    first.say(pcm[: 3 * SECOND])
    first.wait_until_kept(SECOND)
    line.reset()
    assert first.hung_up.wait(20)
    second = Speaker(line.url, http=first.http)
    assert second.resume(first)["epoch"] == 2
    second.say(pcm[second._sent_bytes :])
    second.wait_until_kept(6 * SECOND)
    assert audio_of(server, second).read_bytes() == pcm
    assert second.end()["total_duration"] == 6.0
    assert_whole(second, first, 6.0)
    second.close()


def test_f22_a_line_that_swallows_everything_for_a_while_goes_on_where_it_was(line, server):
    pcm = os.urandom(6 * SECOND)
    speaker = Speaker(line.url)
    speaker.start()
    speaker.say(pcm[: 2 * SECOND])
    speaker.wait_until_kept(2 * SECOND)
    line.blackhole()
    speaker.say(pcm[2 * SECOND :], seconds_a_chunk=0.1)
    assert speaker.kept_bytes == 2 * SECOND
    line.pass_on()
    speaker.wait_until_kept(6 * SECOND)
    wait_until(lambda: len(speaker.finals) == 6)
    assert audio_of(server, speaker).read_bytes() == pcm
    assert [final["segment_index"] for final in speaker.finals] == list(range(6))
    assert speaker.end()["total_duration"] == 6.0
    assert_whole(speaker, speaker, 6.0)
    speaker.close()


def test_f22_what_a_swallowed_line_spits_out_after_its_speaker_came_back_by_another_is_not_taken(line, server):
    """One writer: the server still believes in the first line when the second one resumes."""
    pcm = os.urandom(6 * SECOND)
    first = Speaker(line.url)
    first.start()
    first.say(pcm[: 2 * SECOND])
    first.wait_until_kept(2 * SECOND)
    line.blackhole()
    first.say(os.urandom(2 * SECOND))
    second = Speaker(server.url, http=first.http)
    assert second.resume(first)["received_bytes"] == 2 * SECOND
    second.say(pcm[2 * SECOND : 4 * SECOND])
    line.pass_on()
    assert first.wait_for("error")["error_code"] == "SESSION_SUPERSEDED"
    assert first.hung_up.wait(20)
    second.say(pcm[4 * SECOND :])
    second.wait_until_kept(6 * SECOND)
    assert audio_of(server, second).read_bytes() == pcm
    assert second.end()["total_duration"] == 6.0
    assert_whole(second, first, 6.0)
    second.close()
