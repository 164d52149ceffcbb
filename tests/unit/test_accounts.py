"""Who may come in, for how long, and what is written down about it."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session as Database

from local_services.accounts import Accounts, clean_email
from local_services.audit_trail import AuditTrail, seal
from local_services.passwords import Passwords
from models.account import ApiToken, User, UserSession
from models.audit import AuditEvent
from models.errors import NotFound, Unauthenticated, ValidationFailed
from utils.database import open_engine, upgrade_schema

IDLE = timedelta(minutes=15)
LIFETIME = timedelta(hours=12)
PASSWORD = "four quiet words here"
CHEAP = {"memory_kib": 64, "rounds": 1}


class Clock:
    """A time that only moves when told."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def forward(self, **amount: float) -> None:
        self.time += timedelta(**amount)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    opened = open_engine(f"sqlite:///{tmp_path / 'accounts.sqlite3'}")
    upgrade_schema(opened)
    yield opened
    opened.dispose()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ended() -> list[str]:
    """The ids of sessions that were told to be over, in order."""
    return []


@pytest.fixture
def accounts(engine: Engine, clock: Clock, ended: list[str]) -> Accounts:
    made = accounts_over(engine, clock, Passwords(**CHEAP))
    made.on_sessions_ended = ended.extend
    return made


def accounts_over(engine: Engine, clock: Clock, passwords: Passwords) -> Accounts:
    return Accounts(engine, session_idle=IDLE, session_lifetime=LIFETIME, now=clock, passwords=passwords)


def signed_in(accounts: Accounts, email: str = "doctor@example.org") -> str:
    """A new account's new session: its raw token."""
    return accounts.open_session(accounts.add_user(email, "clinician", PASSWORD).user_id)


def session_id(accounts: Accounts, token: str) -> str:
    return accounts.user_of_session(token).session_id or ""


# Passwords


def test_the_right_password_is_let_in_whatever_the_case_of_the_address(accounts: Accounts) -> None:
    made = accounts.add_user("Doctor@Example.org", "clinician", PASSWORD)
    assert accounts.authenticate(" doctor@example.ORG ", PASSWORD) == made
    assert made.email == "doctor@example.org"


def test_unknown_address_wrong_password_and_closed_account_sound_the_same(accounts: Accounts) -> None:
    accounts.add_user("open@example.org", "clinician", PASSWORD)
    accounts.add_user("closed@example.org", "clinician", PASSWORD)
    accounts.disable_user("closed@example.org")
    tries = [
        ("nobody@example.org", PASSWORD),
        ("open@example.org", "not the password"),
        ("closed@example.org", PASSWORD),
    ]
    tries += [("no address\x00", PASSWORD), ("open@example.org", "x" * 5000), ("open@example.org", "\ud800")]
    texts = set()
    for email, password in tries:
        with pytest.raises(Unauthenticated) as refused:
            accounts.authenticate(email, password)
        texts.add(refused.value.text)
    assert len(texts) == 1


def test_an_unknown_address_takes_about_as_long_as_a_wrong_password(engine: Engine, clock: Clock) -> None:
    accounts = accounts_over(engine, clock, Passwords())
    accounts.add_user("known@example.org", "clinician", PASSWORD)

    def fastest(email: str) -> float:
        return min(_seconds_to_refuse(accounts, email) for _ in range(5))

    known, unknown = fastest("known@example.org"), fastest("unknown@example.org")
    assert 0.4 < unknown / known < 2.5


def _seconds_to_refuse(accounts: Accounts, email: str) -> float:
    start = time.perf_counter()
    with pytest.raises(Unauthenticated):
        accounts.authenticate(email, "not the password")
    return time.perf_counter() - start


def test_passwords_are_kept_as_argon2id_only(engine: Engine, accounts: Accounts) -> None:
    accounts.add_user("doctor@example.org", "clinician", PASSWORD)
    with Database(engine) as db:
        stored = db.scalars(select(User.password_hash)).one()
    assert stored.startswith("$argon2id$")
    assert PASSWORD not in stored


def test_a_password_hash_of_older_parameters_is_renewed_at_sign_in(engine: Engine, clock: Clock) -> None:
    old, new = accounts_over(engine, clock, Passwords(**CHEAP)), accounts_over(engine, clock, Passwords(128, 1))
    old.add_user("doctor@example.org", "clinician", PASSWORD)
    new.authenticate("doctor@example.org", PASSWORD)
    with Database(engine) as db:
        assert "m=128," in db.scalars(select(User.password_hash)).one()
    assert new.authenticate("doctor@example.org", PASSWORD).email == "doctor@example.org"


def test_the_same_password_typed_on_another_system_is_the_same(accounts: Accounts) -> None:
    accounts.add_user("doctor@example.org", "clinician", "Grüße aus Köln")
    assert accounts.authenticate("doctor@example.org", "Gru\u0308ße aus Ko\u0308ln")


