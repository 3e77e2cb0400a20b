#!/bin/bash
# Submits a chain of jobs to Slurm, each after those it needs. See --help.

set -u -o pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

usage() {
    cat <<'TEXT'
usage: slurm/submit.sh CHAIN STUDY RESULTS [options] [options of the jobs]

Submits jobs to Slurm, each after those it needs; what each asks for (memory, time, nodes) is
planned from the study by `rewire plan`. A job that runs out of time, or whose node fails, goes on
by itself where it was.

CHAIN is
  rewiring      connectome and movement, rewiring after connectome, report after all of them
  or jobs joined by commas, one after the other: connectome,rewiring   movement   ...

options:
  --ranks N            MPI ranks of every job (default 8)
  --ranks-per-node N   at most so many on one node (default 32)
  --rewire PATH        the program (default: rewire in PATH, or $REWIRE)
  --by-subject         an array of jobs with a task for every subject, each with a results folder of
                       its own (RESULTS/parts/SUBJECT), and a job that merges them. Many small jobs
                       get through a busy cluster sooner than one large one
  --time-factor X      ask for X times the planned time (default 1)
  --dry-run            show what would be submitted, submit nothing
  --help               this text

All other options go to every job of the chain that has them: --tau-s 0.7 to connectome and
movement, --shuffles 20000 to movement. One that no job of the chain has is an error.

Account, partition and the like: sbatch's own variables, e.g. SBATCH_ACCOUNT=lab
SBATCH_PARTITION=short slurm/submit.sh ..., or what job.sbatch names in its head (REWIRE_MPI, ...).
TEXT
}

fail() {
    printf 'submit.sh: error: %s\n' "$1" >&2
    [ -n "${2:-}" ] && printf '  next:  %s\n' "$2" >&2
    exit "${3:-2}"
}

quoted() {
    local word
    for word in "$@"; do
        case $word in
        '' | *[!A-Za-z0-9_./:=,@%+-]*) printf " '%s'" "${word//\'/\'\\\'\'}" ;;
        *) printf ' %s' "$word" ;;
        esac
    done
}

number() { # NAME VALUE
    case $2 in
    '' | *[!0-9]* | 0*) fail "$1 $2: not a number of 1 or more" ;;
    esac
}

# --- the command line -------------------------------------------------------------------------------

ranks=8
ranks_per_node=32
rewire=${REWIRE:-rewire}
time_factor=1
dry_run=no
by_subject=no
words=()
options=()
while [ $# -gt 0 ]; do
    case $1 in
    --help | -h)
        usage
        exit 0
        ;;
    --dry-run) dry_run=yes ;;
    --by-subject) by_subject=yes ;;
    --ranks | --ranks-per-node | --rewire | --time-factor)
        [ $# -ge 2 ] || fail "$1 takes a value" "slurm/submit.sh --help"
        case $1 in
        --ranks) ranks=$2 ;;
        --ranks-per-node) ranks_per_node=$2 ;;
        --rewire) rewire=$2 ;;
        --time-factor) time_factor=$2 ;;
        esac
        shift
        ;;
    --ranks=* | --ranks-per-node=* | --rewire=* | --time-factor=*)
        set -- "${1%%=*}" "${1#*=}" "${@:2}"
        continue
        ;;
    --study | --results | --study=* | --results=*)
        fail "$1: the study and the results folder are the second and third word" \
            "slurm/submit.sh --help"
        ;;
    --*)
        options+=("$1")
        # The value of an option is the next word, unless that is an option itself.
        case $1 in *=*) ;; *)
            if [ $# -ge 2 ] && [ "${2#--}" = "$2" ] && [ ${#words[@]} -ge 3 ]; then
                options+=("$2")
                shift
            fi
            ;;
        esac
        ;;
    *)
        [ ${#words[@]} -lt 3 ] || fail "not understood: $1" "slurm/submit.sh --help"
        words+=("$1")
        ;;
    esac
    shift
done
[ ${#words[@]} -eq 3 ] || {
    usage >&2
    fail "needs a chain, a study and a results folder, before the options of the jobs"
}
number --ranks "$ranks"
number --ranks-per-node "$ranks_per_node"
case $time_factor in
'' | *[!0-9.]* | *.*.* | .) fail "--time-factor $time_factor: not a number" ;;
esac

chain=${words[0]}
if [ "$chain" = rewiring ]; then
    jobs=(connectome movement rewiring report)
else
    IFS=, read -r -a jobs <<<"$chain"
fi
needs() { # JOB: the jobs of the chain it waits for
    local job before=
    case $chain:$1 in
    rewiring:connectome | rewiring:movement) ;;
    rewiring:rewiring) printf 'connectome\n' ;;
    rewiring:merge) printf 'connectome\nmovement\nrewiring\n' ;;
    rewiring:report) if [ $by_subject = yes ]; then printf 'merge\n'; else
        printf 'connectome\nmovement\nrewiring\n'; fi ;;
    *)
        for job in "${jobs[@]}"; do
            [ "$job" = "$1" ] && break
            before=$job
        done
        printf '%s\n' "$before"
        ;;
    esac
}

