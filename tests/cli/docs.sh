#!/bin/sh
# The documents tell what is so.
#
# - A fence of the kind ```console is run: each line "$ COMMAND" in its document's own folder, where the project's files are linked. What
#   stands below a command is compared with its output, by shape (tests/cli/shape.awk); nothing below: any output will do. The exit
#   code is 0, or the N of a comment "# exit code N" behind the command.
# - A comment <!-- from: FILE --> above a fence: its lines stand in FILE, compared in the same way. A comment <!-- file: NAME --> above a
#   fence writes it to NAME in the document's folder.
# - Every path and every option of ramlens that the documents mention exists, and so does every command.
# - Every command has a man page, without warnings and with each flag once; an installation has all that it needs.
#
# out/demo in that folder is a short recording of the subject, made here.
# shellcheck disable=SC1091,SC2154,SC2317 # what is sourced is checked by itself; check calls most functions
. "${0%/*}/../programs/common.sh"

documents="README.md DESIGN.md CONTRIBUTING.md CHANGELOG.md $(echo docs/*.md)"
export LC_ALL=C.UTF-8 COLUMNS=100 NO_COLOR=1
unset RAMLENS_TARGETS

# ---- the folder in which a document's commands run

answer() {
    "$ramlens" report --target esp32p4 --subject subjects/webrtc "$@" "$tmp/demo/trace.rlt" --archives build/webrtc/rv32/lib*.a
}

record_demo() {
    mkdir -p "$tmp/demo"
    "$ramlens" record -q -f -o "$tmp/demo/trace.rlt" -- build/webrtc/i386/device --mode media --seconds 5 &&
        answer >"$tmp/demo/report.txt" && answer --json >"$tmp/demo/report.json"
}

enter() { # document
    folder=$tmp/work/$1
    mkdir -p "$folder/out" "$folder/bin"
    for entry in *; do
        [ "$entry" = out ] || ln -s "$root/$entry" "$folder/$entry"
    done
    ln -s "$tmp/demo" "$folder/out/demo"
    ln -s "$ramlens" "$folder/bin/ramlens"
}

# ---- what a document holds

