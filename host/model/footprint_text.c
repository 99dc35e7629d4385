/// Strings by their looks: printable characters up to a zero. A table of pointers may look like that by chance ("E @?" is an
/// address of an ESP32's flash), so a run must begin with a longer one.
#include "footprint_text.h"

#include <stdint.h>

enum { FIRST_LENGTH = 6, NEXT_LENGTH = 2, STRING_ALIGNMENT = 4 };

static bool is_printable(char c) {
    return (c >= ' ' && c <= '~') || c == '\n' || c == '\t' || c == '\r' || c == '\x1b';
}

/// Length of the terminated string at `at`; 0: there is none.
static size_t string_length(struct str bytes, size_t at) {
    size_t end = at;
    while (end < bytes.len && is_printable(bytes.at[end])) {
        end++;
    }
    return end < bytes.len && bytes.at[end] == '\0' ? end - at : 0;
}

/// Behind the zeros from `at` on, at most as many as align a string.
static size_t skip_zeros(struct str bytes, size_t at) {
    for (size_t i = 0; i < STRING_ALIGNMENT - 1 && at < bytes.len && bytes.at[at] == '\0'; i++) {
        at++;
    }
    return at;
}

bool footprint_text_find(struct str bytes, size_t from, size_t *begin, size_t *end) {
    size_t at = from;
    while (at < bytes.len) {
        size_t length = string_length(bytes, at);
        if (length >= FIRST_LENGTH) {
            break;
        }
        while (at < bytes.len && is_printable(bytes.at[at])) {
            at++;
        }
        at++;
    }
    if (at >= bytes.len) {
        return false;
    }
    *begin = at;
    for (size_t length = string_length(bytes, at); length >= NEXT_LENGTH;
            length = string_length(bytes, at)) {
        at = skip_zeros(bytes, at + length + 1);
    }
    *end = at;
    return true;
}

bool footprint_text_is_zero(struct str bytes) {
    for (size_t i = 0; i < bytes.len; i++) {
        if (bytes.at[i] != '\0') {
            return false;
        }
    }
    return true;
}
