"""How speech is to be heard, beyond its language, specialty and kind."""

from dataclasses import asdict, dataclass
from typing import Any

PHI = "PHI"
"""Protected health information: all that a recogniser can mark so far"""
NOTHING = "none"
"""What a dictation asks to be marked that wants no marks, whatever is usual"""
VOCABULARY_NAME = r"^[0-9a-zA-Z._-]{1,200}$"
"""What Amazon Transcribe takes for the name of a vocabulary"""


@dataclass(frozen=True, slots=True)
class SpeechOptions:
    """What a recogniser is asked for besides words. One that can't do it leaves it out."""

    vocabulary_name: str | None = None
    """A custom vocabulary of the account"""
    content_identification: str | None = None
    """PHI, or None for no marks"""
    show_speaker_labels: bool = False
    """Tell speakers apart, where there is more than one"""

    @property
    def chosen(self) -> dict[str, Any]:
        """Those that are not as usual, to be kept or sent as JSON."""
        return {name: value for name, value in asdict(self).items() if value}


USUAL = SpeechOptions()
