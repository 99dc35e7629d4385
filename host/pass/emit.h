/// What `ramlens emit` writes: files that apply a plan to a build. One file emit_FORM.c a form; emit_text.c has what they share.
#ifndef RAMLENS_EMIT_H
#define RAMLENS_EMIT_H

#include "alloc_symbols.h"
#include "arena.h"
#include "component_map.h"
#include "elf_file.h"
#include "err.h"
#include "ldmap.h"
#include "plan.h"
#include "reach.h"
#include "text.h"

#include <stdbool.h>
#include <stdint.h>

/// A memory that a plan may name, as generated code calls it.
struct emit_memory {
    const char *name; ///< "psram", "psram_only".
    struct str words; ///< As in the plan: "psram", "psram only".
    uint32_t request; ///< Of the target.
    bool only;
    bool used[PLAN_KINDS]; ///< By a component line or a default.
};

/// A memory's number where there is none: the target's rule of malloc.
#define EMIT_POLICY UINT32_MAX

/// What the plan says of one component and kind.
struct emit_rule {
    uint32_t memory; ///< Index into emit.memories, or EMIT_POLICY.
    uint32_t line;
    bool is_default; ///< By a `default` line.
    bool insists;    ///< The target's library does it by itself.
};

struct emit_file {
    const char *name; ///< Without folders.
    struct text text;
};

struct emit_options {
    bool with_insisted; ///< Also what the target's libraries insist on by themselves.
    uint32_t room;      ///< Bytes of the table of sites.
};

/// The linked program that a table of sites is made for.
struct emit_program {
    const struct elf_file *elf;
    const struct ldmap *link_map;
    struct component_map *map;
};

/// What one call stack of a recorded run asked for.
struct emit_call {
    uint32_t component; ///< The owner.
    uint32_t stack;
    uint32_t memory; ///< Where the plan wants it: index into emit.memories, or EMIT_POLICY.
    uint32_t code;   ///< The component whose object the calling code is in; UINT32_MAX unknown.
    uint64_t caller; ///< Return address in the program, as linked; 0: the call came from a library.
    uint64_t blocks, bytes;
    uint8_t kind; ///< enum plan_kind.
};

struct emit_run_calls {
    const char *name; ///< Of the trace, for people.
    const struct emit_call *calls;
    uint32_t count;
};

struct emit_sites_result {
    uint32_t points, conflicts;
    uint64_t conflict_bytes;
};

enum { EMIT_FILES_MAX = 128, EMIT_WARNINGS_MAX = 64 };

struct emit {
    struct arena *a;
    const struct plan *plan;
    const struct component_map *map;
    struct emit_options options;
    const struct reach *reach;          ///< NULL: no program was given, nothing is counted.
    const struct emit_run_calls *run;   ///< NULL: no trace was given.
    const struct emit_program *program; ///< NULL: none was given.
    struct str table;                   ///< Of sites, once made.
    uint64_t table_address;
    struct emit_memory *memories;
    uint32_t memory_count;
    struct emit_file files[EMIT_FILES_MAX];
    uint32_t file_count;
    const char *warnings
            [EMIT_WARNINGS_MAX]; ///< For the user: what is reached nowhere, what is left out.
    uint32_t warning_count;
};

/// Everything but `reach`, `run` and `program` is filled. `plan` and `map` must outlive it.
void emit_init(struct emit *e, struct arena *a, const struct plan *plan,
        const struct component_map *map, const struct emit_options *options);

/// The forms: each adds its files. False with a message when the plan has nothing for it.
bool emit_include(struct emit *e, struct err *err);
bool emit_objcopy(struct emit *e, struct err *err);
bool emit_cxx(struct emit *e, struct err *err);
bool emit_wrap(struct emit *e, struct err *err);
bool emit_sites(struct emit *e, struct err *err);
bool emit_esp_idf(struct emit *e, struct err *err);

// ---- for the forms

/// Adds `ramlens.lf`, the linker fragment of the plan's `static` lines, if there are any that it can say; warns of the others.
void emit_linker(struct emit *e);
/// Whether it needs CONFIG_SPIRAM_ALLOW_BSS_SEG_EXTERNAL_MEMORY.
bool emit_linker_needs_external(const struct emit *e);

