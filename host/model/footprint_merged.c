/// Merged strings and constants go back to the objects that brought them.
///
/// A linker folds the mergeable sections of all objects into one, which its map charges to the first. What an entry of the
/// output says is looked up among the entries of all inputs; of a string that ends as another does ("bar" in "foobar")
/// nothing is left but that end, so entries are cut where such a user begins:
///
///     output    f o o b a r \0        of a.o "foobar", of b.o "bar"
///     items    [a.o  ][shared ]
#include "footprint_entries.h"
#include "footprint_inputs.h"
#include "footprint_kind.h"
#include "footprint_linked.h"
#include "hash.h"
#include "merge_shapes.h"
#include "vec.h"

#include <elf.h>
#include <stdlib.h>

/// Users of an entry: an object's number, or one of these.
enum { USER_NONE = UINT32_MAX, USER_MANY = UINT32_MAX - 1 };

/// Any output section, or none.
enum { OUTPUT_ANY = UINT32_MAX, OUTPUT_NONE = UINT32_MAX - 1 };

/// An item that holds merged entries.
struct region {
    size_t item; ///< Index into footprint.items.
    struct str contents;
    struct footprint_entries shape;
    size_t first_entry;
    size_t entry_count;
};

/// An entry of the output.
struct entry {
    struct str text; ///< Terminator included.
    uint64_t address;
    uint32_t section; ///< Index into footprint.sections.
    uint32_t user;
    uint32_t alignment;
    uint32_t char_bytes; ///< 0: a constant, which has no tails.
    uint32_t
            same; ///< Index of the first one that says the same in this section: users are noted there.
    uint32_t next; ///< Index + 1 of another one of the same hash.
};

/// An input's entry that is none of the output's: the end of another, or dropped.
struct tail {
    struct str text;
    uint32_t section; ///< Index into footprint.sections; OUTPUT_ANY.
    uint32_t user;
    uint32_t next;
};

/// Where the tail of an entry has a user of its own.
struct cut_at {
    uint32_t entry;
    uint32_t offset;
    uint32_t user;
};

struct merging {
    struct footprint *footprint;
    uint32_t file;
    struct footprint_inputs *inputs;
    struct map64
            sources; ///< Hash of object and section name to the footprint's section that it went to, + 1.
    struct map64 outputs; ///< Index in map.outputs to that in footprint.sections, + 1.
    struct {
        struct region *at;
        size_t len, room;
    } regions;
    struct {
        struct entry *at;
        size_t len, room;
    } entries;
    struct map64 by_text; ///< Hash of an entry to its index + 1.
    struct {
        struct tail *at;
        size_t len, room;
    } tails;
    struct map64 tails_by_text;
    struct {
        struct cut_at *at;
        size_t len, room;
    } cuts;
    bool *is_linked; ///< By object: it is in the program; NULL until find_linked().
    size_t object_count;
    struct merge_shapes *shapes; ///< NULL until the first section of lld's is met.
    uint32_t object;             ///< The one being read.
    uint32_t unread;
    uint64_t
            bytes_left; ///< Of regions to look at: sections may name the same bytes of a file over and over.
};

static uint32_t both(uint32_t user, uint32_t other) {
    if (user == USER_NONE || user == other) {
        return other;
    }
    return other == USER_NONE ? user : USER_MANY;
}

// ---- entries ----

/// One step of a hash that is built from the end, so that a walk backward gives the hashes of all tails.
static uint64_t hash_before(uint64_t hash, char c) {
    return (hash ^ (uint8_t)c) * UINT64_C(0x100000001b3);
}

static uint64_t hash_of(struct str text) {
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = text.len; i > 0; i--) {
        hash = hash_before(hash, text.at[i - 1]);
    }
    return hash;
}

// ---- what went where ----

static uint64_t hash_source(uint32_t object, struct str name) {
    return hash_str(hash_number(HASH_SEED, object), name);
}

