#!/bin/sh
# What `ramlens size` says of the stand-in for a firmware, beside binutils and esp-idf-size on the same files. docs/compare-size.md
# explains every difference; here it is held to that.
# shellcheck disable=SC1091,SC2154,SC2317 # what is sourced is checked by itself; check calls most functions
. "${0%/*}/../programs/common.sh"

elf=$root/build/standin/standin.elf
map=$root/build/standin/standin.map
venv=$root/build/tests/esp-idf-size
if [ ! -f "$venv/made" ]; then
    rm -rf "$venv"
    python3 -m venv "$venv" && "$venv/bin/pip" -q install esp-idf-size==2.3.2 >"$tmp/pip" 2>&1 && touch "$venv/made"
fi
check "esp-idf-size is there" test -f "$venv/made"
"$ramlens" size --json --target esp32p4 "$elf" "$map" >"$tmp/memories.json"
"$ramlens" size --json --by archive,section,kind,cause --target esp32p4 "$elf" "$map" >"$tmp/ours.json"
"$venv/bin/python" -m esp_idf_size --format json2 "$map" >"$tmp/summary.json" 2>"$tmp/err"
"$venv/bin/python" -m esp_idf_size --archives --format json2 "$map" >"$tmp/theirs.json" 2>>"$tmp/err"

cat >"$tmp/compare.py" <<'END'
import collections, json, os, sys

ours = json.load(open("ours.json"))
theirs = json.load(open("theirs.json"))
memories = {m["name"]: m["used"] for m in json.load(open("memories.json"))["memories"]}
layout = {l["name"]: l["used"] for l in json.load(open("summary.json"))["layout"]}
mine = collections.Counter()
for row in ours["rows"]:
    if row["cause"] in ("", "inside"): # what an object has inside of itself is its own there
        mine[row["archive"], row["section"]] += row["bytes"]
other = collections.Counter()
for name, entry in theirs.items():
    for kind in entry["memory_types"].values():
        for section, figures in kind["sections"].items():
            other["main.o" if name == "(exe)" else os.path.basename(name), section] += figures["size"]
thread_zero = sum(r["bytes"] for r in ours["rows"] if r["kind"] == "thread-zero") # in flash's rows, not in its use
padding = sum(r["bytes"] for r in ours["rows"] if r["cause"] not in ("", "inside"))
print(*{
    "memories": lambda: [memories["internal"] - layout["DIRAM"], memories["flash"] + thread_zero - layout["Flash"], memories["psram"] - layout["External RAM"], memories["lp"] - layout["LP RAM"]],
    # Sections in which nothing is merged: every archive, to the byte.
    "same": lambda: sorted({s for (a, s), n in other.items() if s != ".flash.rodata" and mine[a, s] != n}),
    # Merged strings: the whole is the same, what is charged to whom is not.
    "merged": lambda: [sum(n for (a, s), n in other.items() if s == ".flash.rodata") - sum(n for (a, s), n in mine.items() if s == ".flash.rodata"),
        sum(mine[a, s] != n for (a, s), n in other.items() if s == ".flash.rodata") > 0],
    # What belongs to no archive there.
    "nobody": lambda: [sum(memories.values()) + thread_zero - sum(other.values()) - padding],
}[sys.argv[1]]())
END
compare() {
    (cd "$tmp" && python3 compare.py "$1")
}
check "every memory holds the same bytes, but for zero data of threads" equal "$(compare memories)" "0 0 0 0"
check "where nothing is merged, every archive has the same bytes in every section" equal "$(compare same)" ""
check "of merged strings the whole is the same, the owners are not" equal "$(compare merged)" "0 True"
check "what no archive has there is padding, and what the script writes" equal "$(compare nobody)" 4

sections() { # of the program, by name
    "$ramlens" size --json --by section "$elf" "$map" |
        python3 -c 'import json, sys; [print(r["section"], r["bytes"]) for r in json.load(sys.stdin)["rows"] if r["bytes"]]' | sort
}
riscv64-unknown-elf-size -A "$elf" | awk '$3 > 0 && $2 > 0 && $1 ~ /^\./ { print $1, $2 }' | sort >"$tmp/size"
check "sections are those of size -A" equal "$(sections)" "$(cat "$tmp/size")"
for archive in "$root"/build/standin/libs/lib*.a; do
    riscv64-unknown-elf-objdump -hw "$archive" 2>/dev/null | awk '/ ALLOC/ { print "0x" $3 }' | while read -r n; do echo $((n)); done |
        awk '{ s += $1 } END { print s + 0 }'
    "$ramlens" size --json "$archive" | python3 -c 'import json, sys; d = json.load(sys.stdin); print(d["files"][0]["section_bytes"])'
done | paste -d ' ' - - >"$tmp/archives"
check "every archive loads what objdump -h says" sh -c "awk '\$1 != \$2 { bad = 1; print } END { exit bad }' '$tmp/archives' && [ \$(wc -l <'$tmp/archives') -ge 14 ]"
finish
