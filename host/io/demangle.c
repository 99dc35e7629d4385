/// Names for people, by way of libiberty's tree of a name: leaving out parameters is cutting a branch,
/// where cutting it out of the text would mean to parse C++.
#include "demangle.h"

#include <ctype.h>
#include <libiberty/demangle.h>
#include <setjmp.h>
#include <stdlib.h>

enum {
    NAME_LONGEST = 16 << 10,
    TEXT_LONGEST = 64 << 10,
    NODES_MOST =
            20000, ///< Visited while simplifying; substitutions can make a tree of a short name vast.
    TREE_DEEPEST = 500,
};

enum form { FORM_FUNCTION, FORM_VARIABLE, FORM_SUBJECT };

typedef struct demangle_component node;

/// A simplification in progress.
struct simplifier {
    enum form form;
    unsigned nodes;
    node dots; ///< Stands for parameters left out.
};

// ---- endings ----

/// Words that compilers put behind a dot and that name no entity of their own.
static bool is_clone_word(struct str word) {
    static const char *const words[] = { "cold", "isra", "constprop", "part", "lto_priv",
        "localalias", "llvm", "clone", "simdclone", "resume", "actor", "destroy", "cleanup", "warm",
        "hot" };
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (str_equal(word, str_from(words[i]))) {
            return true;
        }
    }
    return false;
}

/// Length of `symbol` up to the first dot that begins a clone suffix.
static size_t clone_start(struct str symbol) {
    for (size_t i = 1; i < symbol.len; i++) {
        if (symbol.at[i] != '.') {
            continue;
        }
        size_t end = i + 1;
        while (end < symbol.len && symbol.at[end] != '.') {
            end++;
        }
        if (is_clone_word((struct str){ symbol.at + i + 1, end - i - 1 })) {
            return i;
        }
    }
    return symbol.len;
}

struct str demangle_base(struct str symbol) {
    if (symbol.len > 1) {
        const char *version = memchr(symbol.at + 1, '@', symbol.len - 1);
        symbol.len = version ? (size_t)(version - symbol.at) : symbol.len;
    }
    symbol.len = clone_start(symbol);
    return symbol;
}

// ---- simplifying the tree ----

static node *simplify(struct simplifier *s, node *c, unsigned depth);

/// Reduces a list of parameters to dots; a list of none stays.
static void cut_parameters(struct simplifier *s, node *list) {
    if (list && list->type == DEMANGLE_COMPONENT_ARGLIST && list->u.s_binary.left) {
        list->u.s_binary.left = &s->dots;
        list->u.s_binary.right = NULL;
    }
}

static void cut_signature(struct simplifier *s, node *type) {
    if (type && type->type == DEMANGLE_COMPONENT_FUNCTION_TYPE) {
        type->u.s_binary.left = NULL; // The return type, which only templates have in their names.
        cut_parameters(s, type->u.s_binary.right);
    }
}

/// Whether `type` only says what a compiler made for the entity in the left branch.
static bool is_made_for(enum form form, int type) {
    switch (type) {
    case DEMANGLE_COMPONENT_THUNK:
    case DEMANGLE_COMPONENT_VIRTUAL_THUNK:
    case DEMANGLE_COMPONENT_COVARIANT_THUNK:
    case DEMANGLE_COMPONENT_TLS_INIT:
    case DEMANGLE_COMPONENT_TLS_WRAPPER:
    case DEMANGLE_COMPONENT_HIDDEN_ALIAS:
    case DEMANGLE_COMPONENT_TRANSACTION_CLONE:
    case DEMANGLE_COMPONENT_NONTRANSACTION_CLONE:
        return form != FORM_VARIABLE;
    case DEMANGLE_COMPONENT_VTABLE:
    case DEMANGLE_COMPONENT_VTT:
    case DEMANGLE_COMPONENT_CONSTRUCTION_VTABLE:
    case DEMANGLE_COMPONENT_TYPEINFO:
    case DEMANGLE_COMPONENT_TYPEINFO_NAME:
    case DEMANGLE_COMPONENT_TYPEINFO_FN:
    case DEMANGLE_COMPONENT_GUARD:
    case DEMANGLE_COMPONENT_REFTEMP:
        return form == FORM_SUBJECT;
    default:
        return false;
    }
}

/// The branches that hold names, each replaced by its simpler form.
// NOLINTNEXTLINE(misc-no-recursion): TREE_DEEPEST bounds it
static void simplify_branches(struct simplifier *s, node *c, unsigned depth) {
    switch ((int)c->type) {
    case DEMANGLE_COMPONENT_TYPED_NAME:
        c->u.s_binary.left = simplify(s, c->u.s_binary.left, depth);
        cut_signature(s, c->u.s_binary.right);
        break;
    case DEMANGLE_COMPONENT_QUAL_NAME:
    case DEMANGLE_COMPONENT_LOCAL_NAME:
        c->u.s_binary.left = simplify(s, c->u.s_binary.left, depth);
        c->u.s_binary.right = simplify(s, c->u.s_binary.right, depth);
        break;
    case DEMANGLE_COMPONENT_LAMBDA:
        cut_parameters(s, c->u.s_unary_num.sub);
        break;
    case DEMANGLE_COMPONENT_DEFAULT_ARG:
        c->u.s_unary_num.sub = simplify(s, c->u.s_unary_num.sub, depth);
        break;
    case DEMANGLE_COMPONENT_TEMPLATE: // Not its arguments: they are types.
    case DEMANGLE_COMPONENT_VTABLE:
    case DEMANGLE_COMPONENT_VTT:
    case DEMANGLE_COMPONENT_CONSTRUCTION_VTABLE:
    case DEMANGLE_COMPONENT_TYPEINFO:
    case DEMANGLE_COMPONENT_TYPEINFO_NAME:
    case DEMANGLE_COMPONENT_GUARD:
    case DEMANGLE_COMPONENT_REFTEMP:
    case DEMANGLE_COMPONENT_CONST_THIS:
    case DEMANGLE_COMPONENT_VOLATILE_THIS:
    case DEMANGLE_COMPONENT_RESTRICT_THIS:
    case DEMANGLE_COMPONENT_REFERENCE_THIS:
    case DEMANGLE_COMPONENT_RVALUE_REFERENCE_THIS:
        c->u.s_binary.left = simplify(s, c->u.s_binary.left, depth);
        break;
    default:
        break;
    }
}