static bool is_of_linker(struct str object) {
    return object.len == 0 || str_equal(object, STR("<internal>"));
}

static bool may_be_merged(const struct ldmap_input *input) {
    return input->kind == LDMAP_INPUT && !is_of_linker(input->object) &&
           (input->is_merged || section_name_is_mergeable(input->name));
}

static void index_sections(struct merging *m, const struct ldmap *map) {
    struct footprint *f = m->footprint;
    struct map64 by_address = { 0 };
    for (size_t i = 0; i < f->sections.len; i++) {
        const struct footprint_section *s = &f->sections.at[i];
        if (s->file == m->file && !s->is_dropped) {
            *map64_put(&by_address, f->arena, hash_str(s->address, s->name), NULL) = i + 1;
        }
    }
    for (size_t i = 0; i < map->output_count; i++) {
        const struct ldmap_output *o = &map->outputs[i];
        const uint64_t *found = map64_find(&by_address, hash_str(o->address, o->name));
        *map64_put(&m->outputs, f->arena, i, NULL) = found ? *found : 0;
    }
}

static void note_input(struct merging *m, const struct ldmap_input *input) {
    const uint64_t *section = map64_find(&m->outputs, input->output);
    if (!may_be_merged(input) || !section || *section == 0) {
        return;
    }
    uint32_t object = footprint_object_of(m->footprint, m->file, input->archive, input->object, 1);
    bool added;
    uint64_t *known =
            map64_put(&m->sources, m->footprint->arena, hash_source(object, input->name), &added);
    *known = added || *known == *section ? *section : OUTPUT_ANY;
}

/// Sections that the linker dropped brought nothing, even where another's says the same.
static void note_discarded(struct merging *m, const struct ldmap_discarded *d) {
    uint32_t object = footprint_object_of(m->footprint, m->file, d->archive, d->object, 1);
    uint64_t hash = hash_source(object, d->name);
    if (!map64_find(&m->sources, hash)) {
        *map64_put(&m->sources, m->footprint->arena, hash, NULL) = OUTPUT_NONE;
    }
}

// ---- the objects that are linked ----

/// The object that brought `input`; FOOTPRINT_NONE: nobody's.
static uint32_t object_of(struct merging *m, const struct ldmap_input *input) {
    bool is_nobodys =
            input->kind == LDMAP_FILL || input->kind == LDMAP_SCRIPT || is_of_linker(input->object);
    return is_nobodys
                   ? FOOTPRINT_NONE
                   : footprint_object_of(m->footprint, m->file, input->archive, input->object, 1);
}

/// Finds the objects that are in the program, if only with what was merged into others'.
static void find_linked(struct merging *m) {
    const struct ldmap *map = m->footprint->files.at[m->file].map;
    if (m->is_linked) {
        return;
    }
    for (size_t i = 0; i < map->input_count; i++) {
        (void)object_of(m, &map->inputs[i]);
    }
    m->object_count = m->footprint->objects.len;
    m->is_linked = NEW_ARRAY(m->footprint->arena, bool, m->object_count + 1);
    for (size_t i = 0; i < map->input_count; i++) {
        uint32_t object = object_of(m, &map->inputs[i]);
        if (object != FOOTPRINT_NONE) {
            m->is_linked[object] = true;
        }
    }
}

// ---- the output's entries ----

struct shape_search {
    struct str name;
    struct footprint_entries shape;
    bool is_found;
};

static void find_shape(void *self, const struct elf_file *elf) {
    struct shape_search *search = self;
    for (uint32_t i = 1; i < elf->section_count && !search->is_found; i++) {
        const struct elf_section *s = &elf->sections[i];
        if ((s->flags & SHF_MERGE) && str_equal(s->name, search->name)) {
            search->shape = footprint_entries_of(s);
            search->is_found = true;
        }
    }
}

