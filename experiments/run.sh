#!/bin/sh
# Carries out the porting plan: builds every state by its own mechanism, runs each in both settings in the chip's memory, and prints
# one table. Results: out/experiments/experiments.{txt,json}; of each run its replay, out/experiments/runs/STATE-SETTING-SECONDSs-N.json.
#
# usage: [RUNS=5] [SECONDS_STREAMING=60] [PAGE=FILE] experiments/run.sh
#
# RUNS=               placed runs of each state and setting
# SECONDS_STREAMING=  of each run; from 60 on there is a checkpoint after 5 s and one after 60 s
# PAGE=               also write the table there as a page
# AT_ONCE=            runs at a time (default 4: a run takes a tenth of a processor)
# STATES=             only these, for tests
#
# A result whose inputs - programs, plan, target, ramlens itself, setting - have not changed is used again, and the last line says so.
# Exit code 0: all checks pass; 1: one does not; 2: not done.
set -eu
cd "$(dirname "$0")/.."
runs=${RUNS:-5}
seconds=${SECONDS_STREAMING:-60}
page=${PAGE:-}
at_once=${AT_ONCE:-4}
out=out/experiments
arch=i386
subject=subjects/webrtc
target=esp32p4
seen=409600 # free at networking on the chip: subjects/webrtc/observed
states=${STATES:-$(awk '$1 == "state" { print $2 }' $subject/states/states)}
mkdir -p "$out/runs" "$out/log"

fail() {
    printf '\nexperiments: %s\n' "$*" >&2
    exit 2
}

device_of() { # STATE
    [ "$1" = stock ] && echo build/webrtc/$arch/device || echo "build/webrtc/$arch-$1/device"
}

plan_of() { # STATE: "stock" or a file
    file=$(awk -v state="$1" '$1 == "state" { here = $2 == state } here && $1 == "plan" { print $2 }' $subject/states/states)
    [ -n "$file" ] && echo "$subject/states/$file" || echo stock
}

# What a result depends on, as one number. FILE... are hashed whole.
key_of() { # WORDS FILE...
    words=$1
    shift
    { echo "$words"; sha256sum "$@" build/ramlens build/preload/lib/i386-linux-gnu/libramlens-preload.so \
        targets/$target* $subject/components build/webrtc/$arch/partner; } | sha256sum | cut -c1-32
}

# is_known KEY FILE: whether FILE is the result of these inputs.
is_known() {
    [ -s "$2" ] && [ "$(cat "$2.key" 2>/dev/null)" = "$1" ]
}

reused=0
made=0

# ---- states

# In the order of the file, in which each comes after those that it is made from.
for state in $states; do
    QUIET=1 STATE=$state $subject/build.sh $arch || fail "state $state does not build"
done

