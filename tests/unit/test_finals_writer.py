"""Finals reach their notes a few at a time, in order, and at once where somebody waits for them."""

import pytest

from aws_services import finals_writer
from aws_services.finals_writer import FinalsWriter
from models.transcript import Final, Segment

PATIENCE = 20.0


class Notes:
    """Remembers what each transaction brought, by the index of its finals."""

    def __init__(self):
        self.transactions = []
        self.on_append = lambda: None

    def append(self, finals):
        self.transactions.append([segment.index for _, segment in finals])
        self.on_append()

    @property
    def indexes(self):
        return [index for brought in self.transactions for index in brought]


class Rows:
    """One session's; says when so many of its finals are in the note."""

    session_id = "one"

    def __init__(self, runtime, wanted):
        self.all_written = runtime.flag()
        self._missing = wanted

    def final_settled(self, written):
        assert written
        self._missing -= 1
        if not self._missing:
            self.all_written.set()


def tell(writer, rows, indexes):
    for index in indexes:
        writer.add(rows, Segment(index, Final(f"one-{index}", f"word{index}", index, index + 1.0)))


def test_many_finals_at_once_are_written_a_few_at_a_time_and_in_order(runtime):
    """However they are cut, each is written once; no transaction has the hub fight for the interpreter for long."""
    notes = Notes()

    def body():
        rows, writer = Rows(runtime, 60), FinalsWriter(runtime, notes)
        tell(writer, rows, range(60))
        assert rows.all_written.wait(PATIENCE)

    runtime.on_hub(body)()
    assert notes.indexes == list(range(60))
    assert max(map(len, notes.transactions)) == finals_writer.AT_ONCE


def test_what_has_piled_up_is_written_in_larger_parts(runtime):
    notes = Notes()

    def body():
        rows, writer = Rows(runtime, 800), FinalsWriter(runtime, notes)
        tell(writer, rows, range(800))
        assert rows.all_written.wait(PATIENCE)

    runtime.on_hub(body)()
    assert notes.indexes == list(range(800))
    assert len(notes.transactions) < 40


@pytest.fixture
def endless_pauses(monkeypatch):
    for pause in ("GATHER_SECONDS", "BREATH_SECONDS"):
        monkeypatch.setattr(finals_writer, pause, 3600.0)


def test_who_hurries_waits_for_no_breath_until_all_of_it_is_written(runtime, endless_pauses):
    notes = Notes()

    def body():
        rows, writer = Rows(runtime, 30), FinalsWriter(runtime, notes)
        tell(writer, rows, range(30))
        writer.hurry()
        assert rows.all_written.wait(PATIENCE)

    runtime.on_hub(body)()
    assert notes.indexes == list(range(30))


def test_who_hurries_while_the_finals_before_are_being_written_waits_no_longer(runtime, endless_pauses):
    notes = Notes()

    def body():
        rows, writer = Rows(runtime, 15), FinalsWriter(runtime, notes)

        def more():
            tell(writer, rows, range(5, 15))
            writer.hurry()

        notes.on_append = lambda: len(notes.transactions) == 1 and runtime.post(more)
        tell(writer, rows, range(5))
        writer.hurry()
        assert rows.all_written.wait(PATIENCE)

    runtime.on_hub(body)()
    assert notes.indexes == list(range(15))
