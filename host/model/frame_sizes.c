/// Compilers name a function in three ways. Its name in the symbol table needs no thought; g++ writes it as in a message, so both sides are
/// reduced to the name without return type, template arguments and parameters, and what fits several is settled by file and line.
#include "frame_sizes.h"

#include "demangle.h"
#include "file.h"
#include "footprint_find.h"
#include "hash.h"
#include "map64.h"
#include "vec.h"

#include <elf.h>
#include <stdlib.h>

enum { FILE_MOST = 256 << 20, PLACED_MOST = 16 };

/// A function under one of its names.
struct candidate {
    uint32_t item;
    uint32_t next; ///< Index + 1 of an older one of the same hash.
};

struct frame_matcher {
    struct arena *arena;
    struct footprint *f;
    struct footprint_index index;
    struct {
        struct candidate *at;
        size_t len, room;
    } candidates;
    struct map64 by_name; ///< Hash of a name to the newest candidate + 1.
    struct map64 known;   ///< Item + 1, or hash of what matched none, to its index in the list.
    struct map64 tellers; ///< Programs and objects with frames in `.stack_sizes`.
};

enum name_form { NAME_EXACT = 1, NAME_BASE, NAME_PLAIN };

// ---- names ----

/// Cuts from `s` what begins with `word`.
static void cut_from(struct str *s, struct str word) {
    for (size_t i = 0; i + word.len <= s->len; i++) {
        if (memcmp(s->at + i, word.at, word.len) == 0) {
            s->len = i;
            return;
        }
    }
}

/// Cuts the list of parameters at the end, and what follows it.
static void cut_parameters(struct str *s) {
    size_t end = s->len;
    unsigned depth = 0;
    while (end > 0 && s->at[end - 1] != ')') {
        end--;
    }
    for (size_t i = end; i > 0; i--) {
        depth += s->at[i - 1] == ')';
        depth -= s->at[i - 1] == '(';
        if (depth == 0) {
            s->len = i - 1;
            return;
        }
    }
}

/// "int ns::C<T>::f(int) [with T = int]" and "ns::C<int>::f(...)" are both "ns::C::f".
static struct str plain_name(struct arena *a, struct str s) {
    unsigned depth = 0;
    size_t len = 0;
    cut_from(&s, STR(" [with "));
    cut_parameters(&s);
    char *out = NEW_ARRAY(a, char, s.len + 1);
    for (size_t i = 0; i < s.len; i++) {
        depth += s.at[i] == '<';
        if (depth == 0) {
            len = s.at[i] == ' ' || s.at[i] == '*' || s.at[i] == '&' ? 0 : len;
            out[len] = s.at[i];
            len += s.at[i] != ' ' && s.at[i] != '*' && s.at[i] != '&';
        }
        depth -= depth != 0 && s.at[i] == '>';
    }
    return (struct str){ out, len };
}

// ---- functions of the footprint ----

static void add_candidate(struct frame_matcher *m, uint32_t item, struct str name, unsigned form) {
    uint64_t *newest = map64_put(&m->by_name, m->arena, hash_str(form, name), NULL);
    *vec_push(m->arena, &m->candidates) =
            (struct candidate){ .item = item, .next = (uint32_t)*newest };
    *newest = m->candidates.len;
}

static bool is_function(const struct footprint_item *item) {
    bool is_code = item->kind == FOOTPRINT_CODE || item->kind == FOOTPRINT_VECTOR;
    return is_code && item->symbol.len != 0 && !item->continues && item->bytes != 0 &&
           item->fate != FOOTPRINT_DUPLICATE && item->fate != FOOTPRINT_DROPPED;
}

/// A part of a function that the compiler put elsewhere has no frame of its own.
static bool is_cold(struct str symbol) {
    return str_matches(symbol, STR("*.cold*"));
}

static void add_function(struct frame_matcher *m, uint32_t number) {
    struct str symbol = m->f->items.at[number].symbol;
    struct str base = demangle_base(symbol);
    add_candidate(m, number, symbol, NAME_EXACT);
    if (!is_cold(symbol)) {
        add_candidate(m, number, base, NAME_BASE);
    }
    if (!is_cold(symbol) && str_starts_with(base, STR("_Z"))) {
        struct arena scratch = { 0 };
        struct str name = plain_name(&scratch, demangle_function(&scratch, base));
        add_candidate(m, number, name, NAME_PLAIN);
        arena_clear(&scratch);
    }
}