# The commands of its console fences: FOLDER/N.command, FOLDER/N.expected. Fences with a comment above: FOLDER/N.from or N.file, N.text.
take_apart() { # document, folder
    awk -v folder="$2" '
        function next_file() { count++; return folder "/" sprintf("%03d", count) }
        /^<!-- (from|file): .* -->$/ { kind = $2; sub(":", "", kind); name = $3; next }
        /^```/ && !inside {
            inside = 1
            console = $0 == "```console"
            if (kind != "") { file = next_file(); print name > (file "." kind); printf "" > (file ".text") }
            next
        }
        /^```$/ && inside { inside = 0; console = 0; kind = ""; file = ""; next }
        inside && console && /^\$ / {
            file = next_file()
            print substr($0, 3) > (file ".command")
            print FILENAME ":" FNR > (file ".line")
            printf "" > (file ".expected")
            next
        }
        inside && console && file != "" { print > (file ".expected") }
        inside && kind != "" { print > (file ".text") }
    ' "$1"
}

compare() { # expected, actual
    LC_ALL=C awk -f tests/cli/shape.awk "$1" "$2"
}

run_command() { # document, file without ending
    command=$(cat "$2.command")
    wanted=$(echo "$command" | sed -n 's/.*# exit code \([0-9]*\)$/\1/p')
    (cd "$tmp/work/$1" && PATH=$PWD/bin:$PATH timeout 120 sh -c "$command") >"$2.actual" 2>&1
    code=$?
    [ "$code" = "${wanted:-0}" ] || { echo "exit code $code"; cat "$2.actual"; return 1; }
    [ ! -s "$2.expected" ] || compare "$2.expected" "$2.actual"
}

try_document() {
    parts=$tmp/parts/$1
    mkdir -p "$parts"
    enter "$1"
    take_apart "$1" "$parts"
    for part in "$parts"/*; do
        case $part in
        *.file) cp "${part%.file}.text" "$tmp/work/$1/$(cat "$part")" ;;
        *.from) check "$1: the excerpt of $(cat "$part") is one" compare "${part%.from}.text" "$tmp/work/$1/$(cat "$part")" ;;
        *.command) check "$(cat "${part%.command}.line"): $(cat "$part")" run_command "$1" "${part%.command}" ;;
        esac
    done
}

# ---- what a document mentions

# Words in backquotes and targets of links outside fences, one a line: "WORD" or "LINK".
mentions() {
    awk '/^ *```/ { inside = !inside; next } inside { next }
    {
        rest = $0
        while (match(rest, /\]\([^)]*\)/)) {
            print "link " substr(rest, RSTART + 2, RLENGTH - 3)
            rest = substr(rest, RSTART + RLENGTH)
        }
        rest = $0
        while (match(rest, /`[^`]*`/)) {
            print "word " substr(rest, RSTART + 1, RLENGTH - 2)
            rest = substr(rest, RSTART + RLENGTH)
        }
    }' "$1"
}

# A path of ours may have capitals for what differs (cmd_NAME.c) and globs. build/ and out/ are made.
exists() {
    pattern=$(echo "$1" | sed 's/NAME/*/g')
    for found in $pattern; do
        [ -e "$found" ] && return 0
    done
    echo "no such file: $1" && return 1
}

# A heading "When it fails" is found as when-it-fails.
has_heading() { # document, anchor
    sed -n 's/^##* //p' "$1" | tr 'A-Z ' 'a-z-' | tr -cd 'a-z0-9\n-' | grep -qx -e "$2" && return 0
    echo "no heading $2 in $1" && return 1
}

paths_exist() { # document
    result=0
    mentions "$1" >"$tmp/mentions"
    while read -r kind word rest; do
        case $kind:$word in
        link:http*) ;;
        link:\#*) has_heading "$1" "${word#\#}" || result=1 ;;
        link:*)
            target=$(dirname "$1")/${word%%#*}
            exists "$target" || result=1
            case $word in *#*) has_heading "$target" "${word#*#}" || result=1 ;; esac
            ;;
        word:build/* | word:out/*) ;;
        word:base/* | word:io/* | word:model/* | word:pass/* | word:cmd/*) exists "host/$word" || result=1 ;;
        word:host/* | word:runtime/* | word:wire/* | word:heap/* | word:integrations/* | word:targets/* | word:subjects/* | word:tests/* | \
            word:bench/* | word:docs/* | word:tools/* | word:mk/* | word:.ci/*) exists "$word" || result=1 ;;
        esac
    done <"$tmp/mentions"
    return "$result"
}

commands() {
    "$ramlens" --help | sed -n 's/^  \([a-z][a-z-]*\)   *[a-z].*/\1/p'
}

all_help() {
    for command in $(commands); do
        "$ramlens" help "$command"
    done
    "$ramlens" --help
    sed -n 's/^ *\([a-z-]*\):.*## .*/make \1/p' Makefile mk/*.mk
}

options_exist() { # document
    result=0
    mentions "$1" | sed -n 's/^word \(--[a-z][a-z-]*\).*/\1/p' | sort -u >"$tmp/options"
    while read -r option; do
        grep -q -e "$option\\b" "$tmp/help" || { echo "no command has $option" && result=1; }
    done <"$tmp/options"
    return "$result"
}

commands_exist() { # document
    result=0
    mentions "$1" | sed -n 's/^word ramlens \([a-z][a-z-]*\).*/ramlens \1/p; s/^word \(make [a-z][a-z0-9_-]*\).*/\1/p' | sort -u >"$tmp/named"
    while read -r tool verb; do
        case $tool in
        make) make -n "$verb" >"$tmp/make.log" 2>&1 || { cat "$tmp/make.log" && result=1; } ;;
        *) commands | grep -qx -e "$verb" || { echo "no command '$verb'" && result=1; } ;;
        esac
    done <"$tmp/named"
    return "$result"
}

# ---- man pages and installation

flags_once() { # page
    sed -n '/^\.SH .*OPTIONS/,/^\.SH EXIT/{s/\\-/-/g;s/\\fI.*//;s/^\.B \(-.*\)/\1/p;}' "$1" | tr -s ', ' '\n' | sort | uniq -d >"$tmp/twice"
    [ ! -s "$tmp/twice" ] || { cat "$tmp/twice" && return 1; }
}

page_is_sound() { # page
    for section in NAME SYNOPSIS "EXIT STATUS"; do
        grep -qx -e ".SH $section" "$1" || { echo "no section $section" && return 1; }
    done
    flags_once "$1" || return 1
    command -v groff >/dev/null || return 0
    groff -man -Tascii -ww "$1" 2>&1 >/dev/null | grep . && return 1
    return 0
}

installed_works() {
    make install PREFIX="$tmp/prefix" &&
        cc -I "$tmp/prefix/include" -g -o "$tmp/installed" docs/example/app.c docs/example/ring.c -lpthread &&
        "$tmp/prefix/bin/ramlens" record -f -o "$tmp/installed.rlt" -- "$tmp/installed" &&
        "$tmp/prefix/bin/ramlens" report --target esp32p4 "$tmp/installed.rlt"
}

uninstalled() {
    make uninstall PREFIX="$tmp/prefix" || return 1
    find "$tmp/prefix" ! -type d | grep . && return 1
    return 0
}

check "the subject's recording answers" record_demo
for document in $documents; do
    try_document "$document"
done
all_help >"$tmp/help"
for document in $documents; do
    check "$document names files that exist" paths_exist "$document"
    check "$document names options that exist" options_exist "$document"
    check "$document names commands that exist" commands_exist "$document"
done
check "man pages are made" make man
for verb in $(commands); do
    check "ramlens $verb has a sound man page" page_is_sound "build/man/ramlens-$verb.1"
done
check "ramlens has a sound man page" page_is_sound build/man/ramlens.1
check "what is installed records and reports" installed_works
check "what was installed can be removed" uninstalled
finish
