#!/bin/sh
# The WebRTC stack: a second, trivial interposer in the same process comes to the same live totals, to the byte where the program is quiet, and
# ours lie within what it saw around the checkpoint where it is not.
. "${0%/*}/../programs/common.sh"
. tests/interposer/run.sh

for size in i386 x86_64; do
    for mode in media data-only; do
        interposed "build/webrtc/$size/device" --mode $mode --seconds 2 --cycles 2
        check "a $mode session runs with both ($size)" equal $? 0
        check "a $mode session: the totals are those of a second interposer ($size)" agree start logger-before logger-after \
            networking closed cleanup
        check "a $mode session: nothing lost or out of order ($size)" whole "$tmp/interposed.rlt"
        cat "$tmp/trivial.txt"
    done
done

finish
