#!/bin/sh
# Compiles the recorder (wire/ and runtime/) and the model heap (heap/), each alone, as a firmware would: no libc, no headers but the
# compiler's. What is left undefined must be mem*, the port's functions and the compiler's own support. Also prints code and data sizes.
# Compilers that are not installed are skipped.
# usage: tests/prop/freestanding.sh, in the project's folder
set -eu
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
passed=0
failed=0
skipped=0

# A libc's string.h is not part of a freestanding compiler: these three are all the code needs of one.
cat >"$out/string.h" <<'END'
#include <stddef.h>
void *memcpy(void *restrict, const void *restrict, size_t);
void *memset(void *, int, size_t);
int memcmp(const void *, const void *, size_t);
END

# check NAME COMPILER FLAGS...
check() {
    name=$1
    compiler=$2
    shift 2
    if ! command -v "$compiler" >/dev/null || ! echo 'int x;' | "$compiler" "$@" -c -x c - -o "$out/try.o" 2>/dev/null; then
        skipped=$((skipped + 1))
        echo "$name: skipped, $compiler cannot make it here"
        return
    fi
    alone "the recorder" ramlens_port_lock "wire/*.c runtime/*.c" "$@"
    alone "the model heap" memset "heap/*.c" "$@"
}

# alone WHAT NEEDED SOURCES FLAGS...   for $name, with $compiler; it needs NEEDED, or the list was not read at all
alone() {
    what=$1
    needed=$2
    sources=$3
    shift 3
    objects=
    for source in $sources; do
        [ "$source" = runtime/ramlens_place.c ] && continue # A program's, not the recorder's: see placement().
        object=$out/$name-$(basename "$source" .c).o
        "$compiler" "$@" -std=c11 -Os -ffreestanding -nostdlib -ffunction-sections -Wall -Wextra -Werror -isystem "$out" \
            -Iwire -Iruntime -Iheap -DRAMLENS_RECORD_MARKS=256 -c "$source" -o "$object"
        objects="$objects $object"
    done
    # shellcheck disable=SC2086 # a list of names without spaces
    "$compiler" "$@" -nostdlib -r $objects -o "$out/$name.o"
    "${compiler%gcc}nm" -u "$out/$name.o" | awk '{ print $NF }' >"$out/needs"
    grep -q "^$needed\$" "$out/needs"
    strangers=$(grep -Ev \
        '^(memcpy|memset|memcmp|memmove|ramlens_port_.*|__cpu_model|__cpu_indicator_init|_GLOBAL_OFFSET_TABLE_|__(ashl|lshr|ashr|mul|udiv|umod|div|mod)[sdt]i3|__c[lt]z[sd]i2|__aeabi_[a-z0-9]*|__atomic_.*|__sync_.*)$' "$out/needs" || true)
    if [ -n "$strangers" ]; then
        failed=$((failed + 1))
        echo "not ok $what for $name needs no C library"
        echo "$name: needs $strangers"
    else
        passed=$((passed + 1))
        echo "ok $what for $name needs no C library"
        echo "$name: $("${compiler%gcc}size" "$out/$name.o" 2>/dev/null | awk 'NR == 2 { print $1 " bytes of code and constants, " $2 + $3 " of data" }')"
    fi
}

# placement NAME COMPILER FLAGS...: what `ramlens emit` gives a program calls the C library's allocator and ESP-IDF's, no more.
placement() {
    name=$1
    compiler=$2
    shift 2
    command -v "$compiler" >/dev/null && echo 'int x;' | "$compiler" "$@" -c -x c - -o "$out/try.o" 2>/dev/null || return 0
    for on in 0 1; do
        "$compiler" "$@" -std=c11 -Os -ffreestanding -Wall -Wextra -Werror -DRAMLENS_PLACE=$on -c runtime/ramlens_place.c \
            -o "$out/place-$name.o"
        strangers=$("${compiler%gcc}nm" -u "$out/place-$name.o" | awk '{ print $NF }' |
            grep -Ev '^(memcpy|malloc|calloc|realloc|memalign|free|heap_caps_.*|_GLOBAL_OFFSET_TABLE_|__aeabi_[a-z0-9]*)$' || true)
        if [ -n "$strangers" ]; then
            failed=$((failed + 1))
            echo "not ok the placement runtime for $name needs nothing but allocators (RAMLENS_PLACE=$on)"
            echo "$name: needs $strangers"
        else
            passed=$((passed + 1))
            echo "ok the placement runtime for $name needs nothing but allocators (RAMLENS_PLACE=$on)"
        fi
    done
}

placement x86-64 gcc -m64
placement i386 gcc -m32
placement rv32 riscv64-unknown-elf-gcc -march=rv32imafc -mabi=ilp32f
placement arm-m4 arm-none-eabi-gcc -mcpu=cortex-m4 -mthumb
check x86-64 gcc -m64
check i386 gcc -m32
check rv32 riscv64-unknown-elf-gcc -march=rv32imafc -mabi=ilp32f
check rv32-small riscv64-unknown-elf-gcc -march=rv32imac -mabi=ilp32
check arm-m4 arm-none-eabi-gcc -mcpu=cortex-m4 -mthumb
check arm-m0 arm-none-eabi-gcc -mcpu=cortex-m0 -mthumb
echo "$passed passed, $failed failed, $skipped skipped"
test "$failed" -eq 0
