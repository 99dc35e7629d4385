// See json_out.h.
#include "json_out.h"

#include "utf8.h"

#include <stdlib.h>
#include <string.h>

json_t *json_out_value(struct str value) {
    if (utf8_check(value.at, value.len) == value.len)
        return json_stringn_nocheck(value.at, value.len);
    // At worst each byte becomes three.
    char *clean = malloc(value.len * 3 + 1);
    size_t length = 0;
    for (size_t i = 0; clean != NULL && i < value.len;) {
        uint32_t code;
        size_t bytes = utf8_decode(value.at + i, value.len - i, &code);
        memcpy(clean + length, bytes == 0 ? "\xef\xbf\xbd" : value.at + i, bytes == 0 ? 3 : bytes);
        length += bytes == 0 ? 3 : bytes;
        i += bytes == 0 ? 1 : bytes;
    }
    json_t *result = clean == NULL ? json_null() : json_stringn_nocheck(clean, length);
    free(clean);
    return result;
}

void json_out_str(json_t *object, const char *key, struct str value) {
    json_object_set_new(object, key, json_out_value(value));
}

void json_out_number(json_t *object, const char *key, uint64_t value) {
    json_object_set_new(
            object, key, json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value));
}

void json_out_signed(json_t *object, const char *key, int64_t value) {
    json_object_set_new(object, key, json_integer(value));
}

static int write_piece(const char *bytes, size_t size, void *out) {
    out_add(out, (struct str){ bytes, size });
    return 0;
}

void json_out_write(json_t *root, struct out *out) {
    json_dump_callback(root, write_piece, out, JSON_INDENT(1) | JSON_PRESERVE_ORDER);
    out_add(out, STR("\n"));
    json_decref(root);
}
