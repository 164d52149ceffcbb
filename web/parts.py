"""What the views work with: made once by create_app, given to register_web, found again through `parts()`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

from flask import current_app

from local_services.accounts import Accounts
from local_services.audit_trail import AuditTrail
from local_services.sql_notes import SqlNotes
from models.ports import AudioStore
from utils.config import Settings
from web.limits import LoginLimit

EXTENSION = "seva_web_parts"

Check = Callable[[], str | None]
"""One part's readiness: None when it works, else what is wrong, in words for operators. Runs in the pool."""


@dataclass(frozen=True, slots=True)
class WebParts:
    """Everything a view may call."""

    settings: Settings
    accounts: Accounts
    notes: SqlNotes
    store: AudioStore
    audit: AuditTrail
    readiness: Mapping[str, Check]
    active_sessions: Callable[[], int]
    recogniser_name: str
    login_limit: LoginLimit


def parts() -> WebParts:
    """The parts of the application that answers this request."""
    return cast(WebParts, current_app.extensions[EXTENSION])
