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
  --time-factor X      ask for X times the planned time (default 1); where jobs share cores (the
                       partition has OverSubscribe), that times the jobs on a core
  --no-memory          do not ask for memory: for clusters that refuse --mem-per-cpu
  --sbatch 'OPTIONS'   options for sbatch, for every job, after those that are planned, so that they
                       win: --sbatch '--time=1-0 --qos=long'. May be given several times
  --no-check           do not look first whether the study has what the jobs need
  --dry-run            show what would be submitted, submit nothing
  --help               this text

All other options go to every job of the chain that has them: --tau-s 0.7 to those that
deconvolve, --shuffles 20000 to the one that shuffles. One that no job of the chain has is an error.
With the name of a job, as in --dynetcp-dynamic:epochs 60, an option goes to that job alone, in the
place of what the others get.

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
check=yes
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
    --no-check) check=no ;;
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

own_name() { # --JOB:NAME=VALUE -> NAME
    local word=${1%%=*}
    printf %s "${word#*:}"
}

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
    local i=0 word takes=no own=" "
    for word in ${options[@]+"${options[@]}"}; do
        case ${word%%=*} in --"$1":*) own+="--$(own_name "$word") " ;; esac
    done
    while [ $i -lt ${#options[@]} ]; do
        word=${options[$i]}
        case $word in
        --*)
            takes=no
            case ${word%%=*} in
            --"$1":*)
                word=--${word#--"$1":}
                takes=yes
                ;;
            --*:*) ;; # for another job
            *) has_option "$1" "${word%%=*}" && [ "${own/ ${word%%=*} /}" = "$own" ] && takes=yes ;;
            esac
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
    case ${word%%=*} in
    --*:*)
        known=no
        for job in "${jobs[@]}"; do
            case $word in --"$job":*) has_option "$job" "--$(own_name "$word")" && known=yes ;; esac
        done
        [ $known = yes ] ||
            fail "${word%%=*}: no job of this chain has that name and option" \
                "$(quoted "$rewire") chain $chain lists the jobs, rewire JOB --help their options"
        ;;
    --*)
        known=no
        for job in "${jobs[@]}"; do
            has_option "$job" "${word%%=*}" && known=yes
        done
        [ $known = yes ] ||
            fail "no job of this chain has the option ${word%%=*}" "rewire JOB --help lists them"
        ;;
    esac
done

# How many jobs may run on one core of the partition that these go to (its OverSubscribe).
jobs_on_a_core() {
    local i word partition=${SBATCH_PARTITION:-} asked=no name shares how most=1
    for ((i = 0; i < ${#extra[@]}; ++i)); do
        word=${extra[$i]}
        case $word in
        --partition=*) partition=${word#*=} ;;
        -p | --partition) partition=${extra[$((i + 1))]:-} ;;
        -p*) partition=${word#-p} ;;
        -s | --oversubscribe) asked=yes ;;
        --exclusive*) # a node to itself
            printf 1
            return
            ;;
        esac
    done
    while read -r name shares; do
        if [ -n "$partition" ]; then
            case ,$partition, in *",${name%\*},"*) ;; *) continue ;; esac
        elif [ "${name%\*}" = "$name" ]; then
            continue # not the default partition
        fi
        how=${shares%%:*}
        [ "$how" = FORCE ] || { [ "$how" = YES ] && [ $asked = yes ]; } || continue
        shares=${shares##*:}
        case $shares in '' | *[!0-9]*) shares=4 ;; esac # Slurm's own number where none is set
        [ "$shares" -gt "$most" ] && most=$shares
    done < <(sinfo -h -o '%P %h' 2>/dev/null)
    printf %s "$most"
}
sharing=$(jobs_on_a_core)
[ "$sharing" = 1 ] || printf '%s\n' \
    "submit.sh: note: up to $sharing jobs share a core here (OverSubscribe of the partition): each asks for $sharing times the planned time" >&2

stretched() { # HH:MM:SS -> the same times --time-factor and the jobs on a core, in whole minutes
    awk -v time="$1" -v factor="$time_factor" -v sharing="$sharing" 'BEGIN {
        split(time, part, ":"); minutes = (part[1] * 60 + part[2] + part[3] / 60) * factor * sharing
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
            # To the batch script, which hands it on to the ranks.
            --signal=*) printf -- '--signal=B:%s\n' "${line#--signal=}" ;;
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

# --- what would fail later is found now --------------------------------------------------------------

