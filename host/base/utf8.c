/// UTF-8 decoding and display widths.
#include "utf8.h"

#include <stdbool.h>

/// Payload bits, continuation count and least legal value by the first byte; count 0: not a start.
static unsigned sequence_start(uint8_t first, uint32_t *code, uint32_t *least) {
    if (first >= 0xC2 && first <= 0xDF) {
        *code = first & 0x1Fu;
        *least = 0x80;
        return 1;
    }
    if (first >= 0xE0 && first <= 0xEF) {
        *code = first & 0x0Fu;
        *least = 0x800;
        return 2;
    }
    if (first >= 0xF0 && first <= 0xF4) {
        *code = first & 0x07u;
        *least = 0x10000;
        return 3;
    }
    return 0;
}

size_t utf8_decode(const char *at, size_t len, uint32_t *code) {
    uint32_t least = 0;
    if (len == 0) {
        return 0;
    }
    uint8_t first = (uint8_t)at[0];
    if (first < 0x80) {
        *code = first;
        return 1;
    }
    unsigned more = sequence_start(first, code, &least);
    if (more == 0 || more >= len) {
        return 0;
    }
    for (unsigned i = 1; i <= more; i++) {
        uint8_t next = (uint8_t)at[i];
        if ((next & 0xC0u) != 0x80) {
            return 0;
        }
        *code = (*code << 6) | (next & 0x3Fu);
    }
    bool surrogate = *code >= 0xD800 && *code <= 0xDFFF;
    return *code < least || *code > 0x10FFFF || surrogate ? 0 : more + 1;
}

size_t utf8_check(const char *text, size_t len) {
    size_t i = 0;
    while (i < len) {
        uint32_t code;
        size_t step = utf8_decode(text + i, len - i, &code);
        if (step == 0) {
            break;
        }
        i += step;
    }
    return i;
}

struct range {
    uint32_t first, last;
};

/// Combining marks, joiners, variation selectors and control characters.
static const struct range zero_columns[] = {
    { 0x0000, 0x001F },
    { 0x007F, 0x009F },
    { 0x0300, 0x036F },
    { 0x0483, 0x0489 },
    { 0x0591, 0x05BD },
    { 0x0610, 0x061A },
    { 0x064B, 0x065F },
    { 0x1AB0, 0x1AFF },
    { 0x1DC0, 0x1DFF },
    { 0x200B, 0x200F },
    { 0x202A, 0x202E },
    { 0x2060, 0x2064 },
    { 0x20D0, 0x20FF },
    { 0xFE00, 0xFE0F },
    { 0xFE20, 0xFE2F },
    { 0xFEFF, 0xFEFF },
    { 0xE0100, 0xE01EF },
};

/// Hangul, kana, CJK, full-width forms, pictographs.
static const struct range two_columns[] = {
    { 0x1100, 0x115F },
    { 0x2E80, 0x303E },
    { 0x3041, 0x33FF },
    { 0x3400, 0x4DBF },
    { 0x4E00, 0x9FFF },
    { 0xA000, 0xA4CF },
    { 0xAC00, 0xD7A3 },
    { 0xF900, 0xFAFF },
    { 0xFE30, 0xFE6F },
    { 0xFF00, 0xFF60 },
    { 0xFFE0, 0xFFE6 },
    { 0x1F300, 0x1F64F },
    { 0x1F680, 0x1F6FF },
    { 0x1F900, 0x1F9FF },
    { 0x20000, 0x3FFFD },
};

static bool in_ranges(const struct range *ranges, size_t count, uint32_t code) {
    for (size_t i = 0; i < count && ranges[i].first <= code; i++) {
        if (code <= ranges[i].last) {
            return true;
        }
    }
    return false;
}

unsigned utf8_columns(uint32_t code) {
    if (in_ranges(zero_columns, sizeof(zero_columns) / sizeof(zero_columns[0]), code)) {
        return 0;
    }
    return in_ranges(two_columns, sizeof(two_columns) / sizeof(two_columns[0]), code) ? 2 : 1;
}
