#!/bin/sh
# Standard containers by the class that has them, and plans that name them, their classes and functions: of a program whose containers are known.
# shellcheck disable=SC1091,SC2154
. "${0%/*}/common.sh"

# cell CLASS CONTAINER: "BYTES BLOCKS" at the checkpoint, from the JSON
cell() {
    python3 - "$tmp/report.json" "$1" "$2" <<'END'
import json, sys
report = json.load(open(sys.argv[1]))
at = [c["name"] for c in report["checkpoints"]].index("full")
rows = [r for r in report["containers"] if r["class"] == sys.argv[2] and r["container"] == sys.argv[3]]
print(*[f'{r["at"][at]["bytes"]} {r["at"][at]["blocks"]}' for r in rows] or ["none"])
END
}

# in_psram PLAN-LINE...: requested bytes of the component in PSRAM at the checkpoint under such a plan
in_psram() {
    printf '%s\n' "$@" >"$tmp/plan"
    "$ramlens" report --json --target esp32p4 --plan "$tmp/plan" --components "$tmp/components" "$trace" \
        >"$tmp/plan.json" 2>"$tmp/plan.err" || { cat "$tmp/plan.err" && return 1; }
    python3 - "$tmp/plan.json" <<'END'
import json, sys
report = json.load(open(sys.argv[1]))
full = [c for c in report["checkpoints"] if c["name"] == "full"][0]
psram = [r for r in full["regions"] if r["name"] == "psram"][0]
print(sum(r["bytes"] for r in psram["rows"] if r["kind"] == "heap" and r["component"] == "app"))
END
}

warns() { # PATTERN PLAN-LINE...
    pattern=$1
    shift
    in_psram "$@" >/dev/null
    # shellcheck disable=SC2254 # a pattern
    case $(cat "$tmp/plan.err") in $pattern) return 0 ;; esac
    cat "$tmp/plan.err" && false
}

printf 'component app\n    source */site_identity.cpp\n' >"$tmp/components"
build site_identity
sizes=i386
for size in $sizes; do
    trace=$tmp/containers.rlt
    record "$trace" "$bin/site_identity-$size"
    "$ramlens" report --json --components "$tmp/components" "$trace" >"$tmp/report.json" 2>"$tmp/err"

    # 100 nodes: 16 bytes of header, then key and string; 100 buffers of 41 to 140 bytes; one block of 512 bytes and the index of 8 pointers.
    check "nodes of a map ($size)" equal "$(cell app::Store std::map)" "4400 100"
    check "buffers of strings, not of the map that holds them ($size)" equal "$(cell app::Store std::string)" "9050 100"
    check "a deque's block and its index ($size)" equal "$(cell app::Store std::deque)" "544 2"
    check "buffers of vectors in a map ($size)" equal "$(cell app::Store std::vector)" "3200 100"
    check "a shared object with its count ($size)" equal "$(cell app::Worker std::shared_ptr | cut -d' ' -f2)" 1
    check "a function's state ($size)" equal "$(cell app::Worker std::function)" "52 1"
    check "an array that is held alone ($size)" equal "$(cell app::Worker std::unique_ptr)" "132 1"
    check "a container that is not there has no row ($size)" equal "$(cell app::Worker std::map)" none
    "$ramlens" report --containers --components "$tmp/components" "$trace" >"$tmp/report.txt" 2>"$tmp/err"
    check "all containers are shown as text ($size)" grep -q '^app::Store  *std::map .*4,400 in 100' "$tmp/report.txt"

    check "a plan moves a container's blocks ($size)" equal "$(in_psram 'container std::map psram')" 4400
    check "... those of a class ($size)" equal "$(in_psram 'container std::* in app::Worker psram')" \
        "$(($(cell app::Worker std::shared_ptr | cut -d' ' -f1) + 1000 + 101 + 51 + 52 + 132))"
    check "a plan moves what a function asks for ($size)" equal "$(in_psram 'function app::Store::copy psram')" 22
    check "... and what a class asks for ($size)" equal "$(in_psram 'class app::Store psram')" \
        "$((4400 + 9050 + 544 + 3200 + $(cell app::Store std::unordered_map | cut -d' ' -f1) + 22))"
    check "a function is stronger than its class, the class than its container ($size)" equal \
        "$(in_psram 'function app::Store::copy psram' 'class app::Store internal' 'container std::map psram')" 22
    check "of two globs the last line decides ($size)" equal \
        "$(in_psram 'function app::Store::copy psram' 'function app::Store::* internal')" 0
    check "a class that is not there is told with the nearest ($size)" warns \
        "*plan:1: nothing that asked for memory in this run is of class 'app::Stroe', did you mean 'app::Store'?*" 'class app::Stroe psram'
    check "a line that decides nothing is told ($size)" warns "*plan:1: class 'app::Store' decides nothing:*" \
        'class app::Store psram' 'class app::* psram'
    check "a plan for another trace is told ($size)" warns "*plan:1: the plan was made for old.rlt, of program 0123456789ab; in *" 'trace old.rlt 0123456789abcdef'
    check "a plan for other options is told ($size)" warns "*plan:1: the plan was made for cache=256K, here it is 128K;*" 'target esp32p4 cache=256K'
    check "a site that is not there is told ($size)" warns "*plan:1: site 000000000000 is not in this run (vanished):*" 'site 000000000000 psram'
done

finish
