#!/bin/sh
# Brings the stack's sources into build/webrtc/source: libdatachannel (with libjuice, usrsctp,
# libsrtp and plog) from the crate that source/Cargo.lock pins, mbedTLS from the source package of
# Debian trixie. Writes build/webrtc/versions: one line `component version origin` each.
#
# usage: subjects/webrtc/fetch.sh          from any folder; quick when nothing is missing
#
# DATACHANNEL_SRC and MBEDTLS_SRC may name source trees of one's own (the folder that holds
# libdatachannel's or mbedTLS's CMakeLists.txt); nothing is downloaded for those.
set -eu
cd "$(dirname "$0")/../.."
build=$PWD/build/webrtc
source=$build/source
datachannel=${DATACHANNEL_SRC:-$source/libdatachannel}
mbedtls=${MBEDTLS_SRC:-$source/mbedtls}

fail() {
    echo "subjects/webrtc/fetch.sh: $*" >&2
    exit 1
}

# Runs a command with its output in the log named first; on failure shows the log's end.
logged() {
    log=$build/log/$1.log
    shift
    mkdir -p "$build/log"
    if ! "$@" >"$log" 2>&1; then
        tail -n 25 "$log" >&2
        fail "'$1' failed; its whole output is in $log"
    fi
}

# The first number of `cargo 1.85.0 (...)` that matters: 85.
cargo_is_new_enough() {
    minor=$(cargo --version 2>/dev/null | sed -n 's/^cargo 1\.\([0-9]*\)\..*/\1/p')
    [ "${minor:-0}" -ge 78 ]
}

fetch_datachannel() {
    cargo_is_new_enough || fail "cargo 1.78 or newer is needed; run tools/setup.sh subject"
    rm -rf "$source/crates" "$source/libdatachannel"
    # The lock file's checksums decide what is accepted. --versioned-dirs: the folder says which.
    logged fetch-datachannel cargo vendor --locked --versioned-dirs \
        --manifest-path subjects/webrtc/source/Cargo.toml "$source/crates"
    crate=$(echo "$source"/crates/datachannel-sys-*)
    [ -f "$crate/libdatachannel/CMakeLists.txt" ] || fail "$crate holds no libdatachannel"
    mv "$crate/libdatachannel" "$source/libdatachannel"
    rm -rf "$source/crates"
}

# Where this machine gets Debian from: the address that serves the release's own packages.
debian_mirror() {
    # shellcheck disable=SC2016
    apt-get indextargets --format '$(REPO_URI)|$(CODENAME)' 2>/dev/null |
        awk -F'|' '$2 !~ /-/ && $2 != "" { print $1; exit }'
}

# apt with lists, cache and sources of its own below $apt: the system's are not read or changed.
private_apt() {
    apt-get -q -o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$apt/sources" \
        -o "Dir::State::lists=$apt/lists" -o "Dir::Cache=$apt/cache" \
        -o APT::Sandbox::User=root -o Acquire::Languages=none "$@"
}

download_mbedtls() {
    apt=$source/apt
    mirror=$(debian_mirror)
    [ -n "$mirror" ] ||
        fail "apt names no Debian mirror; set MBEDTLS_SRC to a source tree of mbedTLS 3.6"
    rm -rf "$apt"
    mkdir -p "$apt/sources" "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/files"
    cat >"$apt/sources/trixie.sources" <<END
Types: deb-src
URIs: $mirror
Suites: trixie
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
END
    logged fetch-mbedtls-lists private_apt update
    # apt-get source writes into the current folder.
    (cd "$apt/files" && logged fetch-mbedtls private_apt source --download-only mbedtls)
}

fetch_mbedtls() {
    download_mbedtls
    set -- "$apt"/files/mbedtls_3.6*.dsc
    [ -f "$1" ] || fail "trixie's mbedtls is not a 3.6: $(ls "$apt/files")"
    # apt has checked the files against the signed index already.
    logged unpack-mbedtls dpkg-source --no-check -x "$1" "$apt/files/mbedtls"
    sed -n 's/^Version: *//p' "$1" >"$source/mbedtls.debian-version"
    # Last, and in one step: a tree that is there is whole.
    rm -rf "$source/mbedtls"
    mv "$apt/files/mbedtls" "$source/mbedtls"
    rm -rf "$apt"
}

# What a header says of itself; works for trees of one's own too.
version_of_datachannel() {
    sed -n 's/.*RTC_VERSION "\(.*\)".*/\1/p' "$datachannel/include/rtc/version.h"
}
version_of_mbedtls() {
    sed -n 's/.*MBEDTLS_VERSION_STRING  *"\(.*\)".*/\1/p' "$mbedtls/include/mbedtls/build_info.h"
}

origin_of_datachannel() {
    if [ -n "${DATACHANNEL_SRC:-}" ]; then
        echo "local tree"
    else
        sed -n '/name = "datachannel-sys"/{n;s/version = "\(.*\)"/crate datachannel-sys \1/p;}' \
            subjects/webrtc/source/Cargo.lock
    fi
}
origin_of_mbedtls() {
    if [ -n "${MBEDTLS_SRC:-}" ]; then
        echo "local tree"
    else
        echo "Debian source package mbedtls $(cat "$source/mbedtls.debian-version")"
    fi
}

write_versions() {
    {
        echo "libdatachannel $(version_of_datachannel) $(origin_of_datachannel)"
        echo "mbedtls $(version_of_mbedtls) $(origin_of_mbedtls)"
    } >"$build/versions.new"
    # Its time stamp changes only with its content.
    cmp -s "$build/versions.new" "$build/versions" || cp "$build/versions.new" "$build/versions"
    rm "$build/versions.new"
}

mkdir -p "$source"
# Two builds may start at once; the second waits here for the first one's download.
exec 9>"$source/lock"
flock 9
if [ ! -f "$datachannel/CMakeLists.txt" ]; then
    [ -z "${DATACHANNEL_SRC:-}" ] || fail "DATACHANNEL_SRC: no CMakeLists.txt in $DATACHANNEL_SRC"
    fetch_datachannel
fi
if [ ! -f "$mbedtls/CMakeLists.txt" ]; then
    [ -z "${MBEDTLS_SRC:-}" ] || fail "MBEDTLS_SRC: no CMakeLists.txt in $MBEDTLS_SRC"
    fetch_mbedtls
fi
case $(version_of_mbedtls) in
3.6.*) ;;
*) fail "mbedTLS in $mbedtls is $(version_of_mbedtls); 3.6 is needed" ;;
esac
write_versions
