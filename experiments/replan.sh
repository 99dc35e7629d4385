#!/bin/sh
# Chooses the state ramlens-plan anew: ramlens plan rewrites its own lines in the plan file, from a recorded run of the stock device, and
# keeps those that people wrote. The run is the one that experiments/run.sh records for its predictions, if that is there.
#
# usage: [SECONDS_STREAMING=60] experiments/replan.sh
set -eu
cd "$(dirname "$0")/.."
seconds=${SECONDS_STREAMING:-60}
trace=out/experiments/stock-${seconds}s.rlt
plan=subjects/webrtc/states/ramlens-plan
QUIET=1 subjects/webrtc/build.sh i386
mkdir -p out/experiments
if [ ! -f "$trace" ]; then
    echo "recording the stock device, $seconds s" >&2
    build/ramlens record -q -f -o "$trace" -- build/webrtc/i386/device --mode media --seconds "$seconds"
fi
build/ramlens plan --target esp32p4 --subject subjects/webrtc --everything --stacks --update "$plan" "$trace" >out/experiments/plan.txt
echo "rewritten: $plan; how it was chosen: out/experiments/plan.txt"
