"""The journal keeps every line, in the order told, whatever the disk refuses for a while."""

from aws_services.journal import Journal, read_journal
from aws_services.spool_file import SpoolFile
from models.keeping_errors import StorageFull
from models.transcript import Final, Segment


class Hub:
    """Spawned tasks wait until they are let run; nothing in them sleeps."""

    def __init__(self):
        self.tasks = []

    def spawn(self, fn, *args):
        self.tasks.append((fn, args))

    def sleep(self, seconds):
        pass

    def run_tasks(self):
        while self.tasks:
            fn, args = self.tasks.pop(0)
            fn(*args)


class MoodyDisk:
    """A Spool that is durable at once, except while it refuses everything."""

    def __init__(self):
        self.refuses = False
        self.refused = 0

    def append(self, file: SpoolFile, offset, block, urgent):
        if self.refuses:
            self.refused += 1
            file.cut(file.written, StorageFull())
        elif file.write(offset, block):
            file.settle(file.sync())

    def finish(self, file: SpoolFile):
        file.settle(file.sync())
        file.close()


def a_segment(index):
    return Segment(index, Final(f"s{index}", "word " * (5 - index), float(index), index + 1.0))


def test_a_line_that_the_disk_refused_comes_before_those_told_after_it(tmp_path):
    hub, disk, told = Hub(), MoodyDisk(), []
    journal = Journal(tmp_path, disk, hub)
    journal.final(a_segment(0), then=lambda: told.append(0))
    disk.refuses = True
    journal.final(a_segment(1), then=lambda: told.append(1))
    disk.refuses = False
    journal.final(a_segment(2), then=lambda: told.append(2))
    journal.words_done(True, then=lambda: told.append("done"))
    assert told == [0]
    hub.run_tasks()
    assert told == [0, 1, 2, "done"]
    assert [segment.index for segment in read_journal(tmp_path).segments] == [0, 1, 2]
    journal.close()


def test_a_journal_that_was_closed_leaves_the_disk_alone(tmp_path):
    hub, disk = Hub(), MoodyDisk()
    journal = Journal(tmp_path, disk, hub)
    disk.refuses = True
    journal.final(a_segment(0), then=lambda: None)
    journal.close()
    hub.run_tasks()
    assert disk.refused == 1
