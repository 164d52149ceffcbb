"""The stand-in as a process of its own: `python -m tests.standin` prints its address and ends with its input."""

import sys

from tests.standin.service import TranscribeStandIn


def main() -> None:
    """Serve until nobody holds the other end of the input."""
    with TranscribeStandIn() as service:
        print(service.url, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
