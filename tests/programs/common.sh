# shellcheck shell=sh
# What the scripts of this folder and of tests/cli share. Sourced, not run; leaves the shell in the project's root.
#
#   check "a sentence" COMMAND...   one case: passes if the command succeeds; else its output is shown
#   build NAME [FLAG...]            tests/programs/NAME.c(pp) -> $bin/NAME-x86_64 and $bin/NAME-i386
#   record TRACE PROGRAM...         runs it under the recorder, its output into $tmp/out and $tmp/err
#   number TRACE FIELD              a number of `info --json`
#   live TRACE CHECKPOINT COLUMN    a number of `info --live`
#   events TRACE FROM TO            the events between two checkpoints, comparable
#   loaded FILE                     bytes of its loaded sections, by readelf
#   finish                          last line of a script
set -u
cd "$(dirname "$0")/../.." || exit 2
root=$PWD
ramlens=${RAMLENS:-$root/build/ramlens}
bin=$root/build/tests/programs
sizes="x86_64 i386"
mkdir -p "$bin"
tmp=$(mktemp -d "${TMPDIR:-/tmp}/ramlens-test.XXXXXX") || exit 2
trap 'rm -rf "$tmp"' EXIT
failures=0
unset RAMLENS_TRACE RAMLENS_PID RAMLENS_CHILDREN

check() {
    name=$1
    shift
    if "$@" >"$tmp/check.log" 2>&1; then
        echo "ok $name"
    else
        echo "not ok $name"
        sed 's/^/    /' "$tmp/check.log" | head -n 30
        failures=$((failures + 1))
    fi
}

skip() { # sentence, reason: a case that this machine cannot show; neither passed nor failed
    echo "skipped: $1 ($2)"
}

finish() {
    [ "$failures" -eq 0 ]
    exit
}

flag_of() {
    case $1 in i386) echo -m32 ;; *) echo -m64 ;; esac
}

# One program for both word sizes, when its source is newer. Further flags may come from the caller, libraries last.
build() {
    build_as "$1" "$@"
}

# Whether the first file is younger than each of the others.
is_newer() {
    [ -e "$1" ] && [ -z "$(find "$@" -newer "$1")" ]
}

# The same under another name: build_as OUTPUT NAME [FLAG...]. A name with .so makes a library without the lib prefix.
build_as() {
    output=$1
    source=tests/programs/$2.c
    compiler="${CC:-cc} -std=gnu11"
    [ -f "$source" ] || { source=${source}pp && compiler="${CXX:-c++} -std=c++17"; }
    shift 2
    for size in $sizes; do
        target=$bin/$output-$size
        case $output in *.so) target=$bin/${output%.so}-$size.so ;; esac
        is_newer "$target" "$source" tests/programs/common.sh && continue
        # shellcheck disable=SC2086 # flags are words
        $compiler "$(flag_of "$size")" -g -O1 -fno-builtin -Wall -Wextra -Iruntime -o "$target" "$source" "$@" -pthread || {
            echo "not ok $source compiles for $size"
            exit 1
        }
    done
}

record() {
    trace=$1
    shift
    "$ramlens" record -q -f -o "$trace" -- "$@" >"$tmp/out" 2>"$tmp/err"
}

number() {
    "$ramlens" info --json "$1" 2>/dev/null | sed -n 's/^ "'"$2"'": \([0-9]*\),*$/\1/p'
}

live() { # trace, checkpoint (its cycle behind a colon), column
    "$ramlens" info --live "$1" 2>/dev/null | awk -v what="$2" -v column="$3" '
        NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        $1 == what || $1 ":" $2 == what { print $at[column]; exit }'
}

