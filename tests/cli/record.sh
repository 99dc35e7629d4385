#!/bin/sh
# `ramlens record` as a user meets it: what cannot be started or written is said beforehand in one line, what runs keeps its input, output,
# exit code and signals.
. "${0%/*}/../programs/common.sh"

build life
build plugin_host
life=$bin/life-x86_64
trace=$tmp/t

refuses() { # a sentence, pattern of the message behind the command's name, program and arguments
    sentence=$1 message=$2
    shift 2
    rm -f "$trace"
    check "$sentence" says 2 "ramlens record: $message" "$ramlens" record -o "$trace" -- "$@"
    check "$sentence; no file is left" test ! -e "$trace"
}

# ---- programs that cannot be started or recorded

refuses "a program that is in no folder of PATH is named" \
    "no-such-program: cannot be started: it is in no folder of PATH" no-such-program
refuses "a program that does not exist is named" \
    "$tmp/missing: cannot be started: No such file or directory" "$tmp/missing"
refuses "a program without a name is refused" "*cannot be started: *" ""
refuses "a folder is no program" "$tmp: cannot be started: Is a directory" "$tmp"
echo "echo hello" >"$tmp/plain-file"
refuses "a file that may not be executed is refused" \
    "$tmp/plain-file: cannot be started: Permission denied" "$tmp/plain-file"
printf '#!/no/such/interpreter\n' >"$tmp/orphan" && chmod +x "$tmp/orphan"
refuses "a script whose interpreter is missing is refused" \
    "$tmp/orphan: cannot be started: No such file or directory" "$tmp/orphan"
printf '\177ELF but not really' >"$tmp/broken" && chmod +x "$tmp/broken"
refuses "what only looks like a program is refused" \
    "$tmp/broken: cannot be started: Exec format error" "$tmp/broken"

echo 'int main(void) { return 0; }' >"$tmp/static.c"
if ${CC:-cc} -static -o "$tmp/static" "$tmp/static.c" 2>/dev/null; then
    refuses "a static program cannot be recorded, and why" \
        "$tmp/static: is linked statically, so the recorder cannot be loaded; link it dynamically" "$tmp/static"
    printf '#!%s\n' "$tmp/static" >"$tmp/by-static" && chmod +x "$tmp/by-static"
    refuses "nor can a script with a static interpreter" "$tmp/static: is linked statically*" "$tmp/by-static"
else
    skip "static programs" "no static C library"
fi
cp "$life" "$tmp/other-machine"
printf '\050' | dd of="$tmp/other-machine" bs=1 seek=18 conv=notrunc 2>/dev/null # e_machine: ARM
refuses "a program for another machine is refused" \
    "$tmp/other-machine: is built for another machine; the recorder for Linux knows x86-64 and i386" \
    "$tmp/other-machine"
echo 'int nothing;' >"$tmp/library.c" && ${CC:-cc} -shared -o "$tmp/library.so" "$tmp/library.c"
refuses "a library is no program" "$tmp/library.so: is a library or an object file, not a program" "$tmp/library.so"
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
    cp "$life" "$tmp/set-user-id" && chmod 4755 "$tmp/set-user-id" && chmod 711 "$tmp"
    mkdir -m 777 "$tmp/theirs"
    check "a set-user-id program is refused, and why" says 2 \
        "ramlens record: $tmp/set-user-id: gains privileges when it starts*record a copy*" \
        setpriv --reuid 65534 --regid 65534 --clear-groups \
        "$ramlens" record -o "$tmp/theirs/t" -- "$tmp/set-user-id" return 0
    chown 65534 "$tmp/set-user-id" && chmod 4755 "$tmp/set-user-id"
    check "a program that gives privileges up is not recorded, which is said afterwards" says 0 \
        "ramlens record: warning: nothing was recorded: '$tmp/set-user-id' did not load the recorder*" \
        "$ramlens" record -f -o "$trace" -- "$tmp/set-user-id" return 0
    check "an unwritable folder is named" says 2 \
        "ramlens record: /root/t: cannot be written: Permission denied" \
        setpriv --reuid 65534 --regid 65534 --clear-groups "$ramlens" record -o /root/t -- "$life"
else
    skip "set-user-id programs and unwritable folders" "to become another user takes root"
fi

# ---- places that cannot take a trace

echo "precious" >"$tmp/there"
check "an existing file is not replaced unasked" says 2 "ramlens record: $tmp/there: exists; -f replaces it" \
    "$ramlens" record -o "$tmp/there" -- "$life" return 0
check "and keeps its contents" same precious "$(cat "$tmp/there")"
"$ramlens" record -f -o "$tmp/there" -- "$life" return 0
check "-f replaces it" test "$(number "$tmp/there" events)" -gt 0
check "a folder is no place for a trace" says 2 "ramlens record: $tmp: is not a regular file; a trace needs one" \
    "$ramlens" record -f -o "$tmp" -- "$life" return 0
mkfifo "$tmp/fifo"
check "a FIFO is no place for a trace" says 2 "ramlens record: $tmp/fifo: is not a regular file*" \
    "$ramlens" record -f -o "$tmp/fifo" -- "$life" return 0
