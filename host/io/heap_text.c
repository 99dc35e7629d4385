// See heap_text.h. Each form is a row of steps that take a piece off the line; a step that does not fit makes the whole line broken.
#include "heap_text.h"

#include <string.h>

/// What is left of a line.
struct rest {
    struct str s;
    bool ok;
};

static void skip_spaces(struct rest *r) {
    while (r->s.len > 0 && (r->s.at[0] == ' ' || r->s.at[0] == '\t')) {
        r->s.at++;
        r->s.len--;
    }
}

/// Takes `words` off the front; whether they were there.
static bool take(struct rest *r, const char *words) {
    struct str w = str_from(words);
    if (!r->ok || !str_starts_with(r->s, w))
        return false;
    r->s.at += w.len;
    r->s.len -= w.len;
    return true;
}

static void expect(struct rest *r, const char *words) {
    r->ok = take(r, words);
}

static int digit(char c, unsigned base) {
    int value = c >= '0' && c <= '9'   ? c - '0'
                : c >= 'a' && c <= 'f' ? c - 'a' + 10
                : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                       : 16;
    return value < (int)base ? value : -1;
}

/// Takes at least one digit; more than fit 32 bits are no number of such a chip.
static uint64_t take_digits(struct rest *r, unsigned base) {
    uint64_t value = 0;
    size_t len = 0;
    while (r->ok && len < r->s.len && digit(r->s.at[len], base) >= 0 && value <= UINT32_MAX)
        value = value * base + (unsigned)digit(r->s.at[len++], base);
    r->ok = r->ok && len > 0 && value <= UINT32_MAX;
    r->s.at += len;
    r->s.len -= len;
    return value;
}

static uint64_t take_number(struct rest *r) {
    skip_spaces(r);
    return take_digits(r, 10);
}

static uint64_t take_pointer(struct rest *r) {
    skip_spaces(r);
    expect(r, "0x");
    return take_digits(r, 16);
}

/// "0x...:0x...:", to the end or to what is no address; zeroes, which stand for frames that were not there, are left out.
static void take_callers(struct rest *r, struct heap_text *out) {
    do {
        if (r->s.len == 0 || r->s.at[0] == ' ')
            return; // the colon behind the last one
        uint64_t caller = take_pointer(r);
        if (r->ok && caller != 0 && out->caller_count < HEAP_TEXT_CALLERS)
            out->callers[out->caller_count++] = caller;
    } while (take(r, ":"));
}

static bool is_at_end(struct rest *r) {
    skip_spaces(r);
    return r->ok && r->s.len == 0;
}

// ---- forms

static bool read_record(struct rest *r, struct heap_text *out) {
    out->bytes = take_number(r);
    expect(r, " bytes (@ ");
    out->address = take_pointer(r);
    if (take(r, ", Internal") || take(r, ",    PSRAM")) {
        // The address says it, too.
    }
    expect(r, ") allocated CPU ");
    out->cpu = (uint8_t)take_number(r);
    expect(r, " ccount ");
    out->ccount = (uint32_t)take_pointer(r);
    skip_spaces(r);
    if (take(r, "caller "))
        take_callers(r, out);
    skip_spaces(r);
    out->is_free = take(r, "freed");
    return is_at_end(r);
}

static bool read_trace(struct rest *r, struct heap_text *out) {
    out->count = take_number(r);
    expect(r, " records (");
    out->capacity = take_number(r);
    expect(r, " capacity) ======");
    return is_at_end(r);
}

static bool read_alive(struct rest *r, struct heap_text *out) {
    out->bytes = take_number(r);
    if (!take(r, " bytes alive in trace ("))
        expect(r, " bytes 'leaked' in trace (");
    out->count = take_number(r);
    if (take(r, "/"))
        (void)take_number(r);
    expect(r, " allocations)");
    return is_at_end(r);
}

