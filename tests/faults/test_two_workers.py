"""Two workers share a database and nothing else: one dies in mid-dictation, and its client is led to the other one."""

from contextlib import contextmanager

import pytest

from tests.process import ServerProcess
from tests.servers import postgresql
from tests.speaker import Speaker, wait_until
from tests.whole import SECOND, assert_whole, covers_once, spool_of

pytestmark = [pytest.mark.integration, pytest.mark.faults]


class HastyServer(ServerProcess):
    """A note is given up 1.5 s after its worker was heard of last, where it is 45."""

    program = ("-m", "tests.faults.hasty_program")


@contextmanager
def two_workers(folder):
    """Each with a spool of its own."""
    with postgresql() as url:
        recogniser = {"recogniser": "scripted", "scripted_final_every": 4}
        asked = {"database_url": url, "cleanup_interval_seconds": 0.2, **recogniser}
        workers = []
        for name in ("one", "other"):
            (folder / name).mkdir()
            workers.append(HastyServer(folder / name, **asked))
        try:
            for worker in workers:
                worker.start()
            workers[0].add_user()
            yield workers
        finally:
            for worker in workers:
                worker.stop()


def test_a_worker_dies_and_the_other_one_tells_what_is_known_closes_its_note_and_takes_back_nothing(tmp_path):
    with two_workers(tmp_path) as (one, other):
        first = Speaker(one.url)
        first.start()
        first.say(bytes(3 * SECOND + SECOND // 2))
        first.wait_until_kept(3 * SECOND + SECOND // 2)
        wait_until(lambda: len(first.note()["segments"]) == 3)
        note_id = first.note()["id"]
        one.kill()

        again = Speaker(other.url)
        answer = again.resume(first)
        assert answer["error_code"] == "INVALID_SESSION_STATE"
        assert (answer["context"]["finished"], answer["context"]["transcription_id"]) == (True, note_id)
        assert answer["context"]["received_bytes"] <= first.kept_bytes
        linked = Speaker(other.url, http=again.http)
        assert linked.start(continues=first.session_id)["type"] == "session_ack"
        linked.say(bytes(2 * SECOND))
        linked.end()
        wait_until(lambda: linked.note()["audio_status"] == "STORED")
        assert_whole(linked.note(), 2.0)

        wait_until(lambda: again.note()["status"] == "FAILED")
        closed = again.note()
        assert (closed["failure_code"], closed["audio_status"]) == ("CONNECTION_LOST", "PENDING")
        told = [final["segment_id"] for final in first.finals]
        assert len(told) == 3
        assert [segment["segment_id"] for segment in closed["segments"]] == told

        one.environment["ASR_IDLE_TIMEOUT_SECONDS"] = "1"  # nobody will come back to it
        one.start()
        wait_until(lambda: not spool_of(one, first).exists())
        whole = again.note()
        assert (whole["status"], whole["failure_code"]) == ("FAILED", "CONNECTION_LOST")
        assert (whole["audio_status"], whole["audio_duration_seconds"]) == ("STORED", 3.5)
        assert covers_once(whole, 3.5)
        assert [segment["segment_id"] for segment in whole["segments"]][:3] == told
        for speaker in (first, again, linked):
            speaker.leave()
