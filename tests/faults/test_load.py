"""Clients that take nothing, send too much, or come back late: they cost the server little and the others nothing."""

import pytest

from tests.process import server_process
from tests.speaker import Speaker, wait_until

pytestmark = [pytest.mark.integration, pytest.mark.faults]

SECOND = 32_000


def journal_of(server, speaker):
    return server.folder / "instance" / "spool" / speaker.session_id / "journal.jsonl"


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
