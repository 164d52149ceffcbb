"""No packet that a client can send makes the server raise, hold memory, or call the handlers of the connection."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from socketio import packet

from web.packets import MALFORMED, BoundedPacket


def read(frame):
    return BoundedPacket(encoded_packet=frame)


@pytest.mark.parametrize(
    "frame",
    [
        "2not json",
        "2",
        "2{}",
        "2[]",
        "2[1]",
        '2["connect",{}]',
        '2["disconnect"]',
        "9[]",
        "x",
        "",
        '5["audio_chunk"]',
        '52-["audio_chunk",{"_placeholder":true,"num":0}]',
        '5100000-["audio_chunk",{"_placeholder":true,"num":0}]',
        '51-["audio_chunk"' + "[" * 100_000,
        "2" + "[" * 100_000,
        "61-[]",
        '4{"message":"x"}',
        b"\x01\x00",
        "2" + "1" * 200 + '["x"]',
    ],
)
def test_a_frame_that_makes_no_sense_becomes_a_malformed_event(frame):
    found = read(frame)
    assert (found.packet_type, found.data, found.attachment_count) == (packet.EVENT, [MALFORMED], 0)


def test_a_chunk_with_its_one_attachment_is_read():
    found = read('51-["audio_chunk",{"_placeholder":true,"num":0},{"seq":1}]')
    assert found.attachment_count == 1
    assert found.add_attachment(b"\x01ab")
    assert found.data == ["audio_chunk", b"\x01ab", {"seq": 1}]


@pytest.mark.parametrize("number", ["5", '"x"', "null", "-7", "{}"])
def test_a_placeholder_that_points_nowhere_becomes_malformed(number):
    found = read(f'51-["audio_chunk",{{"_placeholder":true,"num":{number}}}]')
    assert found.add_attachment(b"\x01ab")
    assert found.data == [MALFORMED]
    assert found.packet_type == packet.BINARY_EVENT


@given(st.text(max_size=200) | st.binary(max_size=200))
def test_anything_at_all_is_read_without_raising(frame):
    assert read(frame).attachment_count in (0, 1)
