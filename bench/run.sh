#!/bin/sh
# Measures what recording and reading cost, beside no recorder and beside heaptrack.
#
# usage: bench/run.sh [RUNS]        (`make bench` builds what it needs first; default 11 pairs)
#
# Variants take turns, A/B/C/A/B/C, because a machine's speed drifts; every figure is a
# median, every ratio the median of the ratios of runs that followed each other. What is recorded is
# made now, by the subject. Results: out/bench/results.json and a table; single runs in
# out/bench/samples/. Takes a quarter of an hour. The machine should have nothing else to do.
set -u
cd "$(dirname "$0")/.." || exit 2
runs=${1:-11}
bin=$PWD/build/bench
ramlens=$PWD/build/ramlens
out=$PWD/out/bench
samples=$out/samples
tmp=$out/tmp
rm -rf "$samples" "$tmp"
mkdir -p "$samples" "$tmp"
heaptrack=$(command -v heaptrack || true)
heaptrack_lib=$(find /usr/lib -name libheaptrack_preload.so 2>/dev/null | head -n 1)
heaptrack_interpret=$(find /usr/lib -name heaptrack_interpret 2>/dev/null | head -n 1)
subject() { echo "$PWD/build/webrtc/$1/device"; }
say() { echo "bench: $*" >&2; }

# keep NAME VALUE: one more sample
keep() { echo "$2" >>"$samples/$1"; }
field() { awk -v f="$1" '{ print $f; exit }' "$2"; }

# ---- variants: run VARIANT PROGRAM ARGUMENT...   CPU of all processes goes to $tmp/cpu
run() {
    variant=$1
    shift
    rm -f "$tmp"/run.rlt "$tmp"/run.heaptrack*
    case $variant in
    plain) "$bin/cpu" "$tmp/cpu" "$@" ;;
    ours) "$bin/cpu" "$tmp/cpu" "$ramlens" record -q -f -o "$tmp/run.rlt" -- "$@" ;;
    heaptrack) "$bin/cpu" "$tmp/cpu" "$heaptrack" -o "$tmp/run.heaptrack" "$@" ;;
    esac
}

variants() { # of a word size: heaptrack is there for one
    if [ "$1" = x86_64 ] && [ -n "$heaptrack" ]; then
        echo plain ours heaptrack
    else
        echo plain ours
    fi
}

# ---- flood: the program's own figure, and all processes but the partner

# The partner runs under the same small program, which notes its share.
flood_once() { # VARIANT ARCH
    rm -f "$tmp/partner"
    # In the environment of all, not by env(1): heaptrack follows no further than the first program.
    BENCH_PARTNER_OUTPUT="$tmp/partner" BENCH_PARTNER="${3%device}partner" \
        run "$1" "$3" --mode flood --partner "$bin/cpu" 2>/dev/null |
        awk '/^flood_cpu_us/ { print $2 }' >"$tmp/flood"
    [ -s "$tmp/flood" ] && [ -s "$tmp/partner" ]
}

flood() { # ARCH
    for variant in $(variants "$1"); do
        # A connection that does not come up is tried again.
        flood_once "$variant" "$1" "$(subject "$1")" || flood_once "$variant" "$1" "$(subject "$1")" ||
            flood_once "$variant" "$1" "$(subject "$1")" || {
            say "the flood of $1 fails"
            exit 1
        }
        keep "flood.$1.$variant" "$(cat "$tmp/flood")"
        keep "flood_all.$1.$variant" $(($(field 1 "$tmp/cpu") - $(field 1 "$tmp/partner")))
        if [ "$variant" = ours ]; then
            keep "bytes.$1" "$(bytes_per_event "$tmp/run.rlt")"
        fi
    done
}

events_of() { "$ramlens" info --json "$1" | awk -F'[:,]' '/"memory_events"|"events"/ { print $2 + 0; exit }'; }
bytes_per_event() { awk -v b="$(wc -c <"$1")" -v e="$(events_of "$1")" 'BEGIN { printf "%.4f\n", b / e }'; }

# What heaptrack writes before it is interpreted and compressed.
heaptrack_bytes() {
    DUMP_HEAPTRACK_OUTPUT=$tmp/raw LD_PRELOAD=$heaptrack_lib "$(subject x86_64)" --mode flood >/dev/null 2>&1
    raw=$(find "$tmp" -name 'raw*' | head -n 1)
    awk '/^[+-]/ { n++ } { bytes += length($0) + 1 } END { printf "%.4f\n", bytes / n }' "$raw" >"$samples/bytes.heaptrack"
    grep -ac '^[+-]' "$raw" >"$tmp/raw_events"
    mv "$raw" "$tmp/heaptrack.raw"
}

# ---- replay

