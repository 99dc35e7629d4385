#!/bin/sh
# The main job on the real stack: set up, build, record a WebRTC session, answer; then the states of the port, each really built and
# run, in one table (the short form of make experiments). Quick when everything is built.
# Results: out/demo/trace.rlt, report.txt, report.json; out/experiments/experiments.txt, experiments.json.
set -eu
cd "$(dirname "$0")/.."
seconds=${SECONDS_STREAMING:-5}
log=out/demo/log
mkdir -p "$log"

step() {
    echo "[$1/6] $2" >&2
}

# Runs a command with its output in a file; shows the file's end if it fails.
quietly() {
    file=$log/$1
    shift
    if ! "$@" >"$file" 2>&1; then
        tail -n 30 "$file" >&2
        echo "demo: failed; the whole output is in $file" >&2
        exit 2
    fi
}

step 1 "installing what is missing"
tools/setup.sh host subject
step 2 "building ramlens"
quietly build.txt make -j2 host runtime experiments-table
step 3 "building the WebRTC stack for i386, its C libraries for RISC-V (about two minutes the first time)"
make subject-i386 subject-rv32 standin >&2
step 4 "recording a session: connect, $seconds s of video and audio, close"
quietly record.txt build/ramlens record -f -o out/demo/trace.rlt -- \
    build/webrtc/i386/device --mode media --seconds "$seconds"
step 5 "answering"
answer() {
    # Static data of the C libraries as compiled for the chip; that of the C++ parts as linked for i386.
    build/ramlens report --target esp32p4 --subject subjects/webrtc "$@" out/demo/trace.rlt \
        --archives build/webrtc/rv32/libusrsctp.a build/webrtc/rv32/libsrtp2.a \
        build/webrtc/rv32/libjuice.a build/webrtc/rv32/libmbedtls.a
}
answer --json >out/demo/report.json
answer >out/demo/report.txt
answer
cat <<'END'

written: out/demo/trace.rlt, out/demo/report.txt, out/demo/report.json
next: build/ramlens size --by symbol --filter kind=zero build/webrtc/rv32/*.a
      build/ramlens explain --subject subjects/webrtc out/demo/trace.rlt libdatachannel

END
step 6 "carrying out the porting plan: five states, built and run in the chip's memory (three minutes the first time)"
RUNS=1 SECONDS_STREAMING=$seconds experiments/run.sh
echo "next: make experiments (60 s of streaming, 5 runs each)"