void frame_sizes_begin(struct frame_sizes *s, struct arena *a, struct footprint *f) {
    struct frame_matcher *m = NEW(a, struct frame_matcher);
    *s = (struct frame_sizes){ .matcher = m };
    m->arena = a;
    m->f = f;
    footprint_index_make(a, f, &m->index);
    for (uint32_t i = 0; i < f->items.len; i++) {
        if (is_function(&f->items.at[i])) {
            add_function(m, i);
        }
    }
}

// ---- choosing ----

/// "dir/foo.c" and a member "foo.c.obj" or "foo.o" belong together.
static bool is_of_source(const struct footprint *f, uint32_t item, struct str file) {
    uint32_t object = f->items.at[item].object;
    struct str base = str_base_name(file);
    struct str member =
            object == FOOTPRINT_NONE ? STR("") : str_base_name(f->objects.at[object].member);
    const char *dot = memchr(base.at, '.', base.len);
    struct str stem = { base.at, dot ? (size_t)(dot - base.at) : base.len };
    return stem.len != 0 && str_starts_with(member, stem) && member.len > stem.len &&
           member.at[stem.len] == '.';
}

/// Whether the function, whose place was read, stands there.
static bool is_at_line(struct footprint *f, uint32_t item, const struct stack_usage *usage) {
    const struct footprint_item *i = &f->items.at[item];
    return i->line == usage->line &&
           str_equal(str_base_name(i->source), str_base_name(usage->file));
}

/// Of the candidates of a name those that have that name, at most `most`.
static size_t find_named(
        struct frame_matcher *m, struct str name, unsigned form, uint32_t *out, size_t most) {
    const uint64_t *newest = map64_find(&m->by_name, hash_str(form, name));
    size_t count = 0;
    for (uint64_t at = newest ? *newest : 0; at != 0 && count < most;
            at = m->candidates.at[at - 1].next) {
        out[count++] = m->candidates.at[at - 1].item;
    }
    return count;
}

typedef bool chooses(struct footprint *f, uint32_t item, const struct stack_usage *usage);

static bool chooses_file(struct footprint *f, uint32_t item, const struct stack_usage *usage) {
    return is_of_source(f, item, usage->file);
}

/// Keeps those that are chosen, or all when there is none.
static size_t keep(struct footprint *f, uint32_t *items, size_t count,
        const struct stack_usage *usage, chooses *chosen) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (chosen(f, items[i], usage)) {
            uint32_t swapped = items[kept];
            items[kept++] = items[i];
            items[i] = swapped;
        }
    }
    return kept != 0 ? kept : count;
}

/// The functions that the compiler's name may mean.
static size_t find_candidates(struct frame_matcher *m, struct str function, uint32_t *out) {
    struct arena scratch = { 0 };
    struct str base = demangle_base(function);
    struct str plain = plain_name(&scratch, function);
    const struct {
        struct str name;
        unsigned form;
    } tries[] = {
        { function, NAME_EXACT }, { base, NAME_BASE }, { plain, NAME_PLAIN },
        { plain, NAME_BASE }, // extern "C".
    };
    size_t count = 0;
    for (size_t i = 0; count == 0 && i < sizeof(tries) / sizeof(tries[0]); i++) {
        count = find_named(m, tries[i].name, tries[i].form, out, PLACED_MOST);
    }
    arena_clear(&scratch);
    return count;
}

/// The functions that a line may mean by its names, at most PLACED_MOST.
static size_t find_functions(
        struct frame_matcher *m, const struct stack_usage *usage, uint32_t *items) {
    size_t count = find_candidates(m, usage->function, items);
    return count > 1 ? keep(m->f, items, count, usage, chooses_file) : count;
}

