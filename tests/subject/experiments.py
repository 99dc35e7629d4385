"""Checks the table of the experiments: python3 experiments.py EXPERIMENTS.json SCHEMA

That its numbers add up; and that the schema would see a missing field."""

import json
import sys

import jsonschema

document = json.load(open(sys.argv[1]))
validator = jsonschema.Draft202012Validator(json.load(open(sys.argv[2])))
wrong = [f"schema: {list(e.absolute_path)} {e.message[:160]}" for e in validator.iter_errors(document)][:5]


def check(true, text):
    if not true:
        wrong.append(text)


states = ["stock", "as-ported", "quick-win-1", "quick-win-2", "ramlens-plan"]
rows = {(r["state"], r["setting"]): r for r in document["rows"]}
check(sorted(rows) == sorted((s, t) for s in states for t in ("bare", "observed")), f"rows {sorted(rows)}")
names = ["start", "networking", "connected", "streaming", "closed"]
for (state, setting), row in rows.items():
    where = f"{state}, {setting}"
    check(row["runs_completed"] == row["runs"], f"{where}: {row['complaint']}")
    check([n for n in names if n not in row["checkpoints"]] == [], f"{where}: checkpoints {list(row['checkpoints'])}")
    previous = rows.get((states[states.index(state) - 1], setting)) if state != "stock" else None
    for name, at in row["checkpoints"].items():
        there = f"{where}, {name}"
        check(at["measured_free_min"] <= at["measured_free"] <= at["measured_free_max"], f"{there}: spread")
        check(at["measured_largest"] <= at["measured_free"], f"{there}: largest")
        check(at["difference"] == at["predicted_free"] - at["measured_free"], f"{there}: difference")
        stock = rows["stock", setting]["checkpoints"][name]
        check(at["gain_vs_stock"] == at["measured_free"] - stock["measured_free"], f"{there}: gain over stock")
        gain = None if previous is None else at["measured_free"] - previous["checkpoints"][name]["measured_free"]
        check(at["gain_vs_previous"] == gain, f"{there}: gain over the row before")
        for component, total in at["left_internal"].items():
            check(sum(at["left_internal_why"][component].values()) == total, f"{there}: {component} by reason")
seen = rows["as-ported", "observed"]["checkpoints"]["networking"]["measured_free"]
check(abs(seen - 409600) < 64, f"as-ported at networking, observed: {seen}")
check([c for c in document["checks"] if not c["pass"]] == [], f"checks {[c for c in document['checks'] if not c['pass']]}")
header = [c for c in document["claims"] if c["name"] == "libdatachannel: the header"]
check(header and header[0]["measured"] == 0 and header[0]["verdict"] == "wrong", f"the header in libdatachannel: {header}")

# A schema that accepts anything proves nothing.
document["rows"][0]["checkpoints"]["connected"].pop("measured_free")
check(not validator.is_valid(document), "a missing field was not seen")

for text in wrong:
    print("wrong:", text)
sys.exit(1 if wrong else 0)
