# shellcheck shell=sh
# Sourced after tests/programs/common.sh: runs programs with the trivial interposer behind the recorder in the same process.
#
#   interposed SIZE PROGRAM...   records the run; leaves $tmp/trivial.txt, $tmp/live.txt, $tmp/report.json
#   agree QUIET...               whether all three agree (tests/interposer/compare.py)
interposer=$root/build/tests/interposer

build_interposer() {
    for size in $sizes; do
        case $size in
        i386) folder=lib/i386-linux-gnu other=lib32 ;;
        *) folder=lib/x86_64-linux-gnu other=lib64 ;;
        esac
        mkdir -p "$interposer/$folder"
        ln -sfn "$folder" "$interposer/$other"
        ${CC:-cc} -std=gnu11 "$(flag_of "$size")" -O2 -g -Wall -Wextra -shared -fPIC -o "$interposer/$folder/libtrivial.so" \
            tests/interposer/trivial.c -pthread || exit 1
    done
}

interposed() {
    rm -f "$tmp/trivial.txt"
    # The loader puts the folder of each program's word size in the place of $LIB.
    TRIVIAL_OUT=$tmp/trivial.txt LD_PRELOAD="$interposer/\$LIB/libtrivial.so" timeout 120 \
        "$ramlens" record -q -f -o "$tmp/interposed.rlt" -- "$@" >"$tmp/out" 2>"$tmp/err"
    code=$?
    "$ramlens" info --live "$tmp/interposed.rlt" >"$tmp/live.txt"
    "$ramlens" report --json "$tmp/interposed.rlt" >"$tmp/report.json"
    return $code
}

agree() {
    python3 tests/interposer/compare.py "$tmp/trivial.txt" "$tmp/live.txt" "$tmp/report.json" "$@"
}

build_interposer
