"""Signing in and out, and the two rules every request passes: somebody is signed in, and the page is ours.

The cookie is signed and holds only the random token of a server-side session, and the secret of its forms. A program
sends `Authorization: Bearer` instead; then no cookie counts.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from flask import (
    Blueprint,
    Flask,
    Request,
    Response,
    current_app,
    g,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, UserMixin, current_user
from flask_wtf.csrf import generate_csrf, validate_csrf
from wtforms import ValidationError

from local_services.accounts import SignedIn
from models.errors import DictationError, RateLimited, Unauthenticated
from utils.config import Settings
from web.error_answers import FormNotOurs, is_api
from web.parts import parts

TOKEN = "token"
"""Where the cookie holds the session's raw token"""
BEARER = "Bearer "
UNCHANGING_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
SIGN_IN_FIRST = "You are not signed in, or no longer. Sign in again; everything saved is safe."

View = TypeVar("View", bound=Callable[..., Any])
login = Blueprint("login", __name__)


class Visitor(UserMixin):
    """Who a request comes from, as the templates and Flask-Login see them."""

    def __init__(self, signed_in: SignedIn) -> None:
        self.user_id = signed_in.user_id
        self.email = signed_in.email
        self.role = signed_in.role
        self.session_id = signed_in.session_id

    def get_id(self) -> str:
        return self.user_id

    @property
    def is_admin(self) -> bool:
        return self.role == "admin"


def register_login(app: Flask, settings: Settings, secret_key: str) -> None:
    """Sign-in pages, cookies and both rules."""
    app.secret_key = secret_key
    app.config.update(
        SESSION_COOKIE_NAME="__Host-session" if settings.is_https else "session",
        SESSION_COOKIE_SECURE=settings.is_https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        PERMANENT_SESSION_LIFETIME=timedelta(hours=settings.session_lifetime_hours),
        WTF_CSRF_TIME_LIMIT=None,  # the form's secret lives as long as the sign-in, however long a page stays open
    )
    manager = LoginManager()
    manager.session_protection = None
    manager.init_app(app, add_context_processor=False)
    manager.request_loader(_visitor_of)
    app.before_request(_require_sign_in)
    app.before_request(_require_own_form)
    app.context_processor(lambda: {"user": visitor_for_page(), "csrf_token": generate_csrf})
    app.register_blueprint(login)


def public(view: View) -> View:
    """Let a view be used without signing in. Every view not marked so needs a signed-in user."""
    view.is_public = True  # type: ignore[attr-defined]
    return view


def visitor() -> Visitor:
    """Who is signed in. Only for views that aren't public."""
    return cast(Visitor, current_user)


def bearer_token() -> str | None:
    """The raw token of a program's request, which no page of another site can send: browsers never add this header."""
    sent = request.headers.get("Authorization", "")
    return sent.removeprefix(BEARER).strip() if is_api() and sent.startswith(BEARER) else None


def visitor_for_page() -> Visitor | None:
    """Who is signed in, or None; also None when that can't be found out now, so that an error page can be shown."""
    if g.get("has_failed"):
        known = g.get("_login_user")  # finding out may be what failed
        return known if isinstance(known, Visitor) else None
    try:
        return visitor() if current_user.is_authenticated else None
    except DictationError:
        return None


def session_token_from_environ(app: Flask, environ: dict[str, Any]) -> str | None:
    """The session token of a request's cookie, or None. Checks the signature only, so it may run on the hub.

    Give it to Accounts.user_of_session in the pool to learn who it is.
    """
    cookie = app.session_interface.open_session(app, app.request_class(environ))
    return _text_or_none(cookie.get(TOKEN)) if cookie is not None else None


# Signing in and out


@login.get("/login")
@public
def form() -> ResponseReturnValue:
    """The sign-in page."""
    following = own_path(request.args.get("next"))
    return redirect(following) if current_user.is_authenticated else _login_page()


@login.post("/login")
@public
def sign_in() -> ResponseReturnValue:
    """Check address and password, and begin a new session."""
    email, password = request.form.get("email", ""), request.form.get("password", "")
    following = own_path(request.form.get("next"))
    try:
        user_id = _authenticated(email, password)
    except (Unauthenticated, RateLimited) as refused:
        return _login_page(refused)
    former = _text_or_none(session.get(TOKEN))
    session.clear()
    session[TOKEN] = parts().accounts.open_session(user_id)
    if former is not None:
        parts().accounts.end_session(former)
    return redirect(following, 303)


@login.post("/logout")
@public
def sign_out() -> ResponseReturnValue:
    """End the session here and now, for this page and its sockets. Signed out already is success."""
    token = _text_or_none(session.get(TOKEN))
    if token is not None:
        if current_user.is_authenticated:
            parts().audit.record("logout", visitor().user_id, address=request.remote_addr)
        parts().accounts.end_session(token)
    session.clear()
    return redirect(url_for("login.form"), 303)


def own_path(path: str | None) -> str:
    """`path` when it is one of this site's, else the front page."""
    if path is None or not path.startswith("/") or "\\" in path or not path.isprintable():
        return "/"
    parsed = urlsplit(path)
    return path if not (parsed.scheme or parsed.netloc or path.startswith("//")) else "/"


def _authenticated(email: str, password: str) -> str:
    accounts, audit, limit, address = parts().accounts, parts().audit, parts().login_limit, request.remote_addr
    limit.take(email, address)  # no audit line for what it refuses: a flood must not write rows
    try:
        account = accounts.authenticate(email, password)
    except Unauthenticated:
        audit.record("login", accounts.user_id_of(email), address=address, outcome="failed")
        raise
    limit.give_back(email, address)
    audit.record("login", account.user_id, address=address)
    return account.user_id


def _login_page(refused: DictationError | None = None) -> Response:
    page = render_template("login.html", error=refused.text if refused else None)
    response = make_response(page, refused.status if refused else 200)
    if refused is not None and refused.retry_after is not None:
        response.headers["Retry-After"] = str(int(refused.retry_after))
    return response


# What every request passes


def _visitor_of(asked: Request) -> Visitor | None:
    accounts = parts().accounts
    token = _text_or_none(session.get(TOKEN))
    try:
        if (program := bearer_token()) is not None:
            return Visitor(accounts.user_of_token(program))
        return Visitor(accounts.user_of_session(token)) if token is not None else None
    except Unauthenticated:
        return None


def _require_sign_in() -> ResponseReturnValue | None:
    if request.endpoint is None or _is_public(request.endpoint) or current_user.is_authenticated:
        return None
    if is_api():
        raise Unauthenticated(SIGN_IN_FIRST)
    # Without its query: search words must not travel in one more address.
    return redirect(url_for("login.form", next=request.path))


def _is_public(endpoint: str) -> bool:
    return endpoint == "static" or getattr(current_app.view_functions[endpoint], "is_public", False)


def _require_own_form() -> ResponseReturnValue | None:
    if request.endpoint is None or request.method in UNCHANGING_METHODS or bearer_token() is not None:
        return None
    try:
        validate_csrf(request.headers.get("X-CSRFToken") or request.form.get("csrf_token"))
    except ValidationError:
        if request.endpoint == "login.sign_in":
            return _login_page(FormNotOurs("This page was open for too long. Please sign in again."))
        raise FormNotOurs from None
    return None


def _text_or_none(value: object) -> str | None:
    return value if isinstance(value, str) else None
