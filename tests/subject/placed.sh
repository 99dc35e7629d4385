#!/bin/sh
# The real stack in the chip's memory: it connects, streams and closes with its blocks in the chip's heaps, under stock and as ported, and the
# replay of each run finds every block where it lay.
. "${0%/*}/common.sh"

# The table's checkpoints in their order.
checkpoints() {
    awk '/^internal:/ { on = 1; next } on && NF == 0 { exit } on && $1 != "free" { printf "%s ", $1 }' "$1"
}

# Blocks given outside the chip's heaps. The program's own libraries have none there.
outside() {
    build/ramlens info --events "$1" | awk '$3 ~ /alloc|memalign|^new/ && !/ region / { n++ } END { print n + 0 }'
}

# Free internal bytes at a checkpoint.
free_at() { # table, checkpoint
    awk -v what="$2" '/^internal:/ { on = 1 } on && $1 == what { n = $(NF - 2); gsub(",", "", n); print n; exit }' "$1"
}

for arch in i386 x86_64; do
    for plan in stock as-ported; do
        trace=$out/placed-$arch-$plan.rlt
        table=$out/placed-$arch-$plan.txt
        shown="($arch, $plan)"
        case $plan in stock) set -- ;; *) set -- --plan "subjects/webrtc/$plan" ;; esac
        build/ramlens run --target esp32p4 --subject subjects/webrtc "$@" -f -o "$trace" -- \
            build/webrtc/$arch/device --mode media --seconds 2 >"$table" 2>"$out/placed-device.log"
        case_of "a session ends well in the chip's memory $shown" test $? -eq 0
        case_of "it comes to each checkpoint $shown" test "$(checkpoints "$table")" = \
            "start logger-before logger-after networking created connected streaming closed cleanup "
        case_of "what lies outside the heaps is the run-time libraries' alone $shown" test "$(outside "$trace")" -le 16
        build/ramlens replay --subject subjects/webrtc "$trace" >"$out/placed-replay.txt"
        case_of "its replay finds every block where it lay $shown" \
            grep -q "replayed as it was, 0 of [0-9]*,[0-9]* compared figures differ" "$out/placed-replay.txt"
        case_of "nothing is lost or out of order $shown" sh -c \
            "build/ramlens info '$trace' | grep -q '^lost  *0 allocations, 0 frees$'"
    done
    case_of "the plan's moves leave more internal RAM before the connection ($arch)" test \
        "$(free_at "$out/placed-$arch-as-ported.txt" networking)" -gt "$(free_at "$out/placed-$arch-stock.txt" networking)"
done

# What the firmware has besides: a connection is made with what is left.
build/ramlens run -q --target esp32p4 --occupied 240000 --subject subjects/webrtc --plan subjects/webrtc/as-ported -f -o "$out/placed.rlt" -- \
    build/webrtc/i386/device --mode media --seconds 2 2>"$out/placed-device.log"
case_of "a session ends well with 240,000 B taken beforehand" test $? -eq 0
exit "$result"
