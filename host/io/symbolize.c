/// Addresses to names: composes what dwarf_units.h, dwarf_function.h, elf_functions.h and demangle.h know
/// into frames, and remembers every answer.
#include "symbolize.h"

#include "demangle.h"
#include "dwarf_attributes.h"
#include "dwarf_declarations.h"
#include "dwarf_file.h"
#include "dwarf_names.h"
#include "dwarf_object.h"
#include "dwarf_thread_locals.h"
#include "dwarf_units.h"
#include "elf_functions.h"
#include "intern.h"
#include "map64.h"
#include "source_path.h"
#include "vec.h"

#include <stdlib.h>
#include <string.h>

enum { FRAMES_MOST = 64 };

/// The answer for one address.
struct answer {
    const struct frame *frames;
    size_t count;
};

struct module {
    struct str path;
    struct str build_id; ///< Bytes asked for.
    enum symbol_quality quality;
    struct err trouble;  ///< Empty when there was none.
    struct arena *arena; ///< For what is read of it.
    struct dwarf_file file;
    struct dwarf_object object; ///< Of a relocatable object, instead of `file`.
    struct elf_functions symbols;
    struct dwarf_units units;
    struct dwarf_declarations declarations;
    bool has_declarations; ///< They were read.
    struct dwarf_thread_locals thread_locals;
    bool has_thread_locals;    ///< The same.
    struct map64 member_names; ///< Address of a declaration to its index in symbolizer.names.
    struct map64 answered[2];  ///< Address to its index in `answers`; [1] for return addresses.
    struct {
        struct answer *at;
        size_t len, room;
    } answers;
};

/// Both names of a function.
struct names {
    struct str function;
    struct str linkage;
};

struct symbolizer {
    struct arena *arena;
    struct arena object_arena; ///< Of the one object that is open.
    struct interner strings;
    struct module **modules;
    size_t module_count, module_room;
    struct map64 named; ///< Address of an interned linkage name to its index in `names`.
    struct {
        struct names *at;
        size_t len, room;
    } names;
    struct map64 known_paths; ///< Address of a path as libdw has it to its index in `paths`.
    struct {
        struct str *at; ///< Interned, in one form.
        size_t len, room;
    } paths;
};

struct symbolizer *symbolizer_open(struct arena *a) {
    struct symbolizer *s = NEW(a, struct symbolizer);
    s->arena = a;
    s->strings.arena = a;
    (void)unsetenv("DEBUGINFOD_URLS"); // elfutils would ask servers for what is not here.
    return s;
}

void symbolizer_close(struct symbolizer *s) {
    for (size_t i = 0; i < s->module_count; i++) {
        dwarf_file_close(&s->modules[i]->file);
        dwarf_object_close(&s->modules[i]->object);
    }
    s->module_count = 0;
    arena_clear(&s->object_arena);
}

// ---- modules ----

/// The kernel maps code into every program that has no file.
static bool is_vdso(struct str path) {
    return str_matches(path, STR("linux-vdso*")) || str_matches(path, STR("linux-gate*")) ||
           str_equal(path, STR("[vdso]"));
}

static void open_module(struct symbolizer *s, struct module *m) {
    if (is_vdso(m->path)) {
        m->quality = SYMBOLS_NONE;
        return;
    }
    m->quality = dwarf_file_open(
            &m->file, m->path.at, (const uint8_t *)m->build_id.at, m->build_id.len, &m->trouble);
    if (!m->file.module) {
        return;
    }
    elf_functions_init(&m->symbols, s->arena, &m->file);
    if (m->file.dwarf) {
        dwarf_units_read(&m->units, s->arena, &m->file, &m->symbols);
    }
    if (m->units.unit_count == 0) {
        m->quality = elf_functions_are_none(&m->symbols) ? SYMBOLS_NONE : SYMBOLS_ONLY;
    }
}

static uint32_t find_module(struct symbolizer *s, struct str path, struct str build_id) {
    for (size_t i = 0; i < s->module_count; i++) {
        if (str_equal(s->modules[i]->path, path) && str_equal(s->modules[i]->build_id, build_id)) {
            return (uint32_t)i;
        }
    }
    return UINT32_MAX;
}

static struct module *new_module(struct symbolizer *s) {
    if (s->module_count == s->module_room) {
        s->modules = vec_grow(
                s->arena, s->modules, s->module_count, &s->module_room, sizeof(struct module *));
    }
    struct module *m = NEW(s->arena, struct module);
    m->arena = s->arena;
    s->modules[s->module_count++] = m;
    return m;
}

static uint32_t add_module(struct symbolizer *s, struct str path, struct str build_id) {
    struct module *m = new_module(s);
    m->path = intern(&s->strings, path);
    m->build_id = intern(&s->strings, build_id);
    open_module(s, m);
    return (uint32_t)(s->module_count - 1);
}

