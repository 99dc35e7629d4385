#!/bin/sh
# The kept inputs of each fuzz target, under sanitizers. A target without any fails.
cd "$(dirname "$0")/../.." || exit 2
for source in tests/fuzz/fuzz_*.c; do
    target=${source##*/fuzz_}
    target=${target%.c}
    if "build/tests/fuzz_$target" "tests/fuzz/corpus/$target"; then
        echo "ok the corpus of fuzz_$target does no harm"
    else
        echo "not ok the corpus of fuzz_$target does no harm"
    fi
done
