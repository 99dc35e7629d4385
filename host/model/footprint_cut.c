/// The sweep. Each piece - an input of the map, or what lies between two - is cut along the symbols that begin in it, and
/// what is left without a name is judged by what is around it.
#include "footprint_cut.h"

#include "footprint_marks.h"
#include "footprint_text.h"
#include "input_names.h"
#include "vec.h"

#include <elf.h>
#include <stdlib.h>

/// Alignment that compilers give to variables and functions by themselves; a wider gap has another cause.
enum { WIDEST_PADDING = 31, FEW_SYMBOLS = 512 };

/// Part of a section that one object, or nobody, put there.
struct piece {
    uint64_t low;
    uint64_t high;
    const struct ldmap_input *input; ///< NULL: not in the map.
    uint32_t object;
    enum footprint_kind kind;
    bool must_be_internal;
};

/// A section being cut.
struct sweep {
    struct cut *cut;
    const struct cut_section *in;
    const struct footprint_section *section;
    enum footprint_kind kind;         ///< Of bytes whose input is not known.
    enum footprint_kind data_in_code; ///< Of a variable or table among code.
    bool explains_itself;             ///< Section's type or name says what all of its bytes are.
    bool is_reserved;                 ///< No variable lies in it: room that the script sets aside.
    size_t next;                      ///< First symbol not passed yet.
    size_t symbols_end;
};

// ---- symbols ----

static bool may_own(const struct elf_symbol *s) {
    bool is_code = s->type == STT_FUNC || s->type == STT_GNU_IFUNC;
    bool is_data = s->type == STT_OBJECT || s->type == STT_TLS || s->type == STT_COMMON;
    if (s->place != ELF_IN_SECTION || s->section == 0 || s->name.len == 0 || s->is_mark) {
        return false;
    }
    return is_code || s->type == STT_NOTYPE || (is_data && s->size_bytes != 0);
}

static unsigned binding_rank(const struct elf_symbol *s) {
    return s->binding == STB_GLOBAL ? 0 : s->binding == STB_WEAK ? 1 : 2;
}

static int compare_aliases(const struct elf_symbol *l, const struct elf_symbol *r) {
    if (l->binding != r->binding && binding_rank(l) != binding_rank(r)) {
        return binding_rank(l) < binding_rank(r) ? -1 : 1;
    }
    return str_compare(l->name, r->name);
}

/// By address; of aliases the wider first, then by compare_aliases().
static int compare_symbols(const void *left, const void *right, void *self) {
    const struct cut_symbol *l = left;
    const struct cut_symbol *r = right;
    const struct elf_file *elf = self;
    if (l->address != r->address) {
        return l->address < r->address ? -1 : 1;
    }
    if (l->bytes != r->bytes) {
        return l->bytes > r->bytes ? -1 : 1;
    }
    int order = compare_aliases(&elf->symbols[l->index], &elf->symbols[r->index]);
    return order != 0 ? order : (l->index > r->index) - (l->index < r->index);
}

static bool is_in_loaded(const struct elf_file *elf, const struct elf_symbol *s) {
    return s->section < elf->section_count && (elf->sections[s->section].flags & SHF_ALLOC);
}

/// Sorts by the address in the section, equal ones in the order they had: eleven bits at a time, which for the 100,000 symbols of a large
/// program takes a third of the time of qsort(). `low` is the least address, `high` the largest.
static void sort_by_address(struct cut_symbol *at, struct cut_symbol *other, size_t count,
        uint64_t low, uint64_t high) {
    enum { BITS = 11, BUCKETS = 1 << BITS };
    struct cut_symbol *from = at;
    for (unsigned shift = 0; shift < 64 && (high - low) >> shift != 0; shift += BITS) {
        size_t begin[BUCKETS + 1] = { 0 };
        for (size_t i = 0; i < count; i++) {
            begin[((from[i].address - low) >> shift & (BUCKETS - 1)) + 1]++;
        }
        for (size_t i = 1; i < BUCKETS; i++) {
            begin[i] += begin[i - 1];
        }
        for (size_t i = 0; i < count; i++) {
            other[begin[(from[i].address - low) >> shift & (BUCKETS - 1)]++] = from[i];
        }
        struct cut_symbol *sorted = other;
        other = from;
        from = sorted;
    }
    if (from != at) {
        memcpy(at, from, count * sizeof(*at));
    }
}

