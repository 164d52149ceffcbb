"""What StartMedicalStreamTranscription takes, from its public reference."""

import re
from collections.abc import Collection

SESSION_ID = re.compile(r"[a-fA-F0-9]{8}(-[a-fA-F0-9]{4}){3}-[a-fA-F0-9]{12}")
SPECIALTIES = {"PRIMARYCARE", "CARDIOLOGY", "NEUROLOGY", "ONCOLOGY", "RADIOLOGY", "UROLOGY"}
REQUIRED = {"language-code", "media-encoding", "sample-rate", "specialty", "type"}
OPTIONAL = {
    "session-id",
    "vocabulary-name",
    "show-speaker-label",
    "enable-channel-identification",
    "number-of-channels",
    "content-identification-type",
}


class BadParameter(Exception):
    """A parameter is missing, unknown or not among the values that are taken; the text is its name."""


def check(given: dict[str, str], vocabularies: Collection[str]) -> None:
    """Raises BadParameter. Parameters of the signature are not looked at."""
    own = {name: value for name, value in given.items() if not name.lower().startswith("x-amz-")}
    for name in sorted(REQUIRED - own.keys()) + sorted(own.keys() - REQUIRED - OPTIONAL):
        raise BadParameter(name)
    rate = own["sample-rate"]
    allowed = {
        "language-code": own["language-code"] == "en-US",
        "media-encoding": own["media-encoding"] == "pcm",
        "sample-rate": rate.isdecimal() and 16000 <= int(rate) <= 48000,
        "specialty": own["specialty"] in SPECIALTIES,
        "type": own["type"] in {"CONVERSATION", "DICTATION"},
        "session-id": SESSION_ID.fullmatch(own.get("session-id", "0" * 8 + "-0000" * 3 + "-" + "0" * 12)) is not None,
        "vocabulary-name": own.get("vocabulary-name") in {None, *vocabularies},
        "show-speaker-label": own.get("show-speaker-label", "true") in {"true", "false"},
        "content-identification-type": own.get("content-identification-type", "PHI") == "PHI",
        "enable-channel-identification": own.get("enable-channel-identification", "false") == "false",
    }
    for name, is_allowed in allowed.items():
        if not is_allowed:
            raise BadParameter(name)
    if own["specialty"] == "RADIOLOGY" and own["type"] != "DICTATION":
        raise BadParameter("type")