# Lines such as "t1 malloc A size 100". Blocks have letters in the order of their birth; a block that moved is a new one. No times, no
# stacks. Sizes that depend on the word size have names: MAX is SIZE_MAX, HUGE is half of it.
normal_events() {
    awk '
        function letter(n) { return n < 26 ? sprintf("%c", 65 + n) : letter(int(n / 26) - 1) sprintf("%c", 65 + n % 26) }
        function named(size) {
            if (size == "4294967295" || size == "18446744073709551615") return "MAX"
            if (size == "2147483648" || size == "9223372036854775808") return "HUGE"
            return size
        }
        {
            line = $2 " " $3
            at = 4
            object = $4 ~ /^(create|destroy|first-use|reclaimed)$/
            if (object) line = line " " $(at++)
            address = $(at++)
            failed = / failed/
            ends = $3 ~ /^(free|delete|delete\[\]|realloc-from|realloc-free)$/
            same = $3 == "realloc-in-place"
            if (address == "0x0") who = "-"
            else if (object) { if (!(address in objects)) objects[address] = count_objects++; who = "#" objects[address] }
            else if (ends || same || failed) { who = address in block ? block[address] : "?" }
            else { block[address] = letter(count++); who = block[address] }
            if (ends) delete block[address]
            line = line " " who
            for (i = at; i <= NF; i++) {
                if ($i == "stack") break
                if ($i == "size") { i++; if (!ends || / sized/) line = line " " named($i); continue }
                line = line " " $i
            }
            print line
        }'
}

# The raw lines between two checkpoints, or from the first one to the end.
events_raw() {
    "$ramlens" info --events "$1" | awk -v from="$2" -v to="${3:-}" '
        $3 == "checkpoint" && $4 == to && on { exit }
        on && $3 != "checkpoint" && $3 != "heaps"
        $3 == "checkpoint" && $4 == from { on = 1 }'
}

events() {
    events_raw "$@" | normal_events
}

# same EXPECTED ACTUAL: two texts; shows the difference.
same() {
    printf '%s\n' "$1" >"$tmp/expected"
    printf '%s\n' "$2" >"$tmp/actual"
    diff -u "$tmp/expected" "$tmp/actual"
}

# The contents of files as one line.
one_line() {
    cat "$@" | tr '\n' ' ' | sed 's/ *$//'
}

# equal NUMBER NUMBER
equal() {
    [ "$1" = "$2" ] || { echo "got '$1' instead of '$2'" && false; }
}

# at_most NUMBER LIMIT
at_most() {
    [ "$1" -le "$2" ] || { echo "got $1, more than $2" && false; }
}

# Nothing lost, nothing out of order, nothing damaged.
whole() {
    for field in lost_allocs lost_frees conflicts foreign_frees damaged_blocks missing_blocks; do
        found=$(number "$1" "$field")
        [ "$found" = 0 ] || { echo "$field is '$found'" && return 1; }
    done
}

loaded() { # file: bytes of its loaded sections, those with the flag A, by readelf
    readelf -SW "$1" | sed 's/^ *\[ *\([0-9]*\)\]/\1/' |
        awk '$1 ~ /^[0-9]+$/ { for (i = 3; i <= NF; i++) if ($i ~ /^[0-9a-f]+$/ && length($i) >= 8) break; if ($(i + 4) ~ /A/) print "0x" $(i + 2) }' |
        while read -r n; do echo $((n)); done | awk '{ s += $1 } END { print s + 0 }'
}

# says EXIT PATTERN COMMAND...: the command prints nothing but one line on standard error, which matches the pattern, and ends so.
says() {
    exit_wanted=$1 pattern=$2
    shift 2
    "$@" >"$tmp/said.out" 2>"$tmp/said.err"
    exit_got=$?
    lines=$(wc -l <"$tmp/said.err")
    cat "$tmp/said.err"
    [ "$exit_got" = "$exit_wanted" ] || { echo "exit code $exit_got instead of $exit_wanted" && return 1; }
    [ -s "$tmp/said.out" ] && echo "it printed:" && cat "$tmp/said.out" && return 1
    [ "$lines" = 1 ] || { echo "$lines lines instead of one" && return 1; }
    # shellcheck disable=SC2254 # a pattern
    case $(cat "$tmp/said.err") in $pattern) return 0 ;; esac
    echo "does not match: $pattern"
    return 1
}