static void note_shapes(void *self, const struct elf_file *elf) {
    struct merging *m = self;
    merge_shapes_add(m->shapes, m->footprint->arena, elf);
}

/// What all objects merge. Read once, and only for lld's programs.
static struct merge_shapes *all_shapes(struct merging *m) {
    if (m->shapes) {
        return m->shapes;
    }
    find_linked(m);
    m->shapes = NEW(m->footprint->arena, struct merge_shapes);
    for (uint32_t i = 0; i < m->object_count; i++) {
        const struct footprint_object *o = &m->footprint->objects.at[i];
        if (m->is_linked[i]) {
            (void)footprint_inputs_visit(m->inputs, o->archive, o->member, note_shapes, m);
        }
    }
    return m->shapes;
}

/// Whether the item is of a section that lld made of all objects'.
static bool is_of_lld(const struct merging *m, const struct footprint_item *item) {
    struct str output = m->footprint->sections.at[item->section].name;
    return item->object == FOOTPRINT_NONE && item->input.len != 0 &&
           section_is_merged_by_lld(STR("<internal>"), item->input, output);
}

/// How the item's bytes are divided: as the input is that the map charges them to, else as its name says (".str1.4", ".cst8").
static struct footprint_entries shape_of_item(
        struct merging *m, const struct footprint_item *item, struct str contents) {
    struct shape_search search = { .name = item->input };
    const struct ldmap *map = m->footprint->files.at[m->file].map;
    const struct ldmap_input *input = is_of_lld(m, item) ? ldmap_find(map, item->address) : NULL;
    if (input && merge_shapes_find(all_shapes(m), contents, input->alignment, &search.shape)) {
        return search.shape;
    }
    if (item->object != FOOTPRINT_NONE) {
        const struct footprint_object *o = &m->footprint->objects.at[item->object];
        (void)footprint_inputs_visit(m->inputs, o->archive, o->member, find_shape, &search);
    }
    if (search.is_found) {
        return search.shape;
    }
    struct footprint_entries shape = { .char_bytes = 1, .alignment = 1, .is_strings = true };
    for (uint32_t bytes = 4; bytes <= 32; bytes *= 2) {
        struct str ending = str_from(arena_printf(m->footprint->arena, ".cst%u", bytes));
        if (str_ends_with(item->input, ending)) {
            shape = (struct footprint_entries){ .char_bytes = bytes, .alignment = 1 };
        }
    }
    return shape;
}

/// The first entry of `section` that says `text`; UINT32_MAX when there is none. `head` is that of its hash.
static uint32_t find_entry(
        const struct merging *m, uint64_t head, struct str text, uint32_t section) {
    for (uint64_t at = head; at != 0; at = m->entries.at[at - 1].next) {
        const struct entry *e = &m->entries.at[at - 1];
        if (e->section == section && str_equal(e->text, text)) {
            return (uint32_t)(at - 1);
        }
    }
    return UINT32_MAX;
}

static void add_entry(struct merging *m, const struct region *r, size_t at, size_t bytes) {
    const struct footprint_item *item = &m->footprint->items.at[r->item];
    struct str text = { r->contents.at + at, bytes };
    uint64_t *head = map64_put(&m->by_text, m->footprint->arena, hash_of(text), NULL);
    uint32_t same = find_entry(m, *head, text, item->section);
    bool is_first = same == UINT32_MAX;
    uint32_t number = (uint32_t)m->entries.len;
    *vec_push(m->footprint->arena, &m->entries) = (struct entry){ .text = text,
        .address = item->address + at,
        .section = item->section,
        .user = USER_NONE,
        .alignment = r->shape.alignment,
        .char_bytes = r->shape.is_strings ? r->shape.char_bytes : 0,
        .same = is_first ? number : same,
        .next = is_first ? (uint32_t)*head : 0 };
    *head = is_first ? m->entries.len : *head;
}

