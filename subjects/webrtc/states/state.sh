#!/bin/sh
# Builds a state of the port (see the file `states`) into build/webrtc/ARCH-STATE/device, by its own mechanism: what ramlens
# emit writes from the state's plan is forced into libraries, linked in, or applied to copies of their archives.
#
# usage: subjects/webrtc/states/state.sh ARCH STATE      or STATE=... subjects/webrtc/build.sh ARCH
#
# The stock build comes first, then the states before; only what a state changes is made anew. Quick when nothing is to do, and silent
# then with QUIET=1.
# What ramlens emit said of the reach is in build/webrtc/ARCH-STATE/placement/FORM.txt.
set -eu
cd "$(dirname "$0")/../../.."
arch=$1
state=$2
build=$PWD/build/webrtc
table=subjects/webrtc/states/states
datachannel=${DATACHANNEL_SRC:-$build/source/libdatachannel}
mbedtls=${MBEDTLS_SRC:-$build/source/mbedtls}
jobs=${JOBS:-$(nproc)}

fail() {
    echo "subjects/webrtc/states/state.sh: $*" >&2
    exit 1
}

# word STATE KEY: the rest of the state's line KEY; nothing when there is none. `yes` for a line without more.
word() {
    awk -v state="$1" -v key="$2" '{ sub(/[ \t]*#.*/, "") } $1 == "state" { here = $2 == state }
        here && $1 == key { sub(/^[ \t]*[^ \t]+[ \t]*/, ""); print $0 == "" ? "yes" : $0; exit }' "$table"
}

folder() { # STATE
    [ "$1" = stock ] && echo "$build/$arch" || echo "$build/$arch-$1"
}

[ -n "$(word "$state" state)" ] || fail "no state '$state' in $table"
[ -x build/ramlens ] || fail "build/ramlens is not there; make host"
if [ "$state" = stock ]; then
    STATE='' exec subjects/webrtc/build.sh "$arch"
fi

dir=$(folder "$state")
stock=$(folder stock)
plan=subjects/webrtc/states/$(word "$state" plan)
placement=$dir/placement
before=$(word "$state" from)
before=${before:-$(word "$state" after)}
mkdir -p "$placement" "$build/log"
QUIET=1 "$0" "$arch" "$before"
mkdir -p "$stock/archives"
for archive in "$stock"/libsignalling.a "$stock"/libdatachannel/*.a "$stock"/libdatachannel/deps/usrsctp/usrsctplib/*.a \
    "$stock"/libdatachannel/deps/libsrtp/*.a "$stock"/libdatachannel/deps/libjuice/*.a "$stock"/mbedtls/library/*.a; do
    ln -sfn "$archive" "$stock/archives/$(basename "$archive")"
done

# emit FORM: writes the form's files, drops those of an earlier plan.
emit() {
    build/ramlens emit --as "$1" -f -o "$placement/$1" --target esp32p4 --subject subjects/webrtc \
        --program "$stock/device" "$plan" >"$placement/$1.files" 2>"$placement/$1.txt" ||
        fail "ramlens emit --as $1: $(cat "$placement/$1.txt")"
    for file in "$placement/$1"/*; do
        grep -qxF "$file" "$placement/$1.files" || rm "$file"
    done
}

# A library that is compiled with the header needs what the header names, in every state that links it.
includes() { # STATE
    [ "$1" = stock ] || [ -n "$(word "$1" from)" ] || {
        word "$1" include
        includes "$(word "$1" after)"
    }
}

link=
rename=
if [ -n "$(includes "$state")" ]; then
    emit include
    link="$link include/ramlens_targets.c include/ramlens_place.c"
fi
if [ -n "$(word "$state" cxx)" ]; then
    emit cxx
    link="$link cxx/ramlens_operators.c"
fi
if [ -n "$(word "$state" objcopy)" ]; then
    emit objcopy
    for file in "$placement"/objcopy/*.c; do
        link="$link objcopy/$(basename "$file")"
    done
    for file in "$placement"/objcopy/*.syms; do
        rename="$rename $(basename "$file" .syms)"
    done
fi
if [ -n "$(word "$state" threads)" ]; then
    emit esp-idf
    link="$link esp-idf/ramlens_threads.c"
fi

list() { # WORD... as CMake writes lists
    echo "$*" | tr ' ' ';'
}

# shellcheck disable=SC2046,SC2086 # lists are words
settings="-DWORD_SIZE=$([ "$arch" = x86_64 ] && echo 64 || echo 32) -DSTOCK=$stock -DBEFORE=$(folder "$before")
-DPLACEMENT=$placement -DINCLUDE=$(list $(word "$state" include)) -DRENAME=$(list $rename) -DLINK=$(list $link)
-DDATACHANNEL_SRC=$datachannel -DMBEDTLS_SRC=$mbedtls"
log=$build/log/$arch-$state.log
if [ "$(cat "$dir/configured" 2>/dev/null)" != "$settings" ]; then
    rm -rf "$dir/CMakeCache.txt" "$dir/CMakeFiles" "$dir/archives"
    mkdir -p "$dir/archives"
    # shellcheck disable=SC2086 # settings are words
    cmake -G Ninja -S subjects/webrtc/states -B "$dir" $settings >"$log" 2>&1 || {
        tail -n 30 "$log" >&2
        fail "failed; the whole output is in $log"
    }
    echo "$settings" >"$dir/configured"
fi
if ninja -C "$dir" -n device 2>/dev/null | grep -q 'no work to do'; then
    [ -n "${QUIET:-}" ] || echo "subject ($arch, $state) is up to date" >&2
    exit 0
fi
echo "building state $state ($arch)" >&2
ninja -C "$dir" -j "$jobs" device >>"$log" 2>&1 || {
    tail -n 30 "$log" >&2
    fail "failed; the whole output is in $log"
}
ln -sfn "$stock/partner" "$dir/partner"
cp "$stock/device.versions" "$dir/device.versions"
