#!/usr/bin/env bash
# run_sanitizers.sh SOURCE BUILD SHARED_DATA: builds the sanitize preset elsewhere and runs its tests: all that
# need no mpirun, and a short set of those that do (2 ranks) and of the program as a command. Leaks are not looked for:
# Open MPI, PETSc and HDF5 keep what they have until the process ends.
set -euo pipefail
cmake --preset sanitize -S "$1" -B "$2" -DREWIRE_UNITY=ON -DREWIRE_SHARED_DATA="$3" >/dev/null
cmake --build "$2" -j 2
export ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1
ctest --test-dir "$2" --output-on-failure -j 2 -LE "long|tidy|slurm|style"
