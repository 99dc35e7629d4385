#!/bin/sh
# `ramlens import` as a user meets it: what a device printed, the files made of it, and a report that uses them.
. "${0%/*}/../programs/common.sh"

log=docs/example/boot.log
form='[{name}] free internal {internal} (largest {largest}), psram {psram}'

import() {
    "$ramlens" import "$@"
}

import --free "$form" "$log" >"$tmp/text"
check "the chip that the log names is taken" grep -q '^target esp32p4$' "$tmp/text"
check "the cache follows from the heaps" grep -q '^cache  *256K .*heaps fit no other value' "$tmp/text"
check "what the log leaves open is said" grep -q '^libc  *open .*newlib, picolibc' "$tmp/text"
check "static data is the difference" grep -q '^internal  *523,172  *415,972  *107,200$' "$tmp/text"
check "a line with another inside is mended" grep -q '(1 of them mended), 0 broken' "$tmp/text"
check "it says the same twice" same "$(cat "$tmp/text")" "$(import --free "$form" "$log")"
check "it reads a pipe" sh -c "'$ramlens' import --free '$form' - <'$log' | sed 1d | cmp - '$tmp/rest'" <<END
$(sed 1d "$tmp/text" >"$tmp/rest")
END
check "colours, stamps and CR change nothing" sh -c "sed 's/^/[12:33:01.123] /; s/I (/$(printf '\033')[0;32mI (/; s/\$/$(printf '\033')[0m\\r/' '$log' >'$tmp/coloured' &&
    '$ramlens' import --free '$form' '$tmp/coloured' | sed '1,3d' >'$tmp/a' && sed '1,3d' '$tmp/text' | cmp '$tmp/a' -"
check "lines that gave nothing are listed" sh -c "'$ramlens' import --unknown '$log' | grep -q '^$log:2: nothing of memory: Build:'"
check "and so is what was mended" sh -c "'$ramlens' import --unknown '$log' | grep -q '^$log:19: mended: .*00040000 (256 KiB): RAM'"
check "JSON keeps to its schema" sh -c "'$ramlens' import --json --free '$form' '$log' >'$tmp/json' &&
    /usr/bin/python3 tests/subject/schema.py docs/import.schema.json '$tmp/json' target regions 0 static_bytes"

# ---- files

check "files are written" import --free "$form" -o "$tmp/device" "$log"
check "observed figures name their lines" grep -q "^free ready internal 159744  # $log:27, largest block 65536$" "$tmp/device/observed"
check "a summary of heaps is one of them" grep -q '^free heap-info-1 INTERNAL 157448 ' "$tmp/device/observed"
check "settings name theirs" grep -q "^set cache 256K  # $log:17: " "$tmp/device/settings"
check "what is open is a comment" grep -q '^# open: libc may be newlib, picolibc; below: newlib$' "$tmp/device/settings"
check "and what is taken a setting" grep -q '^set libc newlib  *# taken, the log leaves it open$' "$tmp/device/settings"
check "files that exist are kept" says 2 "ramlens import: $tmp/device/observed: *" import --free "$form" -o "$tmp/device" "$log"
check "unless they are to be replaced" import --force --free "$form" -o "$tmp/device" "$log"
check "a path with strange bytes makes files that can be read" sh -c "cp '$log' '$tmp/a # \"b' &&
    '$ramlens' import --free '$form' -o '$tmp/strange' '$tmp/a # \"b' && '$ramlens' import --settings '$tmp/strange/settings' '$log'"

# ---- a report with them

"${CC:-cc}" -m32 -g -Iruntime -o "$tmp/app" docs/example/app.c docs/example/ring.c -lpthread &&
    "$ramlens" record -q -f -o "$tmp/app.rlt" -- "$tmp/app" >/dev/null