[ -e "${words[1]}" ] || fail "no such study: ${words[1]}" "a folder of NWB files, or one NWB file" 3
study=$(cd "$(dirname "${words[1]}")" && pwd)/$(basename "${words[1]}")
[ -d "$study" ] && study=$(cd "$study" && pwd)
results=$(realpath -m -- "${words[2]}")
rewire=$(command -v -- "$rewire") ||
    fail "no program named ${REWIRE:-rewire}" "--rewire PATH, or put it into PATH"
rewire=$(realpath -- "$rewire")
if [ $dry_run = no ]; then
    command -v sbatch >/dev/null ||
        fail "no sbatch here: this is not a node of a Slurm cluster that one submits from" \
            "log in there; or run the jobs one by one: mpirun -n $ranks rewire ${jobs[0]} ..."
fi

# --- which options are whose, and what every job asks for --------------------------------------------

work=$(mktemp -d) || fail "cannot make a temporary folder"
trap 'rm -rf -- "$work"' EXIT

for job in "${jobs[@]}" merge; do
    "$rewire" "$job" --help >"$work/$job.help" 2>"$work/$job.error" ||
        fail "this rewire has no job named $job" "$(quoted "$rewire") --help lists the jobs"
done
has_option() { # JOB NAME
    grep -q -e "^  $2\( \|\$\)" "$work/$1.help"
}
# Jobs over all subjects, which do not come as an array.
is_whole() { # JOB
    [ $by_subject = no ] || [ "$1" = report ] || ! has_option "$1" --subject
}
if [ $by_subject = yes ]; then
    parts=()
    ends=()
    for job in "${jobs[@]}"; do
        if is_whole "$job"; then ends+=("$job"); else parts+=("$job"); fi
    done
    jobs=(${parts[@]+"${parts[@]}"} merge ${ends[@]+"${ends[@]}"})
fi

# The words of a job: study and results, then every option it has, with its values.
command_of() { # JOB -> array `command`
    command=("$1")
    has_option "$1" --study && command+=(--study "$study")
    # A task of an array adds its subject and its own results folder.
    if is_whole "$1" || [ "${2:-}" = plan ]; then command+=(--results "$results"); fi
    local i=0 word takes=no
    while [ $i -lt ${#options[@]} ]; do
        word=${options[$i]}
        case $word in
        --*)
            takes=no
            has_option "$1" "${word%%=*}" && takes=yes
            # What selects subjects has selected the tasks.
            is_whole "$1" || [ "${word%%=*}" != --subject ] || takes=no
            ;;
        esac
        [ $takes = yes ] && command+=("$word")
        i=$((i + 1))
    done
}

for word in ${options[@]+"${options[@]}"}; do
    case $word in --*)
        known=no
        for job in "${jobs[@]}"; do
            has_option "$job" "${word%%=*}" && known=yes
        done
        [ $known = yes ] ||
            fail "no job of this chain has the option ${word%%=*}" "rewire JOB --help lists them"
        ;;
    esac
done

stretched() { # HH:MM:SS -> the same times --time-factor, in whole minutes
    awk -v time="$1" -v factor="$time_factor" 'BEGIN {
        split(time, part, ":"); minutes = (part[1] * 60 + part[2] + part[3] / 60) * factor
        minutes = minutes == int(minutes) ? minutes : int(minutes) + 1
        if (minutes < 5) minutes = 5
        printf "%d", minutes }'
}

