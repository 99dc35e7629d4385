#!/bin/sh
# Placed runs: programs whose blocks lie in a chip's heaps. They must not notice but for what a chip refuses; each trace must be whole, and its
# replay must find every block where it lay.
. "${0%/*}/common.sh"

place() { # trace, options and program
    trace=$1
    shift
    "$ramlens" run -q -f --target esp32p4 -o "$trace" "$@" >"$tmp/out" 2>"$tmp/err"
}

# Standard error, without the remark on 64 bits.
remarks() {
    grep -v "a program of 64 bits" "$tmp/err"
}

# The replay of a placed run's own trace.
exact() {
    "$ramlens" replay "$1" >"$tmp/replay" 2>&1 || cat "$tmp/replay"
    grep -q "0 of [0-9,]* compared figures differ" "$tmp/replay" || { grep differ "$tmp/replay" && false; }
}

# free TRACE CHECKPOINT[:CYCLE]: free bytes of all heaps together
free() {
    "$ramlens" info --events "$1" | awk -v what="$2" '
        $3 == "checkpoint" { here = $4 == what || $4 ":" $6 == what }
        $3 == "heaps" && here { for (i = 4; i <= NF; i++) if ($i == "free") sum += $(i + 1); print sum; exit }'
}

# What two checkpoints differ by in free bytes.
taken() { # trace, from, to
    echo $(($(free "$1" "$2") - $(free "$1" "$3")))
}

# Events between two checkpoints that match a pattern.
count_events() { # trace, from, to, pattern
    events_raw "$1" "$2" "$3" | grep -c "$4"
}

try() { # words that name the case, the program's arguments
    shown=$1
    shift
    place "$tmp/t.rlt" -- "$bin/placed-$size" "$@"
    check "$shown: the program is content ($size)" same "0 done" "$? $(cat "$tmp/out")$(remarks)"
    check "$shown: nothing is lost or out of order ($size)" whole "$tmp/t.rlt"
    check "$shown: replayed, every block lies where it lay ($size)" exact "$tmp/t.rlt"
}

build placed
build placed_cpp
for size in $sizes; do
    try "every form of C" calls
    check "all blocks of the program lie in the chip's heaps ($size)" equal \
        "$(events_raw "$tmp/t.rlt" calls "done" | grep -v region)" ""
    check "nothing of it is left ($size)" equal "$(taken "$tmp/t.rlt" calls "done")" 0

    try "memory taken to the last block" fill
    check "what failed is said, of no heap ($size)" test "$(count_events "$tmp/t.rlt" empty none "region 255 failed")" -ge 9
    check "all is free again each time ($size)" same "0 0 0" \
        "$(taken "$tmp/t.rlt" empty:1 empty:2) $(taken "$tmp/t.rlt" empty:1 empty:3) $(taken "$tmp/t.rlt" empty:1 empty:4)"
    check "less than a fiftieth of it cannot be had in the end ($size)" test \
        $(($(free "$tmp/t.rlt" full:3) * 50)) -lt "$(free "$tmp/t.rlt" empty:1)"

    try "four threads at once" stress 4
    check "what the threads have is free again ($size)" equal "$(taken "$tmp/t.rlt" before after)" 0

    try "a signal handler that allocates" signals 1000
    check "what it and the program hand to each other is free again ($size)" equal \
        "$(taken "$tmp/t.rlt" before after)" 0

    try "a forked child" fork
    check "the child has taken nothing of its parent's ($size)" test "$(taken "$tmp/t.rlt" before after)" -lt 0

    try "another program in the same process" become "$bin/placed-$size" calls
    check "each has heaps of its own ($size)" equal "$(number "$tmp/t.rlt" images)" 2

    try "ESP-IDF's calls" caps 1
    check "a thread has the stack that was set for its creator, and hands it down ($size)" equal \
        "$(count_events "$tmp/t.rlt" caps "done" "kernel-block .* size 50000 capability 0x404 region 1 ")" 2
    "$ramlens" record -q -f -o "$tmp/t.rlt" -- "$bin/placed-$size" caps 0 >"$tmp/out" 2>"$tmp/err"
    check "in a recording they are served, too ($size)" same "0 done" "$? $(cat "$tmp/out" "$tmp/err")"
    check "and noted ($size)" test "$(count_events "$tmp/t.rlt" caps "done" "malloc .* size 1000 ")" = 1

    cat >"$tmp/components" <<'END'
component hosted transparent
    namespace host_*
END
    place "$tmp/t.rlt" --components "$tmp/components" -- "$bin/placed-$size" hosted
    check "blocks go over between the chip's heaps and the host ($size)" same "0 done" "$? $(cat "$tmp/out")$(remarks)"
    check "nothing of them is lost or out of order ($size)" whole "$tmp/t.rlt"
    check "replayed, those of the chip lie where they lay ($size)" exact "$tmp/t.rlt"
    check "each side of a realloc is said ($size)" same "malloc 100