replay() { # ARCH WITH|WITHOUT
    for variant in $(variants "$1"); do
        run "$variant" "$bin/replay-$1-$2" "$tmp/$1.workload" "$replay_events" |
            awk '/^replay_events/ { print $4 }' >"$tmp/replay"
        keep "replay.$1.$2.$variant" "$(cat "$tmp/replay")"
    done
}
replay_events=10000000

instructions() { # ARCH: instructions an event with and without the recorder, one round of the workload
    for variant in plain ours; do
        program="valgrind --tool=cachegrind --cachegrind-out-file=/dev/null --log-file=$tmp/cachegrind"
        # shellcheck disable=SC2086 # words
        run "$variant" $program "$bin/replay-$1-without" "$tmp/$1.workload" 1 |
            awk '/^replay_events/ { print $2 }' >"$tmp/replay"
        refs=$(sed -n 's/^==.*I *refs: *//p' "$tmp/cachegrind" | tr -d ,)
        keep "instructions.$1.$variant" "$(awk -v i="$refs" -v e="$(cat "$tmp/replay")" 'BEGIN { printf "%.1f\n", i / e }')"
    done
}

# ---- analysis: two floods, the second ten times as long

long_flood() { # MESSAGES [ARCH]: records to $tmp/flood-MESSAGES.rlt
    for _ in 1 2 3; do
        "$ramlens" record -q -f -o "$tmp/flood-$1.rlt" -- "$(subject "${2:-x86_64}")" --mode flood --messages "$1" \
            >"$tmp/said" 2>/dev/null
        ! grep -q '^flood_cpu_us' "$tmp/said" || return 0
    done
    say "the flood fails"
    exit 1
}

analyse() { # MESSAGES
    "$bin/cpu" "$tmp/cpu" "$bin/analysis" "$tmp/flood-$1.rlt" >"$tmp/said" || exit 1
    keep "analysis.rate.$1" "$(awk '{ printf "%.0f\n", $2 / $4 * 1e6; exit }' "$tmp/said")"
    "$bin/cpu" "$tmp/cpu" "$ramlens" report "$tmp/flood-$1.rlt" >/dev/null || exit 1
    keep "report.us.$1" "$(field 1 "$tmp/cpu")"
    keep "report.peak.$1" "$(field 2 "$tmp/cpu")"
}

analyse_heaptrack() {
    "$bin/cpu" "$tmp/cpu" "$heaptrack_interpret" <"$tmp/heaptrack.raw" >"$tmp/interpreted" 2>/dev/null
    interpret=$(field 1 "$tmp/cpu")
    "$bin/cpu" "$tmp/cpu" heaptrack_print "$tmp/interpreted" >/dev/null 2>&1
    keep analysis.rate.heaptrack \
        "$(awk -v e="$(cat "$tmp/raw_events")" -v us=$((interpret + $(field 1 "$tmp/cpu"))) 'BEGIN { printf "%.0f\n", e / us * 1e6 }')"
}

# ---- the model: a flood through the heaps of a chip

model() { # PLANS: events a second of the clock, since a second thread helps
    "$bin/model" "$tmp/flood-100000.rlt" targets esp32p4 "$1" >"$tmp/said" || exit 1
    keep "model.rate.$1" "$(awk '{ printf "%.0f\n", $2 / $6 * 1e6; exit }' "$tmp/said")"
}

# ---- all of it

busy=$(awk '{ print ($1 > 0.5) ? $1 : "" }' /proc/loadavg)
[ -z "$busy" ] || say "other things are running (load $busy): times will be too long and spread"
for arch in x86_64 i386; do
    say "recording the $arch subject and making its workload"
    flood "$arch"
    "$bin/workload" "$tmp/run.rlt" "$tmp/$arch.workload" >"$out/workload-$arch.txt" 2>/dev/null || {
        # the last variant need not have been ours
        run ours "$(subject "$arch")" --mode flood >/dev/null 2>&1
        "$bin/workload" "$tmp/run.rlt" "$tmp/$arch.workload" >"$out/workload-$arch.txt" || exit 1
    }
done
rm -f "$samples"/*
i=1
while [ "$i" -le "$runs" ]; do
    say "pair $i of $runs"
    for arch in x86_64 i386; do
        flood "$arch"
        replay "$arch" without
        replay "$arch" with
    done
    i=$((i + 1))
done
say "counting instructions"
instructions x86_64
instructions i386
say "analysis"
long_flood 40000
long_flood 400000
[ -z "$heaptrack_lib" ] || heaptrack_bytes
for _ in 1 2 3 4 5; do
    analyse 40000
    analyse 400000
    [ -z "$heaptrack_lib" ] || analyse_heaptrack
done
say "the model"
long_flood 100000 i386
for _ in 1 2 3 4 5 6 7; do
    model 1
    model 8
done
bench/summary.sh "$samples" >"$out/results.json" && bench/table.sh "$out/results.json"
say "results are in $out/results.json"
