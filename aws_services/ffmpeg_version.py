"""Which ffmpeg it is: what strangers send is read by one whose known holes are closed."""

import re
import subprocess
from functools import lru_cache
from pathlib import Path

OLDEST_SAFE = (8, 1, 3)
ANSWER_SECONDS = 10
VERSION = re.compile(r"ffmpeg version n?(\d+)\.(\d+)(?:\.(\d+))?")

Version = tuple[int, int, int]


def version_of(program: str) -> Version | None:
    """Its version; None for one that does not say, such as a build from between two versions."""
    try:
        return _version_of(program, Path(program).stat().st_mtime_ns)
    except OSError:
        return None


def is_too_old(program: str) -> bool:
    """True for one that says that it is older than OLDEST_SAFE. Distributions mend older ones without saying so."""
    version = version_of(program)
    return version is not None and version < OLDEST_SAFE


@lru_cache(maxsize=8)
def _version_of(program: str, _changed_at: int) -> Version | None:
    try:
        said = subprocess.run(
            [program, "-version"], stdin=subprocess.DEVNULL, capture_output=True, timeout=ANSWER_SECONDS, check=False
        ).stdout.decode(errors="replace")
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = VERSION.match(said)
    if found is None:
        return None
    major, minor, patch = (int(part or 0) for part in found.groups())
    return major, minor, patch
