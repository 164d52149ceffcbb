"""The surroundings of a program that has an account with the stand-in, and no other."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.standin.service import ACCESS_KEY, SECRET_KEY

NOWHERE = "/dev/null"
OTHERS = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE")


@contextmanager
def an_account(access_key: str | None = ACCESS_KEY, secret_key: str = SECRET_KEY) -> Iterator[pytest.MonkeyPatch]:
    """These credentials in the environment (or none at all), and nothing of this machine's own."""
    with pytest.MonkeyPatch.context() as patch:
        for name in (*OTHERS, "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.delenv(name, raising=False)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.setenv("AWS_CONFIG_FILE", NOWHERE)
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", NOWHERE)
        if access_key is not None:
            patch.setenv("AWS_ACCESS_KEY_ID", access_key)
            patch.setenv("AWS_SECRET_ACCESS_KEY", secret_key)
        yield patch


def credentials_file(folder: Path, access_key: str, secret_key: str, token: str | None = None) -> Path:
    """A file of credentials, as people keep them; written again, it holds others."""
    file = folder / "credentials"
    lines = ["[default]", f"aws_access_key_id={access_key}", f"aws_secret_access_key={secret_key}"]
    file.write_text("\n".join([*lines, *([f"aws_session_token={token}"] if token else [])]))
    return file
