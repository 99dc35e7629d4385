/// Each program or object is read and closed again; what is found is added up by struct and memory.
#include "static_types.h"

#include "dwarf_object.h"
#include "dwarf_structs.h"
#include "footprint_find.h"
#include "hash.h"
#include "intern.h"
#include "map64.h"
#include "source_path.h"
#include "vec.h"

#include <elf.h>
#include <stdlib.h>

static const char *const usual_types[] = { "StackType_t", "portSTACK_TYPE",
    "z_thread_stack_element", "k_thread_stack_t", NULL };
static const char *const usual_controls[] = { "StaticTask_t", "xSTATIC_TCB", "StaticTask_s",
    "k_thread", NULL };
static const char *const usual_names[] = { "*[sS]tack*", "*STACK*", NULL };

const struct task_stack_rules task_stack_usual = {
    .types = usual_types, .controls = usual_controls, .names = usual_names, .least_bytes = 256
};

/// A reading in progress.
struct reading {
    struct arena *arena;
    struct footprint *f;
    const struct task_stack_rules *rules;
    struct static_types *out;
    struct footprint_index index;
    struct interner strings;
    struct map64 by_identity; ///< Hash of a struct and its memory to its index in the holes + 1.
    uint64_t *most_lost;      ///< By hole: by its variable that loses most.
    size_t most_room;
    bool *is_seen;    ///< By item: its variable was counted.
    bool *is_settled; ///< By item: its type says whether it is a stack.
};

/// A section of an object, and where it is taken to lie.
struct laid_section {
    uint64_t address;
    uint32_t section; ///< Index into footprint.sections.
};

/// Debug information of a program, or of an object, and how to find its items.
struct source {
    const struct dwarf_file *file;
    uint32_t number; ///< Of the program's file; FOOTPRINT_NONE: an object.
    uint64_t tls_address;
    const struct laid_section *laid; ///< Of an object: its sections by address.
    size_t laid_count;
};

// ---- finding items ----

/// The item that begins there: anything else is not the variable.
static uint32_t beginning_at(const struct reading *r, uint32_t item, uint64_t address) {
    bool is_it = item != FOOTPRINT_NONE && r->f->items.at[item].address == address;
    return is_it ? item : FOOTPRINT_NONE;
}

/// The last of the object's sections that begins at or below the address.
static uint32_t find_in_object(
        const struct reading *r, const struct source *from, const struct dwarf_static *v) {
    size_t low = 0;
    size_t high = v->is_thread_local ? 0 : from->laid_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (from->laid[middle].address <= v->address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == 0) {
        return FOOTPRINT_NONE;
    }
    const struct laid_section *s = &from->laid[low - 1];
    uint64_t offset = v->address - s->address;
    return beginning_at(r, footprint_find_in(&r->index, s->section, offset), offset);
}

static uint32_t find_item(
        const struct reading *r, const struct source *from, const struct dwarf_static *v) {
    if (from->number == FOOTPRINT_NONE) {
        return find_in_object(r, from, v);
    }
    uint64_t address = v->address + (v->is_thread_local ? from->tls_address : 0);
    return beginning_at(r,
            footprint_find_linked(&r->index, from->number, address, v->is_thread_local), address);
}

// ---- holes ----

/// One struct is described by each unit that uses it: the same name, place and layout are the same struct.
static uint64_t identity_of(const struct struct_hole *h) {
    uint64_t hash = hash_number((uintptr_t)h->name.at, (uintptr_t)h->source.at);
    hash = hash_number(hash_number(hash, h->line), h->bytes);
    hash = hash_number(hash_number(hash, h->hole_bytes), h->tail_bytes);
    return hash_number(hash_number(hash, h->memory), h->is_writable);
}

static uint64_t *most_lost_of(struct reading *r, size_t hole) {
    if (hole >= r->most_room) {
        size_t room = r->most_room ? r->most_room * 2 : 64;
        uint64_t *wider = NEW_ARRAY(r->arena, uint64_t, room);
        for (size_t i = 0; i < r->most_room; i++) {
            wider[i] = r->most_lost[i];
        }
        r->most_lost = wider;
        r->most_room = room;
    }
    return &r->most_lost[hole];
}

