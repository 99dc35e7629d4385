// See container_table.h.
#include "container_table.h"

#include "containers.h"
#include "hash.h"

#include <stdlib.h>

#define NO_ROW UINT32_MAX

void container_table_init(struct container_table *t, struct arena *a, struct owners *owners) {
    *t = (struct container_table){ .a = a, .owners = owners };
    t->row_of_stack = NEW_ARRAY(a, uint32_t, owners->image->stack_count + 1);
}

// ---- rows

static bool is_row(const struct container_row *r, const struct container *c, uint32_t component) {
    return r->component == component && str_equal(r->owner, c->owner) &&
           str_equal(r->type, c->type);
}

/// The row of `c`, + 1, made when it is new. Two that share a hash are told apart by a step.
static uint32_t find_row(struct container_table *t, const struct container *c, uint32_t component) {
    for (uint64_t h = hash_str(hash_str(component, c->owner), c->type);; h++) {
        uint64_t *slot = map64_put(&t->index, t->a, h, NULL);
        if (*slot != 0 && !is_row(&t->rows.at[*slot - 1], c, component))
            continue;
        if (*slot == 0) {
            struct container_row *row = vec_push(t->a, &t->rows);
            row->owner = c->owner;
            row->type = c->type;
            row->component = component;
            *slot = t->rows.len;
        }
        return (uint32_t)*slot;
    }
}

static struct container_row *row_of(struct container_table *t, uint32_t stack) {
    if (stack >= t->owners->image->stack_count)
        return NULL;
    uint32_t *row = &t->row_of_stack[stack];
    if (*row == 0) {
        uint32_t component = owners_get(t->owners, stack).component;
        struct container c = container_of_stack(t->owners, stack);
        *row = c.type.len != 0 ? find_row(t, &c, component) : NO_ROW;
    }
    return *row == NO_ROW ? NULL : &t->rows.at[*row - 1];
}

// ---- the run

void container_table_born(struct container_table *t, const struct block *b) {
    struct container_row *row = row_of(t, b->stack);
    if (row == NULL)
        return;
    row->live.bytes += b->size;
    row->live.blocks++;
    if (row->live.bytes > row->peak.bytes)
        row->peak = row->live;
}

void container_table_gone(struct container_table *t, const struct block *b) {
    struct container_row *row = row_of(t, b->stack);
    if (row == NULL)
        return;
    row->live.bytes -= b->size;
    row->live.blocks--;
}

void container_table_checkpoint(struct container_table *t) {
    for (size_t i = 0; i < t->rows.len; i++)
        *vec_push(t->a, &t->copies) = t->rows.at[i].live;
    *vec_push(t->a, &t->copied) = (uint32_t)t->rows.len;
    t->checkpoint_count++;
}

// ---- the table

static struct str last_part(struct str name) {
    size_t depth = 0;
    for (size_t i = name.len; i > 1; i--) {
        char c = name.at[i - 1];
        depth += c == '>';
        depth -= c == '<' && depth > 0;
        if (depth == 0 && c == ':' && name.at[i - 2] == ':')
            return (struct str){ name.at + i, name.len - i };
    }
    return name;
}

static bool is_wanted(
        const struct container_row *r, const struct estimate_holder *w, struct str type) {
    return str_equal(r->type, type) &&
           (str_matches(r->owner, w->owner) || str_matches(last_part(r->owner), w->owner));
}

static void want(struct container_table *t, const struct estimate_holder *w, struct str type) {
    bool found = false;
    for (size_t i = 0; i < t->rows.len; i++) {
        bool is_it = is_wanted(&t->rows.at[i], w, type);
        t->rows.at[i].wanted |= is_it;
        found |= is_it;
    }
    if (found)
        return;
    struct container_row *row = vec_push(t->a, &t->rows);
    row->owner = w->owner;
    row->type = type;
    row->component = UINT32_MAX;
    row->wanted = true;
}

static int by_weight(const void *a, const void *b) {
    const struct container_row *p = a, *q = b;
    if (p->wanted != q->wanted)
        return p->wanted ? -1 : 1;
    int order = str_compare(last_part(p->owner), last_part(q->owner));
    if (p->wanted && order != 0)
        return order;
    if (p->peak.bytes != q->peak.bytes)
        return p->peak.bytes < q->peak.bytes ? 1 : -1;
    order = str_compare(p->owner, q->owner);
    if (order == 0)
        order = str_compare(p->type, q->type);
    return order != 0 ? order : (p->component > q->component) - (p->component < q->component);
}

/// Gives each row its amounts at the checkpoints; it was not there before its first block.
static void spread_copies(struct container_table *t) {
    size_t from = 0;
    for (size_t i = 0; i < t->rows.len; i++)
        t->rows.at[i].at = NEW_ARRAY(t->a, struct container_amount, t->checkpoint_count + 1);
    for (uint32_t c = 0; c < t->checkpoint_count; c++) {
        for (uint32_t i = 0; i < t->copied.at[c]; i++)
            t->rows.at[i].at[c] = t->copies.at[from + i];
        from += t->copied.at[c];
    }
}

void container_table_finish(
        struct container_table *t, const struct estimate_holder *wanted, uint32_t wanted_count) {
    for (uint32_t i = 0; i < wanted_count; i++)
        for (uint32_t k = 0; k < wanted[i].type_count; k++)
            want(t, &wanted[i], wanted[i].types[k]);
    spread_copies(t);
    if (t->rows.len > 0)
        qsort(t->rows.at, t->rows.len, sizeof *t->rows.at, by_weight);
}
