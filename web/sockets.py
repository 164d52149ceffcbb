"""The Socket.IO door: who is connected, and each event as parse, one call, answer.

Handlers run on the hub. They are registered on python-socketio's own server: Flask's decorator would push a context for
every chunk of audio (measured: 100 us each). Every event goes through `_guarded`, so none is answered unauthenticated.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Flask
from socketio.exceptions import ConnectionRefusedError as Refusal

from aws_services.session_manager import SessionManager
from local_services.accounts import Accounts, SignedIn
from local_services.audit_trail import AuditTrail
from models.errors import DictationError, InternalError, RateLimited, Unauthenticated, ValidationFailed
from utils.config import Settings
from utils.logging import get_logger
from utils.runtime import Runtime
from web.clients import SocketClients
from web.incoming import read_chunk, read_end, read_place, read_session_id, read_start
from web.login import session_token_from_environ
from web.packets import MALFORMED
from web.parts import EXTENSION
from web.strangers import Strangers

log = get_logger("sockets")

WATCH_SECONDS = 2.0
"""How often ended sign-ins are looked for; their sockets must be closed within 5 s"""
MAX_REFUSED_IN_A_ROW = 10
"""Unreadable messages after which a socket is closed"""


@dataclass(eq=False)
class Caller:
    """Who is on a socket."""

    signed_in: SignedIn
    token: str
    is_cookie: bool
    refused_in_a_row: int = 0


class SocketDoor:
    """Every Socket.IO event of the program."""

    def __init__(
        self,
        app: Flask,
        server: Any,
        clients: SocketClients,
        manager: SessionManager,
        accounts: Accounts,
        runtime: Runtime,
        settings: Settings,
    ) -> None:
        self._app = app
        self._clients = clients
        self._manager = manager
        self._accounts = accounts
        self._runtime = runtime
        self._settings = settings
        self._audit: AuditTrail = app.extensions[EXTENSION].audit
        self._callers: dict[str, Caller] = {}
        self._strangers = Strangers(settings.stranger_seconds, settings.max_strangers)
        events: dict[str, Callable[..., None]] = {
            "session_start": self._session_start,
            "audio_chunk": self._audio_chunk,
            "session_pause": self._session_pause,
            "session_resume": self._session_resume,
            "session_end": self._session_end,
            MALFORMED: self._malformed,
        }
        server.on("connect", runtime.on_hub(self._connect))
        server.on("disconnect", runtime.on_hub(self._disconnect))
        for name, event in events.items():
            server.on(name, self._guarded(event))
        unknown = self._guarded(self._unknown)
        server.on("*", lambda _name, sid, *arguments: unknown(sid, *arguments))

    # Coming and going

    def _connect(self, sid: str, environ: dict[str, Any], auth: Any = None) -> None:
        try:
            caller = self._runtime.offload(self._who, environ, auth)
            if not self._clients.is_open(sid):  # it went away meanwhile, and nobody would tell us that again
                raise Unauthenticated
            self._refuse_too_many(caller.signed_in.user_id)
            self._callers[sid] = caller
        except DictationError as error:
            log.info("connection_refused", code=error.code)
            refusal = Refusal(error.text)
            refusal.error_args = {
                "message": error.text,
                "error_code": error.code,
                "data": {"error_code": error.code, "message": error.text},
            }
            raise refusal from None

    def _who(self, environ: dict[str, Any], auth: Any) -> Caller:
        """In the blocking pool."""
        if isinstance(auth, dict) and isinstance(token := auth.get("token"), str):
            return Caller(self._accounts.user_of_token(token), token, is_cookie=False)
        cookie_token = session_token_from_environ(self._app, environ)
        if cookie_token is None:
            raise Unauthenticated
        return Caller(self._accounts.user_of_session(cookie_token), cookie_token, is_cookie=True)

    def _refuse_too_many(self, user_id: str) -> None:
        most = max(self._settings.max_sockets_per_user, 2 * self._settings.max_sessions_per_user)
        if sum(caller.signed_in.user_id == user_id for caller in self._callers.values()) >= most:
            raise RateLimited("You have too many connections open. Close other tabs, then try again.")

    def _disconnect(self, sid: str, _reason: Any = None) -> None:
        self._callers.pop(sid, None)
        self._clients.forget(sid)
        self._manager.disconnected(sid)

    # Events

    def _session_start(self, sid: str, caller: Caller, payload: Any = None, *_: Any) -> None:
        user_id = caller.signed_in.user_id
        usual = self._settings
        request = read_start(
            payload,
            user_id,
            usual.specialty,
            usual.speech_options,
            audio_type=usual.audio_type,
            language_code=usual.language_code,
        )
        self._runtime.spawn(self._answered, self._manager.start, sid, caller, request, user_id, sid)

    def _audio_chunk(self, sid: str, caller: Caller, frame: Any = None, metadata: Any = None, *_: Any) -> None:
        pcm = read_chunk(frame, self._settings.max_chunk_bytes)
        self._manager.hear(sid, caller.signed_in.user_id, pcm, read_place(metadata))
        caller.refused_in_a_row = 0

    def _session_end(self, sid: str, caller: Caller, payload: Any = None, *_: Any) -> None:
        self._manager.end(sid, caller.signed_in.user_id, read_end(payload))

    def _session_pause(self, sid: str, caller: Caller, payload: Any = None, *_: Any) -> None:
        self._manager.pause(sid, caller.signed_in.user_id, read_session_id(payload), True)

    def _session_resume(self, sid: str, caller: Caller, payload: Any = None, *_: Any) -> None:
        self._manager.pause(sid, caller.signed_in.user_id, read_session_id(payload), False)

    def _malformed(self, _sid: str, _caller: Caller, *_: Any) -> None:
        raise ValidationFailed("The message is not one of Socket.IO's, or not JSON. Nothing was changed.")

    def _unknown(self, _sid: str, _caller: Caller, *_: Any) -> None:
        raise ValidationFailed("There is no such event. Nothing was changed.")

    # Answers

    def _guarded(self, event: Callable[..., None]) -> Callable[..., None]:
        """The event for a signed-in caller only, its refusal told to nobody but the caller."""

        def guarded(sid: str, *arguments: Any) -> None:
            caller = self._callers.get(sid)
            if caller is not None:
                self._answered(lambda: event(sid, caller, *arguments), sid, caller)

        return self._runtime.on_hub(guarded)

    def _answered(self, call: Callable[..., None], sid: str, caller: Caller, *arguments: Any) -> None:
        try:
            call(*arguments)
        except DictationError as error:
            self._refuse(sid, caller, error)
        except Exception as fault:  # noqa: BLE001 - logged by class and stack; the client must not wait for ever
            log.error("event_failed", user_id=caller.signed_in.user_id, error=fault)
            self._refuse(sid, caller, InternalError())

    def _refuse(self, sid: str, caller: Caller, error: DictationError) -> None:
        session = self._manager.on_socket(sid)
        session_id = session.session_id if session is not None else None
        log.warning("refused", session_id=session_id, user_id=caller.signed_in.user_id, code=error.code, error=error)
        self._clients.tell_error(sid, error, session_id, caller.signed_in.user_id)
        caller.refused_in_a_row += 1
        if caller.refused_in_a_row >= MAX_REFUSED_IN_A_ROW and not error.retryable:
            self._clients.hang_up_socket(sid)

    # Sign-ins that ended, and never began

    def watch_sign_ins(self) -> None:
        """Close the sockets of people who signed out, were disabled or were away too long, and of those who never said
        who they are. Runs as a task, for ever."""
        while True:
            self._runtime.sleep(WATCH_SECONDS)
            try:
                self._send_strangers_away()
                callers = dict(self._callers)
                dictating = {sid for sid in callers if self._manager.on_socket(sid) is not None}
                for sid in self._runtime.offload(self._ended, callers, dictating):
                    self._shut_out(sid, callers[sid])
            except Exception as error:  # noqa: BLE001 - such as the database away: nobody is signed out for that
                log.warning("sign_ins_not_checked", error=error)

    def _send_strangers_away(self) -> None:
        known = [transport for sid in self._callers if (transport := self._clients.transport_of(sid))]
        overdue = self._strangers.overdue(self._clients.transports, known, time.monotonic())
        if overdue:
            log.warning("strangers_sent_away", connections=len(overdue))
        for transport in overdue:
            self._clients.cut(transport)

    def _shut_out(self, sid: str, caller: Caller) -> None:
        """The socket is closed and nothing more taken from it; its dictation stays to be resumed."""
        session, user_id = self._manager.on_socket(sid), caller.signed_in.user_id
        session_id = session.session_id if session is not None else None
        self._clients.tell_error(sid, Unauthenticated(), session_id, user_id)
        self._clients.hang_up_socket(sid)
        if session_id is not None:
            log.info("dictation_interrupted", session_id=session_id, user_id=user_id)
            self._runtime.offload(self._audit.record, "dictation_interrupted", user_id, session_id)

    def _ended(self, callers: dict[str, Caller], dictating: set[str]) -> list[str]:
        """In the blocking pool. Dictating counts as use of the sign-in."""
        sign_ins = {sid: caller.signed_in.session_id for sid, caller in callers.items()}
        used = {sign_ins[sid] for sid in dictating}
        self._accounts.touch_all([sign_in for sign_in in used if sign_in is not None])
        over = self._accounts.ended_among({sign_in for sign_in in sign_ins.values() if sign_in is not None})
        programs = [sid for sid, sign_in in sign_ins.items() if sign_in is None and self._is_over(callers[sid])]
        return programs + [sid for sid, sign_in in sign_ins.items() if sign_in in over]

    def _is_over(self, caller: Caller) -> bool:
        try:
            self._accounts.user_of_token(caller.token)
        except Unauthenticated:
            return True
        return False
