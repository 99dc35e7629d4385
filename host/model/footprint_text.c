/// Strings by their looks: printable characters up to a zero. A table of pointers may look like that by chance ("E @?" is an
/// address of an ESP32's flash), so a run must begin with a longer one.
#include "footprint_text.h"

#include <stdint.h>
#include <string.h>

enum { FIRST_LENGTH = 6, NEXT_LENGTH = 2, STRING_ALIGNMENT = 4 };

/// One bit for each byte that a text may have: space to `~`, tab, line feed, carriage return, escape.
static bool is_printable(char c) {
    static const uint64_t printable[4] = { UINT64_C(0xffffffff08002600),
        UINT64_C(0x7fffffffffffffff), 0, 0 };
    unsigned char byte = (unsigned char)c;
    return printable[byte >> 6] >> (byte & 63) & 1;
}

/// Whether the eight bytes are space to `~` each: no top bit, none below space, none DEL.
static bool are_plain(const char *at) {
    const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
    uint64_t word;
    memcpy(&word, at, sizeof(word));
    return !((word | (word - ones * ' ') | (word + ones)) & tops);
}

/// The first byte from `at` on that no text may have; bytes.len when there is none.
static size_t printable_end(struct str bytes, size_t at) {
    for (;;) {
        while (bytes.len - at >= sizeof(uint64_t) && are_plain(bytes.at + at)) {
            at += sizeof(uint64_t);
        }
        size_t stop = bytes.len - at >= sizeof(uint64_t) ? at + sizeof(uint64_t) : bytes.len;
        while (at < stop && is_printable(bytes.at[at])) {
            at++;
        }
        if (at < stop || at == bytes.len) {
            return at;
        }
    }
}

static bool is_zero_at(struct str bytes, size_t at) {
    return at < bytes.len && bytes.at[at] == '\0';
}

/// Behind the zeros from `at` on, at most as many as align a string.
static size_t skip_zeros(struct str bytes, size_t at) {
    for (size_t i = 0; i < STRING_ALIGNMENT - 1 && is_zero_at(bytes, at); i++) {
        at++;
    }
    return at;
}

/// The first string of FIRST_LENGTH characters or more from `at` on, and where its zero is; bytes.len when there is none. Looks at every sixth byte:
/// where one cannot be in a string, none that is long enough can be around it but behind it.
static size_t find_long(struct str bytes, size_t at, size_t *end) {
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
        *end = printable_end(bytes, at + FIRST_LENGTH);
        if (is_zero_at(bytes, *end)) {
            return at;
        }
        at = *end;
    }
    return bytes.len;
}

bool footprint_text_find(struct str bytes, size_t from, size_t *begin, size_t *end) {
    size_t at = from;
    size_t string_end = 0;
    *begin = find_long(bytes, at, &string_end);
    if (*begin >= bytes.len) {
        return false;
    }
    do {
        at = skip_zeros(bytes, string_end + 1);
        string_end = printable_end(bytes, at);
    } while (is_zero_at(bytes, string_end) && string_end - at >= NEXT_LENGTH);
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
