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

The three words come before the options of the jobs. CHAIN is
  the name of a chain, e.g. rewiring (`rewire chain rewiring` shows what is in it and what waits
  for what), or jobs joined by commas, one after the other: connectome,rewiring   movement   ...

options:
  --ranks N            MPI ranks of every job (default 8)
  --ranks-per-node N   at most so many on one node (default 32)
  --rewire PATH        the program (default: rewire in PATH, or $REWIRE)
  --by-subject         an array of jobs with a task for every subject, each with a results folder of
                       its own (RESULTS/parts/SUBJECT), and a job that merges them. Many small jobs
                       get through a busy cluster sooner than one large one
  --by-session         the same with a task for every session (RESULTS/session-parts/SUBJECT/SESSION)
                       of the jobs that take sessions one by one; others come once, after the merge
  --time-factor X      ask for X times the planned time (default 1)
  --no-memory          do not ask for memory: for clusters that refuse --mem-per-cpu
  --sbatch 'OPTIONS'   options for sbatch, for every job, after those that are planned, so that they
                       win: --sbatch '--time=1-0 --qos=long'. May be given several times
  --dry-run            show what would be submitted, submit nothing
  --help               this text

All other options go to every job of the chain that has them: --tau-s 0.7 to those that
deconvolve, --shuffles 20000 to the one that shuffles. One that no job of the chain has is an error.

Account, partition and the like: --sbatch, or sbatch's own variables, e.g. SBATCH_ACCOUNT=lab
SBATCH_PARTITION=short slurm/submit.sh ...; and what job.sbatch names in its head: REWIRE_MPI,
REWIRE_SETUP=FILE (sourced here and in every job before rewire starts, e.g. with `module load`), ...
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

add_extra() { # the options of one --sbatch, with the quotes of a shell
    local more word
    more=$(xargs -r printf '%s\n' <<<"$1") || fail "--sbatch $1: is a quote missing?"
    while IFS= read -r word; do
        case $word in
        '') continue ;;
        --array | --array=* | -a* | --dependency | --dependency=* | -d* | --wrap | --wrap=* | --parsable)
            fail "--sbatch ${word%%=*}: the chain has its own" "slurm/submit.sh --help"
            ;;
        --mem | --mem=* | --mem-per-*) memory=no ;; # sbatch takes one of these only
        esac
        extra+=("$word")
    done <<<"$more"
}

# --- the command line -------------------------------------------------------------------------------

