/// Reads .eh_frame_hdr and .eh_frame of loaded modules and runs call frame programs.
///
/// The order below is the order of work: find the module, find the frame description entry (FDE) of
/// the address, read it and its common entry (CIE), run both programs up to the address.
#ifndef _GNU_SOURCE
#    define _GNU_SOURCE
#endif
#include "unwind_dwarf.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

/// Pointer encodings of the Linux Standard Base: the low four bits say how the value is stored, the
/// next three what it is relative to.
enum {
    PE_ABSOLUTE = 0x00,
    PE_ULEB = 0x01,
    PE_U2 = 0x02,
    PE_U4 = 0x03,
    PE_U8 = 0x04,
    PE_SLEB = 0x09,
    PE_S2 = 0x0a,
    PE_S4 = 0x0b,
    PE_S8 = 0x0c,
    PE_FORMAT = 0x0f,
    PE_PC_RELATIVE = 0x10,
    PE_DATA_RELATIVE = 0x30,
    PE_ALIGNED = 0x50,
    PE_BASE = 0x70,
    PE_INDIRECT = 0x80,
    PE_OMIT = 0xff
};

/// Compilers nest one state; hand-written code may go deeper, damaged data anywhere.
enum { MAX_REMEMBERED_STATES = 4 };

/// What is known of the module that holds the address.
struct module {
    const uint8_t *start;
    const uint8_t *end;
    const uint8_t *header; ///< .eh_frame_hdr.
    uintptr_t data_base;   ///< Of data-relative pointers in .eh_frame (i386: the GOT); else 0.
};

/// A common information entry and the entry that refers to it, opened.
struct frame_entry {
    uintptr_t low; ///< Code covered: [low, high).
    uintptr_t high;
    uint64_t code_align;
    int64_t data_align;
    uint8_t pointer_encoding;
    bool augmented; ///< Entries carry a length of augmentation data.
    bool signal_frame;
    struct unwind_reader initial; ///< The CIE's program.
    struct unwind_reader program; ///< The FDE's.
};

/// The running program. Kept apart from the row so that states can be remembered cheaply.
struct machine {
    struct unwind_row row;
    struct unwind_row initial; ///< After the CIE's program, for DW_CFA_restore.
    struct unwind_row remembered[MAX_REMEMBERED_STATES];
    unsigned depth;
    uintptr_t location;
    uintptr_t address; ///< Stop before an advance beyond it.
    const struct frame_entry *entry;
    const struct module *module;
};

// ---- bytes ----

UNWIND_READS_ANYTHING uint64_t unwind_read_fixed(struct unwind_reader *r, unsigned size) {
    uint64_t value = 0;
    if (r->failed || (size_t)(r->end - r->at) < size) {
        r->failed = true;
        return 0;
    }
    for (unsigned i = 0; i < size; i++)
        value |= (uint64_t)r->at[i] << (8 * i);
    r->at += size;
    return value;
}

uint64_t unwind_read_uleb(struct unwind_reader *r) {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint64_t byte = unwind_read_fixed(r, 1);
        value |= (byte & 0x7f) << shift;
        if (byte < 0x80)
            return value;
    }
    r->failed = true;
    return 0;
}

int64_t unwind_read_sleb(struct unwind_reader *r) {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64;) {
        uint64_t byte = unwind_read_fixed(r, 1);
        value |= (byte & 0x7f) << shift;
        shift += 7;
        if (byte >= 0x80)
            continue;
        if ((byte & 0x40) != 0 && shift < 64)
            value |= ~(uint64_t)0 << shift;
        return (int64_t)value;
    }
    r->failed = true;
    return 0;
}

static int64_t sign_extended(uint64_t value, unsigned bytes) {
    unsigned shift = 64 - 8 * bytes;
    return (int64_t)(value << shift) >> shift;
}

