#!/bin/sh
# `ramlens report` for a chip, from what there is before anything runs: whatever is given, the rows and what is free make up the memory.
# shellcheck disable=SC1091,SC2154,SC2317 # what is sourced is checked by itself; check calls most functions
. "${0%/*}/../programs/common.sh"

elf=build/standin/standin.elf
map=build/standin/standin.map
archives=$(ls build/standin/libs/*.a)
log=docs/example/boot.log
free='[{name}] free internal {internal} (largest {largest}), psram {psram}'
printf 'CONFIG_IDF_TARGET="esp32p4"\nCONFIG_CACHE_L2_CACHE_256KB=y\nCONFIG_MBEDTLS_SSL_IN_CONTENT_LEN=16384\n' >"$tmp/sdkconfig"

report() { "$ramlens" report "$@"; }

value() { # expression over the document `d`, its first table `t` and those rows of it that are static, arguments of report
    expression=$1
    shift
    report --json "$@" | /usr/bin/python3 -c "
import json, sys
d = json.load(sys.stdin)
t = d['checkpoints'][0]['regions'][0]
static = [r for r in t['rows'] if r['kind'] == 'static']
print(($expression))"
}

# ---- what of the input is not in the answer is said

printf 'int zero[30];\n' >"$tmp/part.c"
gcc -m32 -c "$tmp/part.c" -o "$tmp/part.o" && head -c 300 "$tmp/part.o" >"$tmp/cut.o" && ar rcS "$tmp/parts.a" "$tmp/part.o" "$tmp/cut.o"
report --target esp32p4 --archives "$tmp/parts.a" >"$tmp/text" 2>"$tmp/err"
check "a damaged member is told" sh -c "grep -q '1 member of an archive is not counted: .*parts.a(cut.o) is damaged' '$tmp/err' && grep -q '^static .*120  archives' '$tmp/text'"

report --boot-log "$log" --free '[{name}] free interal {interal}' >/dev/null 2>"$tmp/err"
check "a field that the chip has no memory for is told" grep -q "has no capability 'interal': its figures are not used; {internal} is near" "$tmp/err"

check "padding is nobody's, and no unknown" sh -c "'$ramlens' report --target esp32p4 --elf $elf --map $map | grep -q '^static  *padding between objects  *-134  ELF and map'"

# ---- each input is optional, the sum is the memory

whole='all(sum(r["bytes"] for r in t["rows"]) + t["free"] == t["size"] for c in d["checkpoints"] for t in c["regions"]), t["size"]'
sums() { # arguments of report
    equal "$(value "$whole" "$@")" "(True, 786432)"
}
p4="--target esp32p4"
# shellcheck disable=SC2086 # words of options
{
    check "with nothing but the chip it is whole" sums $p4
    check "with a program" sums $p4 --elf $elf
    check "with a map" sums $p4 --map $map
    check "with both" sums $p4 --elf $elf --map $map
    check "with archives before linking" sums $p4 --archives $archives
    check "with a configuration" sums $p4 --sdkconfig "$tmp/sdkconfig"
    check "with a log" sums --boot-log $log
    check "with a log's own lines" sums --boot-log $log --free "$free"
    check "with all of it" sums $p4 --elf $elf --map $map --sdkconfig "$tmp/sdkconfig" --boot-log $log --free "$free"
    for silicon in 'revision=<3' 'revision=3 --set idf=v6.0'; do
        for cache in 128K 256K 512K; do
            check "of silicon $silicon with a cache of $cache" sums $p4 --set $silicon --set cache=$cache --elf $elf
        done
    done
}

# ---- what a configuration chooses

chosen() { # target, parameter, lines of a configuration
    printf '%b' "$3" >"$tmp/chosen"
    "$ramlens" report --target "$1" --sdkconfig "$tmp/chosen" 2>"$tmp/err" | sed -n "s/^target.* $2=\([^ ;]*\).*/\1/p"
}
check "a size chooses the cache" same 512K "$(chosen esp32p4 cache 'CONFIG_CACHE_L2_CACHE_SIZE=0x80000\n')"
check "so does the choice, which is all that sdkconfig.defaults has" same 256K "$(chosen esp32p4 cache 'CONFIG_CACHE_L2_CACHE_256KB=y\n')"
check "another chip's data cache" same 64K "$(chosen esp32s3 dcache 'CONFIG_ESP32S3_DATA_CACHE_64KB=y\n')"
check "and its instruction cache" same 32K "$(chosen esp32s3 icache 'CONFIG_ESP32S3_INSTRUCTION_CACHE_32KB=y\n')"

