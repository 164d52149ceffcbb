"""Who may come in: people with passwords, where they are signed in, and the tokens of programs.

Call it in the blocking pool; every method raises DatabaseUnavailable when it can be tried again. A raw token leaves
this class once, when it is made; only its SHA-256 is kept.
"""

import hashlib
import secrets
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Engine, delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session as Database
from sqlalchemy.orm import sessionmaker

from local_services.passwords import Passwords
from models.account import ROLES, ApiToken, User, UserSession
from models.base import utc_now
from models.errors import NotFound, Unauthenticated, ValidationFailed
from utils.database import reading, transaction

TOKEN_BYTES = 32
"""Random bytes in the token of a session or a program"""
FIRST_ADMIN = "admin@localhost"
LONGEST_EMAIL = 254
LONGEST_TOKEN_NAME = 100
TOUCH_EVERY = timedelta(minutes=1)
"""How exactly the last use is known, so that not every request writes"""
IDS_A_QUERY = 500
"""Databases bound the number of values in one statement"""
WRONG_CREDENTIALS = "The e-mail address or the password is not right, or the account is closed."


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may sign in, or no longer may."""

    user_id: str
    email: str
    role: str
    is_active: bool
    created_at: datetime
    """UTC, with zone"""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who a request comes from."""

    user_id: str
    email: str
    role: str
    session_id: str | None
    """The UserSession row; None for a program with a token"""