"$ramlens" report --target esp32p4 --settings "$tmp/device/settings" --observed "$tmp/device/observed" "$tmp/app.rlt" >"$tmp/report"
check "a report takes the figures" grep -q '^  start  *internal free 409,600$' "$tmp/report"
check "its free bytes are the device's, less what lies outside" grep -q '^free  *369,796  observed$' "$tmp/report"
check "and the settings" grep -q 'cache=256K' "$tmp/report"
check "what --set says counts more" sh -c "'$ramlens' report --target esp32p4 --settings '$tmp/device/settings' --set cache=128K '$tmp/app.rlt' | grep -q 'cache=128K'"
mkdir -p "$tmp/subject"
cp "$tmp/device/settings" "$tmp/subject/settings"
check "a subject's settings count" sh -c "'$ramlens' report --target esp32p4 --subject '$tmp/subject' '$tmp/app.rlt' | grep -q 'cache=256K'"
check "but not for another target" "$ramlens" report --target freertos --subject "$tmp/subject" "$tmp/app.rlt"
check "and not without one" "$ramlens" report --subject "$tmp/subject" "$tmp/app.rlt"
check "settings of another target are refused" says 2 "ramlens report: $tmp/device/settings: is for target 'esp32p4', not 'freertos'" \
    "$ramlens" report --target freertos --settings "$tmp/device/settings" "$tmp/app.rlt"

# ---- a report that reads the log itself

of_log() {
    "$ramlens" report --boot-log "$log" --free "$form"
}

of_log >"$tmp/whole"
check "a log alone makes a report" grep -q '^target esp32p4: .*cache=256K' "$tmp/whole"
check "what is static in all is a row" grep -q '^static  *in no file that was given  *-107,200  boot log$' "$tmp/whole"
check "its free bytes are those of --observed" grep -q '^free  *369,796  observed$' "$tmp/whole"
check "growth is the device's" grep -q "^From 'start' to 'ready' the device's free bytes change by -249,856" "$tmp/whole"
check "ranges that a heap has only later are named" grep -q "^Heap only later: .* B (until 'start')" "$tmp/whole"
check "a table adds up" sh -c "sed -n '/^internal RAM/,/^free/p' '$tmp/whole' | tr -d , |
    awk '/^internal RAM/ { n = \$5 } /^[a-z]+ .* -[0-9]+  / { for (i = 2; i <= NF; i++) if (\$i ~ /^-[0-9]+\$/) n += \$i } /^free/ { exit n != \$2 }'"
check "it says the same as the files of an import" same "$("$ramlens" report --target esp32p4 --settings "$tmp/device/settings" --observed "$tmp/device/observed" |
    grep '^free  ')" "$(grep '^free  ' "$tmp/whole")"
check "--set counts more, with a warning" sh -c "'$ramlens' report --boot-log '$log' --set cache=128K 2>&1 >'$tmp/other' | grep -q "ends at 0x4ffa0000, where no announced heap does" &&
    grep -q 'cache=128K' '$tmp/other'"
check "with a trace, too" sh -c "'$ramlens' report --boot-log '$log' --free '$form' '$tmp/app.rlt' | grep -q '^static  *in no file that was given  *-1[0-9]*,[0-9]* *boot log$'"
check "JSON keeps to its schema" sh -c "'$ramlens' report --json --boot-log '$log' >'$tmp/json' &&
    /usr/bin/python3 tests/subject/schema.py docs/report.schema.json '$tmp/json' lent 0 bytes"
check "files of another build are noticed" sh -c "printf 'char big[200000] = {1};int main(void){return big[0];}' >'$tmp/big.c' &&
    riscv64-unknown-elf-gcc -march=rv32imc -mabi=ilp32 -nostdlib -Wl,-Ttext=0x4ff10000,--defsym=_start=main -o '$tmp/big.elf' '$tmp/big.c' &&
    '$ramlens' report --boot-log '$log' --elf '$tmp/big.elf' | grep -q 'B more static data than the device.s log leaves room for'"
