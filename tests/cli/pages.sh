#!/bin/sh
# The command line itself: its pages fit a terminal, mistakes are answered with a suggestion, a result that cannot be written is an error.
. "${0%/*}/../programs/common.sh"

build life
"$ramlens" record -q -f -o "$tmp/t" -- "$bin/life-x86_64" return 0
commands=$("$ramlens" -h | sed -n 's/^  \([a-z]*\)  *[a-z].*/\1/p')

# No line over 80 columns, counted in characters; no trailing blanks, no tabs.
fits() {
    "$@" >"$tmp/page" || return 1
    [ -s "$tmp/page" ] || { echo "it is empty" && return 1; }
    LC_ALL=C.UTF-8 awk 'length($0) > 80 || /[ \t]$/ || /\t/ { print FNR ": " $0; bad = 1 } END { exit bad }' "$tmp/page"
}

check "the overview names at least six commands" test "$(echo "$commands" | wc -w)" -ge 6
check "the overview fits 80 columns" fits "$ramlens" -h
check "the long overview fits 80 columns" fits "$ramlens" --help
for command in $commands; do
    check "$command -h fits 80 columns" fits "$ramlens" "$command" -h
    check "$command -h fits a page of 50 lines" at_most "$(wc -l <"$tmp/page")" 50
    check "$command --help fits 80 columns" fits "$ramlens" "$command" --help
    check "$command --help has an example" grep -q "^Example" "$tmp/page"
    check "help $command says the same as $command --help" same "$(cat "$tmp/page")" "$("$ramlens" help "$command")"
    check "$command refuses an unknown option" says 2 "ramlens $command: unknown option '--no-such-option'" \
        "$ramlens" "$command" --no-such-option
    # A page of 100 columns is not read better, one of 40 is still whole.
    check "$command --help fits 100 columns, too" fits env COLUMNS=100 "$ramlens" "$command" --help
done

"$ramlens" >"$tmp/out" 2>"$tmp/err"
check "bare ramlens shows the overview on standard error and fails" same "2 0" "$? $(wc -c <"$tmp/out" | tr -d ' ')"
check "that overview is the short one" cmp "$tmp/err" "$("$ramlens" -h >"$tmp/short" && echo "$tmp/short")"
check "a misspelt command is guessed" says 2 "ramlens: unknown command 'recrod'; did you mean 'record'[?]" "$ramlens" recrod
check "a strange command is answered with the list" says 2 \
    "ramlens: unknown command 'xyzzyx'; 'ramlens help' lists them" "$ramlens" xyzzyx
check "a misspelt option is guessed" says 2 "ramlens record: unknown option '--outptu'; did you mean '--output'[?]" \
    "$ramlens" record --outptu x -- true
check "an option without its value is named" says 2 "ramlens record: *'--output'*" "$ramlens" record --output
check "a missing trace is named" says 2 "ramlens info: something is missing: ramlens info *" "$ramlens" info
check "an operand too many is named" says 2 "ramlens info: 'b' is one too many: ramlens info *" "$ramlens" info a b
check "a value that is none of the choices is named" says 2 "ramlens info: *'sometimes'*" \
    "$ramlens" info --color sometimes "$tmp/t"
check "an image that is not there is named" says 2 "ramlens info: $tmp/t: has 1 image*--image*" "$ramlens" info --image 2 "$tmp/t"
check "an image that is no number is named" says 2 "ramlens info: *'two'*" "$ramlens" info --image two "$tmp/t"
check "--version prints one line" same "1" "$("$ramlens" --version | grep -c '^ramlens [0-9]*\.[0-9]*\.[0-9]*$')"
check "control characters of a name are not sent to the terminal" same "0" \
    "$("$ramlens" info "$(printf 'no\033[31msuch')" 2>&1 | LC_ALL=C grep -c "$(printf '\033')")"

# ---- output that cannot be written, and colour

for command in "info" "info --events" "info --json" "info --live" "report" "report --json"; do
    # shellcheck disable=SC2086 # command and option
    check "$command to a full disk fails and says so" same "2 1" \
        "$("$ramlens" $command "$tmp/t" 2>"$tmp/err" >/dev/full; echo "$? $(grep -c "No space left on device" "$tmp/err")")"
    # shellcheck disable=SC2086
    check "$command to a closed output fails and says so" same "2 1" \
        "$("$ramlens" $command "$tmp/t" 2>"$tmp/err" >&-; echo "$? $(grep -c "^ramlens ${command%% *}: .*Bad file descriptor" "$tmp/err")")"
done
check "help to a full disk fails" same 2 "$("$ramlens" help >/dev/full 2>/dev/null; echo $?)"
check "a reader that has seen enough is no drama" same "0" \
    "$( ("$ramlens" info --events "$tmp/t"; "$ramlens" info --events "$tmp/t") 2>"$tmp/err" | head -n 1 >/dev/null; wc -c <"$tmp/err" | tr -d ' ')"

escapes() { # how many lines of a command's output hold escape sequences
    "$@" 2>/dev/null | LC_ALL=C grep -c "$(printf '\033')"
}
check "a pipe gets no colour" same 0 "$(escapes "$ramlens" report "$tmp/t")"
check "--color always colours a pipe" test "$(escapes "$ramlens" report --color always "$tmp/t")" -gt 0
if command -v script >/dev/null; then
    on_terminal() {
        script -qec "$1" /dev/null </dev/null | LC_ALL=C grep -c "$(printf '\033')"
    }
    check "a terminal gets colour" test "$(TERM=xterm on_terminal "$ramlens report $tmp/t")" -gt 0
    check "NO_COLOR is obeyed" same 0 "$(TERM=xterm NO_COLOR=1 on_terminal "$ramlens report $tmp/t")"
    check "a dumb terminal gets no colour" same 0 "$(TERM=dumb on_terminal "$ramlens report $tmp/t")"
    check "the wish of the command line counts most" test \
        "$(TERM=xterm NO_COLOR=1 on_terminal "$ramlens report --color always $tmp/t")" -gt 0
else
    skip "colour on a terminal" "no script command"
fi

# ---- the same twice

for command in "info" "info --json" "info --events" "info --live" "report" "report --json"; do
    # shellcheck disable=SC2086
    check "$command says the same twice" same "$("$ramlens" $command "$tmp/t" 2>&1)" "$("$ramlens" $command "$tmp/t" 2>&1)"
done

finish