# A session without what a job of the chain needs; what the data hold is looked at by the jobs.
study_check() {
    local joined word job i=0 takes=no skip=no rois=no
    for job in "${jobs[@]}"; do
        has_option "$job" --roi-column && rois=yes
    done
    joined=$(
        IFS=,
        printf '%s' "${jobs[*]}"
    )
    "$rewire" study --help >"$work/study.help" 2>/dev/null || return 0
    local words=(--quick --for "$joined")
    while [ $i -lt ${#options[@]} ]; do
        word=${options[$i]}
        case $word in
        --skip-missing) skip=yes ;;
        --*)
            takes=no
            has_option study "${word%%=*}" && takes=yes
            # Of jobs over units it is a condition on these or on trials, which is not for the study.
            [ "${word%%=*}" = --where ] && [ $rois = no ] && takes=no
            ;;
        esac
        [ $takes = yes ] && words+=("$word")
        i=$((i + 1))
    done
    [ $skip = no ] || return 0
    "$rewire" study "$study" "${words[@]}" >"$work/list" 2>"$work/error" || {
        cat "$work/list" "$work/error" >&2
        fail "the study does not have what these jobs need: nothing was submitted" \
            "fix what is named above, exclude it in study.tsv, or --skip-missing" 3
    }
}
[ $check = no ] || study_check

if [ $dry_run = no ]; then
    # Nodes too small for the ranks: sbatch says so without a way out.
    largest=$(sinfo -h -o '%c' 2>/dev/null | tr -dc '0-9\n' | sort -n | tail -n 1)
    wanted=$((ranks < ranks_per_node ? ranks : ranks_per_node))
    if [ -n "$largest" ] && [ "$largest" -gt 0 ] && [ "$wanted" -gt "$largest" ]; then
        fail "$wanted ranks on a node, but the largest node has $largest cores" \
            "--ranks-per-node $largest"
    fi
    # The ranks of a step that srun cannot start over MPI would each run alone.
    mpi=${REWIRE_MPI:-pmix}
    if kinds=$(srun --mpi=list 2>&1) && [ -n "$kinds" ] && ! grep -qw -- "$mpi" <<<"$kinds"; then
        printf '%s\n' "$kinds" >&2
        fail "this cluster's srun has no --mpi=$mpi" \
            "REWIRE_MPI=TYPE slurm/submit.sh ..., with one of the above that your MPI knows" 4
    fi
    # Two chains that write the same results undo each other's work.
    alive=
    for file in "$results"/slurm/chain-*.tsv; do
        [ -f "$file" ] || continue
        numbers=$(cut -f 2 -- "$file" | tail -n +2 | paste -sd, -)
        [ -n "$numbers" ] || continue
        # Alone, a number that has left the queue is an error of squeue.
        more=$(squeue -h -o %F -j "1,$numbers" 2>/dev/null | sort -un | paste -sd, -)
        alive=$alive${more:+${alive:+,}$more}
    done
    [ -z "$alive" ] ||
        fail "jobs of an earlier submission for $results are still in the queue: $alive" \
            "wait for them ($(basename -- "$rewire") status$(quoted "$results")), or scancel $alive" 4
fi

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

# Slurm takes only so many tasks an array: more come as several arrays.
most=
[ -n "$tasks_are" ] && most=$(scontrol show config 2>/dev/null |
    sed -n 's/^MaxArraySize *= *\([0-9]*\).*/\1/p')
most=$((${most:-1001} - 1)) # a task's number is below it
[ "$most" -ge 1 ] || fail "this cluster has no arrays (MaxArraySize)" "leave out --by-$tasks_are" 4
parts=1
[ -n "$tasks_are" ] && parts=$(((count + most - 1) / most))

