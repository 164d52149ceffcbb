"""The web part as a test meets it: a site over a real database, people with browsers, and notes they dictated."""

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from flask import Flask
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session as Database
from werkzeug.test import TestResponse

from aws_services.live_sessions import LiveSessions
from local_services.accounts import Account, Accounts
from local_services.audit_trail import AuditTrail
from local_services.file_audio_store import FileAudioStore
from local_services.passwords import Passwords
from local_services.sql_notes import SqlNotes
from local_services.sql_transcripts import SqlTranscripts
from local_services.sql_watches import SqlWatches
from models.audit import AuditEvent
from models.ports import AudioStore, Closing, Opening
from models.recording_key import recording_key
from models.transcript import Final, Segment, Word
from utils.config import Settings, load_settings
from utils.database import open_engine, upgrade_schema
from utils.runtime import Runtime
from web.admin import register_admin_pages
from web.connection_health import register_connection_health
from web.metrics_door import register_metrics
from web.register import register_web
from web.status_streams import StatusStreams, register_status_streams
from web.stored_wiring import stored_of
from web.uploads import register_uploads

PROJECT = Path(__file__).resolve().parent.parent
PASSWORD = "four quiet words here"
HTTPS = "https://dictation.example.org"
MP3 = bytes(range(256)) * 40
"""Stands for a recording: 10,240 bytes that tell their place"""


class Clock:
    """A time that only moves when told."""

    def __init__(self) -> None:
        self.time = datetime.now(UTC).replace(microsecond=0)

    def __call__(self) -> datetime:
        return self.time

    def forward(self, **amount: float) -> None:
        self.time += timedelta(**amount)


class Browser:
    """One person's browser: its own cookies, and the form secret of the page it last opened."""

    def __init__(self, app: Flask, base_url: str = "http://localhost") -> None:
        self.client = app.test_client()
        self.base_url = base_url

    def get(self, path: str, **asked: Any) -> TestResponse:
        return self.send("GET", path, **asked)

    def send(self, method: str, path: str, **asked: Any) -> TestResponse:
        return self.client.open(path, method=method, base_url=self.base_url, buffered=True, **asked)

    def form_secret(self) -> str:
        """The hidden csrf_token of the page at /login, or of the front page when signed in."""
        page = self.get("/login", follow_redirects=True).text
        return re.findall(r'name="csrf_token" value="([^"]+)"', page)[0]

    def sign_in(self, email: str, password: str = PASSWORD, **fields: str) -> TestResponse:
        form = {"email": email, "password": password, "csrf_token": self.form_secret(), **fields}
        return self.send("POST", "/login", data=form)

    def sign_out(self) -> TestResponse:
        return self.send("POST", "/logout", data={"csrf_token": self.form_secret()})

    def cookie(self, name: str = "session") -> str:
        cookie = self.client.get_cookie(name, domain=self.base_url.rpartition("/")[2])
        return cookie.value if cookie else ""

    def carry(self, value: str, name: str = "session") -> None:
        """Have this cookie, however it was come by."""
        self.client.set_cookie(name, value, domain=self.base_url.rpartition("/")[2])

    def is_signed_in(self) -> bool:
        return self.get("/api/v1/transcriptions").status_code == 200


class NoHub:
    """Stands for a runtime: nobody streams here (tests/flow/test_status_stream.py does)."""

    def on_hub(self, fn: Any) -> Any:
        return fn

    def post(self, fn: Any, *args: Any) -> None:
        fn(*args)

    def connection(self, _environ: dict[str, Any]) -> None:
        return None


