"""What is left of a dictation that something happened to: its folder on the server, and whether its note is whole."""

import pytest

SECOND = 32_000
"""Bytes of PCM at 16 kHz"""


def spool_of(server, speaker):
    """The folder that holds the dictation until it is stored."""
    return server.folder / "instance" / "spool" / speaker.session_id


def covers_once(note, seconds):
    """True when the note's segments cover every second exactly once, in order."""
    edges = [0.0, *(segment[edge] for segment in note["segments"] for edge in ("start_time", "end_time")), seconds]
    return edges[::2] == pytest.approx(edges[1::2])


def assert_whole(note, seconds):
    """It is complete, with its recording, and nothing is missing or twice."""
    assert (note["status"], note["audio_status"]) == ("COMPLETED", "STORED")
    assert note["audio_duration_seconds"] == pytest.approx(seconds)
    assert [segment["segment_index"] for segment in note["segments"]] == list(range(len(note["segments"])))
    assert covers_once(note, seconds)


def rest_of(pcm, speaker):
    """What is still to be said."""
    return pcm[speaker._sent_bytes :]
