"""Accounts and the audit trail keep their word on every database."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import Engine, delete

from local_services.accounts import Accounts
from local_services.audit_trail import AuditTrail
from local_services.passwords import Passwords
from models.account import User
from models.errors import Unauthenticated, ValidationFailed
from tests.dictating import Clock

PASSWORD = "four quiet words here"


@pytest.fixture
def accounts(engine: Engine, clock: Clock) -> Accounts:
    with engine.begin() as connection:
        connection.execute(delete(User))
    return Accounts(
        engine,
        session_idle=timedelta(minutes=15),
        session_lifetime=timedelta(hours=12),
        now=clock,
        passwords=Passwords(memory_kib=64, rounds=1),
    )


def test_an_account_signs_in_is_used_and_is_closed(accounts: Accounts) -> None:
    made = accounts.add_user("doctor@example.org", "clinician", PASSWORD)
    assert accounts.authenticate("Doctor@example.org", PASSWORD) == made
    token, program = accounts.open_session(made.user_id), accounts.create_token("doctor@example.org", "importer")
    row = accounts.user_of_session(token).session_id or ""
    assert accounts.user_of_token(program).user_id == made.user_id
    assert accounts.ended_among([row, "unknown"]) == {"unknown"}
    accounts.disable_user("doctor@example.org")
    assert accounts.ended_among([row]) == {row}
    for refused in (lambda: accounts.user_of_session(token), lambda: accounts.user_of_token(program)):
        with pytest.raises(Unauthenticated):
            refused()


def test_odd_addresses_and_tokens_are_refused_not_failures(accounts: Accounts) -> None:
    accounts.add_user("doctor@example.org", "clinician", PASSWORD)
    with pytest.raises(ValidationFailed, match="already"):
        accounts.add_user("doctor@example.org", "admin", PASSWORD)
    for odd in ("\x00", "\ud800", "x" * 10_000, "a\x00@b.org"):
        with pytest.raises(Unauthenticated):
            accounts.authenticate(odd, odd)
        with pytest.raises(Unauthenticated):
            accounts.user_of_session(odd)


def test_writers_at_once_leave_one_unbroken_chain(engine: Engine) -> None:
    def write(writer: int) -> None:
        for number in range(10):
            AuditTrail(engine).record("note_viewed", f"user-{writer}", str(number), "127.0.0.1")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    assert AuditTrail(engine).verify()