static struct struct_hole hole_of(
        struct reading *r, const struct dwarf_struct *s, uint32_t number) {
    const struct footprint_item *item = &r->f->items.at[number];
    struct str file = s->file ? source_path(r->arena, str_from(s->file)) : STR("");
    return (struct struct_hole){ .name = intern(&r->strings, s->name),
        .source = intern(&r->strings, file),
        .line = s->line,
        .memory = r->f->sections.at[item->section].memory,
        .is_writable = footprint_kind_is_writable((enum footprint_kind)item->kind),
        .bytes = s->bytes,
        .hole_bytes = s->hole_bytes,
        .tail_bytes = s->tail_bytes,
        .holes = s->holes,
        .spare_bits = s->spare_bits,
        .item = number };
}

static void add_hole(struct reading *r, const struct dwarf_struct *s, uint32_t item,
        uint64_t instances, uint64_t lost) {
    struct struct_hole hole = hole_of(r, s, item);
    bool is_new;
    uint64_t *index = map64_put(&r->by_identity, r->arena, identity_of(&hole), &is_new);
    if (is_new) {
        *index = r->out->holes.len;
        *vec_push(r->arena, &r->out->holes) = hole;
    }
    struct struct_hole *sum = &r->out->holes.at[*index];
    uint64_t *most = most_lost_of(r, *index);
    sum->instances += instances;
    sum->lost_bytes += lost;
    r->out->lost_bytes += lost;
    if (lost > *most) {
        *most = lost;
        sum->item = item;
    }
}

/// What a variable loses cannot be more than it has: else its type is nonsense.
static void add_holes(struct reading *r, const struct dwarf_structs *d,
        const struct dwarf_static *v, uint32_t item) {
    const struct dwarf_struct *s = &d->types.at[v->struct_type];
    bool is_true = s->bytes != 0 && v->elements <= r->f->items.at[item].bytes / s->bytes;
    for (size_t i = 0; is_true && i < s->part_count; i++) {
        const struct dwarf_part *part = &s->parts[i];
        if (part->lost_bytes != 0) {
            add_hole(r, &d->types.at[part->type], item, part->instances * v->elements,
                    part->lost_bytes * v->elements);
        }
    }
}

// ---- stacks ----

static bool matches_any(struct str s, const char *const *globs) {
    for (; *globs; globs++) {
        if (str_matches(s, str_from(*globs))) {
            return true;
        }
    }
    return false;
}

static void add_stack(struct reading *r, const struct dwarf_static *v, uint32_t item) {
    struct str type = str_from(v->type);
    bool is_stack = v->is_array && matches_any(type, r->rules->types);
    if (is_stack || matches_any(type, r->rules->controls)) {
        *vec_push(r->arena, &r->out->stacks) = (struct task_stack){ .item = item,
            .type = intern(&r->strings, type),
            .elements = v->elements,
            .by = is_stack ? TASK_STACK_BY_TYPE : TASK_STACK_CONTROL };
        r->is_settled[item] = true;
    }
    r->is_settled[item] |= !v->is_array; // A pointer to a stack, say.
}

static bool is_dropped(const struct footprint_item *item) {
    return item->fate == FOOTPRINT_DUPLICATE || item->fate == FOOTPRINT_DROPPED;
}

/// By name, unless debug information knows better.
static void add_named_stacks(struct reading *r) {
    for (uint32_t i = 0; i < r->f->items.len; i++) {
        const struct footprint_item *item = &r->f->items.at[i];
        bool may_be = footprint_kind_is_writable((enum footprint_kind)item->kind) &&
                      item->symbol.len != 0 && item->bytes >= r->rules->least_bytes &&
                      !is_dropped(item) && !r->is_settled[i];
        if (may_be && matches_any(item->symbol, r->rules->names)) {
            *vec_push(r->arena, &r->out->stacks) = (struct task_stack){
                .item = i, .type = STR(""), .elements = 1, .by = TASK_STACK_BY_NAME
            };
        }
    }
}

// ---- one program or object ----

static void add_variable(struct reading *r, const struct source *from,
        const struct dwarf_structs *d, const struct dwarf_static *v) {
    uint32_t item = find_item(r, from, v);
    if (item == FOOTPRINT_NONE || r->is_seen[item] || is_dropped(&r->f->items.at[item])) {
        return;
    }
    r->is_seen[item] = true;
    r->out->variables++;
    r->out->unknown += v->is_unknown;
    r->out->variable_bytes += r->f->items.at[item].bytes;
    if (v->struct_type != DWARF_STRUCT_NONE) {
        add_holes(r, d, v, item);
    }
    add_stack(r, v, item);
}

static void read_source(struct reading *r, const struct source *from) {
    struct arena scratch = { 0 };
    struct dwarf_structs d;
    dwarf_structs_read(&d, &scratch, from->file);
    for (size_t i = 0; i < d.statics.len; i++) {
        add_variable(r, from, &d, &d.statics.at[i]);
    }
    arena_clear(&scratch);
}

