"""Long runs with figures: `make soak`.

Exit code 1 when a byte or a final was lost, a final was doubled, or a bound did not hold.
"""

import argparse
import random
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.soak.figures import Figures, table
from tests.soak.kills import kills
from tests.soak.load import load
from tests.soak.long import long
from tests.soak.network import network

Part = Callable[[Path, argparse.Namespace], list[Figures]]

PARTS: dict[str, Part] = {
    "kills": lambda folder, wish: [kills(folder, wish.kills, wish.seed)],
    "long": lambda folder, wish: [long(folder, wish.hours, wish.speed, wish.seed)],
    "network": lambda folder, wish: network(folder, wish.outages, wish.seed),
    "load": lambda folder, wish: load(folder, wish.seed),
}
"""In the order they run. A further part is a function of a fresh folder and the wishes that gives its figures."""


def main() -> int:
    """Run what is wished for, print, judge; the exit code."""
    wish = _wish()
    print(f"seed {wish.seed}", flush=True)
    rows: list[Figures] = []
    for name in wish.only or PARTS:
        print(f"{name} ...", flush=True)
        with tempfile.TemporaryDirectory(prefix=f"soak-{name}-") as folder:
            found = PARTS[name](Path(folder), wish)
        for figures in found:
            print(f"{name}: seed {wish.seed}: {' | '.join(figures.cells())}", flush=True)
        rows += found
    print("\n" + table(rows))
    return 0 if all(figures.is_whole for figures in rows) else 1


def _wish() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--kills", type=int, default=300, help="kill -9 of the server")
    parser.add_argument("--hours", type=float, default=4.0, help="length of the long dictation")
    parser.add_argument("--speed", type=float, default=20.0, help="how much faster than life it is spoken")
    parser.add_argument("--outages", type=float, nargs="*", default=[3.0, 20.0, 120.0], help="seconds without network")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    parser.add_argument("--only", nargs="+", choices=list(PARTS), help="some parts only")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
