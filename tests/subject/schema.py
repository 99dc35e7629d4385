"""Validates a document: python3 schema.py SCHEMA DOCUMENT [PATH... KEY] (Debian's python3-jsonschema)

A schema that accepts anything proves nothing: without KEY at PATH the document must be refused. By default that is a
report's checkpoints[0].total.live_bytes."""

import json
import sys

import jsonschema

validator = jsonschema.Draft202012Validator(json.load(open(sys.argv[1])))
document = json.load(open(sys.argv[2]))
errors = list(validator.iter_errors(document))
for error in errors[:5]:
    print("wrong:", list(error.absolute_path), error.message[:200])

path = sys.argv[3:] or ["checkpoints", "0", "total", "live_bytes"]
place = document
for step in path[:-1]:
    place = place[int(step)] if isinstance(place, list) else place[step]
place.pop(path[-1])
if validator.is_valid(document):
    errors.append("a missing field was not seen")
    print("wrong:", errors[-1])
sys.exit(1 if errors else 0)