check "a log without a start is refused" says 2 "ramlens report: $tmp/empty: nothing in it is a device's start*" sh -c ": >'$tmp/empty' && '$ramlens' report --boot-log '$tmp/empty'"
check "a log that names no chip asks for one" says 2 "ramlens report: $tmp/nochip: names no chip that is known; --target names it" \
    sh -c "grep -v p4 '$log' >'$tmp/nochip'; '$ramlens' report --boot-log '$tmp/nochip'"

# ---- what a configuration holds

cat >"$tmp/sdkconfig" <<'END'
# Espressif IoT Development Framework (ESP-IDF) 5.5.1 Project Configuration
CONFIG_CACHE_L2_CACHE_SIZE=0x40000
CONFIG_SPIRAM_MALLOC_ALWAYSINTERNAL=1024
CONFIG_ESP_MAIN_TASK_STACK_SIZE=8192
# CONFIG_SPIRAM is not set
END
"$ramlens" report --target esp32p4 --sdkconfig "$tmp/sdkconfig" "$tmp/app.rlt" >"$tmp/configured"
check "a configuration chooses parameters" grep -q '^target esp32p4: .*cache=256K .*psram=none threshold=1024' "$tmp/configured"
check "another value frees what the chip says" grep -q '^cache  *256K  *128K  *+131,072  *+13[01],[0-9]* ' "$tmp/configured"
check "what an option holds is said" grep -q '^ESP_MAIN_TASK_[^ ]* *8192  *8,192  *768  *+7,424' "$tmp/configured"
check "a default has a mark" grep -q '^FREERTOS_ISR_[^ ]* *\*1536 ' "$tmp/configured"
check "the best stands at the head" grep -q '^Of the configuration, cache=128K in place of 256K buys most: 13[01],[0-9]* B of' "$tmp/configured"
check "JSON has the same" sh -c "'$ramlens' report --json --target esp32p4 --sdkconfig '$tmp/sdkconfig' '$tmp/app.rlt' >'$tmp/json' &&
    /usr/bin/python3 tests/subject/schema.py docs/report.schema.json '$tmp/json' findings option frees"

check "an import takes a configuration, and holds it against the log" sh -c "printf 'CONFIG_CACHE_L2_CACHE_SIZE=0x20000\n' >'$tmp/sdk2' &&
    '$ramlens' import --sdkconfig '$tmp/sdk2' '$log' >'$tmp/held' && grep -q '^cache  *128K  *given' '$tmp/held' && grep -q '^note: with the parameters given' '$tmp/held'"
check "so does a replay" sh -c "'$ramlens' replay --target esp32p4 --sdkconfig '$tmp/sdk2' --set threshold=1K '$tmp/app.rlt' | grep -q '^target esp32p4: .*cache=128K .*threshold=1024'"

# ---- heap traces

cat >"$tmp/trace.log" <<'END'
I (1563) main_task: Calling app_main()
====== Heap Trace: 2 records (100 capacity) ======
    64 bytes (@ 0x4ff3b9b8, Internal) allocated CPU 0 ccount 0x0012a3b4
   128 bytes (@ 0x4ff3ba00, Internal) allocated CPU 1 ccount 0x0012b3b4
====== Heap Trace Summary ======
Mode: Heap Trace All
192 bytes alive in trace (2/2 allocations)
records: 2 (100 capacity, 2 high water mark)
total allocations: 2
total frees: 0
================================
END
check "a heap trace becomes a trace" import --target esp32p4 -o "$tmp/traced" "$tmp/trace.log"
check "which others read" sh -c "'$ramlens' info --live '$tmp/traced/trace.rlt' | grep -q 'heap trace .* 192 .* 2 '"

