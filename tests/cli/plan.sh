#!/bin/sh
# ramlens plan: it meets its goal as replay counts it, says why a goal is out of reach, keeps what is the user's, weighs accesses.
. "${0%/*}/../programs/common.sh"

sizes=i386
build movable
program=$bin/movable-i386
trace=$tmp/t.rlt
record "$trace" "$program"
target="--target esp32p4"

plan() { # shellcheck disable=SC2086 # options are words
    "$ramlens" plan $target "$@" "$trace"
}

json() { # what, in Python, of the document d
    python3 -c 'import json, sys; d = json.load(sys.stdin); print(eval(sys.argv[1]))' "$1"
}

# What replay says the plan leaves: free and largest at a checkpoint, of what counts as internal.
replayed() { # plan, checkpoint
    # shellcheck disable=SC2086
    "$ramlens" replay --json $target --plan "$1" "$trace" |
        json "[(c['regions']['counted']['free'], c['regions']['counted']['largest']) for c in d['states'][0]['checkpoints'] if c['name'] == '$2'][0]"
}

promised() { # plan, checkpoint
    sed -n "s/^predicted $2 counted free \([0-9]*\) largest \([0-9]*\)/(\1, \2)/p" "$1"
}

# ---- goals

plan -o "$tmp/knee" >"$tmp/text" 2>"$tmp/err"
check "the knee is found" equal $? 0
check "what is written is said" same "ramlens plan: wrote $tmp/knee" "$(cat "$tmp/err")"
check "large blocks that stay move" grep -q "app::Store\|app::make_table\|^component" "$tmp/knee"
check "what asks often for little stays" same 0 "$(grep -c "app::parse.*psram" "$tmp/knee")"
check "no threshold is better, and that is said" grep -q "^Checked: no threshold" "$tmp/text"
check "every threshold is shown" same 15 "$(plan --json | json "len(d['curve'])")"
for checkpoint in start full less end; do
    check "replay of the plan gives what its head predicts ($checkpoint)" \
        same "$(promised "$tmp/knee" $checkpoint)" "$(replayed "$tmp/knee" $checkpoint)"
done
check "two answers to one question are equal" same "$(plan --json)" "$(plan --json)"
check "an existing file is not replaced" says 2 "ramlens plan: $tmp/knee: exists already; nothing was overwritten" sh -c "$ramlens plan $target -o $tmp/knee $trace >/dev/null"
check "with --force it is" plan -f -o "$tmp/knee"

before=$(plan --json | json "d['before']['counted_free']")
wanted=$(($(plan --free "internal=1@full" --json | json "d['before']['goal_free']") + 150000))
plan --free "internal=$wanted@full" -o "$tmp/free" >"$tmp/text" 2>/dev/null
check "a goal in reach is met" equal $? 0
check "and that is said" grep -q "^The goal is met: " "$tmp/text"
check "replay agrees" test "$(replayed "$tmp/free" full | sed 's/(\([0-9]*\),.*/\1/')" -ge "$wanted"
check "it is met with little" at_most "$(grep -c 'psram auto' "$tmp/free")" 2
plan --free "internal=$before@full" >"$tmp/text"
check "a goal that is met already takes no line" grep -q "^The goal is met without a line" "$tmp/text"
plan --free internal=2M@full -o "$tmp/far" >"$tmp/text" 2>/dev/null
check "a goal out of reach is exit code 1" equal $? 1
check "how near it comes is said" grep -q "^The goal cannot be met: .* B free at full at best, .* less than wanted" "$tmp/text"
check "what stands in the way is shown" grep -q "^What is left in internal RAM at full" "$tmp/text"
check "the plan that comes nearest is written" test -s "$tmp/far"
check "everything is a line for each component and kind" same 0 \
    "$(plan --everything --json | json "sum('component' not in s['rule'] for s in d['steps'])")"

# ---- what stays the user's

cat >"$tmp/mine" <<END
# what the team agreed on
component app   # ours
    malloc internal pin   # tables are searched all the time

kernel internal
END
sed -i "s/^component app/component $(plan --json | json "[s for s in d['stays'] if s['malloc'] or s['new']][0]['component']")/" "$tmp/mine"
cp "$tmp/mine" "$tmp/kept"
check "a plan is updated" plan --everything --update "$tmp/kept"
check "what was there is still there, in order" same "$(cat "$tmp/mine")" "$(grep -Fx -f "$tmp/mine" "$tmp/kept")"
check "a pinned line is kept to" same 0 "$(grep -c "malloc psram" "$tmp/kept")"
check "what is not pinned moves" grep -q "new psram auto" "$tmp/kept"
cp "$tmp/kept" "$tmp/again"
check "it is updated again" plan --everything --update "$tmp/again"
check "the same answer changes nothing" cmp "$tmp/kept" "$tmp/again"
check "an update has what the new goal needs only" plan --free "internal=1@full" --update "$tmp/again"
check "the other lines are gone" same 0 "$(grep -c "psram auto" "$tmp/again")"
plan --stacks -f -o "$tmp/stacks" >/dev/null 2>&1
check "stacks move when asked" grep -q "^stack default 3072 psram auto" "$tmp/stacks"
check "what is not known of them is said" grep -q "unknown: whether a thread writes flash" "$tmp/stacks"
check "an update without --stacks takes the line out" plan --update "$tmp/stacks"
check "it is out" same 0 "$(grep -c "^stack" "$tmp/stacks")"

