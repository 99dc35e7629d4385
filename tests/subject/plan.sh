#!/bin/sh
# Planning on the real stack: goals are met as replay counts them, predictions are replay's own to the byte, no threshold is better.
# shellcheck disable=SC2317 # case_of calls most functions
cd "$(dirname "$0")/../.." || exit 2
out=build/tests/subject
mkdir -p "$out"
trace=$out/plan.rlt
result=0

case_of() { # NAME COMMAND...
    name=$1
    shift
    if "$@"; then
        echo "ok $name"
    else
        echo "not ok $name"
        result=1
    fi
}

with="--target esp32p4 --subject subjects/webrtc"

plan() { # NAME OPTION...: the plan, the JSON beside it
    file=$out/$1.plan
    shift
    # shellcheck disable=SC2086 # options are words
    build/ramlens plan $with --json -f -o "$file" "$@" "$trace" >"$file.json" 2>/dev/null
}

# The plan's file, replayed by itself, gives what its head predicts at every checkpoint and at the worst moment.
agrees() { # NAME
    # shellcheck disable=SC2086
    build/ramlens replay $with --json --plan "$out/$1.plan" "$trace" >"$out/$1.replay.json"
    python3 - "$out/$1.plan" "$out/$1.replay.json" <<'END'
import json, shlex, sys
state = json.load(open(sys.argv[2]))["states"][0]
now = {}
for c in state["checkpoints"]:
    name = f"{c['name']} {c['cycle']}" if c["cycle"] else c["name"]
    now[name] = (c["regions"]["counted"]["free"], c["regions"]["counted"]["largest"])
worst = state["worst"]["counted"]
now["worst"] = (worst["free"], worst["largest"])
told = {}
for line in open(sys.argv[1]):
    words = shlex.split(line, comments=True)
    if words[:1] == ["predicted"]:
        told[words[1]] = (int(words[4]), int(words[6]))
if told != now:
    sys.exit(f"predicted {told}\nreplayed  {now}")
END
}

# A sentence, in Python, about the plan p is true.
says() { # NAME SENTENCE
    python3 -c 'import json, sys; p = json.load(open(sys.argv[1])); sys.exit(not eval(sys.argv[2]))' "$out/$1.plan.json" "$2"
}

holds() { # NAME: no threshold has more free at the worst moment at no more cost
    says "$1" "p['dominated_by_threshold'] is None and not any(c['worst_free'] > p['result']['worst_free'] and c['requests_out'] <= p['result']['requests_out'] for c in p['curve'])"
}

case_of "a session is recorded" build/ramlens record -q -f -o "$trace" -- \
    build/webrtc/i386/device --mode media --seconds 3 2>"$out/plan-device.log"

case_of "the knee is found" plan knee
case_of "it is at most ten lines" says knee "len(p['steps']) <= 10"
case_of "it wins more than half of what can be won at the worst moment" says knee \
    "p['result']['worst_free'] - p['before']['worst_free'] > (p['everything']['worst_free'] - p['before']['worst_free']) / 2"
case_of "for less than a third of the requests" says knee "p['result']['requests_out'] < p['everything']['requests_out'] / 3"
case_of "everything is planned" plan everything --everything
# Kernel objects apart. Two blocks of a component are beyond malloc's threshold: they are not internal anyway.
case_of "of the five components' bytes next to nothing is left" says everything \
    "sum(s['malloc'] + s['new'] for s in p['stays'] if s['component'] in ('libdatachannel', 'libjuice', 'usrsctp', 'libsrtp', 'plog')) == 0"
case_of "a goal at connected is met" plan connected --free internal=580K@connected
case_of "as replay counts it" says connected "p['met'] and p['result']['goal_free'] >= 580 << 10"
for which in knee everything connected; do
    case_of "replay of the file gives what its head predicts ($which)" agrees "$which"
    case_of "no threshold is better ($which)" holds "$which"
done
plan far --free internal=700K@connected
case_of "a goal out of reach is exit code 1" test $? = 1
case_of "mbedTLS, which stays, is in the way" says far "any(s['component'] == 'mbedtls' and s['malloc'] > 20000 for s in p['stays'])"
exit $result
