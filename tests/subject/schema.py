"""Validates a document: python3 schema.py SCHEMA DOCUMENT (Debian's python3-jsonschema)"""

import json
import sys

import jsonschema

validator = jsonschema.Draft202012Validator(json.load(open(sys.argv[1])))
document = json.load(open(sys.argv[2]))
errors = list(validator.iter_errors(document))
for error in errors[:5]:
    print("wrong:", list(error.absolute_path), error.message[:200])

# A schema that accepts anything proves nothing.
document["checkpoints"][0]["total"].pop("live_bytes")
if validator.is_valid(document):
    errors.append("a missing field was not seen")
    print("wrong:", errors[-1])
sys.exit(1 if errors else 0)
