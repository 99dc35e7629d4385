#!/bin/sh
# Prints results.json as a table. usage: bench/table.sh RESULTS
sed -n 's/^ *{\(.*\)},*$/\1/p' "$1" | awk '
    function value(key,   at) {
        at = index($0, "\"" key "\": ")
        if (at == 0) return "-"
        rest = substr($0, at + length(key) + 4)
        if (substr(rest, 1, 1) == "\"") { rest = substr(rest, 2); sub(/".*/, "", rest); return rest }
        sub(/,.*/, "", rest)
        return rest == "null" ? "-" : rest
    }
    BEGIN { printf "%-42s %12s %9s %12s %8s %12s  %s\n", "", "ours", "+-", "baseline", "ratio", "peer", "" }
    { printf "%-42s %12s %9s %12s %8s %12s  %s\n", value("name"), value("ours"), value("spread"), value("baseline"),
          value("ratio"), value("peer"), value("unit") }'
