"""What goes through the pipe comes out the same, and what is no message is noticed."""

import io

import pytest

from local_services.pocketsphinx_pipe import (
    HEADER,
    Kind,
    Message,
    PipeOutOfStep,
    pack_words,
    read_message,
    unpack_words,
    write_message,
)
from models.transcript import Final, Partial, Word

SAID = [
    Partial("s-1", "blood pressure", 0.5, 1.25),
    Final("s-1", "blood pressure", 0.5, 1.5, 0.93, (Word("blood", 0.5, 0.9, 0.9), Word("pressure", 0.9, 1.5, None))),
    Final("s-2", "naïve — 120/80 µg", 2.0, 3.0),
]


@pytest.mark.parametrize("said", SAID)
def test_words_arrive_as_they_were_said(said: Partial | Final) -> None:
    pipe = io.BytesIO()
    write_message(pipe, pack_words(7, said))
    pipe.seek(0)
    message = read_message(pipe)
    assert message is not None
    assert message.stream == 7
    assert unpack_words(message) == said


def test_messages_arrive_in_order_until_the_pipe_ends() -> None:
    sent = [Message(Kind.OPEN, 1, b"{}"), Message(Kind.AUDIO, 1, bytes(range(256))), Message(Kind.FINISH, 1)]
    pipe = io.BytesIO()
    for message in sent:
        write_message(pipe, message)
    pipe.seek(0)
    assert [read_message(pipe) for _ in range(4)] == [*sent, None]


def test_a_message_cut_short_is_the_end_of_the_pipe() -> None:
    whole = io.BytesIO()
    write_message(whole, Message(Kind.AUDIO, 1, bytes(100)))
    for length in (0, 3, HEADER.size, HEADER.size + 99):
        assert read_message(io.BytesIO(whole.getvalue()[:length])) is None


@pytest.mark.parametrize("header", [(99, 1, 4), (Kind.AUDIO, 1, 1 << 30)])
def test_what_is_no_message_is_noticed_before_it_is_read(header: tuple[int, int, int]) -> None:
    with pytest.raises(PipeOutOfStep):
        read_message(io.BytesIO(HEADER.pack(*header) + bytes(4)))
