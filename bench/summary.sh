#!/bin/sh
# Makes results.json of the samples that bench/run.sh took.
#
# usage: bench/summary.sh SAMPLES
#
# An object a figure: `ours`, `peer` and `baseline` are medians (null where there is none), `ratio`
# is the median of ours/baseline of runs that followed each other (without a baseline: ours/peer),
# `spread` half of what separates the quartiles of `ours`, in `unit`.
set -u
cd "$1" || exit 2
tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT

# quantile FILE Q: null without a file
quantile() {
    [ -s "$1" ] || {
        echo null
        return
    }
    sort -g "$1" | awk -v q="$2" '{ v[NR] = $1 }
        END { x = 1 + (NR - 1) * q; i = int(x); y = v[i] + (x - i) * (v[i < NR ? i + 1 : i] - v[i]); printf "%.6g", y }'
}
median() { quantile "$1" 0.5; }
spread() {
    awk -v a="$(quantile "$1" 0.25)" -v b="$(quantile "$1" 0.75)" 'BEGIN { printf "%.4g", (b - a) / 2 }'
}
# combine OPERATOR A B: line by line
combine() {
    paste "$2" "$3" | awk -v o="$1" 'NF == 2 { printf "%.6g\n", o == "-" ? $1 - $2 : $1 / $2 }'
}

first=1
# figure NAME UNIT OURS BASELINE PEER PEER_NAME: files of samples, "" for none
figure() {
    [ -s "$3" ] || return 0
    ours=$(median "$3")
    if [ -s "$4" ]; then
        combine / "$3" "$4" >"$tmp/ratio"
        ratio=$(median "$tmp/ratio")
    elif [ -s "$5" ]; then
        ratio=$(awk -v a="$ours" -v b="$(median "$5")" 'BEGIN { printf "%.4g", a / b }')
    else
        ratio=null
    fi
    [ "$first" = 1 ] || printf ',\n'
    first=0
    printf '  {"name": "%s", "ours": %s, "peer": %s, "peer_name": %s, "baseline": %s, "ratio": %s, "spread": %s, "unit": "%s"}' \
        "$1" "$ours" "$(median "$5")" "$6" "$(median "$4")" "$ratio" "$(spread "$3")" "$2"
}

# The recorder's cost is a difference of runs that followed each other.
extra() { # KIND ARCH [WITH]: -> $tmp/KIND.ARCH.VARIANT
    for variant in ours heaptrack; do
        [ ! -s "$1.$2$3.$variant" ] || combine - "$1.$2$3.$variant" "$1.$2$3.plain" >"$tmp/$1.$2$3.$variant"
    done
}
peer() { [ -s "$1" ] && echo "\"$2\"" || echo null; }

echo "["
for arch in x86_64 i386; do
    [ "$arch" = i386 ] && tail=_i386 || tail=
    for with in without with; do
        extra replay "$arch" ".$with"
    done
    extra instructions "$arch" ""
    figure "flood_cpu$tail" "us of CPU, connected to end" "flood.$arch.ours" "flood.$arch.plain" \
        "flood.$arch.heaptrack" "$(peer "flood.$arch.heaptrack" heaptrack)"
    figure "flood_cpu_all_processes$tail" "us of CPU, whole run, all processes but the partner" \
        "flood_all.$arch.ours" "flood_all.$arch.plain" "flood_all.$arch.heaptrack" \
        "$(peer "flood_all.$arch.heaptrack" heaptrack)"
    figure "replay_ns_per_event$tail" "ns extra an event" "$tmp/replay.$arch.without.ours" "" \
        "$tmp/replay.$arch.without.heaptrack" "$(peer "$tmp/replay.$arch.without.heaptrack" heaptrack)"
    figure "replay_ns_per_event_frame_pointers$tail" "ns extra an event" "$tmp/replay.$arch.with.ours" "" \
        "$tmp/replay.$arch.with.heaptrack" "$(peer "$tmp/replay.$arch.with.heaptrack" heaptrack)"
    figure "replay_instructions_per_event$tail" "instructions extra an event" \
        "$tmp/instructions.$arch.ours" "" "" null
    [ "$arch" = i386 ] && heap_bytes= || heap_bytes=bytes.heaptrack
    figure "bytes_per_event$tail" "bytes an event, whole file, uncompressed" "bytes.$arch" "" "$heap_bytes" \
        "$(peer "$heap_bytes" "heaptrack, raw stream")"
done
figure analysis_events_per_second "events a second of CPU" analysis.rate.400000 "" analysis.rate.heaptrack \
    "$(peer analysis.rate.heaptrack "heaptrack_interpret and heaptrack_print")"
figure analysis_peak_memory_10x "KiB, report of a trace ten times as long; baseline: of the short one" \
    report.peak.400000 report.peak.40000 "" null
figure model_events_per_second "events a second of the clock, one plan" model.rate.1 "" "" null
figure model_events_per_second_8 "events a second of the clock, eight plans in one pass" model.rate.8 "" "" null
printf '\n]\n'