/// The stored part of an encoded pointer. Aligned ones are skipped to their alignment first.
static uintptr_t read_pointer_value(struct unwind_reader *r, uint8_t encoding) {
    if (encoding == PE_ALIGNED) {
        uintptr_t misfit = (uintptr_t)r->at & (UNWIND_WORD - 1);
        if (misfit != 0)
            unwind_read_fixed(r, (unsigned)(UNWIND_WORD - misfit));
        return (uintptr_t)unwind_read_fixed(r, UNWIND_WORD);
    }
    switch (encoding & PE_FORMAT) {
    case PE_ABSOLUTE:
        return (uintptr_t)unwind_read_fixed(r, UNWIND_WORD);
    case PE_ULEB:
        return (uintptr_t)unwind_read_uleb(r);
    case PE_U2:
        return (uintptr_t)unwind_read_fixed(r, 2);
    case PE_U4:
        return (uintptr_t)unwind_read_fixed(r, 4);
    case PE_U8:
    case PE_S8:
        return (uintptr_t)unwind_read_fixed(r, 8);
    case PE_SLEB:
        return (uintptr_t)unwind_read_sleb(r);
    case PE_S2:
        return (uintptr_t)sign_extended(unwind_read_fixed(r, 2), 2);
    case PE_S4:
        return (uintptr_t)sign_extended(unwind_read_fixed(r, 4), 4);
    default:
        r->failed = true;
        return 0;
    }
}

/// A pointer in the given encoding; `data_base` serves data-relative ones. Indirect pointers are
/// not followed: only personality routines have them, and their value is not wanted.
static uintptr_t read_pointer(struct unwind_reader *r, uint8_t encoding, uintptr_t data_base) {
    uintptr_t at = (uintptr_t)r->at;
    uintptr_t value;
    if (encoding == PE_OMIT)
        return 0;
    value = read_pointer_value(r, encoding & (uint8_t)~PE_INDIRECT);
    if (value == 0 || encoding == PE_ALIGNED)
        return value;
    switch (encoding & PE_BASE) {
    case PE_ABSOLUTE:
        return value;
    case PE_PC_RELATIVE:
        return value + at;
    case PE_DATA_RELATIVE:
        r->failed |= data_base == 0;
        return value + data_base;
    default:
        r->failed = true;
        return 0;
    }
}

/// A reader from `at` to the module's end; failed when `at` is outside.
static struct unwind_reader reader_at(const struct module *m, uintptr_t at) {
    struct unwind_reader r = { m->start, m->end, false };
    if (at < (uintptr_t)m->start || at >= (uintptr_t)m->end)
        r.failed = true;
    else
        r.at += at - (uintptr_t)m->start;
    return r;
}

// ---- module and entry ----

static bool find_module(uintptr_t address, struct module *m) {
    struct dl_find_object found;
    if (_dl_find_object((void *)address, &found) != 0 || found.dlfo_eh_frame == NULL)
        return false;
    m->start = found.dlfo_map_start;
    m->end = found.dlfo_map_end;
    m->header = found.dlfo_eh_frame;
#if DLFO_STRUCT_HAS_EH_DBASE
    m->data_base = (uintptr_t)found.dlfo_eh_dbase;
#else
    m->data_base = 0;
#endif
    return m->header >= m->start && m->header < m->end;
}

/// Reads the length and the CIE offset that start every entry and shortens `r` to the entry. `*id`
/// is the field's value, `*id_at` where it stood. False at the section's end.
static bool open_entry(struct unwind_reader *r, uint64_t *id, uintptr_t *id_at) {
    unsigned offset_size = 4;
    uint64_t length = unwind_read_fixed(r, 4);
    if (length == 0xffffffff) {
        offset_size = 8;
        length = unwind_read_fixed(r, 8);
    }
    if (r->failed || length == 0 || length > (uint64_t)(r->end - r->at))
        return false;
    r->end = r->at + length;
    *id_at = (uintptr_t)r->at;
    *id = unwind_read_fixed(r, offset_size);
    return !r->failed;
}

/// Reads the augmentation data of a CIE after its string; unknown letters end the reading, which is
/// safe because the data's length is known.
static void read_augmentation(
        const uint8_t *letters, struct unwind_reader *r, struct frame_entry *entry) {
    struct unwind_reader data = *r;
    uint64_t length = unwind_read_uleb(&data);
    if (data.failed || length > (uint64_t)(data.end - data.at)) {
        r->failed = true;
        return;
    }
    r->at = data.at + length;
    data.end = r->at;
    entry->augmented = true;
    for (letters++; *letters != 0; letters++) {
        uint8_t encoding;
        if (*letters == 'S') {
            entry->signal_frame = true;
        } else if (*letters == 'R') {
            entry->pointer_encoding = (uint8_t)unwind_read_fixed(&data, 1);
        } else if (*letters == 'L') {
            unwind_read_fixed(&data, 1);
        } else if (*letters == 'P') {
            encoding = (uint8_t)unwind_read_fixed(&data, 1);
            read_pointer_value(&data, encoding & (uint8_t)~PE_INDIRECT);
        } else {
            break;
        }
    }
    r->failed |= data.failed;
}

