"""Everything of the web but the sockets, put on an application. Nothing here connects to anything."""

from collections.abc import Callable, Mapping

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from local_services.accounts import Accounts
from local_services.audit_trail import AuditTrail
from local_services.sql_notes import SqlNotes
from models.ports import AudioStore
from utils.config import Settings
from web.api import api
from web.cli import register_cli
from web.error_answers import register_error_answers
from web.limits import LoginLimit
from web.login import register_login
from web.note_access import NoteId
from web.pages import register_pages
from web.parts import EXTENSION, Check, WebParts
from web.secret_key import secret_key_of
from web.security_headers import register_security_headers


def register_web(
    app: Flask,
    settings: Settings,
    accounts: Accounts,
    notes: SqlNotes,
    store: AudioStore,
    audit: AuditTrail,
    readiness: Mapping[str, Check],
    active_sessions: Callable[[], int],
    recogniser_name: str,
) -> None:
    """Pages, sign-in, REST, headers, error answers and the command line.

    Call it before Socket.IO wraps `app.wsgi_app`. `readiness` and `active_sessions` are called on pool threads.
    """
    limit = LoginLimit(settings.login_attempts_per_minute)
    app.extensions[EXTENSION] = WebParts(
        settings, accounts, notes, store, audit, readiness, active_sessions, recogniser_name, limit
    )
    if settings.trusted_proxies:
        count = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)  # type: ignore[method-assign]
    app.url_map.converters["note"] = NoteId
    register_security_headers(app, settings)
    register_error_answers(app)
    register_login(app, settings, secret_key_of(settings))
    register_pages(app, settings, recogniser_name)
    app.register_blueprint(api, url_prefix="/api/v1")
    app.register_blueprint(api, url_prefix="/v1", name="api_short")
    register_cli(app)
