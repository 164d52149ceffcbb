"""Gives itself limits, then becomes the command: `python -I -S limits_launcher.py CPU AS FSIZE NOFILE COMMAND...`.

Run as a program of its own because nothing may run between fork and exec in a process with threads.
"""

import os
import resource
import sys

LIMITS = (resource.RLIMIT_CPU, resource.RLIMIT_AS, resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE)
NICENESS = 10
"""Stored work gives way to live dictations"""

if __name__ == "__main__":
    for kind, most in zip(LIMITS, map(int, sys.argv[1:5]), strict=True):
        resource.setrlimit(kind, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(NICENESS)
    os.execv(sys.argv[5], sys.argv[5:])