/// Reads the CIE at `at`. Versions 1 and 3 differ in one field; others are not used in .eh_frame.
static bool read_common(const struct module *m, uintptr_t at, struct frame_entry *entry) {
    struct unwind_reader r = reader_at(m, at);
    const uint8_t *letters;
    uint64_t id, version, ra;
    uintptr_t id_at;
    if (!open_entry(&r, &id, &id_at) || id != 0)
        return false;
    version = unwind_read_fixed(&r, 1);
    letters = r.at;
    while (unwind_read_fixed(&r, 1) != 0) {
    }
    if (r.failed || (version != 1 && version != 3))
        return false;
    entry->code_align = unwind_read_uleb(&r);
    entry->data_align = unwind_read_sleb(&r);
    ra = version == 1 ? unwind_read_fixed(&r, 1) : unwind_read_uleb(&r);
    if (*letters == 'z')
        read_augmentation(letters, &r, entry);
    else if (*letters != 0)
        return false;
    entry->initial = r;
    return !r.failed && ra == UNWIND_RA;
}

/// Reads the FDE at `at` with its CIE. `*next`, if given, becomes the address of the entry behind
/// it even when this one is a CIE (then false is returned with next != 0).
static bool read_entry(
        const struct module *m, uintptr_t at, struct frame_entry *entry, uintptr_t *next) {
    struct unwind_reader r = reader_at(m, at);
    uint64_t id, length;
    uintptr_t id_at;
    bool opened = open_entry(&r, &id, &id_at);
    if (next != NULL)
        *next = opened ? (uintptr_t)r.end : 0;
    *entry = (struct frame_entry){ .pointer_encoding = PE_ABSOLUTE };
    if (!opened || id == 0 || !read_common(m, id_at - (uintptr_t)id, entry))
        return false;
    entry->low = read_pointer(&r, entry->pointer_encoding, m->data_base);
    entry->high = entry->low + read_pointer_value(&r, entry->pointer_encoding & PE_FORMAT);
    if (entry->augmented) {
        length = unwind_read_uleb(&r);
        if (r.failed || length > (uint64_t)(r.end - r.at))
            return false;
        r.at += length;
    }
    entry->program = r;
    return !r.failed;
}

static bool entry_covers(const struct frame_entry *entry, uintptr_t address) {
    return entry->low != 0 && address >= entry->low && address < entry->high;
}

/// The way without a search table: entry by entry.
static bool scan_entries(
        const struct module *m, uintptr_t at, uintptr_t address, struct frame_entry *entry) {
    while (at != 0) {
        uintptr_t next;
        if (read_entry(m, at, entry, &next) && entry_covers(entry, address))
            return true;
        at = next;
    }
    return false;
}

/// A 32-bit field of the search table. Both columns are relative to the header.
UNWIND_READS_ANYTHING static uintptr_t table_field(const struct module *m, const uint8_t *at) {
    uint32_t offset = 0;
    for (unsigned i = 0; i < sizeof offset; i++)
        offset |= (uint32_t)at[i] << (8 * i);
    return (uintptr_t)m->header + (uintptr_t)(intptr_t)(int32_t)offset;
}

