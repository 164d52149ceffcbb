"""The key that signs cookies: given by a setting, or made once and kept in the instance folder."""

import hmac
import os
import secrets
import tempfile
from pathlib import Path

from utils.config import Settings, SettingsError

KEY_FILE = "secret_key"
KEY_BYTES = 48
SHORTEST_KEY = 32
"""Characters"""


def secret_key_of(settings: Settings) -> str:
    """The key, the same for every process of this installation. Raises SettingsError when its file is unfit."""
    if settings.secret_key is not None:
        return settings.secret_key.get_secret_value()
    folder = settings.instance_dir
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    path = folder / KEY_FILE
    if not path.exists():
        _make(path)
    return _read(path)


def _make(path: Path) -> None:
    # Written whole under another name first: a second process starting now never reads half a key,
    # and link() refuses to replace the key that was there first.
    handle, draft = tempfile.mkstemp(prefix=f".{KEY_FILE}-", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        path.hardlink_to(draft)
    except FileExistsError:
        return
    finally:
        Path(draft).unlink()


def _read(path: Path) -> str:
    if path.stat().st_mode & 0o077:
        raise SettingsError(
            f"{path}: others can read the secret key. Delete it (everybody signs in anew) or chmod 600."
        )
    key = path.read_text(encoding="ascii").strip()
    if len(key) < SHORTEST_KEY:
        raise SettingsError(f"{path}: the secret key is too short. Delete the file and start again to make a new one.")
    return key


def browser_key(secret_key: str, user_id: str) -> bytes:
    """32 bytes that seal what one user's browser keeps until it is sent. The same each time, and no other user's."""
    return hmac.digest(secret_key.encode(), b"browser-store:" + user_id.encode(), "sha256")
