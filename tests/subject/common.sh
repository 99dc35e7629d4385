# shellcheck shell=sh
# What the scripts of this folder share. Sourced, not run; leaves the shell in the project's root.
#
#   case_of "a sentence" COMMAND...   one case: passes if the command succeeds; `result` becomes 1 if one does not
#   $out                              a folder for what the scripts make
cd "$(dirname "$0")/../.." || exit 2
out=build/tests/subject
mkdir -p "$out"
result=0

case_of() {
    name=$1
    shift
    if "$@"; then
        echo "ok $name"
    else
        echo "not ok $name"
        result=1
    fi
}