class Accounts:
    """`on_sessions_ended` hears the ids of UserSession rows that this object ended, on the thread that ended them."""

    def __init__(
        self,
        engine: Engine,
        *,
        session_idle: timedelta,
        session_lifetime: timedelta,
        now: Callable[[], datetime] = utc_now,
        on_sessions_ended: Callable[[list[str]], None] = lambda _ids: None,
        passwords: Passwords | None = None,
    ) -> None:
        self._databases = sessionmaker(engine, expire_on_commit=False)
        self._idle = session_idle
        self._lifetime = session_lifetime
        self._touch_every = min(TOUCH_EVERY, session_idle / 4)
        self._now = now
        self._passwords = passwords or Passwords()
        self.on_sessions_ended = on_sessions_ended

    # People

    def first_start(self) -> str | None:
        """When there is no user at all, make admin@localhost and return its random password, this once."""
        with reading(self._databases) as db:
            if db.scalar(select(func.count()).select_from(User)):
                return None
        password = secrets.token_urlsafe(12)
        try:
            self.add_user(FIRST_ADMIN, "admin", password)
        except ValidationFailed:
            return None  # another process starting at the same moment was first
        return password

    def add_user(self, email: str, role: str, password: str) -> Account:
        """Make an account. Raises ValidationFailed for a bad or taken address, an unknown role or a bad password."""
        address = clean_email(email)
        if role not in ROLES:
            raise ValidationFailed(f"The role must be one of: {', '.join(ROLES)}. Nothing was changed.")
        user = User(email=address, role=role, password_hash=self._passwords.hash(password), created_at=self._now())
        try:
            with transaction(self._databases) as db:
                db.add(user)
                db.flush()
        except IntegrityError:
            raise ValidationFailed("There is already an account with this address. Nothing was changed.") from None
        return _account(user)

    def list_users(self) -> list[Account]:
        """Every account, in the order of the addresses."""
        with reading(self._databases) as db:
            return [_account(user) for user in db.scalars(select(User).order_by(User.email))]

    def disable_user(self, email: str) -> Account:
        """Close the account and end its sessions; its tokens stop too. Raises NotFound."""
        with transaction(self._databases) as db:
            user = _user(db, email)
            user.is_active = False
            ended = self._end_all(db, user.id)
        self.on_sessions_ended(ended)
        return _account(user)

    def set_password(self, email: str, password: str) -> Account:
        """Change the password and end every session of that user. Raises NotFound, ValidationFailed."""
        password_hash = self._passwords.hash(password)
        with transaction(self._databases) as db:
            user = _user(db, email)
            user.password_hash = password_hash
            ended = self._end_all(db, user.id)
        self.on_sessions_ended(ended)
        return _account(user)

    def user_id_of(self, email: str) -> str | None:
        """Whose address this is, for the audit trail only. Never tell a caller."""
        with reading(self._databases) as db:
            return db.scalar(select(User.id).where(User.email == _address_or_nothing(email)))

    def authenticate(self, email: str, password: str) -> Account:
        """Whose address and password these are.

        Raises Unauthenticated, with the same text and after the same time, for an unknown address, a wrong password
        and a closed account.
        """
        with reading(self._databases) as db:
            user = db.scalar(select(User).where(User.email == _address_or_nothing(email)))
        matches = self._passwords.matches(password, user.password_hash if user else None)
        if user is None or not matches or not user.is_active:
            raise Unauthenticated(WRONG_CREDENTIALS)
        if self._passwords.is_outdated(user.password_hash):
            self._renew_hash(user, password)
        return _account(user)

    def _renew_hash(self, user: User, password: str) -> None:
        unchanged = (User.id == user.id, User.password_hash == user.password_hash)
        with transaction(self._databases) as db:
            db.execute(update(User).where(*unchanged).values(password_hash=self._passwords.hash(password)))

    # Where people are signed in

    def open_session(self, user_id: str) -> str:
        """Sign a user in and return the raw token. Rows of that user that ended by age are cleared away."""
        raw, now = secrets.token_urlsafe(TOKEN_BYTES), self._now()
        row = UserSession(user_id=user_id, token_sha256=_fingerprint(raw), created_at=now, last_used_at=now)
        too_old = UserSession.created_at <= now - self._lifetime
        with transaction(self._databases) as db:
            db.execute(delete(UserSession).where(UserSession.user_id == user_id, too_old))
            db.add(row)
        return raw

    def user_of_session(self, token: str) -> SignedIn:
        """Who is signed in with this token, as the account stands now. Counts as use of the session.

        Raises Unauthenticated: unknown, ended, unused for too long, too old, or the account closed.
        """
        now = self._now()
        with reading(self._databases) as db:
            found = db.execute(
                select(UserSession, User)
                .join(User, User.id == UserSession.user_id)
                .where(UserSession.token_sha256 == _fingerprint(token), *self._alive(now))
            ).one_or_none()
        if found is None:
            raise Unauthenticated
        row, user = found
        if now - row.last_used_at >= self._touch_every:
            with transaction(self._databases) as db:
                db.execute(update(UserSession).where(UserSession.id == row.id).values(last_used_at=now))
        return SignedIn(user.id, user.email, user.role, row.id)

    def touch_all(self, session_ids: Collection[str]) -> None:
        """Dictating counts as use of these UserSession ids, those that are not over."""
        ids, now = list(session_ids), self._now()
        for start in range(0, len(ids), IDS_A_QUERY):
            named = UserSession.id.in_(ids[start : start + IDS_A_QUERY])
            alive = (UserSession.last_used_at > now - self._idle, UserSession.created_at > now - self._lifetime)
            due = (named, UserSession.last_used_at <= now - self._touch_every, UserSession.ended_at.is_(None), *alive)
            with reading(self._databases) as db:
                stale = db.scalars(select(UserSession.id).where(*due)).all()
            if stale:
                with transaction(self._databases) as db:
                    db.execute(update(UserSession).where(UserSession.id.in_(stale)).values(last_used_at=now))

    def end_session(self, token: str) -> None:
        """Sign out. A session that is unknown or over already is success."""
        with transaction(self._databases) as db:
            ended = self._end(db, UserSession.token_sha256 == _fingerprint(token))
        self.on_sessions_ended(ended)

    def ended_among(self, session_ids: Collection[str]) -> set[str]:
        """Which of these UserSession ids are over: ended here or by another process, expired, or the account closed."""
        ids, now, alive = list(session_ids), self._now(), set[str]()
        with reading(self._databases) as db:
            for start in range(0, len(ids), IDS_A_QUERY):
                named = UserSession.id.in_(ids[start : start + IDS_A_QUERY])
                alive.update(db.scalars(select(UserSession.id).join(User).where(named, *self._alive(now))))
        return set(ids) - alive

    def _alive(self, now: datetime) -> tuple[ColumnElement[bool], ...]:
        return (
            UserSession.ended_at.is_(None),
            UserSession.created_at > now - self._lifetime,
            UserSession.last_used_at > now - self._idle,
            User.is_active.is_(True),
        )

    def _end_all(self, db: Database, user_id: str) -> list[str]:
        return self._end(db, UserSession.user_id == user_id)

    def _end(self, db: Database, which: ColumnElement[bool]) -> list[str]:
        open_rows: Sequence[UserSession] = db.scalars(
            select(UserSession).where(which, UserSession.ended_at.is_(None))
        ).all()
        for row in open_rows:
            row.ended_at = self._now()
        return [row.id for row in open_rows]

    # Programs

    def create_token(self, email: str, name: str) -> str:
        """A new token for programs that act as this user, shown this once. Raises NotFound, ValidationFailed."""
        if not 1 <= len(name) <= LONGEST_TOKEN_NAME or not name.isprintable():
            raise ValidationFailed(f"The name must have 1 to {LONGEST_TOKEN_NAME} readable characters.")
        raw = secrets.token_urlsafe(TOKEN_BYTES)
        with transaction(self._databases) as db:
            user = _user(db, email)
            db.add(ApiToken(user_id=user.id, name=name, token_sha256=_fingerprint(raw), created_at=self._now()))
        return raw

    def user_of_token(self, raw: str) -> SignedIn:
        """Who the program with this token acts as. Raises Unauthenticated: unknown, revoked, or the account closed."""
        now = self._now()
        with reading(self._databases) as db:
            found = db.execute(
                select(ApiToken, User)
                .join(User, User.id == ApiToken.user_id)
                .where(
                    ApiToken.token_sha256 == _fingerprint(raw), ApiToken.revoked_at.is_(None), User.is_active.is_(True)
                )
            ).one_or_none()
        if found is None:
            raise Unauthenticated("This token is not known, or no longer valid.")
        token, user = found
        if token.last_used_at is None or now - token.last_used_at >= TOUCH_EVERY:
            with transaction(self._databases) as db:
                db.execute(update(ApiToken).where(ApiToken.id == token.id).values(last_used_at=now))
        return SignedIn(user.id, user.email, user.role, None)


def clean_email(email: str) -> str:
    """The address as it is kept, in lower case. Raises ValidationFailed."""
    address = email.strip().lower()
    name, at, host = address.partition("@")
    if not (at and name and host) or "@" in host or " " in address or not address.isprintable():
        raise ValidationFailed("This is not an e-mail address: it needs one @ and no spaces. Nothing was changed.")
    if len(address) > LONGEST_EMAIL:
        raise ValidationFailed(f"An e-mail address has at most {LONGEST_EMAIL} characters. Nothing was changed.")
    return address


def _address_or_nothing(email: str) -> str:
    try:
        return clean_email(email)
    except ValidationFailed:
        return ""


def _user(db: Database, email: str) -> User:
    user = db.scalar(select(User).where(User.email == clean_email(email)))
    if user is None:
        raise NotFound("There is no account with this address. Nothing was changed.")
    return user


def _account(user: User) -> Account:
    return Account(user.id, user.email, user.role, user.is_active, user.created_at)


def _fingerprint(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
