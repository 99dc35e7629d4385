#!/bin/sh
# Runs the unit tests and the scripts in tests/cli and tests/subject, sums up, ends with "N passed, M failed".
# A unit test program reports by cmocka; a script prints "ok NAME" or "not ok NAME" for each of its cases.
# usage: tests/run.sh [NAME...]   only the tests whose path contains one of the names, as they were last built (`make test-programs`)
set -u
cd "$(dirname "$0")/.." || exit 2
passed=0
failed=0
log=build/tests/log
mkdir -p "$log"

wanted() {
    [ "$filters" = "" ] && return 0
    for filter in $filters; do
        case $1 in *"$filter"*) return 0 ;; esac
    done
    return 1
}

count() { # name, log file, exit code, passed cases, failed cases
    passed=$((passed + $4))
    failed=$((failed + $5))
    if [ "$5" -gt 0 ] || [ "$3" -ne 0 ] || [ "$4" -eq 0 ]; then
        [ "$5" -eq 0 ] && failed=$((failed + 1))
        echo "FAILED $1 (exit $3)"
        tail -n 40 "$2"
    else
        echo "ok     $1 ($4)"
    fi
}

run_unit() {
    out=$log/$(basename "$1").log
    ASAN_OPTIONS=detect_leaks=1 timeout 600 "$1" >"$out" 2>&1
    code=$?
    good=$(grep -ac '^\[       OK \]' "$out")
    bad=$(grep -a '^\[  FAILED  \] [^0-9]' "$out" | cut -d , -f 1 | sort -u | wc -l) # each is named where it failed, and at the end
    count "$1" "$out" "$code" "$good" "$bad"
}

run_script() {
    out=$log/$(basename "$(dirname "$1")")-$(basename "$1").log
    timeout 1200 "$1" >"$out" 2>&1
    code=$?
    good=$(grep -ac '^ok ' "$out")
    bad=$(grep -ac '^not ok ' "$out")
    count "$1" "$out" "$code" "$good" "$bad"
}

filters="$*"
for unit in build/tests/test_* build/tests/prop_*; do
    [ -f "$unit" ] && [ -x "$unit" ] && wanted "$unit tests/unit/${unit##*/}" && run_unit "$unit"
done
for script in tests/prop/*.sh tests/fuzz/*.sh tests/cli/*.sh tests/programs/*.sh tests/subject/*.sh; do
    [ -x "$script" ] && wanted "$script" && run_script "$script"
done
if [ $((passed + failed)) -eq 0 ]; then
    echo "tests/run.sh: no test's path contains: $filters" >&2
    exit 2
fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