@pytest.mark.parametrize("password", ["", "1234567", "x" * 1025, "\ud800" * 10])
def test_an_unfit_password_is_refused_and_changes_nothing(accounts: Accounts, password: str) -> None:
    with pytest.raises(ValidationFailed):
        accounts.add_user("doctor@example.org", "clinician", password)
    assert accounts.list_users() == []


# Accounts


@pytest.mark.parametrize(
    "email",
    ["", "doctor", "@example.org", "doctor@", "a@b@c", "a b@c.org", "a\x00@c.org", "a\n@c.org", "x" * 250 + "@c.org"],
)
def test_what_is_no_address_is_refused(email: str) -> None:
    with pytest.raises(ValidationFailed):
        clean_email(email)


def test_one_address_has_one_account(accounts: Accounts) -> None:
    accounts.add_user("doctor@example.org", "clinician", PASSWORD)
    with pytest.raises(ValidationFailed, match="already an account"):
        accounts.add_user("DOCTOR@example.org", "admin", PASSWORD)
    assert [(user.email, user.role) for user in accounts.list_users()] == [("doctor@example.org", "clinician")]


def test_an_unknown_role_is_refused(accounts: Accounts) -> None:
    with pytest.raises(ValidationFailed, match="clinician, admin"):
        accounts.add_user("doctor@example.org", "root", PASSWORD)


def test_nobody_of_that_address_is_told_in_words(accounts: Accounts) -> None:
    for change in (accounts.disable_user, lambda email: accounts.set_password(email, PASSWORD)):
        with pytest.raises(NotFound, match="no account"):
            change("nobody@example.org")


def test_the_first_start_makes_an_administrator_once(accounts: Accounts) -> None:
    password = accounts.first_start()
    assert password is not None
    assert accounts.authenticate("admin@localhost", password).role == "admin"
    assert accounts.first_start() is None


def test_two_first_starts_at_once_make_one_administrator(engine: Engine, clock: Clock) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = [accounts_over(engine, clock, Passwords(**CHEAP)) for _ in range(4)]
        passwords = list(pool.map(Accounts.first_start, made))
    assert sum(password is not None for password in passwords) == 1


# Sessions


def test_a_session_says_who_is_signed_in(accounts: Accounts) -> None:
    who = accounts.user_of_session(signed_in(accounts))
    assert (who.email, who.role) == ("doctor@example.org", "clinician")


def test_neither_session_nor_program_tokens_are_kept(engine: Engine, accounts: Accounts) -> None:
    tokens = {signed_in(accounts), accounts.create_token("doctor@example.org", "importer")}
    with Database(engine) as db:
        kept = set(db.scalars(select(UserSession.token_sha256))) | set(db.scalars(select(ApiToken.token_sha256)))
    assert len(kept) == 2
    assert not tokens & kept


def test_an_unknown_token_is_nobody(accounts: Accounts) -> None:
    signed_in(accounts)
    for token in ("", "x", "\ud800", "0" * 10_000):
        with pytest.raises(Unauthenticated):
            accounts.user_of_session(token)


def test_a_session_unused_for_the_idle_time_is_over(accounts: Accounts, clock: Clock) -> None:
    token = signed_in(accounts)
    row = session_id(accounts, token)
    clock.forward(minutes=14)
    accounts.touch_all([row])
    clock.forward(minutes=14)
    assert accounts.ended_among([row]) == set()
    clock.forward(minutes=1)
    accounts.touch_all([row])
    assert accounts.ended_among([row]) == {row}
    with pytest.raises(Unauthenticated):
        accounts.user_of_session(token)


def test_a_session_in_constant_use_ends_with_its_lifetime(accounts: Accounts, clock: Clock) -> None:
    token = signed_in(accounts)
    for _ in range(71):
        clock.forward(minutes=10)
        accounts.touch_all([session_id(accounts, token)])
    clock.forward(minutes=10)
    with pytest.raises(Unauthenticated):
        accounts.user_of_session(token)


def test_use_is_written_down_at_most_once_a_minute(engine: Engine, accounts: Accounts, clock: Clock) -> None:
    token, started = signed_in(accounts), clock.time

    def last_used() -> datetime:
        with Database(engine) as db:
            return db.scalars(select(UserSession.last_used_at)).one()

    row = session_id(accounts, token)
    clock.forward(seconds=59)
    accounts.touch_all([row])
    assert last_used() == started
    clock.forward(seconds=1)
    accounts.touch_all([row])
    assert last_used() == clock.time


def test_signing_out_ends_that_session_and_no_other(accounts: Accounts, ended: list[str]) -> None:
    first = signed_in(accounts)
    second = accounts.open_session(accounts.user_of_session(first).user_id)
    row = session_id(accounts, first)
    accounts.end_session(first)
    accounts.end_session(first)
    assert ended == [row]
    assert accounts.user_of_session(second)
    with pytest.raises(Unauthenticated):
        accounts.user_of_session(first)


