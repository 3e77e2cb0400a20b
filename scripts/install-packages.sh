#!/usr/bin/env bash
# Installs the Debian 12 packages that are missing: what rewire is built with, and with "test" what its tests use too.
# Needs root or sudo only when something is missing.
set -euo pipefail

build=(g++ cmake ninja-build pkg-config git ca-certificates
    openmpi-bin libopenmpi-dev libhdf5-openmpi-dev libpetsc-real-dev zlib1g-dev libslepc-real-dev
    libboost-program-options-dev libboost-math-dev libeigen3-dev librandom123-dev libopenblas-dev libfftw3-dev
    libspdlog-dev libfmt-dev libssl-dev gnuplot-nox)
test=(libgtest-dev libgmock-dev libbenchmark-dev hdf5-tools python3 python3-venv
    slurm-wlm munge libpmix-dev iproute2 procps chromium clang-format-14 clang-tidy-14 valgrind)

wanted=("${build[@]}")
if [ "${1:-build}" = test ]; then
    wanted+=("${test[@]}")
fi

missing=()
for package in "${wanted[@]}"; do
    status=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
    [ "$status" = "install ok installed" ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

echo "installing: ${missing[*]}"
as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "packages are missing and this is neither root nor is sudo there; ask your administrator for:" >&2
        echo "  apt-get install --no-install-recommends ${missing[*]}" >&2
        exit 1
    fi
    as_root=(sudo)
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >"$log" 2>&1 ||
    { cat "$log" >&2; exit 1; }
