/// Thread-local variables by symbol, found by one walk over all units.
#include "dwarf_thread_locals.h"

#include "dwarf_names.h"
#include "dwarf_walk.h"
#include "hash.h"
#include "vec.h"

#include <dwarf.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    SYMBOL_LONGEST = 1024,
    TYPES_MOST = 16, ///< Arrays of arrays.
};
#define NOWHERE UINT64_MAX ///< For the index of a place: variables of two places have the symbol.

/// What variables of a namespace or function have around them.
struct scope {
    const char *path; ///< Of namespaces, each with its length: "1n12_GLOBAL__N_1".
    const char *
            function; ///< Linkage name, else name, of the function around; NULL outside of functions.
};

struct search {
    struct dwarf_thread_locals *t;
    struct arena *arena;
    struct map64 declared; ///< Address of a declaration in a namespace to that one's path.
    struct scope scopes[DWARF_WALK_DEEPEST + 1]; ///< Inside of the entry that is at depth - 1.
};

// ---- what the compilers call a variable

static bool is_same_place(const struct dwarf_place *a, const struct dwarf_place *b) {
    return a->line == b->line && strcmp(a->file, b->file) == 0;
}

static void put(struct search *s, struct map64 *map, const char *symbol, uint64_t place) {
    bool is_new = false;
    uint64_t *known = map64_put(map, s->arena, hash_str(HASH_SEED, str_from(symbol)), &is_new);
    const struct dwarf_place *places = s->t->places.at;
    if (is_new) {
        *known = place;
    } else if (*known != NOWHERE && !is_same_place(&places[*known], &places[place])) {
        *known = NOWHERE;
    }
}

/// Adds a symbol made of parts; one longer than SYMBOL_LONGEST is left out.
__attribute__((format(printf, 3, 4))) static void put_made(
        struct search *s, uint64_t place, const char *format, ...) {
    char symbol[SYMBOL_LONGEST];
    va_list parts;
    va_start(parts, format);
    int length = vsnprintf(symbol, sizeof(symbol), format, parts);
    va_end(parts);
    if (length > 0 && (size_t)length < sizeof(symbol)) {
        put(s, &s->t->by_symbol, symbol, place);
    }
}

static void put_in_function(
        struct search *s, const struct scope *scope, const char *name, uint64_t place) {
    const char *function = scope->function;
    put(s, &s->t->in_functions, name, place);
    put_made(s, place, "%s.%s", function, name);
    if (strncmp(function, "_Z", 2) == 0) {
        put_made(s, place, "_ZZ%sE%zu%s", function + 2, strlen(name), name);
    } else {
        put_made(s, place, "_ZZ%zu%sE%zu%s", strlen(function), function, strlen(name), name);
    }
}

static void put_symbols(
        struct search *s, const struct scope *scope, const char *name, uint64_t place) {
    if (scope->function) {
        put_in_function(s, scope, name, place);
    } else if (scope->path[0] != '\0') {
        put_made(s, place, "_ZN%s%zu%sE", scope->path, strlen(name), name);
        put_made(s, place, "_ZN%sL%zu%sE", scope->path, strlen(name), name);
    } else {
        put(s, &s->t->by_symbol, name, place);
        put_made(s, place, "_ZL%zu%s", strlen(name), name);
    }
}

// ---- the walk

/// gcc defines what it declared in a namespace outside of it.
static void find_namespace(struct search *s, Dwarf_Die *die, struct scope *scope) {
    Dwarf_Attribute attribute;
    Dwarf_Die declaration;
    if (dwarf_formref_die(dwarf_attr(die, DW_AT_specification, &attribute), &declaration)) {
        const uint64_t *path = map64_find(&s->declared, (uintptr_t)declaration.addr);
        scope->path = path ? (const char *)(uintptr_t)*path : scope->path;
    }
}

/// Whether the variable is a constant: one of which debug information has no more than the value. gcc says the value of what nobody
/// writes, too, thread-local or not.
static bool is_constant(Dwarf_Die *die) {
    Dwarf_Attribute attribute;
    Dwarf_Die type = *die;
    int tag = DW_TAG_array_type;
    if (!dwarf_hasattr_integrate(die, DW_AT_const_value)) {
        return false;
    }
    for (unsigned i = 0; i < TYPES_MOST && tag == DW_TAG_array_type; i++) {
        if (!dwarf_formref_die(dwarf_attr_integrate(&type, DW_AT_type, &attribute), &type)) {
            return false;
        }
        tag = dwarf_tag(&type);
    }
    return tag == DW_TAG_const_type;
}