tasks=$results/slurm/tasks-NEW
record=
if [ $dry_run = no ]; then
    mkdir -p -- "$results/slurm" || fail "cannot make $results/slurm" "may you write there?" 4
    # Files for every submission: `rewire status` reads one, tasks read their line of another when
    # they start, perhaps again and late.
    record=$(mktemp "$results/slurm/chain-$(date +%Y%m%d-%H%M%S)-XXXX.tsv") ||
        fail "cannot write in $results/slurm" "may you write there?" 4
    tasks=${record%.tsv}
    tasks=$results/slurm/tasks-${tasks##*/chain-}
    for ((part = 1; part <= parts; ++part)); do
        [ -n "$tasks_are" ] || break
        sed -n "$(((part - 1) * most + 1)),$((part * most))p" "$work/tasks" >"$tasks-$part.txt" ||
            fail "cannot write $tasks-$part.txt" "is the disk full?" 4
    done
    printf 'job\tnumber\tfirst_task\tlast_task\tafter\tlog\ttasks\n' >"$record" ||
        fail "cannot write $record" "is the disk full?" 4
fi

give_up() { # JOB
    local what="nothing was submitted"
    if [ ${#submitted[@]} -gt 0 ]; then
        what="the jobs before it were cancelled"
        scancel "${submitted[@]}" || what="the jobs before it are still there: ${submitted[*]}"
    fi
    fail "sbatch refused $1; $what" \
        "its message is above; slurm/submit.sh --dry-run shows the whole command" 4
}

declare -A id=()  # of a job: a number, or one for each part of its tasks, with colons between
submitted=()
submit_part() { # JOB PART: one batch job, or one array
    local job=$1 part=$2 before first=0 last=0 list=-
    local all_of=: same_of=: after='' numbers=''
    local log=${results//\%/%%}/slurm/$job-%j.log plain
    local asked script=("$here/job.sbatch")
    mapfile -t asked <"$work/$job.sbatch"
    asked+=(--open-mode=append)
    for before in ${after_all[$job]//,/ }; do all_of=$all_of${id[$before]}:; done
    for before in ${after_task[$job]//,/ }; do
        same_of=$same_of$(cut -d : -f "$part" <<<"${id[$before]}"):
    done
    [ "$all_of" != : ] && after=afterok${all_of%:}
    [ "$same_of" != : ] && after=${after:+$after,}aftercorr${same_of%:}
    [ -n "$after" ] && asked+=("--dependency=$after" --kill-on-invalid-dep=yes)
    if ! is_whole "$job"; then
        first=1
        last=$((part < parts ? most : count - (parts - 1) * most))
        list=$tasks-$part.txt
        asked+=("--array=1-$last")
        log=${results//\%/%%}/slurm/$job-%A_%a.log
        script=("$here/array.sbatch" "$here/job.sbatch" "$list" "$parts_folder")
    fi
    asked+=("--output=$log" ${extra[@]+"${extra[@]}"})
    if [ $dry_run = yes ]; then
        id[$job]=${id[$job]:+${id[$job]}:}"<$job>"
        printf 'sbatch%s%s\n' "$(quoted "${asked[@]}")" \
            "$(quoted "${script[@]}" "$rewire" "${command[@]}")"
        return
    fi
    answer=$(sbatch --parsable "${asked[@]}" "${script[@]}" "$rewire" "${command[@]}") ||
        give_up "$job"
    answer=${answer%%;*}
    id[$job]=${id[$job]:+${id[$job]}:}$answer
    submitted+=("$answer")
    plain=$results/slurm/$job-$answer.log
    [ $first = 0 ] || plain=$results/slurm/$job-${answer}_%a.log
    touch -- "${plain/\%a/1}" # so that it can be watched at once
    numbers=${all_of#:}${same_of#:}
    numbers=${numbers//:/,}
    numbers=${numbers%,}
    printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$job" "$answer" "$first" "$last" "${numbers:--}" \
        "$plain" "$list" >>"$record"
    printf '%-12s job %s%s\n' "$job" "$answer" "${after:+, $after}"
}
for job in "${jobs[@]}"; do
    command_of "$job"
    submit_part "$job" 1
    if ! is_whole "$job"; then
        for ((part = 2; part <= parts; ++part)); do submit_part "$job" "$part"; done
    fi
done
[ $dry_run = yes ] && exit 0

# What became of all of them stands in one last log, also where some never started.
last_log=${record%.tsv}.log
all=$(
    IFS=:
    printf '%s' "${submitted[*]}"
)
ending=(--job-name=rewire-status --ntasks=1 --time=10 "--dependency=afterany:$all" --open-mode=append
    "--output=${last_log//\%/%%}")
[ $memory = no ] || ending+=(--mem-per-cpu=1000M)
sbatch --parsable "${ending[@]}" ${extra[@]+"${extra[@]}"} "$here/last.sbatch" "$rewire" "$results" \
    >/dev/null || printf 'submit.sh: there will be no %s: sbatch refused it\n' "$last_log" >&2

list=$(
    IFS=,
    printf '%s' "${submitted[*]}"
)
cat <<TEXT

watch:    $(quoted "$rewire" | cut -c 2-) status$(quoted "$results")
          squeue -j $list
          tail -F$(quoted "$results/slurm/")*.log
stop:     scancel $list      (what is done is kept; the same command goes on from there)
ended:    $last_log says then what became of every job
results:  $results
TEXT
