#!/bin/sh
# Odd surroundings: other libraries in the way, other allocators, limits, no room for the trace. The program must not notice; the trace says
# what is missing.
. "${0%/*}/common.sh"

build life
build fight
build threads
build processes
build limits
build own_malloc
build c_calls
build cpp_forms

# ---- what stands in LD_PRELOAD already

for size in $sizes; do
    cat >"$tmp/other.c" <<'END'
#include <stdio.h>
#include <unistd.h>
int getppid_calls;
pid_t getppid(void) { getppid_calls++; return 4711; }
__attribute__((constructor)) static void here(void) { if (getppid() == 4711) puts("preloaded"); }
END
    ${CC:-cc} "$(flag_of "$size")" -shared -fPIC -o "$tmp/other-$size.so" "$tmp/other.c"
    LD_PRELOAD=$tmp/other-$size.so "$ramlens" record -q -f -o "$tmp/t" -- "$bin/life-$size" return 0 \
        >"$tmp/out" 2>"$tmp/err"
    check "a library in LD_PRELOAD stays in it ($size)" grep -q preloaded "$tmp/out"
    check "and the program is recorded ($size)" test "$(number "$tmp/t" memory_events)" -ge 8
done

# ---- other allocators

for library in libjemalloc.so.2 libtcmalloc_minimal.so.4; do
    path=/usr/lib/x86_64-linux-gnu/$library
    if [ ! -e "$path" ]; then
        skip "$library behind the recorder" "not installed"
        continue
    fi
    LD_PRELOAD=$path "$ramlens" record -q -f -o "$tmp/t" -- "$bin/fight-x86_64" 4 50000 >"$tmp/out" 2>"$tmp/err"
    check "threads fight over addresses of $library" same "0 done" "$? $(cat "$tmp/out" "$tmp/err")"
    check "and none swaps" whole "$tmp/t"
    LD_PRELOAD=$path "$ramlens" record -q -f -o "$tmp/t" -- "$bin/cpp_forms-x86_64" >"$tmp/out" 2>"$tmp/err"
    check "forms of new and delete keep their names with the operators of $library" same \
        "$(sed -e 's/COUNTED/28/' -e 's/THROWN-INT/132/' tests/programs/cpp_forms.expected)" \
        "$(events "$tmp/t" by-name "done")"
    check "nothing of $library is lost or out of order" whole "$tmp/t"
done

for size in $sizes; do
    "$bin/own_malloc-$size" >"$tmp/plain"
    rm -f "$tmp/t"
    record "$tmp/t" "$bin/own_malloc-$size"
    check "a program with a malloc of its own keeps it ($size)" cmp "$tmp/plain" "$tmp/out"
    check "and is told that it is not recorded ($size)" grep -q "nothing was recorded.*malloc of its own" "$tmp/err"
    check "no empty trace is left of it ($size)" test ! -e "$tmp/t"
done

# ---- limits

for size in $sizes; do
    record "$tmp/t" "$bin/limits-$size" memory
    check "a program that gets no more memory copes as before ($size)" same "0 done" "$? $(cat "$tmp/out" "$tmp/err")"
    # 60 rounds of 4096 blocks are asked for, and given back where they were given. What it cannot keep the recorder counts.
    check "its failed requests are recorded or counted as lost ($size)" test \
        $(($(number "$tmp/t" failures) + $(number "$tmp/t" lost_allocs))) -gt 200000
    check "each of its requests is recorded or counted as lost ($size)" equal \
        "$("$ramlens" info --events "$tmp/t" 2>"$tmp/warnings" | awk '$3 == "malloc" && $6 == 16384 { n++ } END { print n + 0 }')" \
        $((60 * 4096 - $(number "$tmp/t" lost_allocs)))
    record "$tmp/t" "$bin/limits-$size" files "$tmp/written"
    check "a limit on file sizes remains the program's own affair ($size)" same "0 done" \
        "$? $(cat "$tmp/out" "$tmp/err")"
    # Its own 500,000, and three that writing a file takes.
    check "what the trace may not hold is counted ($size)" equal 500003 \
        $(($("$ramlens" info --events "$tmp/t" 2>"$tmp/warnings" | awk '$3 == "malloc" && $6 >= 100 && $6 < 400 { n++ } END { print n + 0 }') + $(number "$tmp/t" lost_allocs)))
    check "and the reader is warned ($size)" grep -q "the recorder lost" "$tmp/warnings"

    (ulimit -n 20 && record "$tmp/t" "$bin/processes-$size" descriptors && cat "$tmp/out") >"$tmp/few"
    check "with few descriptors the low ones stay free ($size)" grep -q "then 3$" "$tmp/few"
    for kilobytes in 8000 16000 60000; do
        (ulimit -v $kilobytes && "$bin/life-$size" return 3)
        plain=$?
        (ulimit -v $kilobytes && record "$tmp/t" "$bin/life-$size" return 3)
        check "in $kilobytes KB of address space the program runs as before ($size)" equal $? $plain
    done
    (ulimit -s 256 && record "$tmp/t" "$bin/threads-$size" churn 20)
    check "small stacks are enough ($size)" whole "$tmp/t"
done

# ---- no room

(ulimit -f 8 && record "$tmp/t" "$bin/life-x86_64" return 5)
check "without room for a trace the program runs" equal $? 5
check "and it is said why there is no trace" grep -q "nothing was recorded: no room for" "$tmp/err"

mkdir "$tmp/tiny"
if mount -t tmpfs -o size=1m none "$tmp/tiny" 2>/dev/null; then
    trap 'umount "$tmp/tiny"; rm -rf "$tmp"' EXIT
    for size in $sizes; do
        record "$tmp/tiny/t" "$bin/threads-$size" churn 1000
        check "a disk that fills up does not disturb the program ($size)" same "0 done" "$? $(cat "$tmp/out" "$tmp/err")"
        check "what is not in the trace is counted in it ($size)" equal 1000 \
            $(($("$ramlens" info --events "$tmp/tiny/t" 2>/dev/null | awk '$3 == "malloc" && $6 == 4321 { n++ } END { print n + 0 }') + $(number "$tmp/tiny/t" lost_allocs)))
        record "$tmp/tiny/t" "$bin/life-$size" kill 400000
        lost=$(number "$tmp/tiny/t" lost_allocs)
        found=$("$ramlens" info --events "$tmp/tiny/t" 2>/dev/null | awk '$3 == "malloc" { n++ } END { print n + 0 }')
        # Told each time the loss has doubled: at least half of it is known even then.
        check "of a killed program, at least half of what is lost is told ($size)" test \
            "$lost" -ge $(((800000 - found) / 2)) -a "$lost" -le $((800004 - found))
        rm -f "$tmp/tiny/t"
    done
    head -c 900000 /dev/zero >"$tmp/tiny/fill"
    record "$tmp/tiny/t" "$bin/life-x86_64" return 6
    check "a full disk does not disturb the program" equal $? 6
    check "and is named" grep -q "no room for $tmp/tiny/t" "$tmp/err"
else
    skip "a disk that fills up" "mounting one takes root"
fi

finish
