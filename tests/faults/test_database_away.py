"""A real PostgreSQL drops connections, or is away, or SQLite is locked: no word is lost or doubled, and who starts
meanwhile is told."""

import sqlite3
import threading
import time
from contextlib import closing, contextmanager

import pytest
import requests
from sqlalchemy import create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from local_services.sql_transcripts import SqlTranscripts
from models.notices import FinalHeard, SessionComplete
from tests.live_manager import Dictations
from tests.process import ServerProcess, server_process
from tests.servers import postgresql
from tests.speaker import Speaker, sign_in, wait_until
from tests.whole import assert_whole
from utils.database import open_engine, upgrade_schema

pytestmark = [pytest.mark.integration, pytest.mark.faults]

SECOND = 32_000
WRITTEN_WITHIN_SECONDS = 5.0
"""Of the database's return, the promise for finals that waited for it"""
DROP = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = :name"
SEGMENTS = """
    SELECT segment_index, start_time, end_time FROM segments JOIN transcriptions ON transcriptions.id = transcription_id
    WHERE session_id = :session_id ORDER BY segment_index
"""


class Notes:
    """One database of the PostgreSQL, and what its operator can do to it."""

    def __init__(self, url, name):
        self.name = name
        self._operator = create_engine(make_url(url).set(database="postgres"), isolation_level="AUTOCOMMIT")
        self._operate(f"CREATE DATABASE {name}")
        self.url = make_url(url).set(database=name).render_as_string(hide_password=False)

    def drop_connections(self):
        """Cut every connection to it; how many there were."""
        with self._operator.connect() as operator:
            return operator.execute(text(DROP), {"name": self.name}).scalar_one()

    def go_away(self):
        """Take nobody in any more."""
        self._operate(f"ALTER DATABASE {self.name} ALLOW_CONNECTIONS false")
        self.drop_connections()

    def come_back(self):
        self._operate(f"ALTER DATABASE {self.name} ALLOW_CONNECTIONS true")

    @contextmanager
    def dropping_connections(self, every_seconds):
        """Meanwhile connections are cut again and again; gives the list of how many each time."""
        over, dropped = threading.Event(), []

        def drop():
            while not over.wait(every_seconds):
                dropped.append(self.drop_connections())

        thread = threading.Thread(target=drop)
        thread.start()
        try:
            yield dropped
        finally:
            over.set()
            thread.join()

    def segments(self, session_id):
        """(index, start, end) of the note of this session."""
        engine = create_engine(self.url)
        with engine.connect() as rows:
            found = [tuple(row) for row in rows.execute(text(SEGMENTS), {"session_id": session_id})]
            assert rows.execute(text("SELECT count(*) FROM transcriptions")).scalar_one() == 1
        engine.dispose()
        return found

    def close(self):
        self._operator.dispose()

    def _operate(self, statement):
        with self._operator.connect() as operator:
            operator.execute(text(statement))


@pytest.fixture(scope="module")
def postgresql_url():
    with postgresql() as url:
        yield url


names = iter(f"notes{number}" for number in range(100))


@pytest.fixture
def notes(postgresql_url):
    made = Notes(postgresql_url, next(names))
    yield made
    made.close()


def every_second_once(seconds):
    return [(n, float(n), n + 1.0) for n in range(seconds)]


def test_f06_connections_cut_again_and_again_in_a_dictation_cost_no_word_and_double_none(notes, tmp_path):
    asked = {"database_url": notes.url, "log_format": "console"}
    with server_process(tmp_path, recogniser="scripted", scripted_final_every=4, **asked) as server:
        speaker = Speaker(server.url)
        speaker.start()
        with notes.dropping_connections(every_seconds=0.03) as dropped:
            speaker.say(bytes(12 * SECOND), seconds_a_chunk=0.04)
            wait_until(lambda: len(speaker.finals) == 12)
            assert speaker.end()["total_duration"] == 12.0
        assert sum(dropped) >= 3
        wait_until(lambda: speaker.note()["audio_status"] == "STORED")
        assert speaker.note()["status"] == "COMPLETED"
        assert notes.segments(speaker.session_id) == every_second_once(12)
        speaker.close()


def test_f06_f08_while_the_database_is_away_dictations_go_on_and_new_ones_are_refused_in_words(notes, tmp_path):
    asked = {"database_url": notes.url, "log_format": "console"}
    with server_process(tmp_path, recogniser="scripted", scripted_final_every=4, **asked) as server:
        http = sign_in(server.url)
        speaker, newcomer = Speaker(server.url, http=http), Speaker(server.url, http=http)
        speaker.start()
        speaker.say(bytes(2 * SECOND))
        wait_until(lambda: notes.segments(speaker.session_id) == every_second_once(2))
        notes.go_away()
        assert_dictates_on_without_a_database(server, speaker)
        assert_refused_in_words(newcomer.start())
        notes.come_back()
        back_at = time.monotonic()
        wait_until(lambda: notes.segments(speaker.session_id) == every_second_once(6))
        assert time.monotonic() - back_at < WRITTEN_WITHIN_SECONDS
        assert speaker.end()["total_duration"] == 6.0
        wait_until(lambda: speaker.note()["audio_status"] == "STORED")
        assert newcomer.start()["type"] == "session_ack"
        for someone in (speaker, newcomer):
            someone.leave()


