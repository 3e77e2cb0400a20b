#!/bin/sh
# The same work in the tools users have today, on the same data in the same run: see ../README.md.
#   benchmarks/peers/run.sh [--build DIR] [--venv DIR] [anything peers.py takes]
#   benchmarks/peers/run.sh rates [--build DIR] [--venv DIR] [anything edge_rates.py takes]
#   benchmarks/peers/run.sh dynetcp [--build DIR] [--venv DIR] [anything dynetcp_peers.py takes]
# The second says how often their p-values are wrong, and not how long they take; the third needs PyTorch.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
build=$here/../../build
venv=
script=peers.py
program=peer_kernels
requirements=requirements.txt
folder=peers-venv
case ${1:-} in
    rates)
        script=edge_rates.py
        program=calibration
        shift ;;
    dynetcp)
        script=dynetcp_peers.py
        requirements=requirements-torch.txt
        folder=torch-venv
        shift ;;
esac

# --build is ours to read (the environment lies in it) and is passed on; --venv is only ours.
passed=$(mktemp)
trap 'rm -f "$passed"' EXIT
while [ $# -gt 0 ]; do
    case $1 in
        --build) build=$2; shift 2 ;;
        --build=*) build=${1#*=}; shift ;;
        --venv) venv=$2; shift 2 ;;
        --venv=*) venv=${1#*=}; shift ;;
        *) printf '%s\n' "$1" >> "$passed"; shift ;;
    esac
done
while IFS= read -r argument; do
    set -- "$@" "$argument"
done < "$passed"
venv=${venv:-$build/$folder}

if [ ! -x "$build/$program" ]; then
    echo "run.sh: $build/$program is not there: build it with cmake --build $build --target $program" >&2
    exit 3
fi
if ! cmp -s "$here/$requirements" "$venv/installed.txt"; then
    python=${PYTHON:-python3}
    if ! "$python" -m venv "$venv"; then
        echo "run.sh: no virtual environment in $venv (on Debian: apt-get install python3-venv)" >&2
        exit 3
    fi
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/$requirements"
    cp "$here/$requirements" "$venv/installed.txt"
fi

# Before Python starts: numpy's BLAS reads its number of threads when it is loaded.
export OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 NUMBA_NUM_THREADS=1 OMP_NUM_THREADS=1
exec "$venv/bin/python" "$here/$script" --build "$build" "$@"
