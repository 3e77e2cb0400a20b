#!/bin/bash
# One rank against two on the circular-shift null, in turns (1 2 1 2 ...): median seconds of the whole
# command, the ratio, and the peak memory of a rank against what `rewire plan` predicts.
#   benchmarks/scaling.sh [--build DIR] [--work DIR] [--repeat 5] [--neurons 300] [--sessions 2] [--surrogates 1000]
# Needs two free cores. Status 1 when a goal (1.8 times faster, memory within 20 %) is missed.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
build=$here/../build
work=${TMPDIR:-/tmp}/rewire-scaling
repeat=5 neurons=300 sessions=2 surrogates=1000
while [ $# -gt 0 ]; do
    case $1 in
        --build | --work | --repeat | --neurons | --sessions | --surrogates)
            [ $# -ge 2 ] || { echo "scaling.sh: $1 needs a value" >&2; exit 2; }
            printf -v "${1#--}" '%s' "$2"
            shift 2
            ;;
        *)
            sed -n '2,5s/^# *//p' "$0" >&2
            exit 2
            ;;
    esac
done

rewire=$build/rewire
if [ ! -x "$rewire" ]; then
    echo "scaling.sh: $rewire is not there: build it first" >&2
    exit 3
fi
if [ "$(nproc)" -lt 2 ]; then
    echo "scaling.sh: one core only, so two ranks cannot be faster than one" >&2
    exit 3
fi
export OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1
if [ "$(id -u)" -eq 0 ]; then
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi

mkdir -p "$work"
study=$work/study-${neurons}x${sessions}
if [ ! -d "$study" ]; then
    "$rewire" simulate lever-press --out "$study.partial" --animals 1 --sessions "$sessions" \
        --neurons "$neurons" --seed 1 > "$work/simulate.log" 2>&1 || { cat "$work/simulate.log" >&2; exit 1; }
    mv "$study.partial" "$study"
fi

options=(--study "$study" --results "$work/results" --tau-s 0.7 --surrogates "$surrogates")

# connectome RANKS [WRAPPER...]: the job, quietly
connectome() {
    local ranks=$1
    shift
    if ! mpirun -n "$ranks" "$@" "$rewire" connectome "${options[@]}" --overwrite > "$work/run.log" 2>&1; then
        cat "$work/run.log" >&2
        echo "scaling.sh: the run on $ranks ranks failed" >&2
        exit 1
    fi
}

# timed RANKS: appends the seconds of the whole command to seconds.RANKS
timed() {
    local start end
    start=$(date +%s.%N)
    connectome "$1"
    end=$(date +%s.%N)
    awk -v a="$start" -v b="$end" 'BEGIN { printf "%.3f\n", b - a }' >> "$work/seconds.$1"
}

# summary FILE: median minimum maximum of its numbers
summary() {
    sort -g "$1" | awk '{ v[NR] = $1 }
        END { m = NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2; print m, v[1], v[NR] }'
}

# planned RANKS: the memory of a rank in MiB as `rewire plan` says it
planned() {
    "$rewire" plan connectome "${options[@]}" --ranks "$1" > "$work/plan.$1" 2>&1 || true
    awk 'tolower($0) ~ /memory/ && tolower($0) ~ /rank/ && !found {
            for (i = 1; i < NF + 1; ++i) {
                number = $i; unit = $(i + 1)
                if (match($i, /[KMGT]i?B/)) { unit = substr($i, RSTART); number = substr($i, 1, RSTART - 1) }
                if (number !~ /^[0-9.]+$/ || unit !~ /^[KMGT]i?B/) continue
                base = unit ~ /^.i/ ? 1024 : 1000
                power = index("KMGT", substr(unit, 1, 1))
                printf "%.1f\n", number * base ^ power / 1048576
                found = 1
                break
            }
        }' "$work/plan.$1"
}

rm -f "$work"/seconds.* "$work"/memory.*
for ranks in 1 2; do # apart from the timed runs, since looking costs time; the files come into memory here
    connectome "$ranks" python3 "$here/peak_memory.py" "$work/memory.$ranks"
done
for ((i = 0; i < repeat; ++i)); do
    timed 1
    timed 2
done

grep -m 1 'model name' /proc/cpuinfo | sed 's/.*: /machine  /'
echo "work     connectome of $sessions sessions, $neurons neurons, $surrogates surrogates; whole command"
missed=0
for ranks in 1 2; do
    read -r median least most < <(summary "$work/seconds.$ranks")
    printf '%d rank(s)  median %.2f s (%.2f-%.2f) of %d\n' "$ranks" "$median" "$least" "$most" "$repeat"
done
read -r one _ < <(summary "$work/seconds.1")
read -r two _ < <(summary "$work/seconds.2")
pairs=$(paste "$work/seconds.1" "$work/seconds.2" | awk '{ print $1 / $2 }' | sort -g |
    awk '{ v[NR] = $1 } END { printf "%.2f-%.2f", v[1], v[NR] }')
ratio=$(awk -v a="$one" -v b="$two" 'BEGIN { printf "%.2f", a / b }')
met=$(awk -v r="$ratio" 'BEGIN { print (r >= 1.8 ? "yes" : "NO") }')
[ "$met" = yes ] || missed=1
echo "speed    $ratio times faster on 2 ranks (pairs $pairs), asked 1.8: $met"

for ranks in 1 2; do
    peak=$(sort -g "$work/memory.$ranks" | tail -n 1 | awk '{ printf "%.1f", $1 / 1024 }')
    plan=$(planned "$ranks")
    if [ -z "$plan" ]; then
        echo "memory   $ranks rank(s): peak $peak MiB; no memory a rank found in what plan says:"
        sed 's/^/         | /' "$work/plan.$ranks"
        missed=1
        continue
    fi
    met=$(awk -v a="$peak" -v b="$plan" 'BEGIN { d = a / b - 1; print (d <= 0.2 && d >= -0.2 ? "yes" : "NO") }')
    [ "$met" = yes ] || missed=1
    echo "memory   $ranks rank(s): peak $peak MiB, planned $plan MiB a rank, within 20 %: $met"
done
exit $missed
