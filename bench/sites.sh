#!/bin/sh
# Links the subject's program with the linker's hooks, records a run of it, makes its table of sites, runs it with the table filled, and
# measures a lookup over the program's own return addresses.
# usage: bench/sites.sh   (i386; `make bench-sites` builds what it needs first)
set -eu
cd "$(dirname "$0")/.." || exit 2
dir=$PWD/build/webrtc/i386
out=$PWD/out/bench/sites
ramlens=$PWD/build/ramlens
rm -rf "$out"
mkdir -p "$out"
cat >"$out/plan" <<END
component libdatachannel libjuice usrsctp libsrtp plog
    malloc psram
    new psram
component mbedtls
    malloc internal
END
emit() { # FORM [OPTION...]
    form=$1
    shift
    "$ramlens" emit --as "$form" -f --subject subjects/webrtc -o "$out/files" "$@" "$out/plan" >/dev/null
}
emit wrap --room 262144
for file in ramlens_wrap ramlens_sites ramlens_place; do
    ${CC:-cc} -std=gnu11 -m32 -g -O2 -fexceptions -c "$out/files/$file.c" -o "$out/$file.o"
done
link=$(ninja -C "$dir" -t commands device | tail -n 1 | awk -v out="$out" '{
    for (i = 1; i <= NF; i++) {
        if ($i == "-o") $(i + 1) = out "/device @" out "/files/wrap.rsp " out "/ramlens_wrap.o " out "/ramlens_sites.o " out "/ramlens_place.o"
        if ($i ~ /^-Wl,-Map=/) $i = "-Wl,-Map=" out "/device.map"
    }
    print
}')
(cd "$dir" && sh -c "$link")
# The map names the archives from where the linker ran.
sed "s,^\( *\(0x[0-9a-f]* *0x[0-9a-f]* \)\)\(lib\|mbedtls\|CMakeFiles\),\1$dir/\3," "$out/device.map" >"$out/device.map.new"
mv "$out/device.map.new" "$out/device.map"
cp "$dir/partner" "$out/"
"$ramlens" record -q -f -o "$out/device.rlt" -- "$out/device" --mode media --seconds 2 >"$out/run.txt" 2>&1
address=$(readelf -SW "$out/device" | awk '{ for (i = 1; i < NF; i++) if ($i == ".ramlens_sites") print $(i + 2) }')
objdump -d "$out/device" | awk '
    was { sub(":", "", $1); print $1; was = 0 }
    /call .*<__wrap_(malloc|calloc|realloc|_Zn[wa])/ { was = 1 }' >"$out/callers"

# measure TITLE: the table for the plan as it is now, put into the program, which must still run; then its lookups.
measure() {
    emit sites --program "$out/device" --trace "$out/device.rlt"
    objcopy --update-section .ramlens_sites="$out/files/ramlens_sites.bin" "$out/device" "$out/placed"
    "$out/placed" --mode media --seconds 1 --partner "$dir/partner" >"$out/placed.txt" 2>&1 ||
        { echo "the placed program failed" >&2; exit 1; }
    echo "$1"
    build/bench/sites "$out/files/ramlens_sites.bin" "$address" "$out/callers"
}

measure "components alone:" | tee "$out/result.txt"
echo 'container std::* internal' >>"$out/plan"
measure "and what containers take elsewhere, an entry for each call site of the run:" | tee -a "$out/result.txt"