static void read_program(struct reading *r, uint32_t number) {
    const struct elf_file *elf = r->f->files.at[number].elf;
    struct dwarf_file file;
    struct err ignored;
    if (dwarf_file_open(&file, elf->path.at, elf->build_id, elf->build_id_bytes, &ignored) ==
            SYMBOLS_WITH_LINES) {
        struct source from = { .file = &file, .number = number, .tls_address = elf->tls_address };
        read_source(r, &from);
    } else {
        r->out->without_debug++;
    }
    dwarf_file_close(&file);
}

static int compare_laid(const void *left, const void *right) {
    const struct laid_section *l = left;
    const struct laid_section *r = right;
    return (l->address > r->address) - (l->address < r->address);
}

/// Reads the object whose sections are [first, end) of the footprint's.
static void read_object(struct reading *r, const struct elf_file *elf, size_t first, size_t end) {
    struct dwarf_object open;
    struct arena scratch = { 0 };
    struct laid_section *laid = NEW_ARRAY(&scratch, struct laid_section, end - first);
    if (dwarf_object_open(&open, &scratch, elf)) {
        for (size_t i = first; i < end; i++) {
            laid[i - first] =
                    (struct laid_section){ .address = open.addresses[r->f->sections.at[i].number],
                        .section = (uint32_t)i };
        }
        qsort(laid, end - first, sizeof(*laid), compare_laid);
        struct source from = {
            .file = &open.file, .number = FOOTPRINT_NONE, .laid = laid, .laid_count = end - first
        };
        read_source(r, &from);
        dwarf_object_close(&open);
    } else {
        r->out->without_debug++;
    }
    arena_clear(&scratch);
}

// ---- the whole ----

static void read_programs(struct reading *r) {
    for (uint32_t i = 0; i < r->f->files.len; i++) {
        const struct elf_file *elf = r->f->files.at[i].elf;
        if (elf && elf->type != ET_REL) {
            read_program(r, i);
        }
    }
}

/// Sections of an object stand together.
static void read_objects(struct reading *r) {
    struct footprint *f = r->f;
    for (size_t i = 0, end; i < f->sections.len; i = end) {
        uint32_t object = f->sections.at[i].object;
        bool is_there = object != FOOTPRINT_NONE && !f->sections.at[i].is_dropped;
        const struct elf_file *elf = is_there ? f->objects.at[object].elf : NULL;
        for (end = i + 1; elf && end < f->sections.len && f->sections.at[end].object == object;) {
            end++;
        }
        if (elf) {
            read_object(r, elf, i, end);
        }
    }
}

static int compare_holes(const void *left, const void *right) {
    const struct struct_hole *l = left;
    const struct struct_hole *r = right;
    if (l->lost_bytes != r->lost_bytes) {
        return l->lost_bytes > r->lost_bytes ? -1 : 1;
    }
    int order = str_compare(l->name, r->name);
    order = order != 0 ? order : str_compare(l->source, r->source);
    return order != 0 ? order : (l->item > r->item) - (l->item < r->item);
}

static int compare_stacks(const void *left, const void *right, void *self) {
    const struct footprint *f = self;
    const struct task_stack *l = left;
    const struct task_stack *r = right;
    uint64_t left_bytes = f->items.at[l->item].bytes;
    uint64_t right_bytes = f->items.at[r->item].bytes;
    if (left_bytes != right_bytes) {
        return left_bytes > right_bytes ? -1 : 1;
    }
    return (l->item > r->item) - (l->item < r->item);
}

void static_types_read(struct arena *a, struct footprint *f, const struct task_stack_rules *rules,
        struct static_types *out) {
    *out = (struct static_types){ .holes = { 0 } };
    struct reading r = {
        .arena = a, .f = f, .rules = rules, .out = out, .strings = { .arena = a }
    };
    footprint_index_make(a, f, &r.index);
    r.is_seen = NEW_ARRAY(a, bool, f->items.len + 1);
    r.is_settled = NEW_ARRAY(a, bool, f->items.len + 1);
    read_programs(&r);
    read_objects(&r);
    add_named_stacks(&r);
    if (out->holes.len > 1) {
        qsort(out->holes.at, out->holes.len, sizeof(*out->holes.at), compare_holes);
    }
    if (out->stacks.len > 1) {
        qsort_r(out->stacks.at, out->stacks.len, sizeof(*out->stacks.at), compare_stacks, f);
    }
}
