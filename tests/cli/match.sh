#!/bin/sh
# `ramlens match` as a user meets it: the sites of a plan in a program that was built again.
. "${0%/*}/../programs/common.sh"

# variant NAME SED-SCRIPT FLAG...: the program built from a changed copy of its source, recorded into $tmp/NAME.rlt
variant() {
    name=$1 script=$2
    shift 2
    mkdir -p "$tmp/$name"
    sed "$script" tests/programs/site_identity.cpp >"$tmp/$name/site_identity.cpp"
    "${CXX:-c++}" -std=c++17 -m32 -g -fno-builtin -Iruntime "$@" -o "$tmp/$name/program" "$tmp/$name/site_identity.cpp" -pthread &&
        record "$tmp/$name.rlt" "$tmp/$name/program"
}

printf 'component app\n    source */site_identity.cpp\n' >"$tmp/components"
variant first '' -O2
variant again '' -O2
variant lines '1i// one\n// two\n// three' -O2
variant less '' -O1
id=$("$ramlens" report --json --components "$tmp/components" "$tmp/first.rlt" | awk '
    /"function": "app::Store::copy/ { wanted = 1 }
    /"id": "/ { gsub(/[",]/, "", $2); id = $2 }
    wanted { print id; exit }')
printf '# mine\ncomponent app\n    malloc policy\nsite %s psram auto\n    component app\n    function _ZN3app5Store4copyEPKc\n    file site_identity.cpp 27\n    asks memory 1 1\n' "${id:-000000000000}" >"$tmp/plan"

match() {
    "$ramlens" match --components "$tmp/components" "$@"
}

check "a site is named to begin with" test -n "$id"
check "in the same build every site is the same" sh -c "'$ramlens' match --components '$tmp/components' '$tmp/again.rlt' '$tmp/plan' | grep -q 'same 1, moved 0, changed 0, vanished 0'"
for other in lines less; do
    match "$tmp/$other.rlt" "$tmp/plan" >"$tmp/text"
    check "it is found in a build with '$other'" grep -q 'changed 0, vanished 0' "$tmp/text"
done
cp "$tmp/plan" "$tmp/updated"
check "a plan can be brought up to date" match --update "$tmp/less.rlt" "$tmp/updated"
check "it keeps what is not a site" sh -c "head -n 3 '$tmp/plan' >'$tmp/a'; head -n 3 '$tmp/updated' | cmp - '$tmp/a'"
check "then all is the same" sh -c "'$ramlens' match --components '$tmp/components' '$tmp/less.rlt' '$tmp/updated' | grep -q 'moved 0, changed 0, vanished 0'"
check "JSON keeps to its schema" sh -c "'$ramlens' match --json --components '$tmp/components' '$tmp/less.rlt' '$tmp/plan' >'$tmp/json' &&
    /usr/bin/python3 tests/subject/schema.py docs/match.schema.json '$tmp/json' counts same"
printf 'site 123456789abc psram\n    component app\n    function _ZN3app5Store4copiEPKc app::Store::copi(...)\n    file site_identity.cpp 27\n' >"$tmp/lost"
match "$tmp/again.rlt" "$tmp/lost" >"$tmp/text"
code=$?
check "what vanished is said, by exit code 1" equal "$code" 1
check "with the nearest name" grep -q "^vanished .*app::Store::copy" "$tmp/text"
check "a plan that is none is refused with its line" says 2 "ramlens match: $tmp/wrong:1: *" sh -c "echo 'nonsense here' >'$tmp/wrong'; '$ramlens' match '$tmp/again.rlt' '$tmp/wrong'"
check "a plan that is missing is said" says 2 "ramlens match: $tmp/none: *" match "$tmp/again.rlt" "$tmp/none"
check "it is written in one place" says 2 "ramlens match: --update writes to the plan itself*" match --update -o "$tmp/x" "$tmp/again.rlt" "$tmp/plan"
finish