sed 1d "$tmp/trace.log" >"$tmp/bare.log"
check "so does one of which no start is in the log" import --target esp32p4 -o "$tmp/bare" "$tmp/bare.log"
check "with the same blocks" cmp "$tmp/bare/trace.rlt" "$tmp/traced/trace.rlt"
check "and JSON keeps to its schema" sh -c "'$ramlens' import --json '$tmp/bare.log' >'$tmp/json' &&
    /usr/bin/python3 tests/subject/schema.py docs/import.schema.json '$tmp/json' heap_traces 0 start"

grep -v '^   128 bytes' "$tmp/trace.log" | sed 's/: 2 records/: 1 records/; s/^    64 bytes (@ 0x4ff3b9b8, Internal)/  4096 bytes (@ 0x48110000,    PSRAM)/' >"$tmp/psram.log"
"$ramlens" import --target esp32p4 -o "$tmp/psram" "$tmp/psram.log" >/dev/null
check "no plan moves what lies in PSRAM already" sh -c "! '$ramlens' plan --everything --target esp32p4 -o '$tmp/psram.plan' '$tmp/psram/trace.rlt' | grep -q '^component '"

check "a replay of it invents no time" sh -c "'$ramlens' replay --target esp32p4 '$tmp/traced/trace.rlt' | grep -q '32-bit), [0-9]* events$'"
check "nor does info" sh -c "! '$ramlens' info '$tmp/traced/trace.rlt' | grep -q '^time '"
check "nor does a report" sh -c "'$ramlens' report '$tmp/traced/trace.rlt' | grep -q ' events, [0-9]* checkpoint'"

# ---- several starts, mistakes

{ cat "$log"; sed 's/ready/again/' "$log"; } >"$tmp/twice"
check "the last start is compared" sh -c "'$ramlens' import --free '$form' '$tmp/twice' | grep -q '^again '"
check "another one can be" sh -c "'$ramlens' import --boot 1 --free '$form' '$tmp/twice' | grep -q '^ready '"
check "two logs are two starts" sh -c "'$ramlens' import '$log' '$log' | grep -q '^start 2 '"
check "a start that is not there is named" says 2 "ramlens import: there are 1 starts; --boot takes 1 to that" import --boot 2 "$log"
check "a pattern without a figure is refused" says 2 "ramlens import: pattern 'free memory' has no figure*" import --free 'free memory' "$log"
check "a field that the chip has no memory for is named" sh -c "'$ramlens' import --free 'free internal {intrenal}' '$log' 2>&1 >/dev/null | grep -q \"has no capability 'intrenal': its figures are not used; {internal} is near\""
check "a log that is missing is named" says 2 "ramlens import: $tmp/none: *" import "$tmp/none"
check "a folder is no log" says 2 "ramlens import: $tmp: *directory*" import "$tmp"
printf 'nothing\nat all\n' >"$tmp/nothing"
check "a log without anything is no mistake" sh -c "'$ramlens' import '$tmp/nothing' | grep -q 'nothing in it says anything of memory'"
check "but nothing can be written of it" says 2 "ramlens import: the log says nothing that could be written" import -o "$tmp/x" "$tmp/nothing"
check "what was given against the log is named" sh -c "'$ramlens' import --set cache=512K '$log' | grep -qx \"note: cache=512K was given, but the announced heaps (the first in line 17) are those of 256K\""
printf 'I (210) heap_init: Initializing. RAM available for dynamic allocation:\nI (215) heap_init: At 3FC8C6E0 len 00033920 (206 KiB): RAM\nI (220) heap_init: At 3FCC0000 len 0001C710 (113 KiB): Retention RAM\n' >"$tmp/other-chip"
check "heaps of a chip that nobody knows are listed" sh -c "'$ramlens' import '$tmp/other-chip' | grep -qx '0x3fcc0000    116,496  Retention RAM     3'"
check "a chip must be known for files" says 2 "ramlens import: whose memory? *" sh -c "grep -v 'p4' '$log' >'$tmp/nameless'; '$ramlens' import -o '$tmp/x' '$tmp/nameless'"
finish
