"""Checks a presigned address as the public description of Signature Version 4 says. No vendor's code is used here."""

import hashlib
import hmac
from datetime import UTC, datetime
from urllib.parse import quote, unquote

ALGORITHM = "AWS4-HMAC-SHA256"
SERVICE = "transcribe"
LONGEST_SECONDS = 300
EARLY_SECONDS = 300
"""A client's clock may be this far ahead"""
UNRESERVED = "-_.~"


class Refused(Exception):
    """Not signed by whom it should be, or not for this; the text is the kind of fault."""


def read_query(query: str) -> list[tuple[str, str]]:
    """Decoded pairs of a raw query."""
    return [(unquote(name), unquote(value)) for name, _, value in (pair.partition("=") for pair in query.split("&"))]


def check(
    path: str, query: str, headers: dict[str, str], secrets: dict[str, tuple[str, str | None]], region: str
) -> None:
    """Raises Refused. `headers` by lower-case name; `secrets` gives secret and session token by access key."""
    given = dict(read_query(query))
    signature = given.get("X-Amz-Signature", "")
    if given.get("X-Amz-Algorithm") != ALGORITHM or not signature:
        raise Refused("unsigned")
    access_key, scope = _credential(given, region)
    if access_key not in secrets:
        raise Refused("unknown key")
    secret, token = secrets[access_key]
    if given.get("X-Amz-Security-Token") != token:
        raise Refused("token")
    _check_time(given)
    signed = given.get("X-Amz-SignedHeaders", "").split(";")
    if "host" not in signed or signed != sorted(signed):
        raise Refused("signed headers")
    to_sign = "\n".join((ALGORITHM, given["X-Amz-Date"], scope, _digest(_canonical(path, query, signed, headers))))
    if not hmac.compare_digest(_sign(secret, scope, to_sign), signature):
        raise Refused("signature")


def _credential(given: dict[str, str], region: str) -> tuple[str, str]:
    access_key, _, scope = given.get("X-Amz-Credential", "").partition("/")
    if scope != f"{given.get('X-Amz-Date', '')[:8]}/{region}/{SERVICE}/aws4_request":
        raise Refused("scope")
    return access_key, scope


def _check_time(given: dict[str, str]) -> None:
    try:
        signed_at = datetime.strptime(given["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        valid_seconds = int(given["X-Amz-Expires"])
    except (KeyError, ValueError):
        raise Refused("time") from None
    age_seconds = (datetime.now(UTC) - signed_at).total_seconds()
    if not 1 <= valid_seconds <= LONGEST_SECONDS or not -EARLY_SECONDS <= age_seconds <= valid_seconds:
        raise Refused("expired")


def _canonical(path: str, query: str, signed: list[str], headers: dict[str, str]) -> str:
    pairs = sorted(
        (quote(name, safe=UNRESERVED), quote(value, safe=UNRESERVED))
        for name, value in read_query(query)
        if name != "X-Amz-Signature"
    )
    lines = [f"{name}:{' '.join(headers.get(name, '').split())}" for name in signed]
    return "\n".join(
        (
            "GET",
            quote(path, safe="/" + UNRESERVED),
            "&".join(f"{name}={value}" for name, value in pairs),
            *lines,
            "",
            ";".join(signed),
            _digest(""),
        )
    )


def _sign(secret: str, scope: str, to_sign: str) -> str:
    key = b"AWS4" + secret.encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, to_sign.encode(), "sha256").hex()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