realloc-from 0 region
realloc-to 500
free 0 region
realloc-from 0
realloc-to 400 region" "$(events_raw "$tmp/t.rlt" before after | awk '
        $6 == 400 || $6 == 500 || ($6 == 100 && $2 != "t1") { on = 1 }
        ($2 != "t1" || $6 == 400 || was == "realloc-from") && $3 ~ /alloc|free/ && $3 !~ /kernel/ { line = $3 " " $6 (/region/ ? " region" : "") }
        { if (line != "") print line; line = "" }
        $2 == "t1" && $3 == "realloc-from" { print $3 " " $6 (/region/ ? " region" : "") }
        { was = "" }')"

    try "kernel objects" objects
    [ "$size" = i386 ] && wanted="104 104 224 88 16 104 3472 3472" || wanted="144 144 320 112 32 144 3504 3504"
    check "they take what the chip's take ($size)" same "$wanted" "$(
        at=none
        for next in mutex condition rwlock semaphore key lazy; do
            printf '%s ' "$(taken "$tmp/t.rlt" "$at" "$next")"
            at=$next
        done
        echo "$(taken "$tmp/t.rlt" semaphore-only thread-over) $(taken "$tmp/t.rlt" joined before-detach)")"
    check "they give it back, threads when they are joined, detached, or later ($size)" same "0 0 0 0" \
        "$(taken "$tmp/t.rlt" semaphore-only joined) $(taken "$tmp/t.rlt" joined detached-over) $(
            taken "$tmp/t.rlt" joined after-detach) $(taken "$tmp/t.rlt" none all-gone)"

    place "$tmp/t.rlt" -- "$bin/placed_cpp-$size"
    check "C++ meets the end of memory as it must ($size)" same "0 done" "$? $(cat "$tmp/out")$(remarks)"
    check "its trace is whole ($size)" whole "$tmp/t.rlt"
    check "its replay is exact ($size)" exact "$tmp/t.rlt"
    given=$((-$(taken "$tmp/t.rlt" before after)))
    check "but for what it gave up nothing of it is left ($size)" test "$given" -gt 2500 -a "$given" -lt 3500
done

# ---- the forms of other tests, placed: the same events but for regions and capabilities

for size in $sizes; do
    for program in cpp_forms new_handler; do
        build $program
        place "$tmp/t.rlt" -- "$bin/$program-$size"
        check "$program ends well when placed ($size)" equal $? 0
        record "$tmp/recorded.rlt" "$bin/$program-$size"
        from=by-name
        [ $program = new_handler ] && from=without-handler
        check "$program has the same events when placed ($size)" same "$(events "$tmp/recorded.rlt" $from "done")" \
            "$(events "$tmp/t.rlt" $from "done" | sed 's/ capability [^ ]*//; s/ region [0-9]*//')"
        check "replay of $program is exact ($size)" exact "$tmp/t.rlt"
    done
done

# ---- who answers

for size in $sizes; do
    mkfifo "$tmp/in-$size" "$tmp/out-$size"
    "$ramlens" run -q -f --target esp32p4 -o "$tmp/t.rlt" -- "$bin/placed-$size" wait <"$tmp/in-$size" >"$tmp/out-$size" 2>/dev/null &
    parent=$!
    exec 3>"$tmp/in-$size" 4<"$tmp/out-$size"
    read -r line <&4
    kill -9 $parent
    wait $parent 2>/dev/null
    echo go >&3
    read -r end <&4
    exec 3>&- 4<&-
    check "a program goes on without ramlens ($size)" same "ready done" "$line $end"
done

# ---- errors

check "a run needs a chip" says 2 "ramlens run: whose memory*--target*" "$ramlens" run -- true
check "an unknown chip is said with those there are" says 2 "*esp32p5*esp32p4*" "$ramlens" run --target esp32p5 -- true
check "an unknown parameter is said" says 2 "*cash*" "$ramlens" run --target esp32p4 --set cash=1 -- true
check "bytes that are no number are said" says 2 "*--occupied 'much'*" "$ramlens" run --target esp32p4 --occupied much -- true
check "a chip too small for what lies there beforehand is said" says 2 "*region 'internal' has*600000*occupied*" \
    "$ramlens" run --target esp32p4 --set cache=512K --occupied 600000 -- true
check "a reserve that has no room is said" says 2 "*POOL*" \
    "$ramlens" run --target esp32p4 --set reserve=200000 --set cache=512K --occupied 150000 -- "$bin/placed-i386" calls
place "$tmp/t.rlt" --occupied 500000 -- "$bin/placed-i386" become "$bin/placed-x86_64" calls
check "a later program that has no room runs as on the host, and that is said" grep -q \
    "placed-x86_64: region 'internal' has.*are taken beforehand" "$tmp/err"
check "a program that is not there is said" says 2 "*no-such-program*" "$ramlens" run --target esp32p4 -- ./no-such-program
check "a trace is not replaced" says 2 "*exists; -f*" "$ramlens" run --target esp32p4 -o "$tmp/t.rlt" -- true
place "$tmp/t.rlt" -- sh -c 'exit 7'
check "the program's exit code is the run's" equal $? 7
"$ramlens" run --target esp32p4 -- "$bin/placed-i386" calls >"$tmp/out" 2>"$tmp/err"
check "a run without a trace to keep prints its table" grep -q "^calls  *[0-9,]* " "$tmp/out"
check "and leaves no trace behind" equal "$(find "${TMPDIR:-/tmp}" -maxdepth 1 -name 'ramlens.*.rlt' -newer "$tmp/t.rlt" 2>/dev/null)" ""

finish
