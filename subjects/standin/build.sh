#!/bin/sh
# Makes build/standin/standin.elf and standin.map: see README.md beside this file.
#
# usage: subjects/standin/build.sh      from any folder; quick when nothing is to do
set -eu
cd "$(dirname "$0")/../.."
here=subjects/standin
out=$PWD/build/standin
tool=riscv64-unknown-elf-

fail() {
    echo "subjects/standin/build.sh: $*" >&2
    exit 1
}

mkdir -p "$out"
exec 9>"$out/lock"
flock 9

# What it is made of: the sources here, the pinned crate, the compiler.
made_of=$(cat "$here"/*.c "$here"/*.ld "$here"/build.sh "$here"/source/Cargo.lock | cksum)-$(${tool}gcc -dumpfullversion)
[ "$(cat "$out/made-of" 2>/dev/null)" != "$made_of" ] || exit 0
rm -f "$out/made-of"

# The lock file's checksum decides what is accepted.
rm -rf "$out/crates" "$out/libs"
if ! cargo vendor --locked --manifest-path "$here/source/Cargo.toml" "$out/crates" >"$out/log" 2>&1; then
    tail -n 25 "$out/log" >&2
    fail "cargo cannot fetch the crate (tools/setup.sh subject installs one)"
fi
mv "$out/crates/esp-wifi-sys-esp32c6/libs" "$out/libs"
cp "$out/crates/esp-wifi-sys-esp32c6/Cargo.toml" "$out/libs/Cargo.toml" # its licence
rm -rf "$out/crates"

${tool}gcc -march=rv32imac -mabi=ilp32 -Os -g -ffunction-sections -fdata-sections -ffreestanding -Wall -Wextra \
    -c -o "$out/main.o" "$here/main.c"
# Two of the archives define the same names; the first one's count, as it does not matter here.
(cd "$out" && ${tool}gcc -march=rv32imac -mabi=ilp32 -nostdlib -nostartfiles -Wl,--gc-sections -Wl,--no-warn-rwx-segments \
    -Wl,--unresolved-symbols=ignore-all -Wl,--allow-multiple-definition -Wl,-Map=standin.map -T "$OLDPWD/$here/standin.ld" \
    -o standin.elf main.o -Wl,--start-group libs/*.a -Wl,--end-group) >"$out/log" 2>&1 || {
    tail -n 25 "$out/log" >&2
    fail "the link failed"
}
echo "$made_of" >"$out/made-of" # last: what is there is whole
