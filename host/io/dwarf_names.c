/// Names of functions that have no linkage name: members of local classes, lambdas, functions in
/// unnamed namespaces and templates over such types. A compiler leaves the linkage name out because
/// no other file can name them, so the name is put together from what is around the declaration.
#include "dwarf_names.h"

#include "demangle.h"
#include "text.h"

#include <dwarf.h>

enum {
    REFERENCES_MOST = 16, ///< From an instance to its declaration; an honest file needs three.
    CONTEXTS_MOST = 16,   ///< Innermost ones of a name.
    LEVELS_MOST = 4,      ///< Of functions declared in functions.
};

const char *dwarf_linkage_name(Dwarf_Die *die) {
    Dwarf_Attribute attribute;
    if (dwarf_attr_integrate(die, DW_AT_linkage_name, &attribute) ||
            dwarf_attr_integrate(die, DW_AT_MIPS_linkage_name, &attribute)) {
        return dwarf_formstring(&attribute);
    }
    return NULL;
}

Dwarf_Die dwarf_declaration(const Dwarf_Die *die) {
    Dwarf_Die at = *die;
    for (unsigned steps = 0; steps < REFERENCES_MOST; steps++) {
        Dwarf_Attribute attribute;
        Dwarf_Die next;
        bool refers = dwarf_attr(&at, DW_AT_abstract_origin, &attribute) ||
                      dwarf_attr(&at, DW_AT_specification, &attribute);
        if (!refers || !dwarf_formref_die(&attribute, &next)) {
            break;
        }
        at = next;
    }
    return at;
}

/// Number of the context that `declaration` is in; 0 for the unit, or unknown.
static uint32_t context_of(struct dwarf_units *u, const Dwarf_Die *declaration) {
    dwarf_units_read_around(u, declaration); // It may be in another unit than its instance.
    const uint64_t *found = map64_find(&u->declared_in, (uint64_t)(uintptr_t)declaration->addr);
    return found ? (uint32_t)*found : 0;
}

bool dwarf_is_member(struct dwarf_units *u, const Dwarf_Die *declaration) {
    return context_of(u, declaration) != 0;
}

static bool is_artificial(Dwarf_Die *die) {
    return dwarf_hasattr(die, DW_AT_artificial) != 0;
}

/// "()" or "(...)".
static const char *parameters_of(const Dwarf_Die *declaration) {
    Dwarf_Die die = *declaration;
    Dwarf_Die child;
    if (dwarf_child(&die, &child) != 0) {
        return "()";
    }
    do {
        if (dwarf_tag(&child) == DW_TAG_formal_parameter && !is_artificial(&child)) {
            return "(...)";
        }
    } while (dwarf_siblingof(&child, &child) == 0);
    return "()";
}

/// A class around `member`. GCC names that of a lambda "<lambda(int)>" or not at all, clang not at all;
/// here it gets the demangler's form.
static void add_class(struct text *out, const char *name, const Dwarf_Die *member) {
    Dwarf_Die die = *member;
    const char *member_name = dwarf_diename(&die);
    if (name && strncmp(name, "<lambda", 7) != 0) {
        text_add(out, str_from(name));
    } else if (name || (member_name && strncmp(member_name, "operator()", 10) == 0)) {
        text_printf(out, "{lambda%s}", parameters_of(member));
    } else {
        text_add(out, STR("{unnamed type}"));
    }
}

static void add_member(
        struct dwarf_units *u, struct text *out, const Dwarf_Die *declaration, unsigned level);

/// A function that something is declared in.
// NOLINTNEXTLINE(misc-no-recursion): LEVELS_MOST bounds it
static void add_function(struct dwarf_units *u, struct text *out, Dwarf_Die *die, unsigned level) {
    const char *linkage = dwarf_linkage_name(die);
    if (linkage) {
        text_add(out, demangle_function(u->arena, str_from(linkage)));
        return;
    }
    Dwarf_Die declaration = dwarf_declaration(die);
    add_member(u, out, &declaration, level + 1);
}

/// The contexts of `declaration`, outermost first, each with "::". A function's name has all of its own
/// contexts, so it ends the way outward.
// NOLINTNEXTLINE(misc-no-recursion): LEVELS_MOST bounds it
static void add_contexts(
        struct dwarf_units *u, struct text *out, const Dwarf_Die *declaration, unsigned level) {
    uint32_t numbers[CONTEXTS_MOST];
    unsigned count = 0;
    uint32_t context = context_of(u, declaration);
    while (context != 0 && count < CONTEXTS_MOST) {
        numbers[count++] = context;
        int tag = dwarf_tag(&u->contexts[context].die);
        context = tag == DW_TAG_subprogram ? 0 : u->contexts[context].outer;
    }
    while (count-- > 0) {
        Dwarf_Die die = u->contexts[numbers[count]].die;
        int tag = dwarf_tag(&die);
        const char *name = dwarf_diename(&die);
        if (tag == DW_TAG_subprogram) {
            add_function(u, out, &die, level);
        } else if (tag == DW_TAG_namespace && !name) {
            text_add(out, STR("(anonymous namespace)"));
        } else {
            add_class(out, name, count == 0 ? declaration : &u->contexts[numbers[count - 1]].die);
        }
        text_add(out, STR("::"));
    }
}

// NOLINTNEXTLINE(misc-no-recursion): LEVELS_MOST bounds it
static void add_member(
        struct dwarf_units *u, struct text *out, const Dwarf_Die *declaration, unsigned level) {
    Dwarf_Die die = *declaration;
    const char *name = dwarf_diename(&die);
    if (level < LEVELS_MOST) {
        add_contexts(u, out, declaration, level);
    }
    text_add(out, str_from(name ? name : "{unnamed function}"));
    text_add(out, str_from(parameters_of(declaration)));
}

struct str dwarf_member_name(struct dwarf_units *u, struct arena *a, const Dwarf_Die *declaration) {
    struct text out = { .arena = a };
    add_member(u, &out, declaration, 0);
    return text_str(&out);
}
