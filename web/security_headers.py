"""What browsers are told to refuse, on every answer. Nothing inline, nothing from elsewhere, no frames."""

import re
from urllib.parse import urlsplit

from flask import Flask, Response, request

from utils.config import Settings

HSTS_SECONDS = 2 * 365 * 24 * 3600
HOST = re.compile(r"[A-Za-z0-9.\-]{1,253}(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:[0-9]{1,5})?")
"""What may be written into a policy; anything else a client says its host is stays out"""


def register_security_headers(app: Flask, settings: Settings) -> None:
    """Put the headers on every answer of the application, errors and static files included."""

    @app.after_request
    def protect(response: Response) -> Response:
        response.headers.update(security_headers(settings, request.headers.get("Host", "")))
        own_rules = request.endpoint == "static" or response.content_type == "text/event-stream"
        if not own_rules or response.status_code >= 400:
            response.headers["Cache-Control"] = "no-store"
        return response


def security_headers(settings: Settings, host: str) -> dict[str, str]:
    """The headers for a request that named this host."""
    headers = {
        "Content-Security-Policy": content_security_policy(settings, host),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
        "Cross-Origin-Opener-Policy": "same-origin",
    }
    if settings.is_https:
        headers["Strict-Transport-Security"] = f"max-age={HSTS_SECONDS}"
    return headers


def content_security_policy(settings: Settings, host: str) -> str:
    """The policy. Not every browser takes ws: for 'self' (MDN), so this site's socket is named."""
    site = urlsplit(settings.public_url).netloc if settings.public_url else host
    socket = f" {'wss' if settings.is_https else 'ws'}://{site}" if HOST.fullmatch(site) else ""
    media = "".join(f" {origin}" for origin in _recording_origins(settings))
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data:",
            "font-src 'self'",
            f"connect-src 'self'{socket}",
            f"media-src 'self' blob:{media}",
            "worker-src 'self'",
            "manifest-src 'self'",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


def _recording_origins(settings: Settings) -> list[str]:
    """Where presigned links to recordings lead."""
    if settings.audio_store != "s3":
        return []
    if settings.s3_endpoint_url:
        endpoint = urlsplit(settings.s3_endpoint_url)
        return [f"{endpoint.scheme}://{endpoint.netloc}"]
    region, bucket = settings.aws_region, settings.s3_bucket
    return [
        f"https://{bucket}.s3.amazonaws.com",
        f"https://{bucket}.s3.{region}.amazonaws.com",
        f"https://s3.{region}.amazonaws.com",
    ]
