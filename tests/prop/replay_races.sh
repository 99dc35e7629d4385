#!/bin/sh
# The two threads of a replay share nothing without order: the unit test of the replay under ThreadSanitizer.
set -u
cd "$(dirname "$0")/../.." || exit 2
out=build/tests/tsan
mkdir -p "$out"
newest=$(find host/base host/io host/model wire heap tests/unit/test_replay.c tests/unit/trace_builder.c -newer "$out/test_replay" 2>/dev/null | head -n 1)
if [ ! -x "$out/test_replay" ] || [ -n "$newest" ]; then
    # shellcheck disable=SC2046 # words
    ${CC:-cc} -std=c11 -D_GNU_SOURCE -g -O1 -fsanitize=thread -Ihost/base -Ihost/io -Ihost/model -Iheap -Iwire -iquote tests/unit \
        $(pkg-config --cflags libdw libelf jansson zlib libzstd) -o "$out/test_replay" tests/unit/test_replay.c tests/unit/trace_builder.c \
        host/base/*.c host/io/*.c host/model/*.c wire/*.c heap/*.c -lcmocka $(pkg-config --libs libdw libelf jansson zlib libzstd) -liberty -lpthread \
        >"$out/build.log" 2>&1 || {
        echo "not ok the test of the replay builds under ThreadSanitizer"
        tail -n 20 "$out/build.log"
        exit 1
    }
fi
if TSAN_OPTIONS=halt_on_error=1 "$out/test_replay" >"$out/test_replay.log" 2>&1 && grep -q 'PASSED' "$out/test_replay.log"; then
    echo "ok the threads of a replay do not race"
else
    echo "not ok the threads of a replay do not race"
    head -n 60 "$out/test_replay.log"
    exit 1
fi
