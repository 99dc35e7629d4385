/// A plan: which request goes to which memory, where that is not the target's own rule. A text file that people write and review, and that
/// `ramlens plan` writes and rewrites; docs/plan-file.md is its manual.
///
///     trace app.rlt 3f2a…           # header: what it was made for, all optional (plan_header.h)
///     default malloc policy         # unless named below; `policy`: the target's rule
///     default new policy            # without this line operator new follows `default malloc`
///     component libjuice usrsctp    # names of the component map
///         malloc psram              # its own calls of malloc, calloc, realloc, aligned
///         new internal              # its operator new
///     container std::deque in rtc::impl::* psram
///     class rtc::impl::Track psram
///     function rtc::Description::parse psram only
///     site 5f0c2b6d1a37 psram auto  # identity lines: plan_site.h
///         reason "grows with each packet"
///     stack default 32KB psram      # stacks of threads
///     kernel internal               # control blocks, queues: what the kernel asks for
///     static libjuice.a zero psram  # what the linker places (plan_static.h)
///
/// **Memory.** `policy`, or one of the target's requests (`internal`, `psram`): that memory first and, when it is full, what malloc's rule
/// does; with `only` behind it, that memory or failure. `kernel`, `stack` and what a port insists on are always strict.
///
/// **Who decides**, weakest to strongest: the target's rule, `default`, the target's `insists`, `component`, `container`, `class`,
/// `function`, `site`. Of several lines of one strength that match by globs the last decides, as in .gitignore; a site narrowed by
/// `through` comes before the same site without. Two lines for the very same thing are an error.
///
/// **What libc allocates** on behalf of a component (PLAN_LIBC) follows `default malloc`: only mechanisms that replace libc's own malloc
/// reach it. A line `libc MEMORY` under `default` or a component names it, and so does a line `libc` under a container, class, function
/// or site.
#ifndef RAMLENS_PLAN_H
#define RAMLENS_PLAN_H

#include "arena.h"
#include "err.h"
#include "owners.h"
#include "plan_header.h"
#include "plan_site.h"
#include "plan_static.h"
#include "policy.h"
#include "ramlens_heaps.h"
#include "str.h"
#include "target.h"
#include "vec.h"

#include <stdbool.h>
#include <stdint.h>

/// How a block was asked for, as far as a plan tells apart.
enum plan_kind {
    PLAN_MALLOC, ///< The component called malloc or one of its family.
    PLAN_NEW,    ///< The component called operator new.
    PLAN_LIBC,   ///< Libc allocated for the component.
    PLAN_KINDS,
};

extern const char *const plan_kind_names[PLAN_KINDS]; ///< "malloc", "new", "libc".

/// In place of a request: the target's rule of malloc.
#define PLAN_POLICY UINT32_MAX

/// What a rule names, weakest first.
enum plan_strength {
    PLAN_BY_TARGET,
    PLAN_BY_DEFAULT,
    PLAN_BY_INSISTENCE, ///< The target's `insists`.
    PLAN_BY_COMPONENT,
    PLAN_BY_CONTAINER,
    PLAN_BY_CLASS,
    PLAN_BY_FUNCTION,
    PLAN_BY_SITE,
    PLAN_STRENGTHS,
};

extern const char *const
        plan_strength_words[PLAN_STRENGTHS]; ///< "target", "default", "insists", "component", ...

/// Who looks after a line of the file.
enum plan_keeper {
    PLAN_BY_HAND, ///< Its author; a rewrite keeps it.
    PLAN_PINNED,  ///< `pin`: besides, nothing stronger may be added to overrule it.
    PLAN_AUTO,    ///< `auto`: ramlens wrote it; a rewrite may change or remove it.
};

/// What decides for a request.
struct plan_rule {
    uint32_t request; ///< Index into the target's requests, or PLAN_POLICY.
    uint32_t line;    ///< Of the plan file; 0 where the plan says nothing.
    uint8_t strength; ///< enum plan_strength.
    uint8_t keeper;   ///< enum plan_keeper.
    bool only;        ///< That memory or failure.
    struct str reason,
            evidence; ///< As the file says; of several lines, one after the other; "" without.
};