def assert_dictates_on_without_a_database(server, speaker):
    """Two seconds are in its note. Four more are kept and told, and the server says how it is."""
    speaker.say(bytes(4 * SECOND))
    speaker.wait_until_kept(6 * SECOND)
    wait_until(lambda: len(speaker.finals) == 6)
    ready = requests.get(f"{server.url}/api/v1/ready", timeout=20)
    assert (ready.status_code, "database" in ready.json()["down"]) == (503, True)
    assert requests.get(f"{server.url}/api/v1/health", timeout=20).status_code == 200


def assert_refused_in_words(refused):
    assert (refused["type"], refused["error_code"]) == ("error", "DATABASE_ERROR")
    assert "Nothing was recorded" in refused["message"]
    assert refused["recoverable"]
    assert refused["retry_after"] > 0


class ImpatientServer(ServerProcess):
    """It waits 1 s for SQLite's lock, not 10."""

    program = ("-m", "tests.faults.impatient_program")


@contextmanager
def locked(database):
    """Meanwhile nobody else writes to this SQLite file."""
    with closing(sqlite3.connect(database, timeout=20, isolation_level=None)) as rows:
        rows.execute("BEGIN EXCLUSIVE")
        yield
        rows.execute("ROLLBACK")


def test_f06_f08_while_sqlite_is_locked_dictations_go_on_and_new_ones_are_refused_in_words(tmp_path):
    server = ImpatientServer(tmp_path, recogniser="scripted", scripted_final_every=4)
    try:
        server.start()
        server.add_user()
        http = sign_in(server.url)
        speaker, newcomer = Speaker(server.url, http=http), Speaker(server.url, http=http)
        speaker.start()
        speaker.say(bytes(2 * SECOND))
        wait_until(lambda: len(speaker.note()["segments"]) == 2)
        with locked(server.database):
            assert_dictates_on_without_a_database(server, speaker)
            assert_refused_in_words(newcomer.start())
        back_at = time.monotonic()
        wait_until(lambda: len(speaker.note()["segments"]) == 6)
        assert time.monotonic() - back_at < WRITTEN_WITHIN_SECONDS
        assert speaker.end()["total_duration"] == 6.0
        wait_until(lambda: speaker.note()["audio_status"] == "STORED")
        assert_whole(speaker.note(), 6.0)
        assert newcomer.start()["type"] == "session_ack"
        for someone in (speaker, newcomer):
            someone.leave()
    finally:
        server.stop()


def cut_each_fifth_statement(engine, notes, faults):
    """The connection of each fifth statement is gone when it is sent."""

    @event.listens_for(engine, "before_cursor_execute")
    def cut(connection, *_):
        faults.append(None)
        if len(faults) % 5 == 0:
            notes.drop_connections()


def lose_each_third_answer_to_a_commit(engine, notes, faults):
    """What was to be kept is kept, but nobody hears that."""

    @event.listens_for(engine, "commit")
    def lose(connection):
        faults.append(None)
        if len(faults) % 3 == 0:
            connection.connection.commit()
            raise OperationalError("COMMIT", None, Exception("the answer is lost"))


@pytest.mark.parametrize("break_it", [cut_each_fifth_statement, lose_each_third_answer_to_a_commit])
def test_f07_whatever_statement_fails_each_final_is_in_the_note_once(runtime, notes, tmp_path, monkeypatch, break_it):
    monkeypatch.setattr("aws_services.patience.FIRST_PAUSE_SECONDS", 0.01)
    engine = open_engine(notes.url)
    upgrade_schema(engine)
    faults = []

    def body(d):
        d.start()
        break_it(engine, notes, faults)
        d.say(6)
        d.wait_until(lambda: len(d.clients.of(FinalHeard)) == 6)
        d.say(6)
        d.end()
        d.wait_until(lambda: d.clients.of(SessionComplete))
        d.wait_until(lambda: not list((tmp_path / "spool").iterdir()))

    (tmp_path / "spool").mkdir()
    dictations = Dictations(runtime, tmp_path / "spool", rows=SqlTranscripts(engine))
    try:
        runtime.on_hub(body)(dictations)
    finally:
        dictations.close()
        engine.dispose()
    assert len(faults) >= 5
    assert notes.segments("one") == every_second_once(12)