static bool read_block(struct rest *r, struct heap_text *out) {
    out->address = take_pointer(r);
    expect(r, " data, size: ");
    out->bytes = take_number(r);
    expect(r, " bytes, Free: ");
    out->is_free = take(r, "Yes");
    if (!out->is_free)
        expect(r, "No");
    return is_at_end(r);
}

static bool read_heap(struct rest *r, struct heap_text *out) {
    out->address = take_pointer(r);
    return is_at_end(r);
}

static bool read_count(struct rest *r, struct heap_text *out) {
    out->count = take_number(r);
    return is_at_end(r);
}

static bool read_freed(struct rest *r, struct heap_text *out) {
    take_callers(r, out);
    return is_at_end(r);
}

static bool read_mode(struct rest *r, struct heap_text *out) {
    out->is_all = take(r, "All");
    if (!out->is_all)
        expect(r, "Leaks");
    return is_at_end(r);
}

static bool read_nothing(struct rest *r, struct heap_text *out) {
    (void)out;
    return is_at_end(r);
}

static bool read_anything(struct rest *r, struct heap_text *out) {
    (void)out;
    return r->ok;
}

static const struct form {
    const char *begins;
    enum heap_text_type type;
    bool (*read)(struct rest *r, struct heap_text *out);
} forms[] = {
    { "====== Heap Trace: ", HEAP_TEXT_TRACE, read_trace },
    { "====== Heap Trace Summary ======", HEAP_TEXT_SUMMARY, read_nothing },
    { "================================", HEAP_TEXT_END, read_nothing },
    { "Mode: Heap Trace ", HEAP_TEXT_MODE, read_mode },
    { "total allocations: ", HEAP_TEXT_TOTALS, read_count },
    { "total frees: ", HEAP_TEXT_FREES, read_count },
    { "(NB: Internal Buffer has overflowed", HEAP_TEXT_OVERFLOW, read_anything },
    { "(NB: Buffer has overflowed", HEAP_TEXT_OVERFLOW, read_anything },
    { "Error: heap trace linked list is corrupt", HEAP_TEXT_CORRUPT, read_anything },
    { "freed by ", HEAP_TEXT_FREED, read_freed },
    { "Showing data for heap: ", HEAP_TEXT_HEAP, read_heap },
    { "Block ", HEAP_TEXT_BLOCK, read_block },
};

static bool contains(struct str s, const char *words) {
    return memmem(s.at, s.len, words, strlen(words)) != NULL;
}

/// Records and the line of what is alive begin with a number.
static const struct form *form_of_number(struct str line) {
    static const struct form record = { "", HEAP_TEXT_RECORD, read_record };
    static const struct form alive = { "", HEAP_TEXT_ALIVE, read_alive };
    if (line.len == 0 || digit(line.at[0], 10) < 0)
        return NULL;
    if (contains(line, " bytes (@ "))
        return &record;
    return contains(line, " in trace (") ? &alive : NULL;
}

/// Lines of the summary that say nothing which the records do not; the words are also an application's, so all of them must be there.
static bool is_note(struct str line) {
    return (str_starts_with(line, STR("records: ")) && contains(line, " high water mark)")) ||
           (str_starts_with(line, STR("hashmap: ")) && contains(line, " capacity (")) ||
           str_starts_with(line, STR("(NB: New entries were traced"));
}

void heap_text_read(struct str line, struct heap_text *out) {
    struct rest r = { line, true };
    *out = (struct heap_text){ .type = HEAP_TEXT_NONE };
    skip_spaces(&r);
    const struct form *form = form_of_number(r.s);
    out->type = is_note(r.s) ? HEAP_TEXT_NOTE : HEAP_TEXT_NONE;
    for (size_t i = 0; form == NULL && i < sizeof forms / sizeof forms[0]; i++)
        if (take(&r, forms[i].begins))
            form = &forms[i];
    if (form != NULL)
        out->type = form->read(&r, out) ? form->type : HEAP_TEXT_BROKEN;
}
