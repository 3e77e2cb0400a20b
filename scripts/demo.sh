#!/usr/bin/env bash
# From a fresh Debian 12 machine to a table of what was planted and what was found:
# installs what is missing, builds, makes a small study with known truth, runs the main job on it with MPI.
#
#   scripts/demo.sh [FOLDER]      FOLDER (default: demo) gets the study and the results; a second call goes on where it was
set -euo pipefail
cd "$(dirname "$0")/.."
folder=${1:-demo}
ranks=$(( $(nproc) < 8 ? $(nproc) : 8 ))

scripts/install-packages.sh build
cmake -S . -B build -G Ninja -DCMAKE_BUILD_TYPE=Release -DREWIRE_TESTS=OFF -DREWIRE_BENCHMARKS=OFF >/dev/null
cmake --build build
rewire=build/rewire

# mpirun refuses root (in a container) unless told otherwise.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
run() {
    echo
    echo "\$ mpirun -n $ranks rewire $*"
    mpirun -n "$ranks" --oversubscribe "$rewire" "$@"
}

study=$folder/study
results=$folder/results
run simulate lever-press --out "$study" --animals 2 --sessions 14 --neurons 80 --duration-s 600 --seed 1
run study "$study" --quick
run connectome --study "$study" --results "$results" --tau-s 0.7 --surrogates 1000
run movement --study "$study" --results "$results"
run rewiring --results "$results"
run report --results "$results"
run recovery --study "$study" --results "$results"

echo
echo "results:"
find "$results" -maxdepth 2 -type f | sort | sed 's/^/  /'
