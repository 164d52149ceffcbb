"""`flask --app app recover`: an operator finishes what a dead worker left, without waiting for anybody."""

import pytest

from tests.process import server_process
from tests.speaker import Speaker, sign_in, wait_until
from tests.whole import SECOND, spool_of


@pytest.fixture(params=["eventlet", "threading"])
def server(request, tmp_path):
    settings = {"recogniser": "scripted", "scripted_final_every": 4, "async_mode": request.param}
    with server_process(tmp_path, **settings) as started:
        yield started


def dictate(server, seconds):
    speaker = Speaker(server.url)
    speaker.start()
    speaker.say(bytes(seconds * SECOND))
    speaker.wait_until_kept(seconds * SECOND)
    return speaker


def test_what_a_killed_worker_left_is_finished_with_all_its_words(server):
    speaker = dictate(server, 3)
    server.kill()
    told = server.command("recover")
    assert told.returncode == 0, told.stderr
    assert f"{speaker.session_id}\tfinished" in told.stdout
    assert not spool_of(server, speaker).exists()
    assert "0 finished, 0 kept" in server.command("recover").stdout
    server.start()
    speaker.http = sign_in(server.url)
    note = speaker.note()
    assert (note["status"], note["audio_status"], note["failure_code"]) == ("FAILED", "STORED", "SESSION_TIMEOUT")
    assert note["ledger"]["recognised_seconds"] == note["ledger"]["stored_seconds"] == 3.0
    assert note["ledger"]["gaps"] == []
    speaker.close()


def test_a_dictation_that_goes_on_elsewhere_is_left_alone_and_one_that_was_given_up_is_tried_when_asked(server):
    live, parked = dictate(server, 1), dictate(server, 2)
    told = server.command("recover", "--wait", "1")
    assert told.returncode == 1
    assert f"{live.session_id}\tkept" in told.stdout
    live.say(bytes(SECOND))
    assert live.end()["total_duration"] == 2.0
    wait_until(lambda: not spool_of(server, live).exists())
    server.kill()
    (spool_of(server, parked) / "parked").touch()
    assert server.command("recover").returncode == 1
    told = server.command("recover", "--parked")
    assert told.returncode == 0, told.stdout
    assert not spool_of(server, parked).exists()
    for speaker in (live, parked):
        speaker.close()
