"""Checks a report on the WebRTC subject: python3 answer.py REPORT.json ARCH"""

import json
import sys

report = json.load(open(sys.argv[1]))
arch = sys.argv[2]
wrong = []


def check(true, text):
    if not true:
        wrong.append(text)


check(report["schema"] == "ramlens.report/1", "schema")
check(report["arch"] == arch, "arch")
check(report["state"] == "as-ported", "state")
names = [(c["name"], c["cycle"]) for c in report["checkpoints"]]
cycle = ["created", "connected", "streaming", "closed"]
expected = [(n, None) for n in ["start", "logger-before", "logger-after", "networking"]]
expected += [(n, k) for k in (1, 2) for n in cycle] + [("cleanup", None)]
check(names == expected, f"checkpoints {names}")
check(report["trace"]["lost_allocs"] == 0 and report["trace"]["lost_frees"] == 0, "losses")
check(report["trace"]["conflicts"] == 0, "conflicts")

for index, point in enumerate(report["checkpoints"]):
    where = f"{point['name']} {point['cycle']}"
    total = point["total"]
    for key in ("live_bytes", "live_blocks"):
        check(sum(c[key] for c in point["components"]) == total[key], f"{where}: components, {key}")
        check(sum(s["at"][index][key] for s in report["sites"]) == total[key], f"{where}: sites, {key}")
    check(total["peak_bytes"] >= total["live_bytes"], f"{where}: peak")
    for component in point["components"]:
        check(sum(component["by_kind"].values()) == component["live_bytes"], f"{where}: {component['name']} by kind")
    for region in point["regions"] + point["stock_regions"]:
        check(sum(r["bytes"] for r in region["rows"]) + region["free"] == region["size"], f"{where}: {region['name']}")

connected = report["checkpoints"][names.index(("connected", 1))]
rows = {c["name"]: c for c in connected["components"]}
live = connected["total"]["live_bytes"]
check(rows["unknown"]["live_bytes"] <= live * 0.005, f"{rows['unknown']['live_bytes']} B of {live} have no component")
for name in ("libdatachannel", "libjuice", "usrsctp", "libsrtp", "mbedtls"):
    check(rows[name]["live_bytes"] > 0, f"{name} holds nothing when connected")
check(rows["libdatachannel"]["by_kind"]["malloc"] == 0, "libdatachannel has no call of malloc of its own")
check(rows["libjuice"]["by_kind"]["new"] == 0, "libjuice is C")
with_debug = [s for s in report["sites"] if s["debug_information"]]
without = [s for s in with_debug if not s["file"] or not s["line"]]
check(len(without) <= 0.01 * len(with_debug), f"sites without file and line: {without[:5]}")

for text in wrong:
    print("wrong:", text)
sys.exit(1 if wrong else 0)