# ---- accesses

valgrind --tool=dhat --read-inline-info=yes --dhat-out-file="$tmp/dhat" "$program" >/dev/null 2>"$tmp/err"
check "DHAT runs the program" test -s "$tmp/dhat"
plan --dhat "$tmp/dhat" -f -o "$tmp/calm" >"$tmp/text" 2>/dev/null
check "accesses are weighed" grep -q "^accesses by .*% of its bytes" "$tmp/text"
check "nearly all of them are joined" at_most 90 "$(sed -n 's/^accesses by [^:]*: [> ]*\([0-9]*\).*/\1/p' "$tmp/text")"
check "what is read all the time stays, what is not moves" same "0 1" \
    "$(grep -c "make_table.*psram\|malloc psram" "$tmp/calm") $(grep -c "psram auto" "$tmp/calm")"
check "without accesses both move" same 1 "$(grep -c "make_table.*psram\|malloc psram" "$tmp/knee")"
check "nothing is dominated in accesses" grep -q "^Checked: .* without more accesses" "$tmp/text"

# ---- mistakes

check "an unknown region is answered with the nearest" says 2 \
    "ramlens plan: unknown region 'internl', did you mean 'internal'[?]; there is: *" plan --free internl=1K@full
check "so is an unknown checkpoint" says 2 \
    "ramlens plan: unknown checkpoint 'ful', did you mean 'full'[?]; there is: start, full, less, end" plan --free internal=1K@ful
check "a goal that is none shows one" says 2 "ramlens plan: --free 'much' is no goal; *internal=350K@connected" plan --free much
check "a number that is none is named" says 2 "ramlens plan: --free 'internal=x@full': 'x' is no number*" plan --free internal=x@full
check "two goals are one too many" says 2 "ramlens plan: *give one of them" plan --knee --everything
check "a file that is not DHAT's is named" says 2 "ramlens plan: $trace: no file of DHAT's*" plan --dhat "$trace"
check "so is one that is not there" says 2 "ramlens plan: $tmp/none: *" plan --dhat "$tmp/none"
sed 's/"cmd":"[^"]*"/"cmd":".\/elsewhere"/' "$tmp/dhat" >"$tmp/other"
check "DHAT's run of another program is refused" says 2 \
    "ramlens plan: $tmp/other: a DHAT run of 'elsewhere', but the trace is of 'movable-i386'" plan --dhat "$tmp/other"
# ---- static data, by a program of the device's

cat >"$tmp/frames.c" <<'END'
static char frames[20000], marks[100];
int peek(int i) { return frames[i] + marks[i]; }
void poke(int i) { frames[i]++; marks[i]++; }
END
printf 'int peek(int), flags[200];\nvoid poke(int);\nint main(void) { poke(1); flags[2]++; return peek(3); }\n' >"$tmp/main.c"
rv="riscv64-unknown-elf-gcc -march=rv32imc -mabi=ilp32 -Os -fdata-sections"
(cd "$tmp" && $rv -c frames.c && $rv -c main.c && riscv64-unknown-elf-ar rcs libframes.a frames.o &&
    $rv -nostdlib -Wl,-Ttext=0x4ff10000,-e,main,-Map=fw.map -o fw.elf main.o libframes.a) || exit 2
device="--elf $tmp/fw.elf --map $tmp/fw.map"
# shellcheck disable=SC2086 # options are words
{
    plan $device -f -o "$tmp/without" >"$tmp/text" 2>/dev/null
    plan $device --statics -f -o "$tmp/with" >"$tmp/text2" 2>/dev/null
    plan $device --statics --json >"$tmp/json"
}
check "what a linker could move is shown" grep -q '^libframes.a  *[a-z]*  *zero  *20,100  *psram' "$tmp/text"
check "it moves only when asked for" sh -c "! grep -q '^static' '$tmp/without'"
check "then by a line with its evidence" sh -c "grep -A1 '^static libframes.a zero psram auto' '$tmp/with' | grep -q 'evidence \"measured: 20,100 B in 2 variables, the largest frames with 20,000\"'"
check "an object in no archive, too" grep -q '^static main.o zero psram auto' "$tmp/with"
free_at_start() { # plan
    # shellcheck disable=SC2086
    "$ramlens" replay --json $target --elf "$tmp/fw.elf" --elf-map "$tmp/fw.map" --plan "$1" "$trace" |
        json "[c['regions']['counted']['free'] for c in d['states'][0]['checkpoints'] if c['name'] == 'start'][0]"
}
check "replay keeps what the plan promises" same "$(sed -n 's/^predicted start counted free \([0-9]*\) .*/\1/p' "$tmp/with")" "$(free_at_start "$tmp/with")"
won=$(($(free_at_start "$tmp/with") - $(free_at_start "$tmp/without")))
check "20,900 B come free, in whole 16 bytes" sh -c "[ $won = 20896 ] || [ $won = 20912 ]"
cp "$tmp/with" "$tmp/updated"
sed -i 's/^static libframes.a zero psram auto/static libframes.a:frames.o:frames zero psram  # ours/' "$tmp/updated"
# shellcheck disable=SC2086
plan $device --statics --update "$tmp/updated" >/dev/null 2>&1
check "a line of the user's stays, and what it decides is not said again" sh -c "grep -q '^static libframes.a:frames.o:frames zero psram  # ours' '$tmp/updated' &&
    ! grep -q '^static libframes.a zero psram auto' '$tmp/updated' && grep -q '^static main.o zero psram auto' '$tmp/updated'"
