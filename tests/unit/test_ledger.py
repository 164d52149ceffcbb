"""The account of a dictation: what is there, what is missing, and where."""

import pytest

from models.ledger import Gap, Heard, SoundGap, ledger_of


def test_a_whole_dictation_has_no_gaps():
    ledger = ledger_of(Heard(60.0, 60.0), is_stored=True, is_over=True)
    assert (ledger.received_seconds, ledger.stored_seconds, ledger.recognised_seconds) == (60.0, 60.0, 60.0)
    assert ledger.gaps == ()


def test_what_the_microphone_missed_and_what_has_no_text_are_named_at_their_place():
    ledger = ledger_of(Heard(60.0, 45.5, (SoundGap(12.0, 3.5),)), is_stored=False, is_over=True)
    assert ledger.stored_seconds == 0.0
    assert ledger.gaps == (Gap(12.0, 12.0, 3.5, "microphone"), Gap(45.5, 60.0, 14.5, "no_text"))


def test_while_it_goes_on_what_is_not_recognised_yet_is_no_gap():
    assert ledger_of(Heard(0.0, 12.0), is_stored=False, is_over=False).gaps == ()


@pytest.mark.parametrize("recognised", [59.95, 60.02])
def test_the_last_frame_is_no_gap(recognised):
    ledger = ledger_of(Heard(60.0, recognised), is_stored=True, is_over=True)
    assert ledger.gaps == ()
    assert ledger.recognised_seconds <= 60.0
