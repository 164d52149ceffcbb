"""The program, with a replay that is as much faster than usual as the soak speaks: `python -m tests.soak.faster 20`.

The replay feeds five seconds of audio in one. Who speaks twenty times as fast as people would never be caught up with.
"""

import sys

from app import main
from aws_services import listening

if __name__ == "__main__":
    listening.REPLAY_SPEED *= float(sys.argv[1])
    sys.exit(main())
