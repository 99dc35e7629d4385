#!/bin/sh
# Files that are no whole trace: each is answered by one clear message and exit code 2, or read as far as it goes, with a warning.
. "${0%/*}/../programs/common.sh"

build life
build threads
build processes
"$ramlens" record -q -f -o "$tmp/good" -- "$bin/life-x86_64" abort 100 2>/dev/null
bytes=$(wc -c <"$tmp/good")

refuse() { # sentence, file, pattern of the message behind the file's name
    for command in info "info --events" "info --json" report "report --json" "explain"; do
        operand=
        [ "$command" = explain ] && operand=libc
        # shellcheck disable=SC2086 # command, option and operand are words
        check "$command: $1" says 2 "ramlens ${command%% *}: $2$3" timeout 20 "$ramlens" $command "$2" $operand
    done
}

: >"$tmp/empty"
refuse "an empty file is no trace" "$tmp/empty" " (byte 0): is empty: *"
printf 'hello\nworld\n' >"$tmp/text"
refuse "a text file is no trace" "$tmp/text" " (byte 0): is not a ramlens trace: *"
head -c 100000 /dev/urandom >"$tmp/noise"
refuse "noise is no trace" "$tmp/noise" " (byte 0): is not a ramlens trace: *"
head -c 100000 /dev/zero >"$tmp/zeros"
refuse "zeros are no trace" "$tmp/zeros" " (byte 0): is not a ramlens trace: *"
cp "$bin/life-x86_64" "$tmp/program"
refuse "a program is no trace" "$tmp/program" " (byte 0): is not a ramlens trace: *"
refuse "a missing file is named" "$tmp/missing" ": cannot be opened: No such file or directory"
refuse "a folder is no trace" "$tmp" ": is not a regular file*"
mkfifo "$tmp/fifo"
refuse "a FIFO is no trace, and nobody waits for it" "$tmp/fifo" ": is not a regular file*"
refuse "a device is no trace" "/dev/null" ": is not a regular file*"
cp "$tmp/good" "$tmp/newer"
offset=0
while [ "$offset" -lt "$bytes" ]; do # the major version of each block
    [ "$(dd if="$tmp/good" bs=1 skip=$offset count=3 2>/dev/null)" = RLT ] &&
        printf '\002' | dd of="$tmp/newer" bs=1 seek=$((offset + 3)) conv=notrunc 2>/dev/null
    offset=$((offset + 4096))
done
refuse "a trace of a newer version is named as such" "$tmp/newer" \
    " (byte 3): is a trace of format version 2, and this ramlens reads version 1; update ramlens"
if [ "$(id -u)" != 0 ]; then
    cp "$tmp/good" "$tmp/secret" && chmod 0 "$tmp/secret"
    refuse "a file that may not be read is named" "$tmp/secret" ": cannot be opened: Permission denied"
fi

# ---- cut off anywhere

# Exit code, then what was said: "2 1 0" refused in one line, "0 N M" read with N lines of warning, M bytes of result.
outcome() {
    timeout 20 "$@" >"$tmp/result" 2>"$tmp/said"
    echo "$? $(wc -l <"$tmp/said" | tr -d ' ') $([ -s "$tmp/result" ] && echo some || echo none)"
}

refused=0 partly=0 odd=
length=0
while [ "$length" -lt "$bytes" ]; do
    head -c "$length" "$tmp/good" >"$tmp/cut"
    for command in info report; do
        case $(outcome "$ramlens" $command "$tmp/cut") in
        "2 1 none") refused=$((refused + 1)) ;;
        "0 "[0-9]*" some") partly=$((partly + 1)) ;;
        *) odd="$odd $command:$length:$(outcome "$ramlens" $command "$tmp/cut")" ;;
        esac
    done
    length=$((length + 100))
done
check "cut off after any hundred bytes, a trace is refused in a line or read in part" same "" "$odd"
check "some of these traces are refused" test $refused -gt 0
check "some of these traces are read in part" test $partly -gt 0
head -c $((bytes - 10)) "$tmp/good" >"$tmp/cut"
"$ramlens" info "$tmp/cut" >/dev/null 2>"$tmp/said"
check "one that is cut off within a block says so" grep -q "ends inside a block\|damaged block" "$tmp/said"

# Between two blocks nothing looks damaged; how many there were tells.
"$ramlens" record -q -f -o "$tmp/orderly" -- "$bin/threads-x86_64" churn 20 >"$tmp/out" 2>&1
silent=
length=4096
while [ "$length" -lt "$(wc -c <"$tmp/orderly")" ]; do
    head -c "$length" "$tmp/orderly" >"$tmp/cut"
    "$ramlens" info "$tmp/cut" >"$tmp/result" 2>"$tmp/said"
    grep -q "missing by number" "$tmp/said" || grep -q "did not end in order" "$tmp/result" || silent="$silent $length"
    length=$((length + 4096))
done
check "one that is cut off between two blocks shows it" same "" "$silent"
check "and there was something to cut off" test "$length" -gt 12288
"$ramlens" info "$tmp/orderly" >"$tmp/result" 2>"$tmp/said"
check "and the whole one misses none" test ! -s "$tmp/said"

# More events survive the later the cut is.
events_of() {
    head -c "$1" "$tmp/good" >"$tmp/cut"
    number "$tmp/cut" events
}
check "no event is lost before the cut" test "$(events_of $((bytes - 1)))" -ge "$(events_of $((bytes / 2)))"

# ---- damage in the middle

"$ramlens" record -q -f -o "$tmp/long" -- "$bin/processes-x86_64" close >/dev/null
whole_events=$(number "$tmp/long" events)
cp "$tmp/long" "$tmp/hurt"
printf 'XXXXXXXX' | dd of="$tmp/hurt" bs=1 seek=81000 conv=notrunc 2>/dev/null
"$ramlens" info "$tmp/hurt" >/dev/null 2>"$tmp/said"
check "a damaged block is passed over with a warning that names its place" grep -q "1 damaged block .*byte 77824" "$tmp/said"
check "the events of the other blocks are read" test "$(number "$tmp/hurt" events)" -gt $((whole_events - 4096))
check "and those of the damaged one are not" test "$(number "$tmp/hurt" events)" -lt "$whole_events"
printf 'rubbish behind the end' >>"$tmp/long"
check "rubbish behind a trace does not hide it" equal "$(number "$tmp/long" events)" "$whole_events"
cat "$tmp/good" "$tmp/good" >"$tmp/twice"
check "two traces in a row are two images" equal "$(number "$tmp/twice" images)" 2

finish
