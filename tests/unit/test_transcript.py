"""P9: joined text has single spaces, none before closing punctuation, and no closing mark twice."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.transcript import count_words, join_text, tidy

spoken = st.text(max_size=60) | st.lists(st.sampled_from(["pain", ".", ",", " ", "?!", "..", "\n", "é", "3.5"])).map(
    "".join
)


@pytest.mark.property
@given(spoken, spoken)
def test_p09_spacing_and_punctuation_of_joined_text(text, addition):
    joined = join_text(tidy(text), addition)
    assert joined == joined.strip()
    assert not re.search(r"\s\s", joined)
    assert not re.search(r"\s[.,;:!?]", joined)
    assert not re.search(r"([.,;:!?])\1", joined)


@pytest.mark.property
@given(spoken, spoken)
def test_p09_joining_is_tidying_the_whole(text, addition):
    assert join_text(tidy(text), addition) == tidy(f"{text} {addition}")


@pytest.mark.property
@given(spoken)
def test_p09_tidying_twice_changes_nothing_more(text):
    assert tidy(tidy(text)) == tidy(text)


@pytest.mark.property
@given(spoken, spoken)
def test_p09_no_letter_is_lost(text, addition):
    letters = [c for c in text + addition if c.isalnum()]
    assert [c for c in join_text(tidy(text), addition) if c.isalnum()] == letters


def test_words_are_counted_as_a_reader_would():
    assert count_words("") == 0
    assert count_words("blood pressure, stable.") == 3
