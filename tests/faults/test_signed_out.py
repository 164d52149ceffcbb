"""F41, F42: the sign-in ends in the middle of a dictation. The socket closes soon, and nothing accepted is lost."""

from datetime import UTC, datetime, timedelta

import pytest
from socketio.exceptions import BadNamespaceError, ConnectionError
from sqlalchemy import select, update
from sqlalchemy.orm import sessionmaker

from models.account import UserSession
from models.audit import AuditEvent
from tests.process import PASSWORD, server_process
from tests.speaker import CSRF, Speaker, sign_in, wait_until
from utils.database import open_engine, reading, transaction

pytestmark = [pytest.mark.integration, pytest.mark.faults]

SECOND = 32_000
NEW_PASSWORD = "another horse battery"
CLOSED_WITHIN_SECONDS = 5.0 + 10.0
"""What is promised, and what a busy machine may add"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("server")
    with server_process(folder, recogniser="scripted", scripted_final_every=4, max_sessions_per_user=20) as running:
        yield running


@pytest.fixture
def database(server):
    """Sessions of its database, to be closed soon: the server writes into it too."""
    engine = open_engine(server.database_url)
    yield sessionmaker(engine)
    engine.dispose()


def sign_out(server, database, http, email):
    secret = CSRF.search(http.get(f"{server.url}/", timeout=20).text)[1]
    http.post(f"{server.url}/logout", data={"csrf_token": secret}, timeout=20, allow_redirects=False)


def grow_old(server, database, http, email):
    long_ago = datetime.now(UTC) - timedelta(hours=13)
    with transaction(database) as rows:
        rows.execute(update(UserSession).where(UserSession.ended_at.is_(None)).values(created_at=long_ago))


def change_password(server, database, http, email):
    with server.accounts() as accounts:
        accounts.set_password(email, NEW_PASSWORD)


def interrupted(database, session_id):
    """How many lines of the audit trail tell of it."""
    lines = select(AuditEvent).where(AuditEvent.event == "dictation_interrupted", AuditEvent.object_id == session_id)
    with reading(database) as rows:
        return len(rows.scalars(lines).all())


def assert_shut_out(server, database, speaker, audio):
    assert speaker.hung_up.wait(CLOSED_WITHIN_SECONDS)
    assert speaker.wait_for("error")["error_code"] == "UNAUTHENTICATED"
    wait_until(lambda: interrupted(database, speaker.session_id) == 1)
    kept = audio.read_bytes()
    with pytest.raises(BadNamespaceError):
        speaker.say(bytes(SECOND))
    with pytest.raises(ConnectionError):
        Speaker(server.url, http=speaker.http)
    assert speaker.http.get(f"{server.url}/api/v1/transcriptions", timeout=20).status_code == 401
    assert audio.read_bytes() == kept
    assert len(kept) >= speaker.kept_bytes == 2 * SECOND


@pytest.mark.parametrize("end_it", [sign_out, grow_old, change_password])
def test_f41_f42_who_is_signed_out_in_mid_dictation_is_shut_out_soon_and_goes_on_after_signing_in(
    server, database, end_it
):
    email = f"{end_it.__name__}@clinic.example"
    server.add_user(email)
    speaker = Speaker(server.url, http=sign_in(server.url, email))
    speaker.start()
    speaker.say(bytes(2 * SECOND))
    speaker.wait_until_kept(2 * SECOND)
    audio = server.folder / "instance" / "spool" / speaker.session_id / "audio.pcm"
    end_it(server, database, speaker.http, email)
    assert_shut_out(server, database, speaker, audio)
    password = NEW_PASSWORD if end_it is change_password else PASSWORD
    again = Speaker(server.url, http=sign_in(server.url, email, password))
    ack = again.resume(speaker)
    assert (ack["received_bytes"], ack["resumed"]) == (2 * SECOND, True)
    again.say(bytes(2 * SECOND))
    assert again.end()["total_duration"] == 4.0
    note = again.note()
    assert (note["status"], note["audio_duration_seconds"]) == ("COMPLETED", 4.0)
    again.close()


def test_f42_an_account_that_is_closed_in_mid_dictation_loses_its_socket_and_none_of_its_audio(server, database):
    server.add_user("leaving@clinic.example")
    speaker = Speaker(server.url, http=sign_in(server.url, "leaving@clinic.example"))
    speaker.start()
    speaker.say(bytes(2 * SECOND))
    speaker.wait_until_kept(2 * SECOND)
    audio = server.folder / "instance" / "spool" / speaker.session_id / "audio.pcm"
    with server.accounts() as accounts:
        accounts.disable_user("leaving@clinic.example")
    assert_shut_out(server, database, speaker, audio)


def test_f42_others_of_the_same_account_and_other_accounts_speak_on(server, database):
    server.add_user("other@clinic.example")
    one, two = (Speaker(server.url, http=sign_in(server.url, "other@clinic.example")) for _ in range(2))
    for speaker in (one, two):
        speaker.start()
        speaker.say(bytes(SECOND))
    sign_out(server, database, one.http, "other@clinic.example")
    assert one.hung_up.wait(CLOSED_WITHIN_SECONDS)
    two.say(bytes(SECOND))
    assert two.end()["total_duration"] == 2.0
    assert interrupted(database, two.session_id) == 0
    two.close()