ranks=8
ranks_per_node=32
rewire=${REWIRE:-rewire}
time_factor=1
dry_run=no
tasks_are= # subject or session, of arrays
memory=yes
extra=()
words=()
options=()
while [ $# -gt 0 ]; do
    case $1 in
    --help | -h)
        usage
        exit 0
        ;;
    --dry-run) dry_run=yes ;;
    --no-memory) memory=no ;;
    --by-subject | --by-session)
        [ -z "$tasks_are" ] || [ "$tasks_are" = "${1#--by-}" ] ||
            fail "--by-subject and --by-session: one of them" "slurm/submit.sh --help"
        tasks_are=${1#--by-}
        ;;
    --ranks | --ranks-per-node | --rewire | --time-factor | --sbatch)
        [ $# -ge 2 ] || fail "$1 takes a value" "slurm/submit.sh --help"
        case $1 in
        --ranks) ranks=$2 ;;
        --ranks-per-node) ranks_per_node=$2 ;;
        --rewire) rewire=$2 ;;
        --time-factor) time_factor=$2 ;;
        --sbatch) add_extra "$2" ;;
        esac
        shift
        ;;
    --ranks=* | --ranks-per-node=* | --rewire=* | --time-factor=* | --sbatch=*)
        set -- "${1%%=*}" "${1#*=}" "${@:2}"
        continue
        ;;
    --study | --results | --study=* | --results=*)
        fail "$1: the study and the results folder are the second and third word" \
            "slurm/submit.sh --help"
        ;;
    --*)
        [ ${#words[@]} -ge 3 ] ||
            fail "$1 comes too early: first CHAIN STUDY RESULTS, then the options of the jobs" \
                "slurm/submit.sh rewiring data/ out/ --tau-s 0.7"
        options+=("$1")
        # The value of an option is the next word, unless that is an option itself.
        case $1 in *=*) ;; *)
            if [ $# -ge 2 ] && [ "${2#--}" = "$2" ]; then
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
[ -e "${words[1]}" ] || fail "no such study: ${words[1]}" "a folder of NWB files, or one NWB file" 3
study=$(cd "$(dirname "${words[1]}")" && pwd)/$(basename "${words[1]}")
[ -d "$study" ] && study=$(cd "$study" && pwd)
results=$(realpath -m -- "${words[2]}")
if [ -n "${REWIRE_SETUP:-}" ]; then
    if [ ! -f "$REWIRE_SETUP" ] || [ ! -r "$REWIRE_SETUP" ]; then
        fail "REWIRE_SETUP=$REWIRE_SETUP: no such file, or not readable" \
            "a file that bash sources before rewire starts, e.g. with \`module load\`" 4
    fi
    REWIRE_SETUP=$(realpath -- "$REWIRE_SETUP") # the jobs may start elsewhere
    export REWIRE_SETUP
    set +u
    # shellcheck source=/dev/null
    source "$REWIRE_SETUP" || fail "$REWIRE_SETUP ended with exit code $?" "its message is above" 4
    set -u
fi
program=$(command -v -- "$rewire") ||
    fail "no program named $rewire" "--rewire PATH, or put it into PATH"
rewire=$(realpath -- "$program")
if [ $dry_run = no ]; then
    command -v sbatch >/dev/null ||
        fail "no sbatch here: this is not a node of a Slurm cluster that one submits from" \
            "log in there; or run the jobs one by one: mpirun -n $ranks rewire ${jobs[0]} ..."
fi

# --- which options are whose, and what every job asks for --------------------------------------------

work=$(mktemp -d) || fail "cannot make a temporary folder"
trap 'rm -rf -- "$work"' EXIT

# Which jobs, in which order, as arrays or not, and what each waits for: `rewire` knows.
"$rewire" chain "$chain" ${tasks_are:+--by "$tasks_are"} >"$work/chain" 2>"$work/error" || {
    code=$?
    cat "$work/error" >&2
    fail "not a chain: $chain" "$(quoted "$rewire") --help lists the jobs" $code
}
jobs=()
declare -A kind=() after_all=() after_task=()
while IFS=$'\t' read -r job tasks all task; do
    [ "$job" = job ] && continue # the heads of the columns
    jobs+=("$job")
    kind[$job]=$tasks
    after_all[$job]=${all#-}
    after_task[$job]=${task#-}
done <"$work/chain"

for job in "${jobs[@]}"; do
    "$rewire" "$job" --help >"$work/$job.help" 2>"$work/$job.error" ||
        fail "this rewire has no job named $job" "$(quoted "$rewire") --help lists the jobs"
done
has_option() { # JOB NAME
    grep -q -e "^  $2\( \|\$\)" "$work/$1.help"
}
is_whole() { # JOB
    [ "${kind[$1]}" = whole ]
}
parts_folder=$results/parts
[ "$tasks_are" = session ] && parts_folder=$results/session-parts

# The words of a job: study and results, then every option it has, with its values.
command_of() { # JOB -> array `command`
    command=("$1")
    # A plan is made before there are the results of earlier jobs, so it always needs the study.
    if has_option "$1" --study || [ "${2:-}" = plan ]; then command+=(--study "$study"); fi
    # A task of an array adds its subject, session and results folder. It is planned for a folder
    # where nothing is yet, as that of a new subject: no earlier result tells the decay time there.
    if is_whole "$1"; then
        command+=(--results "$results")
        if [ -n "$tasks_are" ] && has_option "$1" --parts; then command+=(--parts "$parts_folder"); fi
    elif [ "${2:-}" = plan ]; then
        command+=(--results "$parts_folder/new" --largest "$tasks_are")
    fi
    local i=0 word takes=no
    while [ $i -lt ${#options[@]} ]; do
        word=${options[$i]}
        case $word in
        --*)
            takes=no
            has_option "$1" "${word%%=*}" && takes=yes
            # What selects subjects and sessions has selected the tasks.
            if [ "${2:-}" != plan ] && ! is_whole "$1"; then
                case $tasks_are:${word%%=*} in
                subject:--subject | session:--subject | session:--session) takes=no ;;
                esac
            fi
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
            --mem-per-cpu=*) [ $memory = no ] || printf '%s\n' "$line" ;;
            --time=*) printf -- '--time=%s\n' "$(stretched "${line#--time=}")" ;;
            *) printf '%s\n' "$line" ;;
            esac
        done >"$work/$job.sbatch"
    elif grep -q 'needs no planning' "$work/$job.error"; then
        {
            printf '%s\n' "--job-name=rewire-$job" --ntasks=1
            [ $memory = no ] || printf '%s\n' --mem-per-cpu=2000M
            printf '%s\n' --time=30 --requeue
        } >"$work/$job.sbatch"
    else
        cat "$work/$job.error" >&2
        fail "\`rewire plan $job\` failed: nothing was submitted" "fix what it names" 3
    fi
    grep -q -e '^--ntasks=' "$work/$job.sbatch" ||
        fail "\`rewire plan $job\` printed no #SBATCH lines" "do submit.sh and rewire fit together?"
}

for job in "${jobs[@]}"; do
    command_of "$job" plan
    plan "$job" "${command[@]}"
done

# The tasks of an array: a subject, or a subject, a tab and a session, on each line.
list_tasks() { # what `rewire study` is to select
    "$rewire" study "$study" --list "${tasks_are}s" "$@" >"$work/list" 2>"$work/error" || {
        cat "$work/list" "$work/error" >&2
        fail "the study is not in order: nothing was submitted" "fix what is named above" 3
    }
}
count=0
if [ -n "$tasks_are" ]; then
    selected=()
    sessions=()
    for ((i = 0; i < ${#options[@]}; ++i)); do
        word=${options[$i]%%=*}
        value=${options[$i]#*=}
        [ "$word" != "${options[$i]}" ] || value=${options[$((i + 1))]:-}
        case $word in
        --session) sessions+=("$word" "$value") ;;
        --subject | --series | --roi-column) selected+=("$word" "$value") ;;
        esac
    done
    list_tasks ${selected[@]+"${selected[@]}"} ${sessions[@]+"${sessions[@]}"}
    mv -- "$work/list" "$work/tasks"
    count=$(wc -l <"$work/tasks")
    # Every task over a subject is given all of --session.
    for ((i = 1; i < ${#sessions[@]} && ${#sessions[@]} > 2; i += 2)); do
        [ "$tasks_are" = subject ] || break
        list_tasks ${selected[@]+"${selected[@]}"} --session "${sessions[$i]}"
        cmp -s -- "$work/list" "$work/tasks" ||
            fail "not every subject has a session ${sessions[$i]}: nothing was submitted" \
                "--by-session instead of --by-subject" 3
    done
fi

# --- submitting ------------------------------------------------------------------------------------

tasks=$results/slurm/tasks-NEW.txt
if [ $dry_run = no ]; then
    mkdir -p -- "$results/slurm" || fail "cannot make $results/slurm" "may you write there?" 4
    # A file for every submission: tasks read their line when they start, perhaps again and late.
    if [ -n "$tasks_are" ]; then
        tasks=$(mktemp "$results/slurm/tasks-$(date +%Y%m%d-%H%M%S)-XXXX.txt") ||
            fail "cannot write in $results/slurm" "may you write there?" 4
        cp -- "$work/tasks" "$tasks" || fail "cannot write $tasks" "is the disk full?" 4
    fi
fi
declare -A id=()
submitted=()
for job in "${jobs[@]}"; do
    command_of "$job"
    mapfile -t asked <"$work/$job.sbatch"
    asked+=(--open-mode=append)
    log=${results//\%/%%}/slurm/$job-%j.log
    all_of=:
    same_of=:
    for before in ${after_all[$job]//,/ }; do all_of=$all_of${id[$before]}:; done
    for before in ${after_task[$job]//,/ }; do same_of=$same_of${id[$before]}:; done
    after=
    [ "$all_of" != : ] && after=afterok${all_of%:}
    [ "$same_of" != : ] && after=${after:+$after,}aftercorr${same_of%:}
    [ -n "$after" ] && asked+=("--dependency=$after" --kill-on-invalid-dep=yes)
    script=("$here/job.sbatch")
    if ! is_whole "$job"; then
        asked+=("--array=1-$count")
        log=${results//\%/%%}/slurm/$job-%A_%a.log
        script=("$here/array.sbatch" "$here/job.sbatch" "$tasks" "$parts_folder")
    fi
    asked+=("--output=$log" ${extra[@]+"${extra[@]}"})
    if [ $dry_run = yes ]; then
        id[$job]="<$job>"
        printf 'sbatch%s%s\n' "$(quoted "${asked[@]}")" \
            "$(quoted "${script[@]}" "$rewire" "${command[@]}")"
        continue
    fi
    if ! answer=$(sbatch --parsable "${asked[@]}" "${script[@]}" "$rewire" "${command[@]}"); then
        what="nothing was submitted"
        if [ ${#submitted[@]} -gt 0 ]; then
            what="the jobs before it were cancelled"
            scancel "${submitted[@]}" || what="the jobs before it are still there: ${submitted[*]}"
        fi
        fail "sbatch refused $job; $what" \
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
