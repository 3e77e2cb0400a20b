"""Runs a command and appends its peak resident memory (KiB, of the process itself) as a line to a file.

    peak_memory.py FILE COMMAND [ARGUMENT...]
"""

import os
import sys

pid = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(pid, 0)
with open(sys.argv[1], "a") as file:  # one short append a process: lines of several ranks do not mix
    file.write(f"{usage.ru_maxrss}\n")
sys.exit(os.waitstatus_to_exitcode(status) & 0xFF)
