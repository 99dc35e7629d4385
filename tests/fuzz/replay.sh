#!/bin/sh
# The kept inputs of each fuzz target, under sanitizers.
cd "$(dirname "$0")/../.." || exit 2
for corpus in tests/fuzz/corpus/*; do
    target=${corpus##*/}
    if "build/tests/fuzz_$target" "$corpus"; then
        echo "ok the corpus of fuzz_$target does no harm"
    else
        echo "not ok the corpus of fuzz_$target does no harm"
        exit 1
    fi
done