/// Binary search for the last row whose address is not above the wanted one. Returns its FDE, or 0.
static uintptr_t search_table(
        const struct module *m, const uint8_t *table, size_t count, uintptr_t address) {
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (table_field(m, table + 8 * middle) <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low == 0 ? 0 : table_field(m, table + 8 * (low - 1) + 4);
}

static bool find_entry(const struct module *m, uintptr_t address, struct frame_entry *entry) {
    struct unwind_reader r = reader_at(m, (uintptr_t)m->header);
    uint64_t version = unwind_read_fixed(&r, 1);
    uint8_t frames_encoding = (uint8_t)unwind_read_fixed(&r, 1);
    uint8_t count_encoding = (uint8_t)unwind_read_fixed(&r, 1);
    uint8_t table_encoding = (uint8_t)unwind_read_fixed(&r, 1);
    uintptr_t frames = read_pointer(&r, frames_encoding, (uintptr_t)m->header);
    uintptr_t count = read_pointer(&r, count_encoding, (uintptr_t)m->header);
    uintptr_t at;
    if (r.failed || version != 1)
        return false;
    if (count == 0 || table_encoding != (PE_DATA_RELATIVE | PE_S4))
        return frames_encoding != PE_OMIT && scan_entries(m, frames, address, entry);
    if (count > (size_t)(r.end - r.at) / 8)
        return false;
    at = search_table(m, r.at, count, address);
    return at != 0 && read_entry(m, at, entry, NULL) && entry_covers(entry, address);
}

// ---- call frame programs ----

static void set_rule(struct machine *m, uint64_t number, uint8_t kind, int64_t value) {
    if (number < UNWIND_REGISTERS) {
        m->row.kind[number] = kind;
        m->row.value[number] = (intptr_t)value;
    }
}

static void restore_rule(struct machine *m, uint64_t number) {
    if (number < UNWIND_REGISTERS) {
        m->row.kind[number] = m->initial.kind[number];
        m->row.value[number] = m->initial.value[number];
    }
}

static void set_cfa(struct machine *m, struct unwind_reader *r, uint64_t number, int64_t offset) {
    m->row.cfa_is_expression = false;
    m->row.cfa_value = (intptr_t)offset;
    m->row.cfa_register = (uint8_t)number;
    r->failed |= number >= UNWIND_REGISTERS;
}

/// Skips an expression in the program; returns the address of its length.
static int64_t skip_expression(struct unwind_reader *r) {
    uintptr_t at = (uintptr_t)r->at;
    uint64_t length = unwind_read_uleb(r);
    if (length > (uint64_t)(r->end - r->at))
        r->failed = true;
    else
        r->at += length;
    return (int64_t)at;
}

static void remember_state(struct machine *m, struct unwind_reader *r) {
    if (m->depth == MAX_REMEMBERED_STATES)
        r->failed = true;
    else
        m->remembered[m->depth++] = m->row;
}

static void restore_state(struct machine *m, struct unwind_reader *r) {
    if (m->depth == 0)
        r->failed = true;
    else
        m->row = m->remembered[--m->depth];
}

/// An operand in units of the data alignment factor.
static int64_t factored(const struct machine *m, int64_t operand) {
    return (int64_t)((uint64_t)operand * (uint64_t)m->entry->data_align);
}

static int64_t factored_uleb(const struct machine *m, struct unwind_reader *r) {
    return factored(m, (int64_t)unwind_read_uleb(r));
}

static int64_t factored_sleb(const struct machine *m, struct unwind_reader *r) {
    return factored(m, unwind_read_sleb(r));
}

/// Operations that define the CFA or move the location; false if `op` is none of them.
static bool run_cfa_operation(struct machine *m, struct unwind_reader *r, unsigned op) {
    uint64_t number;
    switch (op) {
    case 0x01: // set_loc
        m->location = read_pointer(r, m->entry->pointer_encoding, m->module->data_base);
        return true;
    case 0x02: // advance_loc1
    case 0x03: // advance_loc2
    case 0x04: // advance_loc4
        m->location += (uintptr_t)(unwind_read_fixed(r, 1U << (op - 2)) * m->entry->code_align);
        return true;
    case 0x0c: // def_cfa
        number = unwind_read_uleb(r);
        set_cfa(m, r, number, (int64_t)unwind_read_uleb(r));
        return true;
    case 0x0d: // def_cfa_register
        set_cfa(m, r, unwind_read_uleb(r), m->row.cfa_value);
        return true;
    case 0x0e: // def_cfa_offset
        set_cfa(m, r, m->row.cfa_register, (int64_t)unwind_read_uleb(r));
        return true;
    case 0x0f: // def_cfa_expression
        m->row.cfa_value = (intptr_t)skip_expression(r);
        m->row.cfa_is_expression = true;
        return true;
    case 0x12: // def_cfa_sf
        number = unwind_read_uleb(r);
        set_cfa(m, r, number, factored_sleb(m, r));
        return true;
    case 0x13: // def_cfa_offset_sf
        set_cfa(m, r, m->row.cfa_register, factored_sleb(m, r));
        return true;
    default:
        return false;
    }
}

/// Operations that give a register a rule; false if `op` is none of them.
static bool run_register_operation(struct machine *m, struct unwind_reader *r, unsigned op) {
    uint64_t number;
    if (op < 0x05 || (op > 0x09 && op < 0x10) || op == 0x12 || op == 0x13 || op > 0x2f)
        return false;
    if (op > 0x16 && op != 0x2f)
        return false;
    number = unwind_read_uleb(r);
    switch (op) {
    case 0x05: // offset_extended
        set_rule(m, number, UNWIND_AT_CFA, factored_uleb(m, r));
        break;
    case 0x06: // restore_extended
        restore_rule(m, number);
        break;
    case 0x07: // undefined
        set_rule(m, number, UNWIND_UNDEFINED, 0);
        break;
    case 0x08: // same_value
        set_rule(m, number, UNWIND_SAME, 0);
        break;
    case 0x09: // register
        set_rule(m, number, UNWIND_IN_REGISTER, (int64_t)unwind_read_uleb(r));
        break;
    case 0x10: // expression
        set_rule(m, number, UNWIND_AT_EXPRESSION, skip_expression(r));
        break;
    case 0x11: // offset_extended_sf
        set_rule(m, number, UNWIND_AT_CFA, factored_sleb(m, r));
        break;
    case 0x14: // val_offset
        set_rule(m, number, UNWIND_IS_CFA, factored_uleb(m, r));
        break;
    case 0x15: // val_offset_sf
        set_rule(m, number, UNWIND_IS_CFA, factored_sleb(m, r));
        break;
    case 0x16: // val_expression
        set_rule(m, number, UNWIND_IS_EXPRESSION, skip_expression(r));
        break;
    default: // 0x2f, GNU_negative_offset_extended
        set_rule(m, number, UNWIND_AT_CFA, -factored_uleb(m, r));
        break;
    }
    return true;
}

static void run_operation(struct machine *m, struct unwind_reader *r) {
    unsigned op = (unsigned)unwind_read_fixed(r, 1);
    unsigned operand = op & 0x3f;
    if (op >> 6 == 1) { // advance_loc
        m->location += (uintptr_t)(operand * m->entry->code_align);
    } else if (op >> 6 == 2) { // offset
        set_rule(m, operand, UNWIND_AT_CFA, factored_uleb(m, r));
    } else if (op >> 6 == 3) { // restore
        restore_rule(m, operand);
    } else if (op == 0x00) { // nop
    } else if (op == 0x0a) {
        remember_state(m, r);
    } else if (op == 0x0b) {
        restore_state(m, r);
    } else if (op == 0x2e) { // GNU_args_size: of no use to an unwinder that never resumes
        unwind_read_uleb(r);
    } else if (!run_cfa_operation(m, r, op) && !run_register_operation(m, r, op)) {
        r->failed = true;
    }
}

/// Runs a program until it ends or the location passes the address. Every operation takes a byte at
/// least, so this ends.
static bool run_program(struct machine *m, struct unwind_reader r) {
    while (!r.failed && r.at < r.end && m->location <= m->address)
        run_operation(m, &r);
    return !r.failed;
}

bool unwind_row_at(uintptr_t address, struct unwind_row *row) {
    struct module module;
    struct frame_entry entry;
    struct machine m;
    if (!find_module(address, &module) || !find_entry(&module, address, &entry))
        return false;
    memset(&m.row, 0, sizeof m.row);
    m.row.cfa_register = UNWIND_REGISTERS;
    m.row.signal_frame = entry.signal_frame;
    m.row.module_end = module.end;
    m.initial = m.row;
    m.depth = 0;
    m.entry = &entry;
    m.module = &module;
    m.location = 0;
    m.address = UINTPTR_MAX;
    if (!run_program(&m, entry.initial))
        return false;
    m.initial = m.row;
    m.location = entry.low;
    m.address = address;
    if (!run_program(&m, entry.program))
        return false;
    *row = m.row;
    return row->cfa_is_expression || row->cfa_register < UNWIND_REGISTERS;
}

bool unwind_function_starts_at(uintptr_t address) {
    struct module module;
    struct frame_entry entry;
    return find_module(address, &module) && find_entry(&module, address, &entry) &&
           entry.low == address;
}

struct unwind_expression unwind_expression_at(uintptr_t address, const uint8_t *module_end) {
    struct unwind_reader r = { NULL, module_end, false };
    struct unwind_expression none = { NULL, NULL };
    uint64_t length;
    r.at = module_end - ((uintptr_t)module_end - address);
    length = unwind_read_uleb(&r);
    if (r.failed || length > (uint64_t)(r.end - r.at))
        return none;
    return (struct unwind_expression){ r.at, r.at + length };
}