/// Reads the places of all functions that only a line of the source tells apart: debug information is opened once for all of them.
static void place_functions(struct frame_matcher *m, const struct stack_usages *usages) {
    struct arena scratch = { 0 };
    VEC(struct footprint_item *) wanted = { .len = 0 };
    for (size_t i = 0; i < usages->list.len; i++) {
        uint32_t items[PLACED_MOST];
        size_t count = find_functions(m, &usages->list.at[i], items);
        for (size_t c = 0; count > 1 && c < count; c++) {
            if (m->f->items.at[items[c]].source.len == 0) {
                *vec_push(&scratch, &wanted) = &m->f->items.at[items[c]];
            }
        }
    }
    footprint_place_items(m->f, wanted.at, wanted.len);
    arena_clear(&scratch);
}

static uint32_t match(struct frame_sizes *s, const struct stack_usage *usage) {
    struct footprint *f = s->matcher->f;
    uint32_t items[PLACED_MOST];
    size_t count = find_functions(s->matcher, usage, items);
    count = count > 1 ? keep(f, items, count, usage, is_at_line) : count;
    s->ambiguous += count > 1;
    s->unmatched += count == 0;
    return count == 1 ? items[0] : FOOTPRINT_NONE;
}

// ---- adding ----

static bool is_mangled(struct str name) {
    return str_starts_with(name, STR("_Z")) || str_starts_with(name, STR("_R"));
}

/// Of two frames of one function the larger is kept.
static void add_frame(struct frame_sizes *s, const struct stack_usage *usage, uint32_t item) {
    struct frame_matcher *m = s->matcher;
    bool is_new;
    uint64_t key = item != FOOTPRINT_NONE
                           ? item + UINT64_C(1)
                           : hash_str(hash_str(usage->line, usage->file), usage->function) |
                                     UINT64_C(1) << 63;
    uint64_t *index = map64_put(&m->known, m->arena, key, &is_new);
    if (!is_new && s->list.at[*index].bytes >= usage->bytes) {
        return;
    }
    if (is_new) {
        *index = s->list.len;
        (void)vec_push(m->arena, &s->list);
    }
    s->list.at[*index] =
            (struct frame_size){ .function = is_mangled(usage->function)
                                                     ? demangle_function(m->arena, usage->function)
                                                     : usage->function,
                .file = usage->file,
                .line = usage->line,
                .bytes = usage->bytes,
                .kind = usage->kind,
                .item = item };
}

bool frame_sizes_add_file(struct frame_sizes *s, const char *path, struct err *err) {
    struct stack_usages usages = { .not_understood = 0 };
    struct str text;
    if (!file_read(s->matcher->arena, path, FILE_MOST, &text, err)) {
        return false;
    }
    stack_usage_parse(s->matcher->arena, text, &usages);
    if (usages.list.len == 0 && usages.first_bad_line != 0) {
        return fail_line(err, path, usages.first_bad_line,
                "is not what -fstack-usage writes: FILE:LINE:COLUMN:FUNCTION, a tab, bytes, a tab, "
                "static, dynamic or dynamic,bounded");
    }
    s->not_understood += usages.not_understood;
    place_functions(s->matcher, &usages);
    for (size_t i = 0; i < usages.list.len; i++) {
        add_frame(s, &usages.list.at[i], match(s, &usages.list.at[i]));
    }
    return true;
}

static void read_sections(
        struct frame_sizes *s, const struct elf_file *elf, struct stack_usages *out) {
    struct err ignored;
    *out = (struct stack_usages){ .not_understood = 0 };
    if (!stack_usage_of_elf(s->matcher->arena, elf, out, &ignored)) {
        out->not_understood++;
    }
    s->not_understood += out->not_understood;
}

/// What says of its functions which frames they have: a program, or an object.
static uint64_t teller_of(const struct footprint *f, const struct footprint_item *item) {
    const struct footprint_section *section = &f->sections.at[item->section];
    return section->object == FOOTPRINT_NONE ? section->file : section->object | UINT64_C(1) << 32;
}

static void add_teller(struct frame_matcher *m, const struct footprint_item *item) {
    (void)map64_put(&m->tellers, m->arena, teller_of(m->f, item), NULL);
}

/// Counts the functions of those that tell frames of which they tell none.
static void count_missing(struct frame_sizes *s) {
    struct frame_matcher *m = s->matcher;
    for (size_t i = 0; m->tellers.count != 0 && i < m->f->items.len; i++) {
        const struct footprint_item *item = &m->f->items.at[i];
        s->missing += is_function(item) && map64_find(&m->tellers, teller_of(m->f, item)) &&
                      !map64_find(&m->known, i + 1);
    }
}

