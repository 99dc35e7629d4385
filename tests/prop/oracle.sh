#!/bin/sh
# The model heap against others' allocators, for 32 bits: an independent TLSF (lv_tlsf.c), and FreeRTOS's own heap_4.c and heap_5.c. The same
# random requests go to both; every block must lie at the same place. What is told apart, and why: docs/heap-model.md.
# usage: tests/prop/oracle.sh [RUNS]    (each for each configuration; default 150)
set -u
cd "$(dirname "$0")/../.." || exit 2
runs=${1:-150}
out=$PWD/build/tests/oracle
oracle=$PWD/build/oracle
failed=0
mkdir -p "$out"
tests/oracle/fetch.sh || {
    echo "not ok the oracles' sources are there"
    exit 1
}
flags="-m32 -O1 -g -w -Iheap -Itests/oracle -I$oracle"

# twin NAME SOURCE ORACLE FLAG...   compiles the two together and runs them
twin() {
    name=$1
    sources="tests/oracle/$2 $3"
    shift 3
    # shellcheck disable=SC2086 # flags and sources are words
    if ${CC:-cc} $flags "$@" -o "$out/twin" $sources heap/*.c >"$out/log" 2>&1 && timeout 60 "$out/twin" 1 "$runs" >>"$out/log" 2>&1; then
        echo "ok $name: $(tail -n 1 "$out/log")"
    else
        echo "not ok $name"
        tail -n 20 "$out/log"
        failed=1
    fi
}

for log2 in 3 4 5; do
    sed "s/SL_INDEX_COUNT_LOG2 = 5,/SL_INDEX_COUNT_LOG2 = $log2,/" "$oracle/lv_tlsf.c" >"$out/lv_tlsf.c"
    grep -q "SL_INDEX_COUNT_LOG2 = $log2," "$out/lv_tlsf.c" || failed=1
    twin "TLSF with $((1 << log2)) lists a row places blocks as lv_tlsf.c does" twin_tlsf.c "$out/lv_tlsf.c" \
        -DLIST_LOG2=$log2 -Itests/oracle/shim/lvgl/misc
done
for alignment in 8 16; do
    for bytes in 4096 65532 300001; do
        twin "first fit of $bytes bytes, aligned to $alignment, is heap_4.c" twin_first_fit.c "$oracle/heap_4.c" \
            -Itests/oracle/shim/freertos -DportBYTE_ALIGNMENT=$alignment -DconfigTOTAL_HEAP_SIZE=$bytes
    done
    twin "first fit over regions, aligned to $alignment, is heap_5.c" twin_first_fit.c "$oracle/heap_5.c" \
        -Itests/oracle/shim/freertos -DportBYTE_ALIGNMENT=$alignment -DconfigTOTAL_HEAP_SIZE=65536 -DHEAP_5
done
exit $failed