# shellcheck disable=SC2086
plan $device --update "$tmp/updated" >/dev/null 2>&1
check "without --statics the automatic ones go" sh -c "grep -q '# ours' '$tmp/updated' && ! grep -q '^static main.o' '$tmp/updated'"
check "JSON has them" same "[('libframes.a', 20100, True), ('main.o', 800, True)]" "$(json "[(m['archive'], m['bytes'], m['moved']) for m in d['statics']]" <"$tmp/json")"
check "the fragment is written" sh -c "'$ramlens' emit --as esp-idf $target -o '$tmp/emitted' '$tmp/with' >/dev/null 2>&1 && grep -q '^archive: libframes.a' '$tmp/emitted/ramlens.lf'"


printf 'target esp32\nstatic libframes.a code iram\n' >"$tmp/iram"
check "code goes to instruction RAM where that is a memory of its own" sh -c "'$ramlens' emit --as esp-idf --target esp32 -o '$tmp/emitted-iram' '$tmp/iram' >/dev/null 2>&1 && grep -q 'text -> iram0_text' '$tmp/emitted-iram/ramlens.lf'"

# An archive of several objects is one line.
for part in one two three; do
    printf 'char %s_frames[12000];\nvoid *%s(void) { return %s_frames; }\n' $part $part $part >"$tmp/$part.c"
done
printf 'void *one(void), *two(void), *three(void);\nint main(void) { return one() == two() && two() == three(); }\n' >"$tmp/parts.c"
(cd "$tmp" && for part in one two three parts; do $rv -c $part.c; done && riscv64-unknown-elf-ar rcs libparts.a one.o two.o three.o &&
    $rv -nostdlib -Wl,-Ttext=0x4ff10000,-e,main,-Map=parts.map -o parts.elf parts.o libparts.a) || exit 2
device="--elf $tmp/parts.elf --map $tmp/parts.map"
# shellcheck disable=SC2086
check "all objects of an archive are one line" same "[('libparts.a', 'zero', 36000)]" \
    "$(plan $device --statics --json | json "[(m['archive'], m['kind'], m['bytes']) for m in d['statics']]")"
# shellcheck disable=SC2086
check "such a plan can be written and read" plan $device --statics -f -o "$tmp/parts"

# What its author pinned to internal RAM stays there, whatever a line says.
printf '__attribute__((section(".iram1.0"))) int pinned(int i) { return i * 3; }\n' >"$tmp/pinned.c"
printf 'int pinned(int);\nint main(void) { return pinned(3); }\n' >"$tmp/pins.c"
(cd "$tmp" && $rv -c pinned.c && $rv -c pins.c && riscv64-unknown-elf-ar rcs libpinned.a pinned.o &&
    $rv -nostdlib -Wl,-Ttext=0x4ff10000,-e,main,-Map=pins.map -o pins.elf pins.o libpinned.a) || exit 2
printf 'static libpinned.a code flash\n' >"$tmp/unpin"
code_of() { # plan's options
    # shellcheck disable=SC2086
    "$ramlens" report $target --elf "$tmp/pins.elf" --map "$tmp/pins.map" "$@" 2>/dev/null | awk '$2 == "libpinned," && $3 == "code" { print $4 }'
}
check "what its author pinned to internal RAM is counted" test "$(code_of)" -lt 0
check "no line of a plan moves it" same "$(code_of)" "$(code_of --plan "$tmp/unpin")"

printf 'target esp32s3\nkernel internal\n' >"$tmp/wrong"
check "a plan for another target is refused" says 2 \
    "ramlens plan: $tmp/wrong:1: the plan was made for target 'esp32s3', not for 'esp32p4'*" plan --update "$tmp/wrong"
check "a plan that is not there is named" says 2 "ramlens plan: $tmp/no: *" plan --update "$tmp/no"
check "no target is asked for" says 2 "ramlens plan: *--target*" "$ramlens" plan "$trace"
check "the JSON keeps to its schema" python3 -c '
import json, jsonschema, sys
jsonschema.validate(json.load(open(sys.argv[1])), json.load(open("docs/plan.schema.json")))' "$(plan --json >"$tmp/json" && echo "$tmp/json")"

finish
