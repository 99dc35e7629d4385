#!/bin/sh
# Brings the oracles' sources into build/oracle: lv_tlsf.c, lv_tlsf.h from one crate, heap_4.c, heap_5.c from another, both pinned by
# source/Cargo.lock. Nothing of them is part of this project.
#
# usage: tests/oracle/fetch.sh          from any folder; quick when nothing is missing
set -eu
cd "$(dirname "$0")/../.."
oracle=$PWD/build/oracle

fail() {
    echo "tests/oracle/fetch.sh: $*" >&2
    exit 1
}

mkdir -p "$oracle"
# Two tests may start at once; the second waits here for the first one's download.
exec 9>"$oracle/lock"
flock 9
lock_sum=$(cksum <tests/oracle/source/Cargo.lock)
[ "$(cat "$oracle/fetched" 2>/dev/null)" != "$lock_sum" ] || exit 0

rm -rf "$oracle/crates" "$oracle/fetched"
# The lock file's checksums decide what is accepted.
if ! cargo vendor --locked --manifest-path tests/oracle/source/Cargo.toml "$oracle/crates" >"$oracle/log" 2>&1; then
    tail -n 25 "$oracle/log" >&2
    fail "cargo cannot fetch the crates (1.85 or newer is needed; tools/setup.sh test says more)"
fi
for source in lvgl-sys/vendor/lvgl/src/misc/lv_tlsf.c lvgl-sys/vendor/lvgl/src/misc/lv_tlsf.h \
    freertos-next/FreeRTOS-Kernel/portable/MemMang/heap_4.c freertos-next/FreeRTOS-Kernel/portable/MemMang/heap_5.c; do
    [ -f "$oracle/crates/$source" ] || fail "no $source in the crates"
    cp "$oracle/crates/$source" "$oracle/"
done
rm -rf "$oracle/crates"
echo "$lock_sum" >"$oracle/fetched" # last: what is there is whole