static void sort_with_aliases(const struct cut *c, struct cut_symbol *at, size_t count) {
    qsort_r(at, count, sizeof(*at), compare_symbols, (void *)(uintptr_t)c->elf);
}

/// `other` is room for as many.
static void sort_symbols(
        const struct cut *c, struct cut_symbol *at, size_t count, struct cut_symbol *other) {
    uint64_t low = UINT64_MAX;
    uint64_t high = 0;
    if (count < FEW_SYMBOLS) {
        sort_with_aliases(c, at, count);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        low = at[i].address < low ? at[i].address : low;
        high = at[i].address > high ? at[i].address : high;
    }
    sort_by_address(at, other, count, low, high);
    for (size_t i = 0, end; i < count; i = end) {
        for (end = i + 1; end < count && at[end].address == at[i].address; end++) {
        }
        if (end - i > 1) {
            sort_with_aliases(c, at + i, end - i);
        }
    }
}

/// Number of symbols of each section, as places where each section's begin.
static size_t count_symbols(struct cut *c) {
    const struct elf_file *elf = c->elf;
    c->first_symbol = NEW_ARRAY(c->footprint->arena, size_t, (size_t)elf->section_count + 2);
    for (size_t i = 0; i < elf->symbol_count; i++) {
        if (may_own(&elf->symbols[i]) && is_in_loaded(elf, &elf->symbols[i])) {
            c->first_symbol[elf->symbols[i].section + 2]++;
        }
    }
    for (size_t i = 2; i < (size_t)elf->section_count + 2; i++) {
        c->first_symbol[i] += c->first_symbol[i - 1];
    }
    return c->first_symbol[(size_t)elf->section_count + 1];
}

/// Puts the symbols of each section together, in the order of the table; after that, first_symbol is as promised.
static void deal_symbols(struct cut *c) {
    const struct elf_file *elf = c->elf;
    c->symbols = NEW_ARRAY(c->footprint->arena, struct cut_symbol, count_symbols(c) + 1);
    for (size_t i = 0; i < elf->symbol_count && i < UINT32_MAX; i++) {
        const struct elf_symbol *s = &elf->symbols[i];
        if (may_own(s) && is_in_loaded(elf, s)) {
            c->symbols[c->first_symbol[s->section + 1]++] =
                    (struct cut_symbol){ .address = s->address,
                        .bytes = s->size_bytes,
                        .section = s->section,
                        .index = (uint32_t)i };
        }
    }
}

/// Room for the items of the first file at once: growing copies 13 MB of a program with 100,000 symbols, and what is not used is never touched.
static void make_room(struct footprint *f, size_t symbols) {
    enum { ITEMS_OF_SYMBOL = 3 }; // Itself, what aligns it, a string that it has no name for.
    if (f->items.len == 0 && f->items.room < symbols * ITEMS_OF_SYMBOL) {
        f->items.room = symbols * ITEMS_OF_SYMBOL;
        f->items.at = NEW_ARRAY(f->arena, struct footprint_item, f->items.room);
    }
}

void footprint_cut_begin(struct cut *c, struct footprint *f, uint32_t file,
        const struct elf_file *elf, const struct ldmap *map) {
    *c = (struct cut){ .footprint = f, .file = file, .elf = elf, .map = map };
    if (!elf) {
        return;
    }
    deal_symbols(c);
    size_t count = c->first_symbol[elf->section_count];
    make_room(f, count);
    struct cut_symbol *other = NEW_ARRAY(f->arena, struct cut_symbol, count + 1);
    for (uint32_t i = 0; i < elf->section_count; i++) {
        size_t first = c->first_symbol[i];
        if (c->first_symbol[i + 1] - first > 1) {
            sort_symbols(c, c->symbols + first, c->first_symbol[i + 1] - first, other);
        }
    }
    c->bytes_left = 2 * (uint64_t)elf->bytes.len;
    c->marks = footprint_marks_of(f->arena, elf, &c->mark_count);
}

// ---- items ----

static struct footprint_item *add(struct sweep *s, const struct piece *p, uint64_t low,
        uint64_t high, enum footprint_kind kind) {
    struct footprint *f = s->cut->footprint;
    struct footprint_item *item = vec_push(f->arena, &f->items);
    *item = (struct footprint_item){ .address = low,
        .bytes = high - low,
        .symbol = STR(""),
        .input = p->input ? p->input->name : STR(""),
        .source = STR(""),
        .section = s->in->section,
        .object = p->object,
        .kind = (uint8_t)kind,
        .must_be_internal = p->must_be_internal,
        .fate = s->in->is_of_object ? FOOTPRINT_MAY_STAY : FOOTPRINT_LINKED,
        .known = s->in->is_of_object ? FOOTPRINT_BY_OBJECT
                 : p->input          ? FOOTPRINT_BY_MAP
                                     : 0 };
    return item;
}

