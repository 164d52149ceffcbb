"""What Linux tells about a process and its children: CPU, memory, sockets."""

import os
from pathlib import Path

PROC = Path("/proc")
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")

PPID, UTIME, STIME, CUTIME, CSTIME = 1, 11, 12, 13, 14
"""Places in /proc/<pid>/stat, counted behind the name, which may hold spaces (proc(5))"""


def cpu_seconds(pid: int) -> float:
    """CPU time of the process and its descendants so far, ended children included."""
    ticks = sum(int(stat[place]) for stat in _family(pid).values() for place in (UTIME, STIME, CUTIME, CSTIME))
    return ticks / TICKS_A_SECOND


def rss_bytes(pid: int) -> int:
    """Resident memory of the process and its descendants."""
    return sum(int((PROC / str(member) / "statm").read_text().split()[1]) * PAGE_BYTES for member in _family(pid))


def threads(pid: int) -> int:
    """How many threads the process itself has."""
    return sum(1 for _ in (PROC / str(pid) / "task").iterdir())


def open_sockets(pid: int) -> int:
    """How many sockets the process itself has open."""
    return sum(target.startswith("socket:") for target in _descriptors(pid))


def open_files_under(pid: int, folder: Path) -> int:
    """How many files under the folder the process itself has open."""
    return sum(target.startswith(f"{folder}{os.sep}") for target in _descriptors(pid))


def _descriptors(pid: int) -> list[str]:
    targets = []
    for link in (PROC / str(pid) / "fd").iterdir():
        try:
            targets.append(str(link.readlink()))
        except FileNotFoundError:
            continue  # closed while we looked
    return targets


def _family(pid: int) -> dict[int, list[str]]:
    """The stat fields of the process and its descendants, by process id."""
    stats = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            try:
                stats[int(entry.name)] = (entry / "stat").read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue  # ended while we looked
    family = {pid}
    while len(grown := family | {child for child, stat in stats.items() if int(stat[PPID]) in family}) > len(family):
        family = grown
    return {member: stats[member] for member in family}