struct emit_rule emit_rule_of(const struct emit *e, uint32_t component, enum plan_kind kind);
/// The `default` of a kind.
struct emit_rule emit_default(const struct emit *e, enum plan_kind kind);
/// Whether anything of the component goes elsewhere than by the target's rule, by one of the kinds given as bits.
bool emit_is_moved(const struct emit *e, uint32_t component, unsigned kinds);
enum { EMIT_MALLOC = 1u << PLAN_MALLOC, EMIT_NEW = 1u << PLAN_NEW, EMIT_LIBC = 1u << PLAN_LIBC };

/// The memory of a rule of the plan: index into emit.memories, or EMIT_POLICY.
uint32_t emit_memory_of(const struct plan_rule *rule);
/// The plan's words for a rule: "psram", "policy".
struct str emit_words(const struct emit *e, struct emit_rule rule);
/// The name of a memory in generated code: "ramlens_psram".
const char *emit_symbol(const struct emit *e, uint32_t memory);

/// A new file; the text is valid until the end.
struct text *emit_file(struct emit *e, const char *name);
void emit_warn(struct emit *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/// A comment of wrapped paragraphs; style '/' for C, '#' for scripts. `text` is one paragraph a line.
void emit_comment(struct text *out, char style, struct str text);
/// The first paragraph of every file: what wrote it, from what, for what.
void emit_head(struct emit *e, struct text *out, const char *what);
/// One paragraph where the plan has lines for named code (container, class, function, site), which only the table of sites knows; and a
/// warning.
void emit_named_code(struct emit *e, struct text *out);
/// One paragraph: how the numbers below were counted; or that nothing was.
void emit_counted(struct emit *e, struct text *out);
/// "malloc 10, calloc 6" of a component's references in the program, those of `classes` (bits by enum alloc_class). "none" without any.
const char *emit_list(struct emit *e, uint32_t component, unsigned classes);
/// One paragraph: what a run asked for by calls that a form reaches, and by others; of one component, or of all (UINT32_MAX). Nothing
/// without a trace.
enum emit_by { EMIT_BY_INCLUDE, EMIT_BY_OBJCOPY, EMIT_BY_CXX, EMIT_BY_SITES };
void emit_run(struct emit *e, struct text *out, uint32_t component, enum emit_by by);

/// Adds `lines` with each `@` and each `~` replaced.
void emit_fill(struct text *out, const char *lines, const char *at, const char *tilde);

/// "static const struct ramlens_place ..." of each memory used by the kinds given as bits.
void emit_places(struct emit *e, struct text *out, unsigned kinds);
/// The same for the memories of all requests.
void emit_all_places(struct emit *e, struct text *out);
/// The same for the defaults of these kinds alone.
void emit_default_places(struct emit *e, struct text *out, unsigned kinds);
/// ramlens_sites.c with an empty table of options.room bytes.
void emit_empty_sites(struct emit *e);
/// ramlens_place.h and ramlens_place.c, as they are.
void emit_runtime(struct emit *e);
/// NAME.syms of one component, for objcopy.
void emit_objcopy_component(struct emit *e, uint32_t component);
/// ramlens_targets.c: malloc and its family for each memory that the plan uses.
void emit_targets_c(struct emit *e);
/// ramlens_targets_cxx.c: operator new and delete, likewise.
void emit_targets_cxx(struct emit *e);

/// Pieces of generated C++ operators: the letter of size_t, declarations of the operators with a prefix to their names, a function
/// take(where, alignment, size), and again(where, alignment, size) that calls the new-handler until there is room or throws.
const char *emit_size_letter(void);
const char *emit_take(void);
const char *emit_again(void);
void emit_stock_operators(struct emit *e, struct text *out, const char *prefix);
enum emit_only { EMIT_NOT_ONLY, EMIT_ONLY, EMIT_MAYBE_ONLY };
/// All operators, named `function`_FORM in C and `label` before the mangled name for the linker, placed by the expression `where`.
void emit_operator_targets(struct emit *e, struct text *out, const char *where, const char *label,
        const char *function, enum emit_only only);
/// Of one operator: its mangled name as a string of C, a name of C, parameters and arguments.
const char *emit_mangled(struct arena *a, const char *prefix, uint32_t symbol);
const char *emit_form_name(struct arena *a, uint32_t symbol);
const char *emit_parameters(struct arena *a, uint32_t symbol);
const char *emit_arguments(struct arena *a, uint32_t symbol);

/// Makes a name of C of a component's or a file's: [A-Za-z0-9_].
const char *emit_identifier(struct arena *a, struct str name);

#endif
