#!/usr/bin/env bash
# From a fresh Debian 12 machine to all tests passed: installs what is missing, builds with warnings as errors, runs
# ctest, and says at the end where the time went.
#
#   scripts/test.sh [--long|--tidy]   also the sanitizers, valgrind and many damaged files, or these and clang-tidy
set -euo pipefail
cd "$(dirname "$0")/.."
excluded="long|tidy"
[ "${1:-}" = --long ] && excluded=tidy
[ "${1:-}" = --tidy ] && excluded=none

scripts/install-packages.sh test

# pynwb and xarray read our files in some tests; those tests say so and are skipped where they cannot be had.
python=build-test/venv/bin/python
if [ ! -x "$python" ]; then
    mkdir -p build-test
    python3 -m venv build-test/venv
    "$python" -m pip install -q --disable-pip-version-check pynwb xarray h5netcdf || echo "no pynwb: its tests will be skipped"
fi

SECONDS=0
# Most of the compiler's time goes into the headers of the library: the sources of a folder read them together here.
cmake -S . -B build-test -G Ninja -DCMAKE_BUILD_TYPE=Release -DREWIRE_WARNINGS_AS_ERRORS=ON -DREWIRE_UNITY=ON \
    -DPython3_EXECUTABLE="$PWD/$python" >/dev/null
cmake --build build-test --target rewire same_datasets
# The cluster's tests wait most of their time: for time limits, for nodes that do not answer. They do so while the
# other tests are compiled and run.
ctest --test-dir build-test/tests/slurm --output-on-failure --output-junit slurm.xml >build-test/slurm.log 2>&1 &
cluster=$!
passed=0
cmake --build build-test || passed=$?
built=$SECONDS
[ "$passed" -ne 0 ] ||
    ctest --test-dir build-test --output-on-failure -j 6 -LE "slurm|$excluded" --output-junit tests.xml || passed=$?
wait "$cluster" || passed=$?
cat build-test/slurm.log
python3 scripts/test_times.py build-test
printf '\nconfigure and build %d:%02d, other tests after that %d:%02d (min:s)\n' \
    $((built / 60)) $((built % 60)) $(((SECONDS - built) / 60)) $(((SECONDS - built) % 60))
exit "$passed"