check "a device is no place for a trace" says 2 "ramlens record: /dev/full: is not a regular file*" \
    "$ramlens" record -f -o /dev/full -- "$life" return 0
check "a missing folder is named" says 2 "ramlens record: $tmp/no/t: cannot be written: No such file or directory" \
    "$ramlens" record -o "$tmp/no/t" -- "$life" return 0
check "no program is said" says 2 "ramlens record: something is missing: *" "$ramlens" record -o "$trace"

# ---- what runs

mkdir "$tmp/cwd"
(cd "$tmp/cwd" && "$ramlens" record "$life" return 0)
check "without -o the trace is named for program and process" \
    test -n "$(find "$tmp/cwd" -regex '.*/ramlens\.life-x86_64\.[0-9]+\.rlt')"
check "a program's own options need no --" same "0 -o -f --help" \
    "$("$ramlens" record -q -f -o "$trace" sh -c 'echo $# "$@"' -- -o -f --help | sed 's/^3/0/')"
check "only LD_PRELOAD and three variables are added to the environment" same \
    "> LD_PRELOAD=$(dirname "$ramlens")/preload/\$LIB/libramlens-preload.so
> RAMLENS_CHILDREN=0
> RAMLENS_PID=
> RAMLENS_TRACE=$trace" "$(env | sort >"$tmp/before" && "$ramlens" record -q -f -o "$trace" env | sort |
    sed 's/^\(RAMLENS_PID=\)[0-9]*$/\1/' | diff "$tmp/before" - | grep '^[<>]')"

mismatch=
for code in $(seq 0 255); do
    "$ramlens" record -q -f -o "$trace" "$life" return "$code"
    got=$?
    [ $got = "$code" ] || mismatch="$mismatch $code->$got"
done
check "all exit codes pass through" same "" "$mismatch"
mismatch=
for signal in 1 2 3 4 6 8 9 10 11 12 13 14 15 24 25 31; do
    (ulimit -c 0; "$ramlens" record -q -f -o "$trace" sh -c "kill -$signal \$\$"; exit $?) 2>/dev/null
    got=$?
    [ $got = $((128 + signal)) ] || mismatch="$mismatch $signal->$got"
done
check "all deadly signals pass through" same "" "$mismatch"

head -c 3000000 /dev/urandom >"$tmp/data"
"$ramlens" record -q -f -o "$trace" cat <"$tmp/data" >"$tmp/copy" 2>"$tmp/err"
check "three million bytes pass from standard input to standard output" cmp "$tmp/data" "$tmp/copy"
check "and nothing comes on standard error" test ! -s "$tmp/err"
"$ramlens" record -f -o "$trace" sh -c 'cat >&2; echo done' <"$tmp/data" >"$tmp/out" 2>"$tmp/copy"
check "standard error passes, too" cmp "$tmp/data" "$tmp/copy"
check "so does standard output beside it" same "done" "$(cat "$tmp/out")"
# shellcheck disable=SC2016 # for the inner shell
check "closed standard descriptors stay closed" same "no-0 no-1 no-2" "$("$ramlens" record -q -f -o "$trace" sh -c '
    for fd in 0 1 2; do [ -e /proc/self/fd/$fd ] || printf "no-%s " $fd >>"$1"; done' - "$tmp/closed" <&- >&- 2>&-
    sed 's/ $//' "$tmp/closed")"

seq 100000 >"$tmp/numbers"
# shellcheck disable=SC2016 # for the inner shell
check "a hundred thousand arguments pass" same "100000 1 100000" \
    "$(xargs -n 100000 -s 2000000 "$ramlens" record -q -f -o "$trace" sh -c 'n=$#; a=$1; shift $(($# - 1)); echo $n $a $1' - \
        <"$tmp/numbers")"
# shellcheck disable=SC2016 # for that shell
echo 'echo "$0 $1 $2"' >"$tmp/no-first-line" && chmod +x "$tmp/no-first-line"
check "a script without a first line runs by the shell, with its arguments" same "$tmp/no-first-line a b c" \
    "$("$ramlens" record -q -f -o "$trace" "$tmp/no-first-line" a "b c")"
mkdir "$tmp/path" "$tmp/path/tool" "$tmp/bin" && cp "$life" "$tmp/bin/tool"
check "a folder in PATH of the program's name is passed over" equal 7 \
    "$(PATH=$tmp/path:$tmp/bin:$PATH "$ramlens" record -q -f -o "$trace" tool return 7; echo $?)"
check "an empty part of PATH is the current folder" equal 7 \
    "$(cd "$tmp/bin" && PATH=/nowhere: "$ramlens" record -q -f -o "$trace" tool return 7; echo $?)"

if command -v script >/dev/null; then
    script -qec "$ramlens record -f -o $trace $life return 0" /dev/null </dev/null >"$tmp/tty"
    check "on a terminal the next command is named" grep -q "wrote $trace; next: ramlens report $trace" "$tmp/tty"
    script -qec "$ramlens record -q -f -o $trace $life return 0" /dev/null </dev/null >"$tmp/tty"
    check "-q keeps quiet" test ! -s "$tmp/tty"
else
    skip "the note on a terminal" "no script command"
fi

finish