release='# Espressif IoT Development Framework (ESP-IDF) %s Project Configuration\\n# CONFIG_ESP32P4_SELECTS_REV_LESS_V3 is not set\\n'
silicon3() { # release of a configuration for silicon of revision 3
    # shellcheck disable=SC2059 # the format is above
    chosen esp32p4 idf "$(printf "$release" "$1")"
}
check "a release of the same rules as another is that one" same "v5.5.4 v6.0 v6.0.2" "$(silicon3 5.5.3) $(silicon3 6.0.0) $(silicon3 6.0.2)"
check "of one that nobody knew the nearest is taken" same v6.0.2 "$(silicon3 6.2.1)"
check "and that is said" grep -q "is for release 6.2.1, which target 'esp32p4' does not know .*; v6.0.2 is taken, the nearest, and its rules may be others" "$tmp/err"

chosen esp32p4 idf 'CONFIG_IDF_TARGET="esp32s3"\nCONFIG_HEAP_TASK_TRACKING=y\n' >/dev/null
check "another chip's configuration is said to be one" grep -q "chosen:1: is of a project for 'esp32s3', and counted as one for 'esp32p4'" "$tmp/err"
check "what changes memory and is not modelled is said" grep -q "chosen:2: CONFIG_HEAP_TASK_TRACKING changes memory and is not modelled: each block" "$tmp/err"

# ---- what a log leaves open

printf 'I (1) heap_init: At 4FF4C200 len 0006EDC0 (443 KiB): RETENT_RAM\nI (2) heap_init: At 4FFBAFC0 len 00004BF0 (18 KiB): RAM\nI (3) main_task: Calling app_main()\n' >"$tmp/open.log"
check "a log that leaves the release open is reported for" sums --target esp32p4 --boot-log "$tmp/open.log"
report --target esp32p4 --boot-log "$tmp/open.log" >"$tmp/text"
check "what it leaves open is said, with what is taken" grep -q '^the log leaves open: cache may be 128K, 256K; below: 128K$' "$tmp/text"
check "in JSON, too" equal "$(value '[o["taken"] for o in d["target_open"] if o["parameter"] == "cache"]' --target esp32p4 --boot-log "$tmp/open.log")" "['128K']"
check "what another file tells is open no more" sh -c "! '$ramlens' report --target esp32p4 --boot-log '$tmp/open.log' --set cache=256K | grep -q 'open: cache'"
"$ramlens" import --target esp32p4 -o "$tmp/device" "$tmp/open.log" >/dev/null 2>&1
check "settings of the same log are those of its report" same "$(sed -n 's/^target esp32p4: \(.*\);.*/\1/p' "$tmp/text")" \
    "$(report --target esp32p4 --settings "$tmp/device/settings" 2>/dev/null | sed -n 's/^target esp32p4: \(.*\);.*/\1/p')"
{ cat $log && head -n 4 $log && cat "$tmp/open.log"; } >"$tmp/two.log"
check "the start that counts can be chosen" equal "$(value 'd["target_options"]["cache"]' --boot-log "$tmp/two.log" --boot 1)" \
    "$(value 'd["target_options"]["cache"]' --boot-log $log)"

report --boot-log $log --free "$free" --set cache=512K >/dev/null 2>"$tmp/err"
check "a figure that the chip has no room for is named by its line of the log" grep -q "^ramlens report: $log:26.*: 409600 bytes free cannot be" "$tmp/err"

# ---- static rows