bool symbolizer_module(struct symbolizer *s, struct str path, const uint8_t *build_id,
        size_t build_id_len, uint32_t *module, enum symbol_quality *quality, struct err *err) {
    struct str id = { (const char *)build_id, build_id_len };
    uint32_t number = find_module(s, path, id);
    if (number == UINT32_MAX) {
        number = add_module(s, path, id);
    }
    const struct module *m = s->modules[number];
    if (err && m->trouble.text[0] != '\0') {
        *err = m->trouble;
    }
    *module = number;
    *quality = m->quality;
    return m->quality != SYMBOLS_NO_FILE && m->quality != SYMBOLS_OTHER_FILE;
}

bool symbolizer_open_object(struct symbolizer *s, const struct elf_file *elf, uint32_t *module,
        const uint64_t **addresses) {
    struct module *m = new_module(s);
    m->arena = &s->object_arena;
    m->path = STR(""); // Nobody finds it by name.
    *module = (uint32_t)(s->module_count - 1);
    if (!dwarf_object_open(&m->object, m->arena, elf)) {
        symbolizer_close_object(s);
        return false;
    }
    *addresses = m->object.addresses;
    dwarf_units_read(&m->units, m->arena, &m->object.file, &m->symbols);
    return true;
}

void symbolizer_close_object(struct symbolizer *s) {
    struct module *m = s->modules[--s->module_count];
    dwarf_object_close(&m->object);
    arena_clear(&s->object_arena);
    s->known_paths = (struct map64){ 0 }; // libdw will use the addresses of its strings again.
}

// ---- names ----

/// `path` as libdw has it, interned and in one form. libdw has one string for each file of a unit.
static struct str file_of(struct symbolizer *s, const char *path) {
    if (!path) {
        return STR("");
    }
    bool added = false;
    uint64_t *known = map64_put(&s->known_paths, s->arena, (uint64_t)(uintptr_t)path, &added);
    if (added) {
        *known = s->paths.len;
        *vec_push(s->arena, &s->paths) = intern(&s->strings, source_path(s->arena, str_from(path)));
    }
    return s->paths.at[*known];
}

/// Both names for a linkage name as some symbol table has it.
static struct names names_of(struct symbolizer *s, struct str symbol) {
    struct str linkage = intern(&s->strings, demangle_base(symbol));
    bool added = false;
    uint64_t *known = map64_put(&s->named, s->arena, (uint64_t)(uintptr_t)linkage.at, &added);
    if (added) {
        *known = s->names.len;
        *vec_push(s->arena, &s->names) = (struct names){ .linkage = linkage,
            .function = intern(&s->strings, demangle_function(s->arena, linkage)) };
    }
    return s->names.at[*known];
}

/// Names of a function without a linkage name whose short name does not say what it is. There is no
/// linkage name to give but the symbol table's.
static struct names member_names(
        struct symbolizer *s, struct module *m, const Dwarf_Die *declaration) {
    bool added = false;
    uint64_t *known =
            map64_put(&m->member_names, s->arena, (uint64_t)(uintptr_t)declaration->addr, &added);
    if (added) {
        *known = s->names.len;
        *vec_push(s->arena, &s->names) = (struct names){ .linkage = STR(""),
            .function = intern(&s->strings, dwarf_member_name(&m->units, s->arena, declaration)) };
    }
    return s->names.at[*known];
}

static bool is_mangled(const char *symbol) {
    return symbol && (strncmp(symbol, "_Z", 2) == 0 || strncmp(symbol, "_R", 2) == 0);
}

/// The names of an entry. `symbol` is the symbol table's name for it, NULL for an inlined call.
static struct names entry_names(
        struct symbolizer *s, struct module *m, Dwarf_Die *die, const char *symbol) {
    const char *linkage = dwarf_linkage_name(die);
    if (linkage || is_mangled(symbol)) {
        return names_of(s, str_from(linkage ? linkage : symbol));
    }
    Dwarf_Die declaration = dwarf_declaration(die);
    if (dwarf_is_member(&m->units, &declaration)) {
        return member_names(s, m, &declaration);
    }
    const char *name = dwarf_diename(&declaration);
    return names_of(s, str_from(name ? name : symbol));
}

// ---- frames ----

/// Frames being put together, innermost first. Once it is full the outermost slot is written over, so
/// that it ends up holding the out-of-line function.
struct stack {
    struct frame at[FRAMES_MOST];
    size_t count;
};

static struct frame *push(struct stack *stack) {
    struct frame *frame = &stack->at[stack->count < FRAMES_MOST ? stack->count++ : FRAMES_MOST - 1];
    *frame = (struct frame){ .function = STR(""), .linkage = STR(""), .file = STR("") };
    return frame;
}

