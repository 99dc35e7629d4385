/// Strings by their looks: printable characters up to a zero. A table of pointers may look like that by chance ("E @?" is an
/// address of an ESP32's flash), so a run must begin with a longer one.
#include "footprint_text.h"

#include <stdint.h>

enum { FIRST_LENGTH = 6, NEXT_LENGTH = 2, STRING_ALIGNMENT = 4 };

/// One bit for each byte that a text may have: space to `~`, tab, line feed, carriage return, escape.
static bool is_printable(char c) {
    static const uint64_t printable[4] = { UINT64_C(0xffffffff08002600),
        UINT64_C(0x7fffffffffffffff), 0, 0 };
    unsigned char byte = (unsigned char)c;
    return printable[byte >> 6] >> (byte & 63) & 1;
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

/// The first string of FIRST_LENGTH characters or more from `at` on; bytes.len when there is none. Looks at every sixth byte: where one cannot be
/// in a string, none that is long enough can be around it but behind it.
static size_t find_long(struct str bytes, size_t at) {
    while (at + FIRST_LENGTH <= bytes.len) {
        size_t probe = at + FIRST_LENGTH - 1;
        while (probe > at && is_printable(bytes.at[probe])) {
            probe--;
        }
        size_t begin = is_printable(bytes.at[probe]) ? probe : probe + 1;
        if (begin > at) { // Too short so far: begin again there.
            at = begin;
            continue;
        }
        size_t end = at + FIRST_LENGTH;
        while (end < bytes.len && is_printable(bytes.at[end])) {
            end++;
        }
        if (end < bytes.len && bytes.at[end] == '\0') {
            return at;
        }
        at = end;
    }
    return bytes.len;
}

bool footprint_text_find(struct str bytes, size_t from, size_t *begin, size_t *end) {
    size_t at = find_long(bytes, from);
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
