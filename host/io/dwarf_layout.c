/// Two ways to measure. Where members lie side by side, gaps are counted by a sweep, and what is lost inside of members is
/// theirs. Where they overlap - unions, heirs that use the tail of a base class - a table of the struct's bytes says which are used.
#include "dwarf_layout.h"

#include "vec.h"

#include <stdlib.h>
#include <string.h>

enum {
    TABLE_MOST = 64 << 10,  ///< Bytes of a struct that has such a table.
    FILLED_MOST = 64 << 20, ///< Bytes of all tables, those of structs inside counted again.
    PARTS_MOST = 4096,      ///< Different structs in one.
    STEPS_MOST = 256 << 20, ///< Of looking for parts, over all structs.
    NESTED_MOST = 64
};

/// Where a member lies.
struct extent {
    uint64_t begin_bit, end_bit;
    const struct dwarf_member *member;
};

static uint64_t up_to_byte(uint64_t bits) {
    return bits / 8 + (bits % 8 != 0);
}

// ---- gaps ----

static int compare_extents(const void *left, const void *right) {
    const struct extent *l = left;
    const struct extent *r = right;
    if (l->begin_bit != r->begin_bit) {
        return l->begin_bit < r->begin_bit ? -1 : 1;
    }
    return (l->end_bit > r->end_bit) - (l->end_bit < r->end_bit);
}

/// A class without members: as a base it takes no room.
static bool is_empty(const struct dwarf_struct *s) {
    return s->member_count == 0 && s->bytes <= 1;
}

/// The members that take room, by where they begin. `*fits` is whether all lie inside of the struct.
static size_t find_extents(const struct dwarf_structs *d, const struct dwarf_struct *s,
        struct extent *out, bool *fits) {
    size_t count = 0;
    *fits = s->bytes <= UINT64_MAX / 8;
    for (size_t i = 0; i < s->member_count; i++) {
        const struct dwarf_member *m = &s->members[i];
        bool is_nothing =
                m->type != DWARF_STRUCT_NONE && m->is_base && is_empty(&d->types.at[m->type]);
        if (m->bits == 0 || is_nothing) {
            continue;
        }
        *fits = *fits && m->begin_bit <= s->bytes * 8 && m->bits <= s->bytes * 8 - m->begin_bit;
        out[count++] = (struct extent){ m->begin_bit, m->begin_bit + m->bits, m };
    }
    if (count > 1) {
        qsort(out, count, sizeof(*out), compare_extents);
    }
    return count;
}

/// Goes over the extents once; the bits between them are the struct's own gaps.
static void count_gaps(struct dwarf_struct *s, const struct extent *extents, size_t count) {
    uint64_t at_bit = 0;
    uint64_t spare = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t begin = extents[i].begin_bit / 8;
        uint64_t at = up_to_byte(at_bit);
        if (begin > at) {
            s->hole_bytes += begin - at;
            s->holes++;
        }
        if (extents[i].begin_bit > at_bit) { // Bits that share their byte with a member.
            spare += extents[i].begin_bit - at_bit - (begin > at ? (begin - at) * 8 : 0);
        }
        at_bit = extents[i].end_bit > at_bit ? extents[i].end_bit : at_bit;
    }
    s->tail_bytes = s->bytes - up_to_byte(at_bit);
    s->spare_bits = spare + up_to_byte(at_bit) * 8 - at_bit;
}

/// Whether a struct with gaps shares bytes with another member.
static bool has_overlap(const struct dwarf_structs *d, const struct extent *extents, size_t count) {
    uint64_t end = 0;
    bool has_gaps = false;
    for (size_t i = 0; i < count; i++) {
        uint32_t type = extents[i].member->type;
        bool is_apart = extents[i].begin_bit >= end;
        bool is_gappy = type != DWARF_STRUCT_NONE && d->types.at[type].part_count > 0;
        has_gaps = is_apart ? is_gappy : has_gaps || is_gappy;
        if (!is_apart && has_gaps) {
            return true;
        }
        end = extents[i].end_bit > end ? extents[i].end_bit : end;
    }
    return false;
}

// ---- parts ----

struct parts {
    struct dwarf_part *at;
    size_t len, room;
};