/// Frames of an address inside a function that debug information describes. `file` and `line` are
/// those of the innermost.
static void push_scopes(struct symbolizer *s, struct module *m, const struct dwarf_function *f,
        uint64_t vaddr, const char *file, uint32_t line, struct stack *out) {
    uint32_t number = dwarf_function_scope(f, vaddr);
    for (;;) {
        struct frame *frame = push(out);
        Dwarf_Die die = f->scopes[number].die;
        const char *symbol = number == 0 ? elf_functions_find(&m->symbols, vaddr) : NULL;
        struct names names = entry_names(s, m, &die, symbol);
        frame->function = names.function;
        frame->linkage = names.linkage;
        // Where the line table has a hole, the function's own file is as near as one gets.
        frame->file = file_of(s, file ? file : dwarf_declaring_file(&die));
        frame->line = file ? line : 0;
        frame->inlined = number != 0;
        frame->has_debug = true;
        if (number == 0) {
            return;
        }
        file = dwarf_function_call(f, number, &line);
        number = f->scopes[number].outer;
    }
}

static void push_symbol(struct symbolizer *s, struct module *m, uint64_t vaddr, struct stack *out) {
    struct frame *frame = push(out);
    const char *symbol = elf_functions_find(&m->symbols, vaddr);
    if (symbol) {
        struct names names = names_of(s, str_from(symbol));
        frame->function = names.function;
        frame->linkage = names.linkage;
    }
}

/// Frames at `vaddr`; `returns_to` is the address that its call returns to, or 0.
static void push_all(struct symbolizer *s, struct module *m, uint64_t vaddr, uint64_t returns_to,
        struct stack *out) {
    struct dwarf_unit *unit = m->units.unit_count ? dwarf_units_find(&m->units, vaddr) : NULL;
    const struct dwarf_function *f = unit ? dwarf_units_function(&m->units, unit, vaddr) : NULL;
    uint32_t line = 0;
    const char *file = unit ? dwarf_units_line(&m->units, unit, vaddr, &line) : NULL;
    if (f) {
        push_scopes(s, m, f, vaddr, file, line, out);
    } else {
        push_symbol(s, m, vaddr, out);
        out->at[0].file = file_of(s, file);
        out->at[0].line = line;
        out->at[0].has_debug = unit != NULL;
    }
    uint32_t ordinal = f && returns_to != 0 ? dwarf_function_ordinal(f, returns_to) : 0;
    for (size_t i = 0; i < out->count; i++) {
        out->at[i].ordinal = ordinal;
    }
}

static struct answer find_answer(
        struct symbolizer *s, struct module *m, uint64_t vaddr, bool return_address) {
    struct stack stack = { .count = 0 };
    uint64_t asked = return_address && vaddr != 0 ? vaddr - 1 : vaddr;
    push_all(s, m, asked, return_address ? vaddr : 0, &stack);
    struct frame *frames = NEW_ARRAY(s->arena, struct frame, stack.count);
    memcpy(frames, stack.at, stack.count * sizeof(*frames));
    return (struct answer){ .frames = frames, .count = stack.count };
}

size_t symbolizer_frames(struct symbolizer *s, uint32_t module, uint64_t vaddr, bool return_address,
        const struct frame **out) {
    struct module *m = s->modules[module];
    bool added = false;
    uint64_t *known = map64_put(&m->answered[return_address], s->arena, vaddr, &added);
    if (added) {
        *known = m->answers.len;
        *vec_push(s->arena, &m->answers) = find_answer(s, m, vaddr, return_address);
    }
    *out = m->answers.at[*known].frames;
    return m->answers.at[*known].count;
}

static struct str file_and_line(
        struct symbolizer *s, const struct dwarf_place *place, uint32_t *line) {
    *line = place ? place->line : 0;
    return file_of(s, place ? place->file : NULL);
}

struct str symbolizer_declaration(struct symbolizer *s, uint32_t module, uint64_t vaddr,
        bool is_thread_local, uint32_t *line) {
    struct module *m = s->modules[module];
    if (!m->has_declarations && m->units.unit_count != 0) {
        dwarf_declarations_read(&m->declarations, m->arena, &m->units);
    }
    m->has_declarations = true;
    return file_and_line(
            s, dwarf_declarations_find(&m->declarations, vaddr, is_thread_local), line);
}

struct str symbolizer_thread_declaration(
        struct symbolizer *s, uint32_t module, struct str symbol, uint32_t *line) {
    struct module *m = s->modules[module];
    if (!m->has_thread_locals && m->units.unit_count != 0) {
        dwarf_thread_locals_read(&m->thread_locals, m->arena, &m->units);
    }
    m->has_thread_locals = true;
    return file_and_line(s, dwarf_thread_locals_find(&m->thread_locals, symbol), line);
}

struct str symbolizer_line(struct symbolizer *s, uint32_t module, uint64_t vaddr, uint32_t *line) {
    struct module *m = s->modules[module];
    struct dwarf_unit *unit = m->units.unit_count ? dwarf_units_find(&m->units, vaddr) : NULL;
    *line = 0;
    return file_of(s, unit ? dwarf_units_line(&m->units, unit, vaddr, line) : NULL);
}