/// A rule for named code: container, class, function, site.
struct plan_selector {
    struct plan_rule rule;
    struct str name;       ///< Glob of the type, class or function; id of the site.
    struct str owner;      ///< Of a container: glob of the class; "" any.
    bool libc;             ///< It reaches what libc allocates there, too.
    struct plan_site site; ///< Of a site: what is known of it.
};

struct plan {
    struct str name;  ///< File name without folders; `stock` for the built-in one.
    const char *path; ///< NULL for the built-in one.
    const struct target *target;
    struct plan_header header;
    struct policy policy;
    struct policy_place *places; ///< By request: nothing else.
    struct policy_place
            *then_policy[2]; ///< By request: small and large, then what malloc's rule does.
    struct plan_rule *rules; ///< By component, then kind; the last row for what has no component.
    uint32_t component_count;
    VEC(struct plan_selector) selectors; ///< In the order of the file.
    uint64_t stack_bytes;
    struct plan_rule stack;
    struct plan_rule kernel;
    struct plan_statics statics; ///< Where static data goes, in the order of the file.
};

/// Reads the plan at `path`. `components` are the names there are; a block's component is an index into them. False with file and line for
/// a component, word or size that is unknown, or there twice (with the names there are). `target` must outlive `out`. Cost: lines times
/// components.
bool plan_read(struct arena *a, const char *path, const struct target *target,
        const struct str *components, uint32_t component_count, struct plan *out, struct err *err);

/// The same for text at hand; `path` only names it.
bool plan_parse(struct arena *a, const char *path, struct str text, const struct target *target,
        const struct str *components, uint32_t component_count, struct plan *out, struct err *err);

/// The built-in plan `stock`: everything by the target's rules. It differs from an empty plan file only in its name.
void plan_stock(struct arena *a, const struct target *target, const struct str *components,
        uint32_t component_count, struct plan *out);

/// The rule that decides for what `stack` asks for by `kind`. Never NULL; lives as long as the plan. Where no rule for named code applies
/// it is that of the component. Costs a look at the stack's frames for each question, some microseconds: keep the answer.
const struct plan_rule *plan_rule_for(
        struct plan *p, struct owners *o, uint32_t stack, enum plan_kind kind);

/// Sets matches[i] for each of p->selectors that names what `stack` is, whether it decides or not.
void plan_mark_matches(const struct plan *p, struct owners *o, uint32_t stack, bool *matches);

/// Whether the plan has rules for named code at all; else plan_component_rule() is the whole answer.
bool plan_names_code(const struct plan *p);

/// The rule of a component, as far as nothing stronger applies. `component`: an index given to plan_read(); any other value means that
/// nobody is known to own it. Constant time.
const struct plan_rule *plan_component_rule(
        const struct plan *p, uint32_t component, enum plan_kind kind);

/// What a request under `rule` tries, in order, for the heaps (ramlens_heaps.h): nothing for `policy`, which is malloc's rule; the
/// memory's capability bits, then 0 (malloc's rule); with `only` the bits alone. Also for p->stack and p->kernel, which are strict.
void plan_asks(const struct plan *p, const struct plan_rule *rule, struct ramlens_asks *out);

/// Where a block of `size` bytes goes under `rule`: first choice first, then where it goes as heaps fill up. Constant time; lives as long
/// as `p`.
const struct policy_place *plan_rule_place(
        const struct plan *p, const struct plan_rule *rule, uint64_t size);

/// The same by the component's rule, constant time.
const struct policy_place *plan_place(
        const struct plan *p, uint32_t component, enum plan_kind kind, uint64_t size);

/// Where stacks, and what the kernel asks for, go.
const struct policy_place *plan_stack_place(const struct plan *p);
const struct policy_place *plan_kernel_place(const struct plan *p);

/// Who decides, for people: "as-ported:12", "esp32p4 insists", "esp32p4's rule". In the arena.
const char *plan_reason(struct arena *a, const struct plan *p, const struct plan_rule *rule);

/// The words of a rule's memory, as the file has them: "psram", "internal only", "policy". In the arena.
const char *plan_memory_words(struct arena *a, const struct plan *p, const struct plan_rule *rule);

#endif
