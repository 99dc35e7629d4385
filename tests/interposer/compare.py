"""Compares live totals: python3 compare.py TRIVIAL.txt LIVE.txt REPORT.json QUIET...

TRIVIAL.txt is what tests/interposer/trivial.c wrote, LIVE.txt comes from `ramlens info --live`, REPORT.json from
`ramlens report --json`; all three of one run. At the checkpoints named in QUIET bytes and blocks must be equal; at the
others ours must lie between the lowest and the highest that the interposer saw around the checkpoint. "all" stands for
every checkpoint. Prints what differs; the exit code says whether anything did.
"""
import json
import sys


def read_trivial(path):
    for line in open(path):
        name, cycle, bytes_, blocks, low, high = line.split()
        yield name, int(cycle), int(bytes_), int(blocks), int(low), int(high)


def read_live(path):
    lines = open(path).read().splitlines()
    columns = lines[0].split()
    for line in lines[1:-1]:  # the last is the end of the run
        row = dict(zip(columns, line.split()))
        yield row["checkpoint"], int(row["cycle"]), int(row["bytes"]), int(row["blocks"])


def read_report(path):
    for c in json.load(open(path))["checkpoints"]:
        total = c["total"]
        yield c["name"], c["cycle"] or 0, total["live_bytes"], total["live_blocks"]


def compare(what, trivial, ours, quiet):
    problems = []
    if [t[:2] for t in trivial] != [o[:2] for o in ours]:
        return [f"{what}: the checkpoints differ: {[t[:2] for t in trivial]}, {[o[:2] for o in ours]}"]
    for (name, cycle, bytes_, blocks, low, high), (_, _, our_bytes, our_blocks) in zip(trivial, ours):
        exact = "all" in quiet or name in quiet
        if exact and (our_bytes, our_blocks) != (bytes_, blocks):
            problems.append(f"{what}: {name} {cycle}: {our_bytes} bytes in {our_blocks} blocks, "
                            f"the interposer says {bytes_} in {blocks}")
        if not low <= our_bytes <= high:
            problems.append(f"{what}: {name} {cycle}: {our_bytes} bytes, the interposer saw {low} to {high}")
    return problems


def main(trivial_path, live_path, report_path, *quiet):
    trivial = list(read_trivial(trivial_path))
    live = list(read_live(live_path))
    report = list(read_report(report_path))
    problems = [] if trivial else ["the interposer wrote nothing"]
    problems += compare("info", trivial, live, quiet)
    problems += compare("report", trivial, report, quiet)
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
