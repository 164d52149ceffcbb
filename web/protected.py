"""Puts the security headers on what Socket.IO answers too: its polling never passes through Flask."""

from collections.abc import Callable, Iterable
from typing import Any

from utils.config import Settings
from utils.websocket_levers import WsgiApp
from web.security_headers import security_headers

SWITCHING_PROTOCOLS = "101"


def protected(app: WsgiApp, settings: Settings) -> WsgiApp:
    """The application, with every header that an answer of it does not carry yet."""

    def protect(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            if not status.startswith(SWITCHING_PROTOCOLS):
                there = {name.lower() for name, _ in headers}
                wanted = {"Cache-Control": "no-store", **security_headers(settings, environ.get("HTTP_HOST", ""))}
                headers = [*headers, *((name, value) for name, value in wanted.items() if name.lower() not in there)]
            return start_response(status, headers, *error)

        return app(environ, start)

    return protect
