#!/bin/sh
# Checks the direction of dependencies: cmd -> pass -> model -> io -> base, io -> wire and heap, runtime -> wire.
# Looks at the quoted #include lines; the compiler's include paths are the other half of the check.
cd "$(dirname "$0")/.." || exit 2
status=0

headers_of() { sed -n 's/^# *include *"\([^"]*\)".*/\1/p' "$1"; }

check() { # check FOLDER "FOLDERS IT MAY INCLUDE FROM, ITSELF INCLUDED"
    for file in "$1"/*.[ch]; do
        [ -e "$file" ] || continue
        headers_of "$file" | while read -r header; do
            for folder in $2; do [ -e "$folder/$header" ] && continue 2; done
            echo "$file: \"$header\" is in none of the folders it may include from ($2)"
        done | grep . && status=1
    done
}

check wire wire
check heap heap
check runtime "runtime wire"
check host/base "host/base"
check host/io "host/base host/io wire heap"
check host/model "host/base host/io wire heap host/model"
check host/pass "host/base host/io wire heap host/model host/pass"
check host/cmd "host/base host/io wire heap host/model host/pass host/cmd"
for file in host/pass/*.[ch]; do # Two passes never include each other; what they share is in model. PASS_*.c and PASS_*.h are parts of PASS.
    [ -e "$file" ] || continue
    name=${file#host/pass/}
    headers_of "$file" | while read -r header; do
        other=${header%.h}
        [ -e "host/pass/$other.c" ] && [ "$other" != "${name%.?}" ] || continue
        case ${name%.?} in "$other"_*) continue ;; esac
        case $other in "${name%.?}"_*) continue ;; esac
        case $other,${name%.?} in "${other%%_*}"_*,"${other%%_*}"_*) continue ;; esac # two parts of one
        echo "$file: includes another pass, \"$header\""
    done | grep . && status=1
done
exit $status
