// See code_names.h. A name is a row of parts with "::" between; what stands in brackets of any kind belongs to its part.
#include "code_names.h"

static bool is_at(struct str s, size_t i, struct str word) {
    return i <= s.len && s.len - i >= word.len && memcmp(s.at + i, word.at, word.len) == 0;
}

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// Index behind the bracket that closes the one at `i`, or the end. The '>' of "->" closes nothing.
static size_t behind_bracket(struct str s, size_t i) {
    size_t depth = 0;
    for (; i < s.len; i++) {
        char c = s.at[i];
        if (c == '<' || c == '(' || c == '{' || c == '[')
            depth++;
        else if ((c == '>' && s.at[i - 1] != '-') || c == ')' || c == '}' || c == ']')
            depth--;
        if (depth == 0)
            return i + 1;
    }
    return s.len;
}

static bool is_operator(struct str s, size_t i) {
    size_t len = sizeof "operator" - 1;
    return is_at(s, i, STR("operator")) && (i + len == s.len || !is_letter(s.at[i + len]));
}

/// The end of the part that begins at `i`; `is_function` tells whether it has parameters, or can only be a function.
static size_t end_of_part(struct str s, size_t i, bool *is_function) {
    size_t start = i;
    *is_function = is_operator(s, i) || is_at(s, i, STR("{lambda"));
    while (i < s.len && !is_at(s, i, STR("::"))) {
        char c = s.at[i];
        if (c == '(' && i > start)
            *is_function = true;
        i = c == '<' || c == '(' || c == '{' || c == '[' ? behind_bracket(s, i) : i + 1;
    }
    return i;
}

struct str code_name_class(struct str function) {
    struct str found = { function.at, 0 };
    size_t i = 0;
    while (i < function.len) {
        bool is_function;
        size_t end = end_of_part(function, i, &is_function);
        found.len = i >= 2 ? i - 2 : 0;
        if (is_function)
            return found;
        i = end + 2;
    }
    return found;
}

struct str code_name_plain(struct str function) {
    if (str_ends_with(function, STR("(...)")))
        return (struct str){ function.at, function.len - 5 };
    if (str_ends_with(function, STR("()")) && !str_ends_with(function, STR("operator()")))
        return (struct str){ function.at, function.len - 2 };
    return function;
}

bool code_name_matches(struct str function, struct str glob) {
    return str_matches(function, glob) || str_matches(code_name_plain(function), glob);
}
