"""What is wrong with a session's recogniser, in words for who dictates: what happened, is it safe, what comes."""

from aws_services.engines import Engines

NOT_LET_IN = "The speech service does not let this program in; an administrator must see to it."
NOT_REACHED = "The speech service can't be reached."
NOT_TRUSTED = "The speech service can't prove who it is; an administrator must see to it."
NOT_TAKEN = "The speech service does not take what was asked of it; an administrator must see to it."
NO_ROOM = "The speech service has no room right now."
FAULTY = "The speech service has a fault."

WHAT = {
    "no_credentials": NOT_LET_IN,
    "credentials_unavailable": NOT_LET_IN,
    "credentials_time_out": NOT_LET_IN,
    "http_401": NOT_LET_IN,
    "http_403": NOT_LET_IN,
    "not_authorized": NOT_LET_IN,
    "unreachable": NOT_REACHED,
    "connect_time_out": NOT_REACHED,
    "connection_lost": NOT_REACHED,
    "handshake_failed": NOT_REACHED,
    "tls_failed": NOT_REACHED,
    "untrusted_certificate": NOT_TRUSTED,
    "bad_request_exception": NOT_TAKEN,
    "http_400": NOT_TAKEN,
    "http_404": NOT_TAKEN,
    "limit_exceeded_exception": NO_ROOM,
    "throttling_exception": NO_ROOM,
    "http_429": NO_ROOM,
    "busy": NO_ROOM,
}
"""Reason of a failure -> what happened"""
COMES = {
    "reconnecting": "Your audio is safe; text comes as soon as it answers.",
    "unavailable": "The recording goes on and is safe; the text is made from it afterwards.",
}
OFFLINE = (
    "The text now comes from the offline recogniser, which is not medical-grade: check every word. "
    "The recording is safe."
)


def words_for(state: str, engines: Engines) -> str:
    """For a recogniser in this state; empty while all is well."""
    if state == "live":
        return OFFLINE if engines.has_fallen_back else ""
    if state not in COMES or not engines.trouble:
        return ""
    return f"{WHAT.get(engines.trouble, FAULTY)} {COMES[state]}"