# Options of sbatch for a job, a line each, in $work/JOB.sbatch.
plan() { # JOB, its words
    local job=$1 line
    shift
    if "$rewire" plan "$@" --ranks "$ranks" --ranks-per-node "$ranks_per_node" \
        >"$work/$job.plan" 2>"$work/$job.error"; then
        sed -n 's/^#SBATCH //p' "$work/$job.plan" | while IFS= read -r line; do
            case $line in
            --signal=*) ;; # job.sbatch has its own: it hears the signal and hands it on
            --time=*) printf -- '--time=%s\n' "$(stretched "${line#--time=}")" ;;
            *) printf '%s\n' "$line" ;;
            esac
        done >"$work/$job.sbatch"
    elif grep -q 'needs no planning' "$work/$job.error"; then
        printf '%s\n' "--job-name=rewire-$job" --ntasks=1 --mem-per-cpu=2000M --time=30 \
            --requeue >"$work/$job.sbatch"
    else
        cat "$work/$job.error" >&2
        fail "\`rewire plan $job\` failed: nothing was submitted" "put right what it names" 3
    fi
    grep -q -e '^--ntasks=' "$work/$job.sbatch" ||
        fail "\`rewire plan $job\` printed no #SBATCH lines" "do submit.sh and rewire fit together?"
}

for job in "${jobs[@]}"; do
    command_of "$job" plan
    plan "$job" "${command[@]}"
done

subjects=()
if [ $by_subject = yes ]; then
    "$rewire" study "$study" >"$work/study" || fail "the study is not in order" "see above" 3
    mapfile -t subjects < <(sed -n 's/^Subject \(.*\): [0-9].*/\1/p' "$work/study")
    wanted=()
    for ((i = 0; i < ${#options[@]}; ++i)); do
        case ${options[$i]} in
        --subject) wanted+=("${options[$((i + 1))]:-}") ;;
        --subject=*) wanted+=("${options[$i]#*=}") ;;
        esac
    done
    [ ${#wanted[@]} -gt 0 ] && subjects=("${wanted[@]}")
    [ ${#subjects[@]} -gt 0 ] || fail "no subjects in $study" "rewire study $study" 3
fi

# --- submitting ------------------------------------------------------------------------------------

if [ $dry_run = no ]; then
    mkdir -p -- "$results/slurm" || fail "cannot make $results/slurm" "may you write there?" 4
    [ $by_subject = yes ] && printf '%s\n' "${subjects[@]}" >"$results/slurm/subjects.txt"
fi
declare -A id=()
submitted=()
for job in "${jobs[@]}"; do
    command_of "$job"
    mapfile -t asked <"$work/$job.sbatch"
    asked+=(--open-mode=append)
    log=${results//\%/%%}/slurm/$job-%j.log
    whole=:
    tasks=:
    while IFS= read -r before; do
        [ -n "$before" ] || continue
        # Task i of an array waits for task i of the array before, other jobs for the whole of it.
        if is_whole "$job" || is_whole "$before"; then
            whole=$whole${id[$before]}:
        else
            tasks=$tasks${id[$before]}:
        fi
    done < <(needs "$job")
    after=
    [ "$whole" != : ] && after=afterok${whole%:}
    [ "$tasks" != : ] && after=${after:+$after,}aftercorr${tasks%:}
    [ -n "$after" ] && asked+=("--dependency=$after" --kill-on-invalid-dep=yes)
    script=("$here/job.sbatch")
    if ! is_whole "$job"; then
        asked+=("--array=1-${#subjects[@]}")
        log=${results//\%/%%}/slurm/$job-%A_%a.log
        script=("$here/array.sbatch" "$here/job.sbatch" "$results/slurm/subjects.txt" "$results")
    fi
    asked+=("--output=$log")
    if [ $dry_run = yes ]; then
        id[$job]="<$job>"
        printf 'sbatch%s%s\n' "$(quoted "${asked[@]}")" \
            "$(quoted "${script[@]}" "$rewire" "${command[@]}")"
        continue
    fi
    if ! answer=$(sbatch --parsable "${asked[@]}" "${script[@]}" "$rewire" "${command[@]}"); then
        [ ${#submitted[@]} -gt 0 ] && scancel "${submitted[@]}"
        fail "sbatch refused $job; the jobs before it were cancelled" \
            "its message is above; slurm/submit.sh --dry-run shows the whole command" 4
    fi
    id[$job]=${answer%%;*}
    submitted+=("${id[$job]}")
    printf '%-12s job %s%s\n' "$job" "${id[$job]}" "${after:+, $after}"
done
[ $dry_run = yes ] && exit 0

list=$(
    IFS=,
    printf '%s' "${submitted[*]}"
)
cat <<TEXT

watch:    squeue -j $list
          tail -F$(quoted "$results/slurm/")*.log
stop:     scancel $list      (what is done is kept; the same command goes on from there)
results:  $results
TEXT
