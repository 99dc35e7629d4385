#!/bin/sh
# The WebRTC stack under what `ramlens emit` writes: its real sources compiled with forced headers, its real archives renamed, the program
# linked from them and run with two memories that can be told apart. Nothing of the stack's own build is changed.
. "${0%/*}/../programs/common.sh"

size=i386
dir=$root/build/webrtc/$size
cat >"$tmp/plan" <<END
component libdatachannel libjuice usrsctp libsrtp
    malloc psram
    new psram
component mbedtls
    malloc internal
END

emit() { # FORM
    "$ramlens" emit --as "$1" -f --subject subjects/webrtc --program "$dir/device" -o "$tmp/$1" "$tmp/plan" >"$tmp/list" 2>"$tmp/warnings"
}

# The commands that compile a target's objects, each as a line.
commands() { # TARGET
    ninja -C "$dir" -t commands "$1" | grep -v '^ninja:' | grep -E '^(/[^ ]*)?(cc|c\+\+|gcc|g\+\+)[^ ]* .* -c '
}

# Compiles every source of a target under a component's header into $tmp/COMPONENT; prints how many.
compile_all() { # TARGET COMPONENT PATTERN
    out=$tmp/objects-$2
    mkdir -p "$out"
    commands "$1" | grep -E -- "$3" | awk -v out="$out" -v header="$tmp/include/place-$2.h" '{
        sub(/ -o [^ ]+/, " -o " out "/" NR ".o -include " header)
        sub(/ -O2/, " -O1")
        gsub(/ -MD| -MT [^ ]+| -MF [^ ]+/, "")
        print
    }' >"$tmp/commands-$2"
    (cd "$dir" && xargs -d '\n' -P "$(nproc)" -I COMMAND sh -c 'COMMAND' <"$tmp/commands-$2")
}

# What the objects of a component still ask of the C library's allocator.
plain_names() { # COMPONENT
    nm -u "$tmp/objects-$1"/*.o | awk '$2 ~ /^(malloc|calloc|realloc|free|aligned_alloc|posix_memalign)$/ { print $2 }' | sort -u | one_line
}

count_of() { # COMPONENT
    find "$tmp/objects-$1" -name '*.o' | wc -l
}

emit include
check "include: what has nothing to redirect is said" grep -q "include reaches nothing of 'libdatachannel'" "$tmp/warnings"
check "include: and stands in its header" grep -q 'REACHES NOTHING: .* objects of libdatachannel' "$tmp/include/place-libdatachannel.h"
for each in "usrsctp usrsctp usrsctplib" "srtp2 libsrtp libsrtp" "juice-static libjuice libjuice/src"; do
    # shellcheck disable=SC2086 # words
    set -- $each
    check "include: $2 compiles under its header" compile_all "$@"
    check "include: all of its files did" equal "$(count_of "$2")" "$(commands "$1" | grep -cE -- "$3")"
    check "include: no call of malloc or free is left in $2" equal "$(plain_names "$2")" ""
    check "include: its calls have another name" sh -c "nm -u $tmp/objects-$2/*.o | grep -q ramlens_psram_"
done
compile_all datachannel-static libdatachannel 'libdatachannel/src/(description|impl/track|impl/sctptransport|configuration).cpp'
check "include: C++ sources compile under the header" equal "$(count_of libdatachannel)" 4
check "include: their operator new is not reached" sh -c "nm -u $tmp/objects-libdatachannel/*.o | grep -q ' _Znwj'"

emit objcopy
mkdir -p "$tmp/archives" "$tmp/objects"
archives='
libdatachannel libdatachannel/libdatachannel-static.a
usrsctp libdatachannel/deps/usrsctp/usrsctplib/libusrsctp.a
libsrtp libdatachannel/deps/libsrtp/libsrtp2.a
libjuice libdatachannel/deps/libjuice/libjuice-static.a
mbedtls mbedtls/library/libmbedtls.a
mbedtls mbedtls/library/libmbedx509.a
mbedtls mbedtls/library/libmbedcrypto.a'
for file in ramlens_place ramlens_targets ramlens_targets_cxx; do
    check "objcopy: $file.c compiles" "${CC:-cc}" -std=gnu11 -m32 -g -O2 -Wall -Wextra -Werror -fexceptions \
        -c "$tmp/objcopy/$file.c" -o "$tmp/objects/$file.o"
done
link=$(ninja -C "$dir" -t commands device | tail -n 1)
echo "$archives" | while read -r component archive; do
    [ -n "$component" ] || continue
    copy=$tmp/archives/$(basename "$archive")
    check "objcopy: $(basename "$archive") is renamed" objcopy --redefine-syms="$tmp/objcopy/$component.syms" "$dir/$archive" "$copy"
    check "objcopy: no name of malloc or operator new is left in it" sh -c \
        "! nm -u $copy 2>/dev/null | grep -E ' (malloc|calloc|realloc|free|_Zn[wa][jm].*|_Zd[la]Pv.*)$'"
done
link=$(echo "$link" | awk -v archives="$tmp/archives" -v objects="$tmp/objects" -v tmp="$tmp" '{
    for (i = 1; i <= NF; i++) {
        if ($i ~ /^(libdatachannel|mbedtls)\/.*\.a$/) { n = split($i, part, "/"); $i = archives "/" part[n] }
        if ($i == "-o") { $(i + 1) = tmp "/device"; last = i + 1 }
        if ($i ~ /^-Wl,-Map=/) $i = "-Wl,-Map=" tmp "/device.map"
    }
    for (i = NF; i > 0; i--) if ($i ~ /\.a$/) { $i = $i " " objects "/ramlens_place.o " objects "/ramlens_targets.o " objects "/ramlens_targets_cxx.o"; break }
    print
}')
check "objcopy: the program links from the renamed archives" sh -c "cd $dir && $link"
build_as pools.so pools -shared -fPIC -O2
cp "$dir/partner" "$tmp/" # The device looks for it beside itself.
POOLS_REPORT=$tmp/pools LD_PRELOAD=$bin/pools-$size.so "$tmp/device" --mode media --seconds 2 >"$tmp/out" 2>"$tmp/err"
check "objcopy: the program runs to its end" equal $? 0
cat "$tmp/pools"
psram=$(awk '$1 == "psram" { print $2 }' "$tmp/pools")
internal=$(awk '$1 == "internal" { print $2 }' "$tmp/pools")
check "objcopy: most of what it asks for is in PSRAM" test "$psram" -gt $((internal * 2))
finish