static void add_padding(struct sweep *s, const struct piece *p, uint64_t low, uint64_t high,
        enum footprint_cause cause) {
    add(s, p, low, high, FOOTPRINT_PADDING)->cause = (uint8_t)cause;
}

/// Index of the first mark behind `address` of `section`.
static size_t mark_after(const struct cut *c, uint32_t section, uint64_t address) {
    size_t low = 0;
    size_t high = c->mark_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct cut_mark *m = &c->marks[middle];
        if (m->section < section || (m->section == section && m->address <= address)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/// Adds bytes of code, or what is not known in a section of code, as the assembler's marks divide it.
static void add_marked(struct sweep *s, const struct piece *p, uint64_t low, uint64_t high,
        enum footprint_kind kind, const struct footprint_item *like) {
    const struct cut *c = s->cut;
    uint32_t section = s->in->is_of_object ? c->footprint->sections.at[s->in->section].number : 0;
    size_t next = mark_after(c, section, low);
    for (uint64_t begin = low; low < high; next++) {
        bool is_said = next > 0 && c->marks[next - 1].section == section;
        enum footprint_kind here = is_said ? c->marks[next - 1].kind : FOOTPRINT_UNKNOWN;
        bool ends_here = next < c->mark_count && c->marks[next].section == section &&
                         c->marks[next].address < high;
        uint64_t end = ends_here ? c->marks[next].address : high;
        struct footprint_item *item = add(s, p, low, end, here == FOOTPRINT_UNKNOWN ? kind : here);
        item->symbol = like->symbol;
        item->continues = like->symbol.len != 0 && low > begin;
        item->known |= like->known;
        item->known |= here != FOOTPRINT_UNKNOWN ? FOOTPRINT_BY_SYMBOL : 0;
        low = end;
    }
}

static bool is_marked(const struct sweep *s, enum footprint_kind kind) {
    return s->cut->mark_count != 0 && s->in->traits.is_code &&
           (kind == FOOTPRINT_CODE || kind == FOOTPRINT_UNKNOWN);
}

/// Variables stand among code, and functions in `.data`, from where they run faster than from flash.
static enum footprint_kind kind_of_symbol(
        const struct sweep *s, const struct piece *p, const struct elf_symbol *symbol) {
    bool is_function = symbol->type == STT_FUNC || symbol->type == STT_GNU_IFUNC;
    if (p->kind == FOOTPRINT_CODE && symbol->type == STT_OBJECT) {
        return s->data_in_code;
    }
    bool is_of_data = p->kind == FOOTPRINT_DATA || p->kind == FOOTPRINT_CONSTANT;
    return is_of_data && is_function && s->in->traits.is_code ? FOOTPRINT_CODE : p->kind;
}

static void add_symbol(struct sweep *s, const struct piece *p, uint64_t low, uint64_t high,
        const struct cut_symbol *by) {
    const struct elf_symbol *symbol = &s->cut->elf->symbols[by->index];
    uint8_t known = FOOTPRINT_BY_SYMBOL | (by->bytes == 0 ? FOOTPRINT_BY_START : 0);
    enum footprint_kind kind = kind_of_symbol(s, p, symbol);
    if (is_marked(s, kind)) {
        struct footprint_item like = { .symbol = symbol->name, .known = known };
        add_marked(s, p, low, high, kind, &like);
        return;
    }
    struct footprint_item *item = add(s, p, low, high, kind);
    item->symbol = symbol->name;
    item->known |= known;
}

// ---- bytes without a name ----

/// The stored bytes [low, high); empty when they are not at hand, or more were looked at than a sound file has.
static struct str contents_of(const struct sweep *s, uint64_t low, uint64_t high) {
    struct str all = s->in->contents;
    uint64_t begin = low - s->section->address;
    uint64_t end = high - s->section->address;
    if (end > all.len || high - low > s->cut->bytes_left) {
        return STR("");
    }
    s->cut->bytes_left -= high - low;
    return (struct str){ all.at + begin, (size_t)(end - begin) };
}

/// Whether an alignment of what begins at `high` can be the reason for the bytes before it.
static bool is_aligning(uint64_t low, uint64_t high) {
    uint64_t alignment = high & -high;
    return alignment == 0 || high - low < alignment;
}

/// Whether [low, high), behind something and before something, looks like what a compiler leaves to align.
static bool is_small_padding(const struct sweep *s, uint64_t low, uint64_t high) {
    if (high - low > WIDEST_PADDING || !is_aligning(low, high)) {
        return false;
    }
    bool is_stored = s->in->contents.len != 0;
    return s->in->traits.is_code || !is_stored || footprint_text_is_zero(contents_of(s, low, high));
}

static enum footprint_cause cause_between(const struct sweep *s, uint64_t low, uint64_t high) {
    if (high == s->section->address + s->section->bytes) {
        return FOOTPRINT_END;
    }
    return is_aligning(low, high) ? FOOTPRINT_ALIGNS : FOOTPRINT_SCRIPT;
}

static bool may_hold_text(enum footprint_kind kind) {
    return kind == FOOTPRINT_CONSTANT || kind == FOOTPRINT_DATA || kind == FOOTPRINT_STRING;
}

/// Bytes that neither a map nor a symbol tells of: strings are found again, the rest is unknown.
static void add_text(struct sweep *s, const struct piece *p, uint64_t low, uint64_t high) {
    struct str bytes = contents_of(s, low, high);
    size_t at = 0, begin, end;
    while (footprint_text_find(bytes, at, &begin, &end)) {
        if (begin > at) {
            add(s, p, low + at, low + begin, FOOTPRINT_UNKNOWN);
        }
        add(s, p, low + begin, low + end, FOOTPRINT_STRING)->known = FOOTPRINT_BY_TEXT;
        at = end;
    }
    if (low + at < high) {
        add(s, p, low + at, high, FOOTPRINT_UNKNOWN);
    }
}

/// Bytes [low, high) of a section that no map tells of.
static void add_unmapped(struct sweep *s, const struct piece *p, uint64_t low, uint64_t high) {
    if (s->explains_itself) {
        add(s, p, low, high, p->kind);
    } else if (s->is_reserved) {
        add_padding(s, p, low, high, FOOTPRINT_SCRIPT);
    } else if (low > s->section->address && is_small_padding(s, low, high)) {
        add_padding(s, p, low, high, cause_between(s, low, high));
    } else if (is_marked(s, p->kind)) {
        struct footprint_item nobody = { .symbol = STR("") };
        add_marked(s, p, low, high, FOOTPRINT_UNKNOWN, &nobody);
    } else if (may_hold_text(p->kind)) {
        add_text(s, p, low, high);
    } else {
        add(s, p, low, high, FOOTPRINT_UNKNOWN);
    }
}

/// What an input without any symbol is called after: its name has it, if it was made for one.
static struct footprint_item named_by_section(
        const struct piece *p, uint64_t low, uint64_t high, enum footprint_kind kind) {
    struct footprint_item like = { .symbol = STR("") };
    bool is_whole = low == p->low && high == p->high;
    if (is_whole && kind != FOOTPRINT_LINKER && kind != FOOTPRINT_STRING) {
        like.symbol = input_name_symbol(p->input->name);
        like.known = like.symbol.len != 0 ? FOOTPRINT_BY_SECTION : 0;
    }
    return like;
}

/// Bytes [low, high) of an input: the object's, unless they only align its next symbol.
static void add_of_input(struct sweep *s, const struct piece *p, uint64_t low, uint64_t high) {
    struct footprint_item like = named_by_section(p, low, high, p->kind);
    if (low > p->low && high < p->high && is_small_padding(s, low, high)) {
        add_padding(s, p, low, high, FOOTPRINT_INSIDE);
    } else if (is_marked(s, p->kind)) {
        add_marked(s, p, low, high, p->kind, &like);
    } else {
        struct footprint_item *item = add(s, p, low, high, p->kind);
        item->symbol = like.symbol;
        item->known |= like.known;
    }
}

/// Whether bytes that the map gives to nobody, though it tells of the section, are padding: anything but code must be zero.
static bool is_gap_of_map(const struct sweep *s, uint64_t low, uint64_t high) {
    bool has_inputs = s->in->output && s->in->output->count != 0;
    bool may_be_nops = s->in->traits.is_code && high - low <= WIDEST_PADDING;
    return has_inputs && !s->explains_itself &&
           (may_be_nops || footprint_text_is_zero(contents_of(s, low, high)));
}

static void add_unnamed(struct sweep *s, const struct piece *p, uint64_t low, uint64_t high) {
    if (low >= high) {
        return;
    }
    if (p->input) {
        add_of_input(s, p, low, high);
    } else if (is_gap_of_map(s, low, high)) {
        add_padding(s, p, low, high, cause_between(s, low, high));
    } else {
        add_unmapped(s, p, low, high);
    }
}

// ---- pieces ----

/// Where the symbol at `number`, which has no size, ends: where the next one begins.
static uint64_t next_address(const struct sweep *s, size_t number, uint64_t most) {
    uint64_t address = s->cut->symbols[number].address;
    while (++number < s->symbols_end) {
        uint64_t next = s->cut->symbols[number].address;
        if (next > address) {
            return next < most ? next : most;
        }
    }
    return most;
}

/// Whether symbols without a size own bytes here. Assembly has such; among data they are the linker script's marks.
static bool may_extend(const struct sweep *s, const struct piece *p) {
    return s->in->traits.is_code && (p->kind == FOOTPRINT_CODE || p->kind == FOOTPRINT_VECTOR);
}

/// Where symbol `number` ends in `p`, whose bytes before `at` are dealt out; 0 when it has none to get.
static uint64_t symbol_end(
        const struct sweep *s, const struct piece *p, size_t number, uint64_t at) {
    const struct cut_symbol *symbol = &s->cut->symbols[number];
    if (symbol->bytes != 0) {
        uint64_t end = symbol->address + symbol->bytes;
        return end > symbol->address ? end : 0;
    }
    bool is_owner = may_extend(s, p) && symbol->address >= at;
    return is_owner ? next_address(s, number, p->high) : 0;
}

/// Cuts `p` along the symbols in it.
static void cut_piece(struct sweep *s, const struct piece *p) {
    uint64_t at = p->low;
    while (s->next < s->symbols_end) {
        const struct cut_symbol *symbol = &s->cut->symbols[s->next];
        if (symbol->address >= p->high) {
            break;
        }
        uint64_t end = symbol_end(s, p, s->next, at);
        if (end > at && at < p->high) { // Else an alias of what was passed, or nonsense.
            uint64_t low = symbol->address > at ? symbol->address : at;
            uint64_t high = end < p->high ? end : p->high;
            add_unnamed(s, p, at, low);
            add_symbol(s, p, low, high, symbol);
            at = high;
        }
        if (end > p->high) {
            break; // It goes on in the next piece.
        }
        s->next++;
    }
    add_unnamed(s, p, at, p->high);
}

/// Bytes [low, high) that the map does not mention, or that no map tells of.
static void cut_gap(struct sweep *s, uint64_t low, uint64_t high) {
    struct piece p = { .low = low, .high = high, .object = FOOTPRINT_NONE, .kind = s->kind };
    if (low < high) {
        cut_piece(s, &p);
    }
}

/// Inputs that a linker makes by itself have no file's name.
static bool is_of_linker(struct str object) {
    return str_equal(object, STR("linker stubs")) || str_equal(object, STR("<internal>"));
}

/// Whether all objects' strings or constants are in `input`; footprint_linked_merged() finds out which.
static bool is_merged(const struct sweep *s, const struct ldmap_input *input) {
    struct str output = s->cut->map->outputs[input->output].name;
    if (!section_is_merged_by_lld(input->object, input->name, output)) {
        return false;
    }
    enum footprint_kind kind = footprint_kind_of(&s->in->traits, output);
    return kind != FOOTPRINT_ZERO && kind != FOOTPRINT_THREAD_ZERO;
}

static uint32_t object_of(struct sweep *s, const struct ldmap_input *input) {
    if (input->object.len == 0 || is_of_linker(input->object)) {
        return FOOTPRINT_NONE;
    }
    return footprint_object_of(s->cut->footprint, s->cut->file, input->archive, input->object, 1);
}

/// Whether the author of an input section keeps it in internal RAM.
static bool must_be_internal(const struct sweep *s, struct str input) {
    const struct target *target = s->cut->footprint->target;
    for (uint32_t i = 0; target && i < target->internal_section_count; i++) {
        if (str_matches(input, target->internal_sections[i])) {
            return true;
        }
    }
    return false;
}

/// A section of an object, before linking.
static void cut_object(struct sweep *s) {
    struct ldmap_input whole = { .name = s->section->name };
    struct piece p = { .low = s->section->address,
        .high = s->section->address + s->section->bytes,
        .input = &whole,
        .object = s->in->object,
        .kind = footprint_kind_of(&s->in->traits, s->section->name),
        .must_be_internal = must_be_internal(s, s->section->name) };
    cut_piece(s, &p);
}

/// Bytes [low, high) of `input`.
static void cut_input(
        struct sweep *s, const struct ldmap_input *input, uint64_t low, uint64_t high) {
    struct piece p = { .low = low, .high = high, .input = input, .object = FOOTPRINT_NONE };
    if (input->kind == LDMAP_FILL) {
        add_padding(s, &p, low, high, cause_between(s, low, high));
        return;
    }
    if (input->kind == LDMAP_SCRIPT) {
        add(s, &p, low, high, FOOTPRINT_LINKER);
        return;
    }
    struct str name = input->kind == LDMAP_COMMON ? STR("COMMON") : input->name;
    p.must_be_internal = must_be_internal(s, name);
    p.kind = is_merged(s, input)           ? FOOTPRINT_STRING
             : is_of_linker(input->object) ? FOOTPRINT_LINKER
                                           : footprint_kind_of(&s->in->traits, name);
    // What GNU ld makes itself (.got, .plt, .dynsym ...) it keeps with the first object of its command line.
    if (p.kind != FOOTPRINT_LINKER)
        p.object = object_of(s, input);
    cut_piece(s, &p);
}

// ---- sections ----

/// Sections whose bytes need no names: tables of addresses and for unwinding, what the linker makes, vectors.
static bool explains_itself(const struct sweep *s, uint32_t type) {
    struct str name = s->in->traits.name;
    bool is_table = type == SHT_INIT_ARRAY || type == SHT_FINI_ARRAY || type == SHT_PREINIT_ARRAY ||
                    (type == SHT_ARM_EXIDX && !s->in->traits.is_code) || type == SHT_NOTE;
    return is_table || s->kind == FOOTPRINT_LINKER || s->kind == FOOTPRINT_VECTOR ||
           s->kind == FOOTPRINT_LITERAL || s->in->traits.is_mergeable ||
           str_equal(name, STR(".eh_frame")) || str_equal(name, STR(".gcc_except_table")) ||
           str_starts_with(name, STR(".ARM.ex"));
}

/// A heap or stack as scripts reserve them: nothing is stored, and no symbol has a size. Where variables usually are, or no symbol at all is
/// left, that says nothing.
static bool is_reserved(const struct sweep *s) {
    const struct cut *c = s->cut;
    if (!s->in->traits.is_nobits || s->in->traits.is_thread || s->in->output ||
            c->first_symbol[c->elf->section_count] == 0 ||
            str_matches(s->in->traits.name, STR("*bss*"))) {
        return false;
    }
    for (size_t i = s->next; i < s->symbols_end; i++) {
        if (c->symbols[i].bytes != 0) {
            return false;
        }
    }
    return true;
}

void footprint_cut_section(struct cut *c, const struct cut_section *in) {
    struct sweep s = { .cut = c, .in = in, .section = &c->footprint->sections.at[in->section] };
    s.kind = footprint_kind_of(&in->traits, STR(""));
    s.data_in_code = footprint_kind_of(&in->traits, STR(".data"));
    if (c->elf) {
        s.explains_itself = explains_itself(&s, c->elf->sections[s.section->number].type);
        s.next = c->first_symbol[s.section->number];
        s.symbols_end = c->first_symbol[s.section->number + 1];
        s.is_reserved = is_reserved(&s);
    }
    if (in->is_of_object) {
        cut_object(&s);
        return;
    }
    uint64_t at = s.section->address;
    uint64_t end = at + s.section->bytes;
    for (size_t i = 0; in->output && i < in->output->count; i++) {
        const struct ldmap_input *input = &c->map->inputs[in->output->first + i];
        uint64_t low = input->address > at ? input->address : at;
        uint64_t high = input->address + input->size_bytes;
        high = high < end ? high : end;
        if (low < high) {
            cut_gap(&s, at, low);
            cut_input(&s, input, low, high);
            at = high;
        }
    }
    cut_gap(&s, at, end);
}