linked="$p4 --elf $elf --map $map"
# shellcheck disable=SC2086 # several words
used=$("$ramlens" size --json $p4 $elf $map | /usr/bin/python3 -c "
import json, sys
print({m['name']: m['used'] for m in json.load(sys.stdin)['memories']}['internal'])")
# shellcheck disable=SC2086
{
    check "static rows are what the program has there" equal "$(value 'sum(r["bytes"] for r in static)' $linked)" "$used"
    check "and say what they are known by" equal "$(value '{r["from"] for r in static}' $linked)" "{'device-program'}"
    check "with a log the rest of it is a row" equal \
        "$(value 'sum(r["bytes"] for r in static), {r["from"] for r in static} == {"device-program", "boot-log"}' $linked --boot-log $log)" "(107200, True)"
    report $linked --statics >"$tmp/statics"
    check "on request they are shown by variable, with its place" grep -q \
        '^ *8,192  main  *zero  *audio_task_stack  *main.c:[0-9]*  *ELF and map, riscv32$' "$tmp/statics"
    check "variable by variable the sums are those of the rows" equal "$(value \
        'sorted({(r["component"], r["about"]): r["bytes"] for r in static}.items()) == sorted({k: sum(s["bytes"] for s in d["statics"] if (s["component"], s["kind"]) == k) for k in {(s["component"], s["kind"]) for s in d["statics"]}}.items())' \
        $linked --statics)" True
    check "a plan that moves some takes them out" equal "$(printf 'static main.o zero psram\n' >"$tmp/plan" &&
        value '[s["symbol"] for s in d["statics"] if s["object"] == "main.o" and s["kind"] == "zero" and s["symbol"] == "audio_task_stack"]' \
            $linked --plan "$tmp/plan" --statics)" "[]"
    report --json $linked --statics >"$tmp/json"
    check "JSON with them keeps to its schema" /usr/bin/python3 tests/subject/schema.py docs/report.schema.json "$tmp/json" statics 0 symbol
    check "archives alone are an upper bound, and say so" equal \
        "$(value '{(r["from"]) for r in static}' $p4 --archives $archives)" "{'archives'}"
}
check "what is missing is named" sh -c "'$ramlens' report $p4 | grep -q -e '--elf' && '$ramlens' report $linked | grep -q -e '^  --sdkconfig tells'"
check "without a chip there is nothing to take apart" says 2 "*--statics*--target names the chip" report --statics nothing.rlt

# ---- findings

check "what is largest and movable stands at the head" sh -c "'$ramlens' report $linked | head -n 6 | grep -q '^Largest and movable: 14,864 B of zero data of main.o'"
check "and which option buys most" sh -c "'$ramlens' report --boot-log $log | head -n 8 | grep -q 'cache=128K in place of 256K buys most: 131,072 B'"

# Options of what a program does not have are none of its; nor are buffers that lie elsewhere a saving here.
rv="riscv64-unknown-elf-gcc -march=rv32imc -mabi=ilp32 -Os"
printf 'int record[64];\nint tls(void) { return record[1]; }\n' >"$tmp/tls.c"
printf 'int tls(void);\nint main(void) { return tls(); }\n' >"$tmp/main.c"
(cd "$tmp" && $rv -c tls.c && $rv -c main.c && riscv64-unknown-elf-ar rcs libmbedtls.a tls.o &&
    $rv -nostdlib -Wl,-Ttext=0x4ff10000,-e,main,-Map=tls.map -o tls.elf main.o libmbedtls.a) || exit 2
printf 'CONFIG_SPIRAM=y\n' >"$tmp/plain"
printf 'CONFIG_MBEDTLS_EXTERNAL_MEM_ALLOC=y\n' >"$tmp/external"
tls="$p4 --elf $tmp/tls.elf --map $tmp/tls.map"
symbols='sorted(o["symbol"] for o in d["options"]["lines"] if o["symbol"] and "MBEDTLS_SSL" in o["symbol"])'
best='d["findings"]["option"]["symbol"]'
# shellcheck disable=SC2086
{
    check "a program with TLS has its buffers" equal "$(value "len($symbols), $best" $tls --sdkconfig "$tmp/plain")" "(2, 'MBEDTLS_SSL_IN_CONTENT_LEN')"
    check "one without has none" equal "$(value "$symbols" $linked --sdkconfig "$tmp/plain")" "[]"
    check "in PSRAM they take no internal RAM" equal "$(value "$symbols" $tls --sdkconfig "$tmp/external")" "[]"
    check "of what is not known to be there none is said to buy most" equal "$(value "len($symbols), $best" $p4 --sdkconfig "$tmp/plain")" "(2, 'ESP_MAIN_TASK_STACK_SIZE')"
}
