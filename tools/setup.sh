#!/bin/sh
# Installs the Debian packages that a part of this project needs and this machine lacks.
#
# usage: tools/setup.sh GROUP...        groups: host runtime subject test fuzz bench, or all
#
# Nothing missing: says nothing and takes a few hundredths of a second. As root, or where sudo asks
# for no password, it installs. Otherwise it prints the one line that would, on stdout, and exits 2.
# Exit 1: the installation failed. Progress goes to stderr.
#
# This is the one place that lists packages. Tested on Debian 12 (bookworm); 13 has the same names.
set -eu

packages_of() {
    case $1 in
    # the ramlens command
    host) echo gcc libc6-dev make pkg-config libdw-dev libelf-dev libjansson-dev libiberty-dev zlib1g-dev libzstd-dev ;;
    # the recorder, for both word sizes
    runtime) echo gcc libc6-dev make gcc-multilib ;;
    # the WebRTC stack: compilers for both word sizes and for the chip, and what fetches and unpacks its sources
    subject) echo make g++ gcc-multilib g++-multilib cmake ninja-build dpkg-dev xz-utils bzip2 python3 \
        gcc-riscv64-unknown-elf binutils-riscv64-unknown-elf libc6-dev-riscv64-cross \
        ca-certificates debian-archive-keyring "$(cargo_package)" ;;
    test) echo gcc libc6-dev make gcc-multilib g++ g++-multilib libcmocka-dev clang-format \
        clang-tidy cppcheck shellcheck gcc-riscv64-unknown-elf gcc-arm-none-eabi gcc-xtensa-lx106 clang lld llvm dwarves \
        elfutils binutils gdb valgrind python3 python3-jsonschema python3-venv ca-certificates "$(cargo_package)" ;;
    fuzz) echo clang libclang-rt-dev ;;
    bench) echo heaptrack valgrind python3-venv "$(npm_package)" ;;
    *) return 1 ;;
    esac
}

# The crates' lock files need cargo 1.78, one crate's edition 1.85. One that is on PATH serves;
# bookworm's own `cargo` is too old, but it carries a newer one as `cargo-web`.
cargo_package() {
    minor=$(cargo --version 2>/dev/null | sed -n 's/^cargo 1\.\([0-9]*\)\..*/\1/p')
    [ "${minor:-0}" -lt 85 ] || return 0
    release=$(sed -n 's/^VERSION_ID="*\([0-9]*\).*/\1/p' /etc/os-release 2>/dev/null)
    [ "${release:-13}" -le 12 ] && echo cargo-web || echo cargo
}

# One that is on PATH serves: nodejs of elsewhere brings its own, and Debian's package conflicts with that.
npm_package() {
    command -v npm >/dev/null || echo npm
}

wanted() {
    for group in "$@"; do
        packages_of "$group"
    done | tr ' ' '\n' | sed '/^$/d' | sort -u
}

# Of the names on stdin those that are not installed. dpkg-query names on stderr those it has never
# heard of and lists only the others, so what is installed is taken away from what is wanted.
not_installed() {
    names=$(cat)
    # shellcheck disable=SC2086,SC2016 # names are words; the braces are dpkg's
    installed=$(dpkg-query -W -f '${Package} ${Status}\n' $names 2>/dev/null |
        sed -n 's/ .* ok installed$//p')
    for name in $names; do
        echo "$installed" | grep -qxF "$name" || echo "$name"
    done
}

# Whether apt knows where to get each of the given packages; its lists may be empty or old.
apt_knows() {
    for name in "$@"; do
        apt-cache policy "$name" 2>/dev/null | grep -q '^  Candidate: [^(]' || return 1
    done
}

# --no-remove: where a package of the user's is in the way, apt says so and stops.
apt_install() {
    $as_root apt-get install -y -q --no-install-recommends --no-remove "$@" >&2
}

install() {
    echo "set-up: installing $*" >&2
    if apt_knows "$@" && apt_install "$@"; then
        return 0
    fi
    # What the lists name may be gone from the mirror.
    echo "set-up: refreshing apt's lists" >&2
    $as_root apt-get -q update >&2 && apt_install "$@"
}

[ $# -gt 0 ] || {
    echo "usage: tools/setup.sh host|runtime|subject|test|fuzz|bench|all ..." >&2
    exit 2
}
[ "$*" != all ] || set -- host runtime subject test fuzz bench
for group in "$@"; do
    packages_of "$group" >/dev/null || {
        echo "tools/setup.sh: no group '$group'; there are host, runtime, subject, test, fuzz, bench" >&2
        exit 2
    }
done

# shellcheck disable=SC2046 # one word a package
set -- $(wanted "$@" | not_installed)
[ $# -gt 0 ] || exit 0

as_root=
export DEBIAN_FRONTEND=noninteractive
if [ "$(id -u)" = 0 ]; then
    install "$@"
elif sudo -n true 2>/dev/null; then
    as_root="sudo -n"
    install "$@"
else
    echo "set-up: $# packages are missing and this is not root; run this, then try again:" >&2
    echo "sudo apt-get update && sudo apt-get install --no-install-recommends $*"
    exit 2
fi
