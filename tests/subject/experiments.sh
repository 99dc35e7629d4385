#!/bin/sh
# shellcheck disable=SC2317 # functions are called by case_of
# The states of the port: each builds, its mechanism is really in its program, and the table of the experiments (short form) adds up.
. "${0%/*}/common.sh"

folder() { # STATE
    [ "$1" = stock ] && echo build/webrtc/i386 || echo "build/webrtc/i386-$1"
}

# refers STATE ARCHIVE PATTERN: whether objects of the archive refer to such a name.
refers() {
    nm "$(folder "$1")/archives/$2" 2>/dev/null | grep -q " U $3"
}

refers_not() {
    ! refers "$@"
}

# holds STATE PATTERN: whether the program has such a symbol.
holds() {
    nm "$(folder "$1")/device" | grep -q " $2"
}

holds_not() {
    ! holds "$@"
}

# untouched ARCHIVE...: in ramlens-plan the archives are copies of the stock ones, with other names in them and the same code.
same_code() { # ARCHIVE
    objdump -d "$(folder stock)/archives/$1" | grep -c '^ ' >"$out/stock.count"
    objdump -d "$(folder ramlens-plan)/archives/$1" | grep -c '^ ' | cmp -s - "$out/stock.count"
}

make -s -j2 host runtime experiments-table >"$out/experiments-make.log" 2>&1
RUNS=1 SECONDS_STREAMING=5 experiments/run.sh >"$out/experiments.txt" 2>"$out/experiments.log"
case_of "every state is built and run, every check passes" [ $? = 0 ]

for state in as-ported quick-win-1 quick-win-2 ramlens-plan; do
    case_of "$state calls heap_caps_*" holds $state "w heap_caps_malloc_prefer"
    case_of "$state sets the threads' stacks" holds $state "[tT] ramlens_place_threads"
done
case_of "stock calls none of it" holds_not stock "heap_caps_\|ramlens_place"
for archive in libjuice-static.a libusrsctp.a; do
    case_of "as-ported: the header redirects malloc in $archive" refers as-ported $archive ramlens_psram_malloc
    case_of "as-ported: no call of plain malloc is left in $archive" refers_not as-ported $archive 'malloc$'
done
case_of "as-ported: the header redirects nothing in libdatachannel" refers_not as-ported libdatachannel-static.a ramlens_
case_of "as-ported: libsrtp is the stock one" refers_not as-ported libsrtp2.a ramlens_
case_of "quick-win-1: the header redirects libsrtp" refers quick-win-1 libsrtp2.a ramlens_psram_
case_of "quick-win-1: operator new is the library's" holds_not quick-win-1 "T _Znwj"
case_of "quick-win-2: operator new is the program's" holds quick-win-2 "T _Znwj"
case_of "quick-win-2: so is the aligned one of nothrow kind" holds quick-win-2 "T _ZnwjSt11align_val_tRKSt9nothrow_t"
case_of "ramlens-plan: libdatachannel's operator new has another name" refers ramlens-plan libdatachannel-static.a ramlens_psram__Znwj
case_of "ramlens-plan: the code of libjuice is that of stock" same_code libjuice-static.a
case_of "ramlens-plan: mbedTLS is not compiled anew" same_code libmbedcrypto.a

case_of "the table adds up and keeps to its schema" /usr/bin/python3 tests/subject/experiments.py \
    out/experiments/experiments.json docs/experiments.schema.json
RUNS=1 SECONDS_STREAMING=5 experiments/run.sh >"$out/experiments-again.txt" 2>>"$out/experiments.log"
case_of "unchanged results are used again, and it says so" grep -q '^of 11 runs 0 were made now; 11 were used again' \
    "$out/experiments-again.txt"
exit "$result"
