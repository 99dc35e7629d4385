#!/bin/sh
# Sites of one build are found again in a program that was built otherwise: by other optimisation, with lines inserted, with a call added before.
# shellcheck disable=SC1091,SC2154
. "${0%/*}/common.sh"
compare=$root/build/tests/test_plan_match
sizes=${SIZES:-i386}

# variant NAME SED-SCRIPT FLAG...: the program built from a changed copy of its source, recorded into $tmp/NAME.rlt
variant() {
    name=$1 script=$2
    shift 2
    mkdir -p "$tmp/$name"
    sed "$script" tests/programs/site_identity.cpp >"$tmp/$name/site_identity.cpp"
    "${CXX:-c++}" -std=c++17 "$(flag_of "$size")" -g -fno-builtin -Iruntime "$@" -o "$tmp/$name/program" \
        "$tmp/$name/site_identity.cpp" -pthread && record "$tmp/$name.rlt" "$tmp/$name/program"
}

# verdict OLD NEW WHAT: a number of the comparison
verdict() {
    "$compare" "$tmp/$1.rlt" "$tmp/$2.rlt" "$tmp/components" 40 >"$tmp/$1-$2.txt" 2>&1
    sed -n "s/^$3 \([0-9]*\)$/\1/p" "$tmp/$1-$2.txt"
}

# found OLD NEW: every site is the same or moved
found() {
    equal "$(verdict "$1" "$2" changed) $(verdict "$1" "$2" vanished)" "0 0" || { cat "$tmp/$1-$2.txt" && false; }
}

# none_lost OLD NEW: besides, what they are now asks for as many bytes as before
none_lost() {
    found "$1" "$2" || return 1
    awk '$1 == "asked" { found = 1; bad = $2 != $6 } END { exit bad || !found }' "$tmp/$1-$2.txt" && return 0
    cat "$tmp/$1-$2.txt"
    return 1
}

# moved_to OLD NEW FUNCTION LINES: each site of the function is so many lines further down
moved_to() {
    awk -v name="$3" -v by="$4" '
        index($0, name) && match($0, /: site_identity.cpp:[0-9]+/) {
            before = substr($0, RSTART + 20, RLENGTH - 20)
            match($0, / is site_identity.cpp:[0-9]+/); after = substr($0, RSTART + 22, RLENGTH - 22); n++
            if (after - before != by) { print; bad = 1 }
        }
        END { exit bad || n == 0 }' "$tmp/$1-$2.txt"
}

printf 'component app\n    source */site_identity.cpp\n' >"$tmp/components"
many='1i// one\n// two\n// three\n// four\n// five'
another='s,// INSERT-3,std::vector<char>(70).swap(mBuffer); std::free(std::malloc(5));,'
for size in $sizes; do
    variant O2 '' -O2
    variant O0 '' -O0
    variant O1 '' -O1
    variant Os '' -Os
    variant lines "$many" -O2
    variant inserted "$many
s,// INSERT-4,mBuffer[1] = 2;\n\n," -O2
    variant call "s,// INSERT-5,static void *kept = std::malloc(7);\nvoid *keep() { return kept; },;$another" -O2
    variant other "s/int key/long key/" -O2
    variant twin 's/char \*first = /std::free(std::malloc(9)); char *first = /' -O2

    check "all sites are the same in the same build ($size)" equal "$(verdict O2 O2 moved) $(verdict O2 O2 vanished)" "0 0"
    # Without optimisation all calls of a line are one site, which may hold more than the one that was looked for.
    check "sites of -O2 are found in a build with -O0 ($size)" found O2 O0
    check "sites of -O0 are found in a build with -O2 ($size)" found O0 O2
    for other in O1 Os; do
        check "sites of -O2 are found in a build with -$other ($size)" none_lost O2 "$other"
        check "sites of -$other are found in a build with -O2 ($size)" none_lost "$other" O2
    done
    check "lines above lose no site ($size)" none_lost O2 lines
    check "lines inside of functions lose no site ($size)" none_lost O2 inserted
    check "those behind the insertion are where they were put ($size)" moved_to O2 inserted app::Store::add 5
    check "a call that was added before does not take another's place ($size)" none_lost O2 call
    check "of a function whose parameters changed the sites are found by its name ($size)" none_lost O2 other
    check "a call that was added on its line loses no site ($size)" found O2 twin
    for new in O0 O1 Os lines inserted call; do
        check "the plan brought up to date for '$new' has all its sites ($size)" \
            grep -q '^rewritten: \([0-9]*\) sites, same \1, ' "$tmp/O2-$new.txt"
    done
done

finish