// NOLINTNEXTLINE(misc-no-recursion): TREE_DEEPEST bounds it
static node *simplify(struct simplifier *s, node *c, unsigned depth) {
    while (c && ++s->nodes < NODES_MOST &&
            (c->type == DEMANGLE_COMPONENT_CLONE || c->type == DEMANGLE_COMPONENT_TAGGED_NAME ||
                    is_made_for(s->form, (int)c->type))) {
        c = c->u.s_binary.left;
    }
    if (c && depth < TREE_DEEPEST && s->nodes < NODES_MOST) {
        simplify_branches(s, c, depth + 1);
    }
    return c;
}

// ---- printing ----

/// Text as libiberty gives it, piece by piece.
struct collector {
    jmp_buf too_long; ///< The printer cannot be told to stop; it holds no memory, so it may be left.
    size_t len;
    char text[TEXT_LONGEST];
};

static void collect(const char *piece, size_t len, void *self) {
    struct collector *c = self;
    if (len > sizeof(c->text) - c->len) {
        longjmp(c->too_long, 1);
    }
    memcpy(c->text + c->len, piece, len);
    c->len += len;
}

static bool print_tree(struct collector *c, node *tree, int options) {
    if (setjmp(c->too_long) != 0) {
        return false;
    }
    return tree && cplus_demangle_print_callback(options, tree, collect, c) != 0 && c->len > 0;
}

/// The readable form of the terminated C++ name `name`; false when it is none.
static bool read_cpp(const char *name, enum form form, struct collector *out) {
    static const int options = DMGL_PARAMS | DMGL_ANSI | DMGL_RET_DROP;
    void *memory = NULL;
    node *tree = cplus_demangle_v3_components(name, options, &memory);
    struct simplifier s = { .form = form };
    cplus_demangle_fill_name(&s.dots, "...", 3);
    bool done = tree && print_tree(out, simplify(&s, tree, 0), options);
    free(memory);
    return done;
}

/// Whether `name` is a Rust name: of today's form, or of the older one that looks like C++ but ends
/// in a hash.
static bool is_rust(struct str name) {
    if (str_starts_with(name, STR("_R"))) {
        return true;
    }
    enum { TAIL = 20 }; // "17h", 16 digits, "E".
    if (name.len < TAIL || name.at[name.len - 1] != 'E') {
        return false;
    }
    const char *tail = name.at + name.len - TAIL;
    bool hexadecimal = memcmp(tail, "17h", 3) == 0;
    for (size_t i = 3; i < TAIL - 1; i++) {
        hexadecimal = hexadecimal && isxdigit((unsigned char)tail[i]);
    }
    return hexadecimal;
}

static bool read_rust(const char *name, struct collector *out) {
    char *text = rust_demangle(name, DMGL_PARAMS | DMGL_ANSI);
    size_t len = text ? strlen(text) : 0;
    bool done = text && len > 0 && len < sizeof(out->text);
    if (done) {
        memcpy(out->text, text, len);
        out->len = len;
    }
    free(text);
    return done;
}

static struct str demangle(struct arena *a, struct str name, enum form form) {
    bool is_mangled = str_starts_with(name, STR("_Z")) || str_starts_with(name, STR("_R"));
    if (!is_mangled || name.len > NAME_LONGEST) {
        return arena_copy(a, name);
    }
    static _Thread_local struct collector out;
    char terminated[NAME_LONGEST + 1];
    memcpy(terminated, name.at, name.len);
    terminated[name.len] = '\0';
    out.len = 0;
    bool done = is_rust(name) && read_rust(terminated, &out);
    if (!done && name.at[1] == 'Z') {
        out.len = 0;
        done = read_cpp(terminated, form, &out);
    }
    return arena_copy(a, done ? (struct str){ out.text, out.len } : name);
}

struct str demangle_function(struct arena *a, struct str linkage) {
    return demangle(a, demangle_base(linkage), FORM_FUNCTION);
}

/// Variables keep what follows a dot: `counter.0` is a static variable of some function.
static struct str without_version(struct str symbol) {
    const char *at = symbol.len > 1 ? memchr(symbol.at + 1, '@', symbol.len - 1) : NULL;
    symbol.len = at ? (size_t)(at - symbol.at) : symbol.len;
    return symbol;
}

struct str demangle_variable(struct arena *a, struct str linkage) {
    return demangle(a, without_version(linkage), FORM_VARIABLE);
}

struct str demangle_subject(struct arena *a, struct str linkage) {
    return demangle(a, without_version(linkage), FORM_SUBJECT);
}