class Site:
    """The application and what lies behind it."""

    def __init__(self, engine: Engine, settings: Settings, store: AudioStore | None = None) -> None:
        self.engine, self.settings, self.clock = engine, settings, Clock()
        self.accounts = Accounts(
            engine,
            session_idle=timedelta(minutes=settings.session_idle_minutes),
            session_lifetime=timedelta(hours=settings.session_lifetime_hours),
            now=self.clock,
            passwords=Passwords(memory_kib=64, rounds=1),
        )
        self.audit, self.notes = AuditTrail(engine), SqlNotes(engine)
        self.store = store or FileAudioStore(settings.recordings_dir)
        self.checks: dict[str, str | None] = {"database": None, "spool": None}
        self.app = Flask("site", root_path=str(PROJECT))
        register_web(
            self.app,
            settings,
            self.accounts,
            self.notes,
            self.store,
            self.audit,
            {name: lambda name=name: self.checks[name] for name in self.checks},
            lambda: 3,
            "pocketsphinx",
        )
        self.stored = stored_of(settings, engine, self.store)
        register_uploads(self.app, self.stored.door)
        register_connection_health(self.app, SqlWatches(engine), self.stored.door.statuses)
        register_admin_pages(self.app)
        register_metrics(self.app, settings, LiveSessions(), "worker-1")
        register_status_streams(
            self.app, StatusStreams(self.stored.bus.subscriber, self.accounts, cast(Runtime, NoHub()), settings)
        )

    def add(self, email: str, role: str = "clinician") -> Account:
        return self.accounts.add_user(email, role, PASSWORD)

    def browser(self, email: str | None = None, base_url: str = "http://localhost") -> Browser:
        """A fresh browser, signed in when an address is given."""
        opened = Browser(self.app, base_url)
        if email is not None:
            assert opened.sign_in(email).status_code == 303
        return opened

    def dictate(self, user_id: str, *spoken: str, recording: str = "STORED", created_at: datetime | None = None) -> int:
        """A finished note with these finals, its recording stored, still pending, or failed. Returns its id."""
        made = created_at or self.clock()
        opening = Opening(
            session_id=str(uuid.uuid4()),
            user_id=user_id,
            job_id=str(uuid.uuid4()),
            audio_s3_key=recording_key(user_id, made, uuid.uuid4()),
            sample_rate=16000,
            quality="medium",
            specialty="CARDIOLOGY",
            recogniser="pocketsphinx",
            worker_id="worker-1",
            created_at=made,
        )
        transcripts = SqlTranscripts(self.engine, self.clock)
        note_id = transcripts.begin(opening)
        for index, text in enumerate(spoken):
            transcripts.append([(opening.session_id, said(index, text))])
        transcripts.finish(opening.session_id, Closing(completed=True, audio_duration_seconds=12.5))
        if recording == "STORED":
            transcripts.recording_stored(opening.session_id, self._record(opening.audio_s3_key))
        if recording == "FAILED":
            transcripts.recording_failed(opening.session_id)
        return note_id

    def _record(self, key: str) -> Any:
        draft = self.settings.instance_dir / "draft.mp3"
        draft.write_bytes(MP3)
        return self.store.put(key, draft)

    def audit_lines(self, event: str) -> list[tuple[str | None, str | None, str]]:
        """(who, object, outcome) of every line of that event, in order."""
        with Database(self.engine) as db:
            lines = db.scalars(select(AuditEvent).where(AuditEvent.event == event).order_by(AuditEvent.id)).all()
            return [(line.user_id, line.object_id, line.outcome) for line in lines]


def said(index: int, text: str) -> Segment:
    """A final, two seconds long, its words a tenth of a second each."""
    start = index * 3661.5
    words = tuple(Word(word, start + n / 10, start + (n + 1) / 10, 0.5) for n, word in enumerate(text.split()))
    return Segment(index, Final(f"s{index}", text, start, start + 2.0, 0.75, words))


@contextmanager
def open_site(folder: Path, store: AudioStore | None = None, **changed: Any) -> Iterator[Site]:
    """A site in its own folder, with the given settings changed."""
    settings = load_settings(**{"instance_dir": folder / "instance", **changed})
    engine = open_engine(settings.sqlalchemy_url)
    upgrade_schema(engine)
    try:
        yield Site(engine, settings, store)
    finally:
        engine.dispose()