/// What lld merged may have a name, and still nobody to own it.
static bool is_region(const struct merging *m, const struct footprint_item *item) {
    const struct footprint_section *section = &m->footprint->sections.at[item->section];
    bool is_merged =
            item->kind == FOOTPRINT_STRING ||
            (item->kind == FOOTPRINT_CONSTANT && section_name_is_merged_constant(item->input));
    return is_merged && section->file == m->file && !section->is_dropped &&
           (item->known & FOOTPRINT_BY_MAP) && !section->is_nobits &&
           (item->symbol.len == 0 || is_of_lld(m, item));
}

static struct str contents_of(const struct merging *m, const struct footprint_item *item) {
    const struct footprint_section *section = &m->footprint->sections.at[item->section];
    const struct elf_file *elf = m->footprint->files.at[m->file].elf;
    struct str all;
    struct err ignored;
    uint64_t offset = item->address - section->address;
    bool is_there = elf_file_contents(m->footprint->arena, elf, section->number, &all, &ignored) &&
                    offset + item->bytes <= all.len;
    return is_there ? (struct str){ all.at + offset, (size_t)item->bytes } : STR("");
}

static void add_region(struct merging *m, size_t number) {
    const struct footprint_item *item = &m->footprint->items.at[number];
    struct region region = {
        .item = number, .contents = contents_of(m, item), .first_entry = m->entries.len
    };
    if (region.contents.len > m->bytes_left) {
        return;
    }
    region.shape = shape_of_item(m, item, region.contents);
    m->bytes_left -= region.contents.len;
    for (size_t at = 0; at < region.contents.len && m->entries.len < UINT32_MAX - 1;) {
        size_t bytes = footprint_entry_bytes(&region.shape, region.contents, at);
        add_entry(m, &region, at, bytes);
        at = footprint_entry_next(&region.shape, region.contents, at + bytes);
    }
    region.entry_count = m->entries.len - region.first_entry;
    if (region.entry_count != 0) {
        *vec_push(m->footprint->arena, &m->regions) = region;
    }
}

// ---- the inputs' entries ----

static bool fits_section(uint32_t section, uint32_t wanted) {
    return wanted == OUTPUT_ANY || section == wanted;
}

/// Whether the output has `text` as an entry; then its user is noted.
static bool note_entry(struct merging *m, struct str text, uint64_t hash, uint32_t section) {
    const uint64_t *head = map64_find(&m->by_text, hash);
    bool found = false;
    for (uint64_t at = head ? *head : 0; at != 0; at = m->entries.at[at - 1].next) {
        struct entry *e = &m->entries.at[at - 1];
        if (fits_section(e->section, section) && str_equal(e->text, text)) {
            e->user = both(e->user, m->object);
            found = true;
        }
    }
    return found;
}

static void note_tail(struct merging *m, struct str text, uint64_t hash, uint32_t section) {
    uint64_t *head = map64_put(&m->tails_by_text, m->footprint->arena, hash, NULL);
    for (uint64_t at = *head; at != 0; at = m->tails.at[at - 1].next) {
        struct tail *t = &m->tails.at[at - 1];
        if (t->section == section && str_equal(t->text, text)) {
            t->user = both(t->user, m->object);
            return;
        }
    }
    *vec_push(m->footprint->arena, &m->tails) = (struct tail){
        .text = text, .section = section, .user = m->object, .next = (uint32_t)*head
    };
    *head = m->tails.len;
}

static void read_entries(struct merging *m, struct str contents,
        const struct footprint_entries *shape, uint32_t section) {
    for (size_t at = 0; at < contents.len;) {
        struct str text = { contents.at + at, footprint_entry_bytes(shape, contents, at) };
        uint64_t hash = hash_of(text);
        if (!note_entry(m, text, hash, section) && shape->is_strings &&
                m->tails.len < UINT32_MAX - 1) {
            note_tail(m, text, hash, section);
        }
        at = footprint_entry_next(shape, contents, at + text.len);
    }
}

