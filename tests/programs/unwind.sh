#!/bin/sh
# Builds and runs the programs that check walks at every event (unwind_*.c, unwind_*.cpp): both word
# sizes, several levels of optimisation, with and without frame pointers; and once under
# ThreadSanitizer. Takes about two minutes. Prints "ok NAME" or "not ok NAME" for each and what it
# counted; all its output if it failed.
# usage: tests/programs/unwind.sh [quick]   quick: one level of optimisation only
# shellcheck disable=SC2086,SC2317 # options are lists of words; report calls most functions
set -u
cd "$(dirname "$0")/../.." || exit 2
unwinder=integrations/linux
out=build/tests/programs
mkdir -p "$out"
failed=0

# The unwinder as the recorder has it; what checks it needs a frame pointer of its own.
unwinder_flags="-std=gnu11 -O2 -g -fPIC -fvisibility=hidden -fno-omit-frame-pointer"
unwinder_flags="$unwinder_flags -ftls-model=initial-exec"
check_flags="-std=gnu11 -O1 -g -fno-omit-frame-pointer -iquote $unwinder"
program_flags="-g -Wall -Wextra -Werror -iquote $unwinder -rdynamic"
tsan_flags="$check_flags -fsanitize=thread -DCHECK_WITHOUT_MALLOC"
libraries="-lpthread -ldl"

report() { # name, command...
    name=$1
    shift
    if "$@" >"$out/log" 2>&1; then
        echo "ok $name"
        grep ' events, ' "$out/log"
    else
        echo "not ok $name"
        cat "$out/log"
        failed=1
    fi
}

build_parts() { # word size
    for file in "$unwinder"/unwind*.c; do
        gcc -m$1 $unwinder_flags -c "$file" -o "$out/$(basename "$file" .c)-$1.o" || return 1
    done
    gcc -m$1 $check_flags -c tests/programs/unwind_check.c -o "$out/unwind_check-$1.o" || return 1
    for bytes in 2000 4000; do
        gcc -m$1 -O1 -shared -fPIC -DPLUGIN_BYTES=$bytes tests/programs/unwind_plugin.c \
            -o "$out/plugin-$bytes-$1.so" || return 1
    done
}

build() { # compiler, program's name, its source, word size, options
    $1 -m$4 $5 $program_flags "tests/programs/$3" "$out"/unwind_*-$4.o -o "$out/$2-$4" $libraries
}

run() { # program's name, word size, arguments...
    program=$out/$1-$2
    shift 2
    timeout 300 "$program" "$@"
}

build_and_run() { # as build
    build "$@" && run "$2" "$4"
}

run_variant() { # word size, options
    report "unwind_hard -m$1 $2" \
        build_and_run "gcc -std=gnu11" unwind-hard unwind_hard.c $1 "$2"
    report "unwind_hard_cpp -m$1 $2" \
        build_and_run "g++ -std=c++17" unwind-hard-cpp unwind_hard_cpp.cpp $1 "$2"
    report "unwind_reload -m$1 $2" \
        build "gcc -std=gnu11" unwind-reload unwind_reload.c $1 "$2"
    report "unwind_reload -m$1 $2, modules replaced" \
        run unwind-reload $1 "$out/plugin-2000-$1.so" "$out/plugin-4000-$1.so"
    report "unwind_reload -m$1 $2, notices what is stale" \
        run unwind-reload $1 --stale "$out/plugin-2000-$1.so" "$out/plugin-4000-$1.so"
}

build_with_tsan() { # program's name, its source
    gcc $tsan_flags "tests/programs/$2" tests/programs/unwind_check.c "$unwinder"/unwind*.c \
        -o "$out/$1-tsan" $libraries
}

run_with_tsan() {
    build_with_tsan unwind-hard unwind_hard.c && run unwind-hard tsan --calm &&
        build_with_tsan unwind-reload unwind_reload.c &&
        run unwind-reload tsan "$out/plugin-2000-64.so" "$out/plugin-4000-64.so"
}

for bits in 64 32; do
    report "unwinder -m$bits builds" build_parts $bits
    run_variant $bits "-O2 -fomit-frame-pointer"
    [ "${1-}" = quick ] && continue
    run_variant $bits "-O2 -fno-omit-frame-pointer"
    run_variant $bits "-O0 -fno-omit-frame-pointer"
    run_variant $bits "-O3 -fomit-frame-pointer"
done
[ "${1-}" = quick ] || report "threads race for nothing" run_with_tsan
exit $failed
