"""A session moves only as its states allow, and numbers its finals."""

import functools
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import InvalidSessionState, SessionClosingError
from models.session import MOVES, Session, SessionState
from models.transcript import Final, count_words, join_text

EVENTS = ("audio", "end", "close")


def a_session(state: SessionState) -> Session:
    return Session("session", "user", "socket", state=state)


@pytest.mark.parametrize(("state", "event"), list(itertools.product(SessionState, EVENTS)))
def test_every_event_is_either_a_move_or_refused_by_naming_event_and_state(state, event):
    session = a_session(state)
    if (state, event) in MOVES:
        session.move(event)
        assert session.state is MOVES[state, event]
    else:
        with pytest.raises(InvalidSessionState, match=f"No {event} in state {state.name}"):
            session.move(event)
        assert session.state is state


def test_a_dictation_lives_from_created_to_closed():
    session = a_session(SessionState.CREATED)
    for event in ("audio", "audio", "end", "close"):
        session.move(event)
    assert session.state is SessionState.CLOSED


def test_audio_after_the_end_is_refused_as_closing():
    with pytest.raises(SessionClosingError):
        a_session(SessionState.CLOSING).move("audio")


def test_finals_are_numbered_from_0_without_gaps():
    session = a_session(SessionState.ACTIVE)
    taken = [session.take(Final(f"s{n}", "word", n, n + 1)) for n in range(3)]
    assert [segment.index for segment in taken] == [0, 1, 2]


@given(st.lists(st.text(max_size=20)))
def test_words_are_counted_as_in_the_joined_text(texts):
    session = a_session(SessionState.ACTIVE)
    for number, text in enumerate(texts):
        session.take(Final(f"s{number}", text, 0, 1))
    assert session.word_count == count_words(functools.reduce(join_text, texts, ""))


def test_what_was_said_and_the_resume_token_are_not_in_a_session_as_it_prints():
    session = a_session(SessionState.ACTIVE)
    session.take(Final("s0", "secret diagnosis", 0, 1))
    assert "secret" not in repr(session)
    assert session.resume_token not in repr(session)