# What the archives of the states refer to: STATE COMPONENT KIND OBJECTS.
calls() {
    for state in $states; do
        folder=$(dirname "$(device_of "$state")")
        for archive in "$folder"/archives/*.a; do
            case $(basename "$archive") in
            libdatachannel*) component=libdatachannel ;;
            libjuice*) component=libjuice ;;
            libusrsctp*) component=usrsctp ;;
            libsrtp*) component=libsrtp ;;
            libsignalling*) component=application ;;
            *) component=mbedtls ;;
            esac
            nm -A "$archive" 2>/dev/null | awk -v name="$state $component" '$(NF - 1) == "U" {
                split($1, part, ":"); object = part[2]
                if ($NF ~ /^ramlens_/) kind = "redirected"
                else if ($NF ~ /^(malloc|calloc|realloc|aligned_alloc|posix_memalign|reallocarray)$/) kind = "malloc"
                else if ($NF ~ /^_Zn[wa][jm]$/) kind = "new"
                else if ($NF ~ /^_Zn[wa]/) kind = "new_others"
                else next
                if (!((kind, object) in seen)) { seen[kind, object] = 1; count[kind]++ } }
                END { print name, "redirected", count["redirected"] + 0; print name, "malloc", count["malloc"] + 0
                    print name, "new", count["new"] + 0; print name, "new_others", count["new_others"] + 0 }'
        done
    done
}
calls >"$out/calls"

# ---- the stock run that predictions come from

trace=$out/stock-${seconds}s.rlt
key=$(key_of "record $seconds" "$(device_of stock)")
if is_known "$key" "$trace"; then
    reused=$((reused + 1))
else
    made=$((made + 1))
    echo "recording the stock device, $seconds s" >&2
    build/ramlens record -q -f -o "$trace" -- "$(device_of stock)" --mode media --seconds "$seconds" \
        2>"$out/log/record.txt" || fail "the stock device failed: $(tail -n 1 "$out/log/record.txt")"
    echo "$key" >"$trace.key"
fi
build/ramlens report --target $target --subject $subject --json "$trace" >"$out/report.json" || fail "no report"

# predict FILE OCCUPIED: the stock trace under every state's plan.
predict() {
    plans=
    for state in $states; do
        plans="$plans --plan $(plan_of "$state")"
    done
    # shellcheck disable=SC2086 # plans are words
    build/ramlens replay --target $target --subject $subject --json --occupied "$2" $plans "$trace" >"$1" ||
        fail "no prediction"
}

# The bytes of the setting `observed`: so many that as-ported has free at networking what was seen. Blocks come in steps, so a few tries.
predict "$out/predicted-bare.json" 0
free=$(build/experiments/table --free-at "$out/predicted-bare.json" as-ported networking) || exit 2
occupied=$((free - seen))
for try in 1 2 3; do
    predict "$out/predicted-observed.json" $occupied
    free=$(build/experiments/table --free-at "$out/predicted-observed.json" as-ported networking) || exit 2
    [ "$free" -ne $seen ] || break
    [ $try = 3 ] || occupied=$((occupied + free - seen))
done

# ---- placed runs

# run_one STATE SETTING N KEY: the run and its replay.
run_one() {
    base=$out/runs/$1-$2-${seconds}s-$3
    bytes=0
    [ "$2" = bare ] || bytes=$occupied
    code=0
    timeout $((seconds + 120)) build/ramlens run -q -f --target $target --subject $subject --occupied $bytes \
        -o "$base.rlt" -- "$(device_of "$1")" --mode media --seconds "$seconds" 2>"$base.err" || code=$?
    if [ $code = 0 ]; then
        echo 0 >"$base.exit"
    else
        echo "exit code $code: $(grep -v '^ramlens' "$base.err" | tail -n 1)" >"$base.exit"
    fi
    build/ramlens replay --subject $subject --json "$base.rlt" >"$base.json.new" 2>>"$base.err" || return 1
    mv "$base.json.new" "$base.json"
    [ "$3" = 1 ] || rm -f "$base.rlt"
    echo "$4" >"$base.json.key"
}

total=0
under_way=
for setting in bare observed; do
    for state in $states; do
        for n in $(seq "$runs"); do
            total=$((total + 1))
            bytes=0
            [ $setting = bare ] || bytes=$occupied
            key=$(key_of "run $setting $bytes $seconds" "$(device_of "$state")")
            if is_known "$key" "$out/runs/$state-$setting-${seconds}s-$n.json"; then
                reused=$((reused + 1))
                continue
            fi
            made=$((made + 1))
            echo "run $n of $runs: $state, $setting" >&2
            run_one "$state" $setting "$n" "$key" &
            under_way="$under_way $!"
            # shellcheck disable=SC2086 # numbers of processes
            set -- $under_way
            if [ $# -ge "$at_once" ]; then
                for process in $under_way; do
                    wait "$process" || fail "a run could not be replayed; see $out/runs/*.err"
                done
                under_way=
            fi
        done
    done
done
for process in $under_way; do
    wait "$process" || fail "a run could not be replayed; see $out/runs/*.err"
done

# ---- the table

code=0
build/experiments/table --states $subject/states/states --claims experiments/webrtc/claims --folder "$out" --occupied $occupied \
    --seconds "$seconds" --runs "$runs" ${page:+--page "$page"} || code=$?
[ $code != 1 ] || printf '\nexperiments: a check above says FAIL\n' >&2
printf '\nwritten: %s/experiments.txt, %s/experiments.json%s\n' $out $out "${page:+, $page}"
printf 'of %d runs %d were made now; %d were used again, their inputs unchanged (programs, plans, target, ramlens)\n' \
    $((made + reused)) $made $reused
exit $code
