"""The transcript of a job becomes segments: whatever its words and pauses, none is lost, doubled or out of order."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from aws_services.transcribe_recording import finals_of

PAUSES, LENGTHS = (0.0, 0.05, 0.3, 1.2, 6.0), (0.0, 0.1, 0.5, 2.0, 40.0)


@st.composite
def transcripts(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Items as the service writes them: marks have no times, words may have no length, speakers may be told apart."""
    items: list[dict[str, Any]] = []
    second = draw(st.floats(0, 3))
    for number in range(draw(st.integers(0, 25))):
        if draw(st.integers(0, 4)) == 0:
            mark = draw(st.sampled_from((".", ",", "?")))
            items.append({"alternatives": [{"content": mark}], "type": "punctuation"})
            continue
        second += draw(st.sampled_from(PAUSES))
        length = draw(st.sampled_from(LENGTHS))
        word = {
            "start_time": f"{second:.2f}",
            "end_time": f"{second + length:.2f}",
            "alternatives": [{"content": f"w{number}", "confidence": draw(st.sampled_from(("0.0", "0.9", "1.0")))}],
            "type": "pronunciation",
        }
        items.append(
            word | ({"speaker_label": draw(st.sampled_from(("spk_0", "spk_1")))} if draw(st.booleans()) else {})
        )
        second += length
    return items


@given(transcripts(), st.sampled_from((0.0, 0.5, 2.0, 11.11)))
def test_every_word_behind_what_was_heard_is_told_once_and_in_order(items: list[dict[str, Any]], after: float) -> None:
    finals = finals_of(json.dumps({"results": {"items": items}}).encode(), "job", after)
    spoken = [item for item in items if item["type"] == "pronunciation"]
    behind = [item for item in spoken if (float(item["start_time"]) + float(item["end_time"])) / 2 >= after]
    told = [word.text.rstrip(".,?") for final in finals for word in final.words]
    assert told == [item["alternatives"][0]["content"] for item in behind]
    assert len({final.segment_id for final in finals}) == len(finals)
    starts = [final.start_time for final in finals]
    assert starts == sorted(starts)
    assert all(after <= final.start_time <= final.end_time for final in finals)
    assert all(final.text == " ".join(word.text for word in final.words) for final in finals)