def test_a_new_password_ends_every_session_of_that_user_only(accounts: Accounts, ended: list[str]) -> None:
    mine = signed_in(accounts)
    also_mine = accounts.open_session(accounts.user_of_session(mine).user_id)
    other = signed_in(accounts, "other@example.org")
    rows = {session_id(accounts, mine), session_id(accounts, also_mine)}
    accounts.set_password("doctor@example.org", "another fine password")
    assert set(ended) == rows
    assert accounts.user_of_session(other)
    assert accounts.authenticate("doctor@example.org", "another fine password")
    with pytest.raises(Unauthenticated):
        accounts.authenticate("doctor@example.org", PASSWORD)


def test_a_closed_account_ends_its_sessions_and_tokens(accounts: Accounts, ended: list[str]) -> None:
    token, program = signed_in(accounts), accounts.create_token("doctor@example.org", "importer")
    row = session_id(accounts, token)
    assert accounts.user_of_token(program).session_id is None
    accounts.disable_user("doctor@example.org")
    assert ended == [row]
    for refused in (lambda: accounts.user_of_session(token), lambda: accounts.user_of_token(program)):
        with pytest.raises(Unauthenticated):
            refused()


def test_a_sign_in_that_was_under_way_while_the_account_was_closed_is_worth_nothing(accounts: Accounts) -> None:
    user_id = accounts.add_user("doctor@example.org", "clinician", PASSWORD).user_id
    accounts.disable_user("doctor@example.org")
    with pytest.raises(Unauthenticated):
        accounts.user_of_session(accounts.open_session(user_id))


def test_sessions_ended_by_another_process_are_found(engine: Engine, accounts: Accounts, clock: Clock) -> None:
    tokens = [signed_in(accounts, f"doctor{number}@example.org") for number in range(3)]
    rows = [session_id(accounts, token) for token in tokens]
    command_line = accounts_over(engine, clock, Passwords(**CHEAP))
    command_line.disable_user("doctor1@example.org")
    many_unknown = [f"unknown-{number}" for number in range(1200)]
    assert accounts.ended_among([*rows, *many_unknown]) == {rows[1], *many_unknown}
    assert accounts.ended_among([]) == set()


def test_rows_of_sessions_past_their_lifetime_do_not_pile_up(engine: Engine, accounts: Accounts, clock: Clock) -> None:
    user_id = accounts.add_user("doctor@example.org", "clinician", PASSWORD).user_id
    for _ in range(5):
        accounts.open_session(user_id)
        clock.forward(hours=13)
    with Database(engine) as db:
        assert len(db.scalars(select(UserSession)).all()) == 1


def test_a_token_needs_a_name_and_an_account(accounts: Accounts) -> None:
    accounts.add_user("doctor@example.org", "clinician", PASSWORD)
    for name in ("", "x" * 101, "a\nb"):
        with pytest.raises(ValidationFailed):
            accounts.create_token("doctor@example.org", name)
    with pytest.raises(NotFound):
        accounts.create_token("nobody@example.org", "importer")


# The audit trail


def test_lines_of_many_writers_make_one_unbroken_chain(engine: Engine) -> None:
    trail, together = AuditTrail(engine), threading.Barrier(4)

    def write(writer: int) -> None:
        together.wait()
        for number in range(10):
            trail.record("note_viewed", f"user-{writer}", str(number), "127.0.0.1")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    with Database(engine) as db:
        assert len(db.scalars(select(AuditEvent)).all()) == 40
    assert trail.verify()


def test_the_database_refuses_to_change_or_remove_a_line(engine: Engine) -> None:
    AuditTrail(engine).record("login", "user-1")
    for statement in ("UPDATE audit_events SET outcome = 'ok'", "DELETE FROM audit_events"):
        with engine.connect() as connection, pytest.raises(Exception, match="audit"):
            connection.execute(text(statement))


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE audit_events SET outcome = 'failed' WHERE id = 2",
        "UPDATE audit_events SET user_id = NULL WHERE id = 2",
        "UPDATE audit_events SET created_at = '2020-01-01 00:00:00.000000' WHERE id = 1",
        "DELETE FROM audit_events WHERE id = 2",
        "DELETE FROM audit_events WHERE id = 1",
    ],
)
def test_a_line_changed_or_removed_behind_our_back_is_noticed(engine: Engine, tampering: str) -> None:
    trail = AuditTrail(engine)
    for number in range(3):
        trail.record("login", f"user-{number}", address="127.0.0.1")
    assert trail.verify()
    with engine.begin() as connection:
        for trigger in (
            connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all()
        ):
            connection.execute(text(f"DROP TRIGGER {trigger}"))
        connection.execute(text(tampering))
    assert not trail.verify()


def test_whoever_forges_a_line_has_to_forge_all_that_follow(engine: Engine) -> None:
    trail = AuditTrail(engine)
    for number in range(3):
        trail.record("login", f"user-{number}", address="127.0.0.1")
    with engine.begin() as connection:
        for trigger in (
            connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all()
        ):
            connection.execute(text(f"DROP TRIGGER {trigger}"))
    with Database(engine) as db, db.begin():
        second, third = db.scalars(select(AuditEvent).where(AuditEvent.id > 1).order_by(AuditEvent.id)).all()
        second.outcome = "failed"
        second.hash = third.previous_hash = seal(second)
    assert not trail.verify()
