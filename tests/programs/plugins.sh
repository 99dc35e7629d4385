#!/bin/sh
# Code that comes and goes: plugins in C++ opened by a program that knows no C++, again and again.
. "${0%/*}/common.sh"

build plugin_host
build_as plugin.so plugin -shared -fPIC
build_as plugin_static.so plugin -shared -fPIC -static-libstdc++ -static-libgcc
build_as own_operators.so own_operators -shared -fPIC -Wno-sized-deallocation

try() { # what it shows, size, cycles, plugins
    what=$1 size=$2 cycles=$3
    shift 3
    trace=$tmp/plugins.rlt
    "$bin/plugin_host-$size" "$cycles" "$@" >"$tmp/plain" 2>&1
    plain=$?
    record "$trace" "$bin/plugin_host-$size" "$cycles" "$@"
    check "$what: it ends as without the recorder ($size)" equal $? $plain
    check "$what: the same output ($size)" cmp "$tmp/plain" "$tmp/out"
    check "$what: nothing lost or out of order ($size)" whole "$trace"
}

# Loaded modules, by the end of their paths.
loaded() {
    "$ramlens" info --json "$1" | grep -c "\"path\": \".*$2\""
}

for size in $sizes; do
    try "a plugin with libstdc++" "$size" 3 "$bin/plugin-$size.so"
    check "its forms keep their names ($size)" same "new new[]" \
        "$(events "$trace" early late | awk '/ new/ { print $2 }' | sort -u | tr '\n' ' ' | sed 's/ $//')"
    check "each opening of a plugin is a module of its own ($size)" equal \
        "$(loaded "$trace" "plugin-$size.so")" 3
    try "a plugin with its own copy of libstdc++" "$size" 3 "$bin/plugin_static-$size.so"
    try "a plugin with operators of its own" "$size" 3 "$bin/own_operators-$size.so"
    try "plugins of all kinds" "$size" 3 "$bin/plugin-$size.so" "$bin/plugin_static-$size.so" \
        "$bin/own_operators-$size.so"
    try "a thousand openings" "$size" 1000 "$bin/own_operators-$size.so"
    check "a thousand openings leave no blocks ($size)" equal \
        "$(live "$trace" early blocks)" "$(live "$trace" late blocks)"
    check "a thousand openings need no more than 2 MiB of the recorder ($size)" at_most \
        "$(number "$trace" recorder_bytes)" 2097152
done

finish