static void read_object(void *self, const struct elf_file *elf) {
    struct merging *m = self;
    uint64_t left = elf->bytes.len;
    for (uint32_t i = 1; i < elf->section_count; i++) {
        const struct elf_section *s = &elf->sections[i];
        uint64_t wanted = SHF_MERGE | SHF_ALLOC;
        struct str contents;
        struct err ignored;
        const uint64_t *source = map64_find(&m->sources, hash_source(m->object, s->name));
        if ((s->flags & wanted) != wanted || (source && *source == OUTPUT_NONE) ||
                !elf_file_contents(m->footprint->arena, elf, i, &contents, &ignored) ||
                contents.len > left) {
            continue;
        }
        left -= contents.len;
        bool is_any = !source || *source == OUTPUT_ANY;
        struct footprint_entries shape = footprint_entries_of(s);
        read_entries(m, contents, &shape, is_any ? OUTPUT_ANY : (uint32_t)(*source - 1));
    }
}

/// Each of them may have brought something: of what was merged to nothing a map need not tell, and lld's tells of none.
static void read_objects(struct merging *m) {
    for (m->object = 0; m->object < m->object_count; m->object++) {
        const struct footprint_object *o = &m->footprint->objects.at[m->object];
        if (!m->is_linked[m->object]) {
            continue;
        }
        m->unread += !footprint_inputs_visit(m->inputs, o->archive, o->member, read_object, m);
    }
}

// ---- tails ----

static void add_cut(struct merging *m, uint32_t entry, size_t offset, uint64_t hash) {
    const struct entry *e = &m->entries.at[entry];
    struct str text = { e->text.at + offset, e->text.len - offset };
    const uint64_t *head = map64_find(&m->tails_by_text, hash);
    for (uint64_t at = head ? *head : 0; at != 0; at = m->tails.at[at - 1].next) {
        const struct tail *t = &m->tails.at[at - 1];
        if (fits_section(e->section, t->section) && str_equal(t->text, text)) {
            *vec_push(m->footprint->arena, &m->cuts) =
                    (struct cut_at){ .entry = entry, .offset = (uint32_t)offset, .user = t->user };
        }
    }
}

/// Looks all tails of `entry` up.
static void cut_entry(struct merging *m, uint32_t entry) {
    const struct entry *e = &m->entries.at[entry];
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    if (e->text.len > UINT32_MAX) {
        return;
    }
    for (size_t at = e->text.len; at > 1;) {
        hash = hash_before(hash, e->text.at[--at]);
        bool may_begin = e->char_bytes != 0 && at % e->char_bytes == 0 && at % e->alignment == 0;
        if (may_begin) {
            add_cut(m, entry, at, hash);
        }
    }
}

static int compare_cuts(const void *left, const void *right) {
    const struct cut_at *l = left;
    const struct cut_at *r = right;
    if (l->entry != r->entry) {
        return l->entry < r->entry ? -1 : 1;
    }
    if (l->offset != r->offset) {
        return l->offset < r->offset ? -1 : 1;
    }
    return (l->user > r->user) - (l->user < r->user);
}

static void find_tails(struct merging *m) {
    for (uint32_t i = 0; m->tails.len != 0 && i < m->entries.len; i++) {
        cut_entry(m, i);
    }
    if (m->cuts.len != 0) {
        qsort(m->cuts.at, m->cuts.len, sizeof(*m->cuts.at), compare_cuts);
    }
}

// ---- items anew ----

struct remade {
    struct merging *merging;
    struct {
        struct footprint_item *at;
        size_t len, room;
    } items;
    size_t next_cut;
};

