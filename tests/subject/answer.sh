#!/bin/sh
# The answer on the real stack: it adds up, it names what it should, and it is the same twice.
. "${0%/*}/common.sh"

for arch in i386 x86_64; do
    trace=$out/answer-$arch.rlt
    case_of "a session is recorded ($arch)" build/ramlens record -q -f -o "$trace" -- \
        build/webrtc/$arch/device --mode media --seconds 2 --cycles 2 2>"$out/device-$arch.log"
    report="build/ramlens report --target esp32p4 --subject subjects/webrtc"
    $report --json "$trace" >"$out/$arch.json"
    case_of "the answer adds up ($arch)" python3 tests/subject/answer.py "$out/$arch.json" $arch
    case_of "the JSON keeps to its schema ($arch)" /usr/bin/python3 tests/subject/schema.py docs/report.schema.json "$out/$arch.json"
    $report "$trace" >"$out/$arch.1"
    version=$(sed -n 's/^mbedtls \(3\.6\.[0-9]*\) Debian source package.*/\1/p' build/webrtc/versions)
    case_of "the version of mbedTLS stands in the report ($arch)" \
        grep -q "^built with .*mbedtls ${version:-none} (Debian source package" "$out/$arch.1"
    $report "$trace" >"$out/$arch.2"
    next=$(build/ramlens explain --subject subjects/webrtc "$trace" libsrtp | sed -n 's/^next: //p')
    case_of "the command that a component names next shows a site ($arch)" \
        sh -c "build/$next | grep -q '^site .* of libsrtp'"
    case_of "two reports of one trace are equal ($arch)" cmp "$out/$arch.1" "$out/$arch.2"
done
exit "$result"
