#!/bin/sh
# Builds the stack, the device's program and its partner for one word size into
# build/webrtc/ARCH/{device,partner}, with the linker's map beside each (device.map, partner.map)
# and the sources' versions (device.versions, as fetch.sh writes them).
#
# usage: subjects/webrtc/build.sh i386|x86_64
#
# FRAME_POINTERS=0   build without frame pointers, into build/webrtc/ARCH-nofp
# OPTIMISE=-Os       other than -O2, into build/webrtc/ARCH-Os
# DATACHANNEL_SRC=, MBEDTLS_SRC=   source trees of one's own, see fetch.sh
# STATE=             a state of the port instead, see states/state.sh: build/webrtc/ARCH-STATE/device
# JOBS=              compilers at a time; default: the processors
#
# Quick when everything is up to date. Progress goes to stderr, output of the tools to
# build/webrtc/log; of a step that fails the log's end is shown.
set -eu
cd "$(dirname "$0")/../.."
build=$PWD/build/webrtc
steps=8

arch=${1:-}
case $arch in
i386) word=32 ;;
x86_64) word=64 ;;
*)
    echo "usage: subjects/webrtc/build.sh i386|x86_64" >&2
    exit 2
    ;;
esac
if [ "${STATE:-stock}" != stock ]; then
    exec subjects/webrtc/states/state.sh "$arch" "$STATE"
fi
frame_pointers=${FRAME_POINTERS:-1}
name=$arch
[ "$frame_pointers" = 1 ] || name=$arch-nofp
optimise=${OPTIMISE:--O2}
[ "$optimise" = -O2 ] || name=$name$optimise
dir=$build/$name
jobs=${JOBS:-$(nproc)}
settings="-DWORD_SIZE=$word -DFRAME_POINTERS=$frame_pointers"
[ "$optimise" = -O2 ] || settings="$settings -DOPTIMISE=$optimise"
datachannel=${DATACHANNEL_SRC:-$build/source/libdatachannel}
mbedtls=${MBEDTLS_SRC:-$build/source/mbedtls}

step=0
begin() {
    step=$((step + 1))
    printf '[%d/%d] %s (%s)' "$step" "$steps" "$1" "$name" >&2
}

done_with_it() {
    printf '\n' >&2
}

failed() {
    printf '\n' >&2
    tail -n 30 "$1" >&2
    echo "subjects/webrtc/build.sh: failed; the whole output is in $1" >&2
    exit 1
}

configuration() {
    echo "$settings $datachannel $mbedtls"
}

is_up_to_date() {
    [ -f "$dir/device.versions" ] && [ "$(cat "$dir/configured" 2>/dev/null)" = "$(configuration)" ] &&
        ninja -C "$dir" -n device partner 2>/dev/null | grep -q 'no work to do'
}

configure() {
    begin configuring
    if [ "$(cat "$dir/configured" 2>/dev/null)" != "$(configuration)" ]; then
        log=$build/log/$name-configure.log
        rm -rf "$dir"
        # shellcheck disable=SC2086 # settings are words
        cmake -G Ninja -S subjects/webrtc -B "$dir" $settings -DDATACHANNEL_SRC="$datachannel" \
            -DMBEDTLS_SRC="$mbedtls" >"$log" 2>&1 || failed "$log"
        configuration >"$dir/configured"
    fi
    done_with_it
}

# On a terminal: how many of a step's files are done, written over itself.
count_files() {
    if [ ! -t 2 ]; then
        cat >/dev/null
        return
    fi
    awk -v back='' '/^[0-9]+\/[0-9]+ / {
        printf "%s %s", back, $1 > "/dev/stderr"; fflush("/dev/stderr")
        back = ""; for (i = -1; i < length($1); i++) back = back "\b"
    }'
}

# compile WHAT TARGET...: one step of the build.
compile() {
    begin "building $1"
    log=$build/log/$name-$2.log
    shift
    { NINJA_STATUS='%f/%t ' ninja -C "$dir" -j "$jobs" "$@" 2>&1 || echo "ninja: failed"; } |
        tee "$log" | count_files
    ! grep -q '^ninja: failed' "$log" || failed "$log"
    done_with_it
}

if is_up_to_date; then
    [ -n "${QUIET:-}" ] || echo "subject ($name) is up to date" >&2
    exit 0
fi
mkdir -p "$build/log"
begin "fetching sources"
done_with_it
subjects/webrtc/fetch.sh
configure
compile mbedtls mbedtls mbedx509 mbedcrypto
compile usrsctp usrsctp
compile libsrtp srtp2
compile libjuice juice-static
compile libdatachannel datachannel-static
compile "device and partner" device partner
cp "$build/versions" "$dir/device.versions"