static uint64_t multiply(uint64_t a, uint64_t b) {
    uint64_t product;
    return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

static uint64_t add(uint64_t a, uint64_t b) {
    uint64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

static struct dwarf_part *part_of(struct arena *a, struct parts *parts, uint32_t type) {
    for (size_t i = 0; i < parts->len; i++) {
        if (parts->at[i].type == type) {
            return &parts->at[i];
        }
    }
    struct dwarf_part *part = vec_push(a, parts);
    part->type = type;
    return part;
}

/// Adds `times` instances of the struct `of` and of what is in it. False when there are too many different ones.
static bool add_parts(struct dwarf_layout_work *w, struct parts *parts,
        const struct dwarf_struct *of, uint64_t times) {
    for (size_t i = 0; i < of->part_count; i++) {
        struct dwarf_part *part = part_of(w->arena, parts, of->parts[i].type);
        part->instances = add(part->instances, multiply(of->parts[i].instances, times));
        part->lost_bytes = add(part->lost_bytes, multiply(of->parts[i].lost_bytes, times));
        w->part_steps += parts->len;
        if (parts->len > PARTS_MOST || w->part_steps > STEPS_MOST) {
            return false;
        }
    }
    return true;
}

// ---- the table of bytes ----

#define USED UINT32_MAX

/// By byte, the innermost struct that holds it, or USED.
struct table {
    const struct dwarf_structs *d;
    struct dwarf_layout_work *work;
    uint32_t *owners;
    uint64_t bytes;
};

static bool fill_struct(struct table *t, uint32_t type, uint64_t at, unsigned depth);

static void use(struct table *t, uint64_t begin, uint64_t end) {
    end = end < t->bytes ? end : t->bytes;
    for (uint64_t i = begin; i < end; i++) {
        t->owners[i] = USED;
    }
}

// NOLINTNEXTLINE(misc-no-recursion): NESTED_MOST bounds it
static bool fill_member(
        struct table *t, const struct dwarf_member *m, uint64_t at, unsigned depth) {
    uint64_t begin = at + m->begin_bit / 8;
    if (m->type == DWARF_STRUCT_NONE) {
        use(t, begin, at + up_to_byte(m->begin_bit + m->bits));
        return true;
    }
    const struct dwarf_struct *s = &t->d->types.at[m->type];
    if (m->is_base && is_empty(s)) {
        return true;
    }
    for (uint64_t i = 0; i < m->elements && s->bytes != 0; i++) {
        if (!fill_struct(t, m->type, begin + i * s->bytes, depth + 1)) {
            return false;
        }
    }
    return true;
}

/// False when that would take too long.
// NOLINTNEXTLINE(misc-no-recursion): NESTED_MOST bounds it
static bool fill_struct(struct table *t, uint32_t type, uint64_t at, unsigned depth) {
    const struct dwarf_struct *s = &t->d->types.at[type];
    t->work->filled_bytes += s->bytes;
    if (depth > NESTED_MOST || t->work->filled_bytes > FILLED_MOST) {
        return false;
    }
    if (s->is_unsure) {
        use(t, at, at + s->bytes);
        return true;
    }
    for (uint64_t i = at; i < at + s->bytes && i < t->bytes; i++) {
        t->owners[i] = t->owners[i] == USED ? USED : type;
    }
    for (size_t i = 0; i < s->member_count; i++) {
        if (!fill_member(t, &s->members[i], at, depth)) {
            return false;
        }
    }
    return true;
}

/// Replaces what the parts say is lost by what the table says. False when the struct is too large for one.
static bool count_in_table(struct dwarf_layout_work *w, const struct dwarf_structs *d,
        uint32_t index, struct parts *parts) {
    struct arena scratch = { 0 };
    struct table t = { .d = d, .work = w, .bytes = d->types.at[index].bytes };
    if (t.bytes > TABLE_MOST) {
        return false;
    }
    t.owners = NEW_ARRAY(&scratch, uint32_t, t.bytes + 1);
    bool done = fill_struct(&t, index, 0, 0);
    for (size_t i = 0; done && i < parts->len; i++) {
        parts->at[i].lost_bytes = 0;
    }
    for (uint64_t i = 0; done && i < t.bytes; i++) {
        if (t.owners[i] != USED) {
            part_of(w->arena, parts, t.owners[i])->lost_bytes++;
        }
    }
    arena_clear(&scratch);
    return done;
}

// ---- the whole ----

static void forget_gaps(struct dwarf_struct *s) {
    s->is_unsure = true;
    s->hole_bytes = s->tail_bytes = s->spare_bits = s->holes = 0;
}

/// What of the struct and of the structs in it is lost; false when it makes no sense.
static bool find_parts(struct dwarf_layout_work *w, struct dwarf_structs *d, uint32_t index,
        const struct extent *extents, size_t count, struct parts *parts) {
    struct dwarf_struct *s = &d->types.at[index];
    uint64_t lost = s->hole_bytes + s->tail_bytes;
    bool overlaps = has_overlap(d, extents, count);
    *vec_push(w->arena, parts) =
            (struct dwarf_part){ .type = index, .instances = 1, .lost_bytes = lost };
    for (size_t i = 0; i < count; i++) {
        const struct dwarf_member *m = extents[i].member;
        if (m->type != DWARF_STRUCT_NONE &&
                !add_parts(w, parts, &d->types.at[m->type], m->elements)) {
            return false;
        }
    }
    if (overlaps && !count_in_table(w, d, index, parts)) {
        for (size_t i = 1; i < parts->len; i++) {
            parts->at[i].lost_bytes = 0;
        }
    }
    uint64_t sum = 0;
    for (size_t i = 0; i < parts->len; i++) {
        sum = add(sum, parts->at[i].lost_bytes);
    }
    return sum <= s->bytes;
}

void dwarf_layout_measure(struct dwarf_layout_work *w, struct dwarf_structs *d, uint32_t index) {
    struct dwarf_struct *s = &d->types.at[index];
    struct extent *extents = NEW_ARRAY(w->arena, struct extent, s->member_count + 1);
    struct parts parts = { 0 };
    bool fits = false;
    size_t count = s->is_unsure ? 0 : find_extents(d, s, extents, &fits);
    if (fits) {
        count_gaps(s, extents, count);
    }
    if (!fits || !find_parts(w, d, index, extents, count, &parts)) {
        forget_gaps(s);
        parts.len = 0;
        *vec_push(w->arena, &parts) = (struct dwarf_part){ .type = index, .instances = 1 };
    }
    s->parts = parts.at;
    s->part_count = parts.len;
}
