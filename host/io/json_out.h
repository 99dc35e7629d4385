/// JSON for programs: integers in base units, keys in the order in which they were set.
#ifndef RAMLENS_JSON_OUT_H
#define RAMLENS_JSON_OUT_H

#include "out.h"
#include "str.h"

#include <jansson.h>
#include <stdint.h>

/// Sets `key` of the object. Bytes that are not UTF-8 become U+FFFD: names come from files.
void json_out_str(json_t *object, const char *key, struct str value);
/// Numbers above 2^63 - 1, which no JSON reader of the field takes, become that.
void json_out_number(json_t *object, const char *key, uint64_t value);
void json_out_signed(json_t *object, const char *key, int64_t value);

/// A string value; the caller owns the reference.
json_t *json_out_value(struct str value);

/// Writes the document with a line end and gives `root` back.
void json_out_write(json_t *root, struct out *out);

#endif