static void add_item(struct remade *r, const struct footprint_item *from, uint64_t address,
        uint64_t bytes, uint32_t user) {
    if (bytes == 0) {
        return;
    }
    struct footprint_item *item = vec_push(r->merging->footprint->arena, &r->items);
    *item = *from;
    item->continues |= from->symbol.len != 0 && address != from->address;
    item->address = address;
    item->bytes = bytes;
    if (user != USER_NONE) {
        item->is_shared = user == USER_MANY;
        item->object = user == USER_MANY ? FOOTPRINT_NONE : user;
        item->known |= FOOTPRINT_BY_OBJECT;
    }
}

static void add_entry_items(struct remade *r, const struct footprint_item *from, uint32_t number) {
    const struct merging *m = r->merging;
    const struct entry *e = &m->entries.at[number];
    uint32_t user = m->entries.at[e->same].user;
    uint32_t at = 0;
    for (; r->next_cut < m->cuts.len && m->cuts.at[r->next_cut].entry == number; r->next_cut++) {
        const struct cut_at *cut = &m->cuts.at[r->next_cut];
        uint32_t users = both(user, cut->user);
        if (users != user) {
            add_item(r, from, e->address + at, cut->offset - at, user);
            at = cut->offset;
            user = users;
        }
    }
    add_item(r, from, e->address + at, e->text.len - at, user);
}

/// Entries of one region, and what aligns them.
static void add_region_items(struct remade *r, const struct region *region) {
    const struct merging *m = r->merging;
    const struct footprint_item *from = &m->footprint->items.at[region->item];
    struct footprint_item whole = *from;
    struct footprint_item padding = *from;
    uint64_t at = from->address;
    whole.kind = region->shape.is_strings ? FOOTPRINT_STRING : FOOTPRINT_CONSTANT;
    padding.kind = FOOTPRINT_PADDING;
    padding.cause = FOOTPRINT_INSIDE;
    for (size_t i = 0; i < region->entry_count; i++) {
        const struct entry *e = &m->entries.at[region->first_entry + i];
        add_item(r, &padding, at, e->address - at, USER_NONE);
        add_entry_items(r, &whole, (uint32_t)(region->first_entry + i));
        at = e->address + e->text.len;
    }
    add_item(r, &padding, at, from->address + from->bytes - at, USER_NONE);
}

static void replace_items(struct merging *m) {
    struct remade r = { .merging = m };
    struct footprint *f = m->footprint;
    size_t next = 0;
    for (size_t i = 0; i < f->items.len; i++) {
        if (next < m->regions.len && m->regions.at[next].item == i) {
            add_region_items(&r, &m->regions.at[next++]);
        } else {
            *vec_push(f->arena, &r.items) = f->items.at[i];
        }
    }
    f->items.at = r.items.at;
    f->items.len = r.items.len;
    f->items.room = r.items.room;
}

// ---- the whole ----

static void find_regions(struct merging *m) {
    for (size_t i = 0; i < m->footprint->items.len; i++) {
        if (is_region(m, &m->footprint->items.at[i])) {
            add_region(m, i);
        }
    }
}

bool footprint_linked_merged(
        struct footprint *f, uint32_t file, const char *folder, uint32_t *unread, struct err *err) {
    const struct footprint_file *program = &f->files.at[file];
    *unread = 0;
    if (!program->elf || !program->map) {
        return fail(err, program->path.at, ERR_NO_OFFSET,
                "merged strings are given back only where a program and its map are there");
    }
    struct merging m = { .footprint = f,
        .file = file,
        .inputs = footprint_inputs_of(f, file, folder),
        .bytes_left = program->elf->bytes.len };
    index_sections(&m, program->map);
    for (size_t i = 0; i < program->map->input_count; i++) {
        note_input(&m, &program->map->inputs[i]);
    }
    for (size_t i = 0; i < program->map->discarded_count; i++) {
        note_discarded(&m, &program->map->discarded[i]);
    }
    find_regions(&m);
    if (m.regions.len != 0) {
        find_linked(&m);
        read_objects(&m);
        find_tails(&m);
        replace_items(&m);
    }
    *unread = m.unread;
    return true;
}
