#!/bin/sh
# `ramlens replay` as a user meets it. A block of 1,000 bytes takes 1,028 in a heap of 19 KiB or of up to 256 KiB, 1,012 in a larger one; a small
# heap is asked first.
. "${0%/*}/../programs/common.sh"

build holes
trace=$tmp/holes.rlt
record "$trace" "$bin/holes-i386"
replay="$ramlens replay --target esp32p4"

figure() { # checkpoint, region, column of the text: free (2), largest (3), lowest (4)
    sed -n "/^$2: /,/^\$/p" "$tmp/text" | awk -v name="$1" -v column="$3" '$1 == name { gsub(",", "", $column); print $column; exit }'
}

taken() { # checkpoint, region: bytes since the start
    echo $(($(figure start "$2" 2) - $(figure "$1" "$2" 2)))
}

$replay "$trace" >"$tmp/text" 2>"$tmp/err"
check "nothing stands on standard error" test ! -s "$tmp/err"
check "blocks and their rounding are taken from internal RAM" equal "$(taken held internal)" $((40 * 1028 + 16388))
check "the large one from external RAM" equal "$(taken held psram)" 20484
check "what was freed is free again, and a lock takes its blocks" equal "$(taken holes internal)" $((20 * 1028 + 16 + 88))
check "at the end nothing is left" equal "$(taken freed internal)" 0
check "the worst moment stands in each table" equal "$(grep -c '^worst, ' "$tmp/text")" 3
check "no request failed" grep -q '^No request failed\.' "$tmp/text"

$replay --set threshold=500 "$trace" >"$tmp/text"
check "with a lower threshold all goes outside" equal "$(taken held psram)" $((40 * 1012 + 16132 + 20484))
check "the choice is said" grep -q ' threshold=500$' "$tmp/text"

$replay --set poisoning=light "$trace" >"$tmp/text"
# The queue takes a hole whole, whose rest would be no block.
check "canaries cost twelve bytes a block, where rounding leaves less" \
    equal "$(taken holes internal)" $((20 * 1028 + 24 + 108))

printf 'component holes-i386\n    malloc psram\n' >"$tmp/plan"
$replay --plan "$tmp/plan" --plan stock "$trace" >"$tmp/text" 2>"$tmp/err"
check "two plans give two answers" test "$(grep -c '^what the chip counts as internal' "$tmp/text")" = 2
check "a plan's come first" equal "$(taken held internal)" 0
$replay --plan "$tmp/plan" "$trace" >"$tmp/one"
check "alone it gives the same" sh -c "head -n 60 '$tmp/one' >'$tmp/a'; head -n 60 '$tmp/text' | diff - '$tmp/a' | grep '^<' | grep -q '^< stock' ||
    [ \"\$(sed '/^stock/,\$d' '$tmp/text')\" = \"\$(cat '$tmp/one')\" ]"

$replay --map held "$trace" >"$tmp/map"
check "the map names its signs" grep -q '^  A holes-i386  *57,5[0-9][0-9] B' "$tmp/map"
check "the map draws the first heap's blocks" grep -q 'AAAAAAAA' "$tmp/map"
check "JSON keeps to its schema" sh -c "$replay --json '$trace' >'$tmp/json' &&
    /usr/bin/python3 tests/subject/schema.py docs/replay.schema.json '$tmp/json' states 0 worst"
check "two replays are equal" sh -c "$replay --json '$trace' | cmp - '$tmp/json'"

record "$tmp/huge.rlt" "$bin/holes-i386" huge
$replay "$tmp/huge.rlt" >"$tmp/text"
check "what no heap can serve is named" grep -q '^ *1  41,943,040  .* holes  holes-i386  main ' "$tmp/text"

record "$tmp/wide.rlt" "$bin/holes-x86_64"
$replay "$tmp/wide.rlt" >"$tmp/text"
check "a 64-bit program is no figure of the chip" grep -q '^This program has 64-bit pointers' "$tmp/text"

check "a chip must be named" says 2 'ramlens replay: whose heaps?*--target esp32p4' "$ramlens" replay "$trace"
check "an unknown checkpoint is named with those there are" \
    says 2 "ramlens replay: the run has no checkpoint 'hold'; there is: start, held, holes, freed, end" \
    "$ramlens" replay --target esp32p4 --map hold "$trace"
check "so is an unknown region" says 2 "ramlens replay: unknown region 'sram' of target 'esp32p4'; there is: internal, spm, lp, psram" \
    "$ramlens" replay --target esp32p4 --map held --region sram "$trace"
check "more cannot lie there than there is" \
    says 2 "ramlens replay: */targets/esp32p4: region 'internal' has * B of heap, and * B are taken beforehand *" \
    "$ramlens" replay --target esp32p4 --occupied 800K "$trace"
check "bytes are a number" says 2 "ramlens replay: --occupied 'many' is no number of bytes*" \
    "$ramlens" replay --target esp32p4 --occupied many "$trace"
check "a setting has its limits" says 2 "ramlens replay: unknown value '1M' of parameter 'threshold'*a number from 0 to 131072" \
    "$ramlens" replay --target esp32p4 --set threshold=1M "$trace"
head -c 3000 "$trace" >"$tmp/cut.rlt"
check "of a cut trace the rest is replayed, and it is said" sh -c "$replay '$tmp/cut.rlt' 2>&1 >/dev/null | grep -q 'warning'"
finish
