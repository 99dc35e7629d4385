// See containers.h. A table of libstdc++'s (and libc++'s) names; a name is looked up by its first part behind `std`.
#include "containers.h"

#include "code_names.h"

/// Names of one family help each other: a weak one tells that it is the family, a strong one which member.
enum family {
    NONE,
    VECTOR,
    DEQUE,
    LIST,
    FORWARD_LIST,
    TREE,
    HASH,
    STRING,
    SHARED,
    FUNCTION,
    THREAD,
    FUTURE,
    ANY,
    UNIQUE
};

static const struct known_name {
    const char *part;
    enum family family;
    const char *type;
    bool weak;
} known_names[] = {
    { "vector", VECTOR, "std::vector", false },
    { "_Vector_base", VECTOR, "std::vector", true },
    { "_Bvector_base", VECTOR, "std::vector", true },
    { "deque", DEQUE, "std::deque", false },
    { "_Deque_base", DEQUE, "std::deque", true },
    { "list", LIST, "std::list", false },
    { "_List_base", LIST, "std::list", true },
    { "forward_list", FORWARD_LIST, "std::forward_list", false },
    { "_Fwd_list_base", FORWARD_LIST, "std::forward_list", true },
    { "map", TREE, "std::map", false },
    { "multimap", TREE, "std::multimap", false },
    { "set", TREE, "std::set", false },
    { "multiset", TREE, "std::multiset", false },
    { "_Rb_tree", TREE, "std::map", true },
    { "unordered_map", HASH, "std::unordered_map", false },
    { "unordered_multimap", HASH, "std::unordered_multimap", false },
    { "unordered_set", HASH, "std::unordered_set", false },
    { "unordered_multiset", HASH, "std::unordered_multiset", false },
    { "_Hashtable", HASH, "std::unordered_map", true },
    { "_Hashtable_alloc", HASH, "std::unordered_map", true },
    { "basic_string", STRING, "std::string", false },
    { "string", STRING, "std::string", false },
    { "__shared_count", SHARED, "std::shared_ptr", true },
    { "__shared_ptr", SHARED, "std::shared_ptr", true },
    { "shared_ptr", SHARED, "std::shared_ptr", false },
    { "make_shared", SHARED, "std::shared_ptr", false },
    { "allocate_shared", SHARED, "std::shared_ptr", false },
    { "function", FUNCTION, "std::function", false },
    { "_Function_base", FUNCTION, "std::function", true },
    { "_Function_handler", FUNCTION, "std::function", true },
    { "thread", THREAD, "std::thread", false },
    { "jthread", THREAD, "std::thread", false },
    { "promise", FUTURE, "std::future", false },
    { "packaged_task", FUTURE, "std::future", false },
    { "async", FUTURE, "std::future", false },
    { "__future_base", FUTURE, "std::future", true },
    { "any", ANY, "std::any", false },
    { "make_unique", UNIQUE, "std::unique_ptr", false },
};

enum { KNOWN_NAMES = sizeof known_names / sizeof known_names[0] };

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static bool skip(struct str *s, struct str beginning) {
    if (!str_starts_with(*s, beginning))
        return false;
    s->at += beginning.len;
    s->len -= beginning.len;
    return true;
}

/// What the first part of `function` behind `std` and its inner namespaces is known as; NULL.
static const struct known_name *known_as(struct str function) {
    struct str rest = function;
    if (!skip(&rest, STR("std::")))
        return NULL;
    bool inner;
    do {
        inner = skip(&rest, STR("__cxx11::")) || skip(&rest, STR("__1::")) ||
                skip(&rest, STR("__debug::")) || skip(&rest, STR("__detail::"));
    } while (inner);
    size_t len = 0;
    while (len < rest.len && is_letter(rest.at[len]))
        len++;
    struct str part = { rest.at, len };
    for (int i = 0; i < KNOWN_NAMES; i++)
        if (str_equal(part, str_from(known_names[i].part)))
            return &known_names[i];
    return NULL;
}

static bool holds(struct str s, struct str part) {
    for (size_t i = 0; i + part.len <= s.len; i++)
        if (memcmp(s.at + i, part.at, part.len) == 0)
            return true;
    return false;
}

/// What the parameters of a tree or table tell where no frame outside of it does: a map selects the first of a pair as its key, a set takes
/// the whole.
static struct str type_by_parameters(const struct known_name *name, struct str function) {
    if (name->family == TREE && holds(function, STR("_Identity<")))
        return STR("std::set");
    if (name->family == HASH && holds(function, STR("_Identity")))
        return STR("std::unordered_set");
    return str_from(name->type);
}

static void take(struct container *c, const struct known_name *name, struct str function) {
    struct str full = code_name_class(function);
    c->type = name->weak ? type_by_parameters(name, function) : str_from(name->type);
    c->full = full.len > sizeof "std::" ? full : code_name_plain(function);
}

struct container container_of(const struct owner_frame *frames, size_t count, size_t owner) {
    struct container c = { .type = STR("") };
    const struct known_name *found = NULL;
    for (size_t i = 0; i < owner && i < count; i++) {
        const struct known_name *name = known_as(frames[i].frame->function);
        if (name == NULL)
            continue;
        bool is_shared_state = found != NULL && found->family == SHARED && name->family == FUTURE;
        bool names_helper = found != NULL && found->weak && found->family == name->family;
        if (found == NULL || is_shared_state || names_helper) {
            take(&c, name, frames[i].frame->function);
            found = name;
        } else if (found->family != name->family) {
            break;
        }
    }
    if (owner < count) {
        struct str function = frames[owner].frame->function;
        struct str scope = code_name_class(function);
        c.owner = scope.len != 0 ? scope : code_name_plain(function);
    }
    return c;
}

struct container container_of_stack(struct owners *o, uint32_t stack) {
    size_t count, owner;
    const struct owner_frame *frames = owners_walk(o, stack, &count, &owner);
    return container_of(frames, count, owner);
}

bool container_matches(const struct container *c, struct str glob) {
    return c->type.len != 0 && (str_matches(c->type, glob) || str_matches(c->full, glob));
}
