#!/bin/sh
# The kept inputs of each fuzz target, under sanitizers.
cd "$(dirname "$0")/../.." || exit 2
for target in trace; do
    if build/tests/fuzz_$target tests/fuzz/corpus/$target; then
        echo "ok the corpus of fuzz_$target does no harm"
    else
        echo "not ok the corpus of fuzz_$target does no harm"
        exit 1
    fi
done