/// Whether the variable may be a thread-local one. One whose address is not said may be, outside of functions; inside it is as likely one
/// that was optimised away.
static bool may_be_thread_local(Dwarf_Die *die, const struct scope *scope) {
    uint64_t address = 0;
    bool is_thread_local = false;
    if (dwarf_hasattr(die, DW_AT_location)) {
        return dwarf_fixed_address(die, &address, &is_thread_local) && is_thread_local;
    }
    return scope->function == NULL && !is_constant(die);
}

static void add_variable(struct search *s, Dwarf_Die *die, const struct scope *scope) {
    const char *linkage = dwarf_linkage_name(die);
    const char *name = dwarf_diename(die);
    uint64_t mine = s->t->places.len;
    struct dwarf_place place = { .file = NULL };
    if ((!linkage && !name) || !may_be_thread_local(die, scope)) {
        return;
    }
    place.file = dwarf_declared_at(die, &place.line);
    if (!place.file) {
        return;
    }
    *vec_push(s->arena, &s->t->places) = place;
    if (linkage) {
        put(s, &s->t->by_symbol, linkage, mine);
    } else {
        put_symbols(s, scope, name, mine);
    }
}

static void enter_namespace(struct search *s, Dwarf_Die *die, struct scope *scope) {
    const char *name = dwarf_diename(die);
    name = name ? name : "_GLOBAL__N_1"; // What gcc and clang call one without a name.
    if (strlen(scope->path) + strlen(name) < SYMBOL_LONGEST) {
        scope->path = arena_printf(s->arena, "%s%zu%s", scope->path, strlen(name), name);
    }
}

static bool visit(void *self, Dwarf_Die *die, int tag, unsigned depth) {
    struct search *s = self;
    struct scope *inside = &s->scopes[depth + 1];
    *inside = s->scopes[depth];
    switch (tag) {
    case DW_TAG_variable:
        if (dwarf_hasattr(die, DW_AT_declaration)) {
            *map64_put(&s->declared, s->arena, (uintptr_t)die->addr, NULL) =
                    (uintptr_t)inside->path;
        } else {
            find_namespace(s, die, inside);
            add_variable(s, die, inside);
        }
        return false;
    case DW_TAG_subprogram:
        inside->function = dwarf_linkage_name(die);
        inside->function = inside->function ? inside->function : dwarf_diename(die);
        return inside->function && !dwarf_hasattr(die, DW_AT_declaration);
    case DW_TAG_namespace:
        enter_namespace(s, die, inside);
        return true;
    default:
        return tag == DW_TAG_lexical_block;
    }
}

void dwarf_thread_locals_read(
        struct dwarf_thread_locals *t, struct arena *a, const struct dwarf_units *u) {
    struct search s = { .t = t, .arena = a, .scopes = { { .path = "" } } };
    for (size_t i = 0; i < u->unit_count; i++) {
        dwarf_walk(&u->units[i].die, visit, &s);
    }
}

// ---- look-up

/// `symbol` without the number that gcc puts behind the name of a variable in a function; "" when there is none.
static struct str without_number(struct str symbol) {
    size_t end = symbol.len;
    while (end > 0 && symbol.at[end - 1] >= '0' && symbol.at[end - 1] <= '9') {
        end--;
    }
    bool has_number = end > 1 && end < symbol.len && symbol.at[end - 1] == '.';
    return has_number ? (struct str){ symbol.at, end - 1 } : STR("");
}

static const struct dwarf_place *find(
        struct dwarf_thread_locals *t, struct map64 *map, struct str symbol) {
    const uint64_t *found = map64_find(map, hash_str(HASH_SEED, symbol));
    return found && *found != NOWHERE ? &t->places.at[*found] : NULL;
}

const struct dwarf_place *dwarf_thread_locals_find(
        struct dwarf_thread_locals *t, struct str symbol) {
    struct str local = without_number(symbol);
    const struct dwarf_place *place = find(t, &t->by_symbol, symbol);
    return place || local.len == 0 ? place : find(t, &t->in_functions, local);
}
