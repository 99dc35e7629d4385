#!/bin/sh
# A second, trivial interposer in the same process comes to the same live totals, to the byte, wherever the program is quiet.
. "${0%/*}/common.sh"
. tests/interposer/run.sh

build interposed
build cpp_forms
build kernel
for size in $sizes; do
    for threads in 1 4 16; do
        interposed "$bin/interposed-$size" $threads $((60000 / threads))
        check "$threads threads: the program runs ($size)" same "0" "$?$(cat "$tmp/out" "$tmp/err")"
        check "$threads threads: bytes and blocks are those of a second interposer at all checkpoints ($size)" agree all
        check "$threads threads: nothing lost or out of order ($size)" whole "$tmp/interposed.rlt"
    done
    interposed "$bin/cpp_forms-$size"
    check "every form of C++ comes to the totals of a second interposer ($size)" agree all
    interposed "$bin/kernel-$size"
    check "so do blocks with locks in them ($size)" agree all
done

finish
