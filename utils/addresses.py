"""Which addresses the settings may name. Nothing here connects, and nobody is told what an address says."""

from urllib.parse import urlsplit

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

LOOPBACK = ("localhost", "127.0.0.1", "::1")
DATABASES = ("sqlite", "postgresql", "postgresql+psycopg2")


def is_database(address: str) -> bool:
    """SQLite or PostgreSQL, by the driver that is installed."""
    try:
        return make_url(address).drivername in DATABASES
    except (ArgumentError, ValueError):
        return False


def is_redis(address: str) -> bool:
    """Redis, over TCP, TLS or a socket's path."""
    return address.startswith(("redis://", "rediss://", "unix://")) and _has_port(address)


def is_web_address(address: str) -> bool:
    """A server and no more: no page, no password."""
    if not _has_port(address):
        return False
    parts = urlsplit(address)
    is_bare = bool(parts.hostname) and not (parts.username or parts.query or parts.fragment)
    return parts.scheme in ("https", "http") and is_bare


def may_carry_speech(address: str | None) -> bool:
    """Encrypted, or on this machine; None is the region's own."""
    if address is None:
        return True
    if not _has_port(address):
        return False
    parts = urlsplit(address)
    if parts.path not in ("", "/") or parts.query or parts.fragment or parts.username or not parts.hostname:
        return False
    return parts.scheme == "wss" or (parts.scheme == "ws" and parts.hostname in LOOPBACK)


def _has_port(address: str) -> bool:
    """True also for one that names none; False where it is no number, or the whole is no address."""
    try:
        return urlsplit(address).port != 0
    except ValueError:
        return False