static void add_program(struct frame_sizes *s, uint32_t number) {
    struct frame_matcher *m = s->matcher;
    struct stack_usages usages;
    read_sections(s, m->f->files.at[number].elf, &usages);
    for (size_t i = 0; i < usages.list.len; i++) {
        uint64_t address = usages.list.at[i].address;
        uint32_t item = footprint_find_linked(&m->index, number, address, false);
        if (item != FOOTPRINT_NONE) { // Else a function that the linker dropped.
            add_teller(m, &m->f->items.at[item]);
            add_frame(s, &usages.list.at[i], item);
        }
    }
}

/// Sections of an object stand together, from `first` on.
static void add_object(struct frame_sizes *s, size_t first, const struct elf_file *elf) {
    struct frame_matcher *m = s->matcher;
    struct arena scratch = { 0 };
    struct stack_usages usages;
    read_sections(s, elf, &usages);
    uint32_t *sections = NEW_ARRAY(&scratch, uint32_t, elf->section_count + 1u);
    uint32_t object = m->f->sections.at[first].object;
    for (size_t i = first; i < m->f->sections.len && m->f->sections.at[i].object == object; i++) {
        sections[m->f->sections.at[i].number] = (uint32_t)i + 1;
    }
    for (size_t i = 0; i < usages.list.len; i++) {
        const struct stack_usage *usage = &usages.list.at[i];
        uint32_t section = sections[usage->section];
        uint32_t item = section ? footprint_find_in(&m->index, section - 1, usage->address)
                                : FOOTPRINT_NONE;
        if (item != FOOTPRINT_NONE && m->f->items.at[item].fate != FOOTPRINT_DUPLICATE) {
            add_teller(m, &m->f->items.at[item]);
            add_frame(s, usage, item);
        }
    }
    arena_clear(&scratch);
}

void frame_sizes_add_sections(struct frame_sizes *s) {
    struct footprint *f = s->matcher->f;
    for (uint32_t i = 0; i < f->files.len; i++) {
        const struct elf_file *elf = f->files.at[i].elf;
        if (elf && elf->type != ET_REL) {
            add_program(s, i);
        }
    }
    uint32_t last = FOOTPRINT_NONE;
    for (size_t i = 0; i < f->sections.len; i++) {
        uint32_t object = f->sections.at[i].object;
        bool is_there = object != FOOTPRINT_NONE && !f->sections.at[i].is_dropped;
        if (is_there && object != last && f->objects.at[object].elf) {
            add_object(s, i, f->objects.at[object].elf);
        }
        last = object;
    }
    count_missing(s);
}

static int compare_frames(const void *left, const void *right) {
    const struct frame_size *l = left;
    const struct frame_size *r = right;
    if (l->bytes != r->bytes) {
        return l->bytes > r->bytes ? -1 : 1;
    }
    int order = str_compare(l->function, r->function);
    order = order != 0 ? order : str_compare(l->file, r->file);
    order = order != 0 ? order : (l->line > r->line) - (l->line < r->line);
    return order != 0 ? order : (l->item > r->item) - (l->item < r->item);
}

void frame_sizes_place(struct frame_sizes *s, size_t count) {
    struct footprint *f = s->matcher->f;
    struct arena scratch = { 0 };
    struct footprint_item **wanted = NEW_ARRAY(&scratch, struct footprint_item *, count + 1);
    size_t wanted_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (s->list.at[i].file.len == 0 && s->list.at[i].item != FOOTPRINT_NONE) {
            wanted[wanted_count++] = &f->items.at[s->list.at[i].item];
        }
    }
    footprint_place_items(f, wanted, wanted_count);
    for (size_t i = 0; i < count; i++) {
        struct frame_size *frame = &s->list.at[i];
        if (frame->file.len == 0 && frame->item != FOOTPRINT_NONE) {
            frame->file = f->items.at[frame->item].source;
            frame->line = f->items.at[frame->item].line;
        }
    }
    arena_clear(&scratch);
}

void frame_sizes_sort(struct frame_sizes *s) {
    if (s->list.len > 1) {
        qsort(s->list.at, s->list.len, sizeof(*s->list.at), compare_frames);
    }
    s->matcher->known = (struct map64){ .slots = NULL };
}
