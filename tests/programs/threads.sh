#!/bin/sh
# Many threads: order at addresses that go from hand to hand, threads that come and go, their names, stacks and last moments.
. "${0%/*}/common.sh"

build fight
build threads

run() { # size, trace, arguments
    size=$1 trace=$2
    shift 2
    record "$trace" "$bin/threads-$size" "$@"
    check "threads $*: runs as without the recorder ($size)" same "0 done" "$? $(cat "$tmp/out")"
    check "threads $*: nothing lost or out of order ($size)" whole "$trace"
}

# How many events of a kind and size: event_count TRACE KIND SIZE
event_count() {
    "$ramlens" info --events "$1" | awk -v kind="$2" -v size="$3" \
        '$3 == kind && $6 == size { n++ } END { print n + 0 }'
}

kernel() { # how many kernel events: trace, object, operation
    "$ramlens" info --events "$1" | awk -v object="$2" -v operation="$3" \
        '$3 == object && $4 == operation { n++ } END { print n + 0 }'
}

thread_names() {
    "$ramlens" info --json "$1" | sed -n '/"thread_list"/,/^ \]/s/^   "name": "\(.*\)"$/\1/p' | sort | tr '\n' ' '
}

# The order test proper: a free and the next malloc of its address, by two threads, never swap; nor do moving reallocs.
for size in $sizes; do
    for threads in 2 4 16; do
        record "$tmp/fight.rlt" "$bin/fight-$size" $threads $((400000 / threads))
        check "$threads threads fight over addresses and none swaps ($size)" whole "$tmp/fight.rlt"
        # Each round frees what it replaces and gets one; at the end nothing of it is left but libc's thread descriptors.
        check "$threads fighting threads leave no block ($size)" equal \
            "$("$ramlens" info --events "$tmp/fight.rlt" | awk '
                $3 ~ /^(malloc|realloc|realloc-to)$/ && $6 >= 24 && $6 < 2100 { live[$4] = 1 }
                $3 ~ /^(free|realloc-from|realloc-free)$/ { delete live[$4] }
                END { for (a in live) n++; print n + 0 }')" 0
    done

    run "$size" "$tmp/churn.rlt" churn 5000
    check "5000 threads are created, destroyed and joined one after another ($size)" same "5000 5000 5000" \
        "$(kernel "$tmp/churn.rlt" thread create) $(kernel "$tmp/churn.rlt" thread destroy) $(kernel "$tmp/churn.rlt" thread reclaimed)"
    check "the blocks that 5000 threads hand on are all there ($size)" equal \
        "$(event_count "$tmp/churn.rlt" malloc 4321)" 5000
    check "none of 5000 threads is left over ($size)" same "0 0" \
        "$(live "$tmp/churn.rlt" before thread) $(live "$tmp/churn.rlt" after thread)"
    check "5000 threads one after another need no more than 1 MiB of the recorder ($size)" at_most \
        "$(number "$tmp/churn.rlt" recorder_bytes)" 1048576

    run "$size" "$tmp/crowd.rlt" crowd 200
    check "200 threads live at once, then none ($size)" same "0 200 0" \
        "$(live "$tmp/crowd.rlt" before thread) $(live "$tmp/crowd.rlt" crowd thread) $(live "$tmp/crowd.rlt" after thread)"
    check "each of 200 threads has its block ($size)" equal "$(event_count "$tmp/crowd.rlt" malloc 100)" 200

    run "$size" "$tmp/named.rlt" named
    check "threads have the names they gave themselves ($size)" same "by-prctl by-pthread the-main-one " \
        "$(thread_names "$tmp/named.rlt")"

    run "$size" "$tmp/stacks.rlt" stacks
    check "stack sizes asked for are recorded, a failed creation ends at once ($size)" same \
        "create 65536
destroy 0
reclaimed 0
create 1048576
destroy 0
reclaimed 0
create 0
destroy 0
reclaimed 0
create $([ "$size" = i386 ] && echo 4294901760 || echo 18446744073709486080)
destroy 0
reclaimed 0" "$("$ramlens" info --events "$tmp/stacks.rlt" | awk '$3 == "thread" { print $4, $7 }')"

    run "$size" "$tmp/local.rlt" local
    check "what thread_local objects and keys free and allocate last is seen ($size)" same "10 10 30" \
        "$(event_count "$tmp/local.rlt" new 501) $(event_count "$tmp/local.rlt" malloc 333) $(event_count "$tmp/local.rlt" malloc 555)"

    run "$size" "$tmp/c11.rlt" c11
    check "a thread made without pthread_create is recorded with its stack ($size)" equal \
        "$(event_count "$tmp/c11.rlt" malloc 777)" 1
    check "its call stack is known ($size)" equal 0 \
        "$("$ramlens" info --events "$tmp/c11.rlt" | awk '$6 == 777 && $NF == 0 { n++ } END { print n + 0 }')"

    run "$size" "$tmp/left.rlt" left
    check "blocks of threads that exit or are cancelled are freed by their unwinding ($size)" same \
        "new B 601
delete B
new D 701
delete D" "$(events "$tmp/left.rlt" before after | awk '$2 ~ /^(new|delete)$/ { print $2, $3, $2 == "new" ? $4 : "" }' | sed 's/ $//')"
done

finish
