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
cmake -S . -B build-test -G Ninja -DCMAKE_BUILD_TYPE=Release -DREWIRE_WARNINGS_AS_ERRORS=ON \
    -DPython3_EXECUTABLE="$PWD/$python" >/dev/null
cmake --build build-test
built=$SECONDS
passed=0
ctest --test-dir build-test --output-on-failure -j 2 -LE "$excluded" --output-junit tests.xml || passed=$?
python3 scripts/test_times.py build-test
printf '\nconfigure and build %d:%02d, tests %d:%02d (min:s)\n' \
    $((built / 60)) $((built % 60)) $(((SECONDS - built) / 60)) $(((SECONDS - built) % 60))
exit "$passed"
