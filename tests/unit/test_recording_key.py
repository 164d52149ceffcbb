"""The name a recording is stored under."""

import uuid
from datetime import UTC, datetime, timedelta, timezone

import pytest

from models.recording_key import is_recording_key, recording_key

NUMBER = uuid.UUID("7d444840-9dc0-41d1-b245-5ffdce74fad2")


def test_a_key_tells_when_it_was_recorded_in_utc_and_not_by_whom() -> None:
    half_past_nine_in_pune = datetime(2026, 11, 20, 9, 30, 5, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    key = recording_key("dr.rao@example.org", half_past_nine_in_pune, NUMBER)
    assert key.endswith(f"/20261120_040005_{NUMBER}.mp3")
    assert "rao" not in key


def test_one_user_s_recordings_lie_together_and_apart_from_another_s() -> None:
    folders = [recording_key(user, datetime(2026, 1, 1, tzinfo=UTC), NUMBER).split("/")[1] for user in ("a", "a", "b")]
    assert folders[0] == folders[1] != folders[2]


@pytest.mark.parametrize("version", [uuid.uuid1(), uuid.uuid3(NUMBER, "x"), uuid.uuid5(NUMBER, "x")])
def test_a_number_that_could_be_guessed_is_refused(version: uuid.UUID) -> None:
    with pytest.raises(ValueError, match="version 4"):
        recording_key("user-1", datetime(2026, 1, 1, tzinfo=UTC), version)


@pytest.mark.parametrize("crooked", ["", "audio/", "audio/../x.mp3", "audio/user/20260101_000000_x.mp3"])
def test_other_names_are_not_keys(crooked: str) -> None:
    assert not is_recording_key(crooked)
