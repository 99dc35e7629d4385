#!/bin/sh
# The whole life of a program is recorded, from before main to its last destructor, and up to the last event when it is killed.
. "${0%/*}/common.sh"

build life

# How often blocks of these sizes were allocated: sizes TRACE SIZE...
sizes_of() {
    trace=$1
    shift
    "$ramlens" info --events "$trace" >"$tmp/events"
    for wanted in "$@"; do
        awk -v size="$wanted" '$3 == "malloc" && $6 == size { n++ } END { printf "%d ", n }' "$tmp/events"
    done
}

ended() {
    "$ramlens" info --json "$1" | sed -n 's/^ "ended": \([a-z]*\),/\1/p'
}

# The program that writes dots runs: it has had its first block.
wait_for_dots() {
    for _ in $(seq 500); do
        [ -s "$tmp/dots" ] && return
        sleep 0.01
    done
}

# The process that the recording command started.
started_by() {
    cat "/proc/$1/task/$1/children"
}

for size in $sizes; do
    program=$bin/life-$size
    record "$tmp/t" "$program" return 7
    check "main's result is the exit code ($size)" equal $? 7
    check "constructors, main, exit handlers and destructors are recorded ($size)" same "1 1 1 1 " \
        "$(sizes_of "$tmp/t" 111 222 333 444)"
    check "a program that returns has ended in order ($size)" same "true" "$(ended "$tmp/t")"
    record "$tmp/t" "$program" exit 3
    check "exit() is no different ($size)" same "3 true 1 1 1 1 " \
        "$? $(ended "$tmp/t") $(sizes_of "$tmp/t" 111 222 333 444)"
    record "$tmp/t" "$program" exit-in-destructor
    check "a program that leaves inside a destructor is recorded up to there ($size)" same "9 1 1 1 1 " \
        "$? $(sizes_of "$tmp/t" 111 222 333 444)"
    record "$tmp/t" "$program" _exit 5
    check "_exit() runs nothing more, and what was is recorded ($size)" same "5 false 1 1 0 0 " \
        "$? $(ended "$tmp/t") $(sizes_of "$tmp/t" 111 222 333 444)"
    record "$tmp/t" "$program" signal
    check "a signal handler's blocks are recorded ($size)" same "0 1 " "$? $(sizes_of "$tmp/t" 555)"

    timeout 60 "$ramlens" record -q -f -o "$tmp/t" -- "$program" timer 3000 >"$tmp/out" 2>&1
    check "handlers that interrupt the recorder do not hang it ($size)" equal $? 0
    check "nothing of such handlers is lost or out of order ($size)" whole "$tmp/t"
    check "each of their blocks is recorded ($size)" test "$(sizes_of "$tmp/t" 666)" -ge 3000

    for way in "abort 134" "kill 137" "crash 139"; do
        # shellcheck disable=SC2086 # two words
        set -- $way
        record "$tmp/t" "$program" "$1" 50000
        check "a program that ends by $1 passes its signal on ($size)" equal $? "$2"
        check "all blocks of both threads before $1 are in the trace ($size)" same "50000 50000 " \
            "$("$ramlens" info --events "$tmp/t" | awk '$3 == "malloc" && $6 >= 1000 && $6 < 1007 { n++ } END { print n + 0 }') $(sizes_of "$tmp/t" 888)"
        check "nothing is lost or out of order before $1 ($size)" whole "$tmp/t"
    done

    # Killed from outside at any moment: what the program had done is there.
    for delay in 0.05 0.11 0.23; do
        : >"$tmp/dots"
        "$ramlens" record -q -f -o "$tmp/t" -- "$program" go-on >"$tmp/dots" 2>/dev/null &
        recorder=$!
        wait_for_dots
        sleep "$delay"
        kill -9 "$(started_by $recorder)"
        wait "$recorder" 2>/dev/null
        dots=$(wc -c <"$tmp/dots")
        found=$(sizes_of "$tmp/t" 2000)
        # shellcheck disable=SC2086 # a number with a space
        check "killed after $delay s, the trace has every block of the program ($size)" \
            test "$dots" -gt 0 -a $found -ge "$dots" -a $found -le $((dots + 1))
        check "killed after $delay s, the trace is whole ($size)" whole "$tmp/t"
    done
done

# Before it is put in order, too: the recording command is killed with the program.
: >"$tmp/dots"
"$ramlens" record -q -f -o "$tmp/t" -- "$bin/life-x86_64" go-on >"$tmp/dots" 2>/dev/null &
recorder=$!
wait_for_dots
kill -9 $recorder "$(started_by $recorder)"
wait $recorder 2>/dev/null
sleep 0.1
check "a trace that nobody put in order is read to its last event" \
    test "$(sizes_of "$tmp/t" 2000)" -ge "$(wc -c <"$tmp/dots")"

# The recording command alone is killed: the program goes on and is recorded all the same.
: >"$tmp/dots"
"$ramlens" record -q -f -o "$tmp/t" -- "$bin/life-x86_64" go-on >"$tmp/dots" 2>/dev/null &
recorder=$!
wait_for_dots
program=$(started_by $recorder)
kill -9 $recorder
wait $recorder 2>/dev/null
before=$(wc -c <"$tmp/dots")
sleep 0.1
kill -9 "$program"
sleep 0.1
check "a program outlives the command that records it" test "$(wc -c <"$tmp/dots")" -gt "$before"
check "and is recorded to its own end" \
    test "$(sizes_of "$tmp/t" 2000)" -ge "$(wc -c <"$tmp/dots")"

# Signals from outside reach the program; it decides.
: >"$tmp/dots"
"$ramlens" record -q -f -o "$tmp/t" -- \
    sh -c 'trap "echo got it; exit 42" TERM; echo ready; while :; do sleep 0.01; done' >"$tmp/dots" 2>&1 &
recorder=$!
wait_for_dots
kill -TERM $recorder
wait $recorder
check "SIGTERM to the command is the program's" same "42 ready got it" "$? $(one_line "$tmp/dots")"

finish
