"""Runs a command and appends the peak of its memory, in KiB, as a line to a file.

    peak_memory.py FILE COMMAND [ARGUMENT...]

Counted are its own pages and its share of those that the ranks of the node have in common (resident set as
the kernel splits it: anonymous + file + shared memory / ranks on the node), looked at every 20 ms.
"""

import os
import subprocess
import sys
import time

ranks = int(os.environ.get("OMPI_COMM_WORLD_LOCAL_SIZE", "1"))
weight = {"RssAnon": 1.0, "RssFile": 1.0, "RssShmem": 1.0 / ranks}


def resident_kib(pid: int) -> float:
    total = 0.0
    with open(f"/proc/{pid}/status") as status:
        for line in status:
            name, _, value = line.partition(":")
            if name in weight:
                total += weight[name] * float(value.split()[0])
    return total


command = subprocess.Popen(sys.argv[2:])
peak = 0.0
while command.poll() is None:
    peak = max(peak, resident_kib(command.pid))
    time.sleep(0.02)
with open(sys.argv[1], "a") as file:  # one short append a process: lines of several ranks do not mix
    file.write(f"{peak:.0f}\n")
sys.exit(command.returncode if command.returncode >= 0 else 128 - command.returncode)
