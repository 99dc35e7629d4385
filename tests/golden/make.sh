#!/bin/sh
# Makes the kept traces anew: after a deliberate change of the format only. Both are read by tests for ever once a version is released.
# usage: tests/golden/make.sh BUILT_TEST_WIRE BUILT_PROP_FLIP, in the project's folder after 'make runtime'
set -eu
work=/tmp/ramlens-golden # modules' paths go into the trace: the same on every machine
mkdir "$work"
trap 'rm -rf "$work"' EXIT
"$1" --write
cc -O1 -Iruntime -pthread -Wl,--build-id=none tests/golden/small.c -o "$work/small"
cp build/preload/lib/x86_64-linux-gnu/libramlens-preload.so "$work"
(cd "$work" && RAMLENS_TRACE=trace.rlt LD_PRELOAD=$work/libramlens-preload.so sh -c 'RAMLENS_PID=$$ exec ./small')
"$2" --pack "$work/trace.rlt" tests/golden/recorded.rlt
ls -l tests/golden/*.rlt
