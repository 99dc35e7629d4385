/// A plan: which request goes to which memory, where that is not the target's own rule. A text file
/// that people write and review; this is its first, small form, by component and kind of call.
///
///     default malloc policy         # unless named below; `policy`: the target's rule
///     default new policy            # without this line operator new follows `default malloc`
///     component libjuice usrsctp    # names of the component map
///         malloc psram              # its own calls of malloc, calloc, realloc, aligned
///         new internal              # its operator new
///     stack default 32KB psram      # stacks of threads
///     kernel internal               # control blocks, queues: what the kernel asks for
///
/// The words for a memory are `policy` and the target's requests (`internal`, `psram`).
///
/// What libc allocates on behalf of a component is reached by no component line: a macro forced
/// into the component's sources cannot reach it either. It follows `default malloc`, as do the
/// small blocks that the pthread layer takes by plain malloc.
///
/// A library whose port insists on a memory (`insists` in the target; mbedTLS in ESP-IDF) keeps to
/// it unless the plan has a `malloc` line for it.
#ifndef RAMLENS_PLAN_H
#define RAMLENS_PLAN_H

#include "arena.h"
#include "err.h"
#include "owners.h"
#include "policy.h"
#include "ramlens_heaps.h"
#include "str.h"
#include "target.h"

#include <stdbool.h>
#include <stdint.h>

/// How a block was asked for, as far as a plan tells apart.
enum plan_kind {
    PLAN_MALLOC, ///< The component called malloc or one of its family.
    PLAN_NEW,    ///< The component called operator new.
    PLAN_LIBC,   ///< Libc allocated for the component.
    PLAN_KINDS,
};

/// In place of a request: the target's rule of malloc.
#define PLAN_POLICY UINT32_MAX

/// What decides for one component and kind.
struct plan_rule {
    uint32_t request; ///< Index into the target's requests, or PLAN_POLICY.
    uint32_t line;    ///< Of the plan file; 0 where the plan says nothing.
    bool insists;     ///< The target's `insists` decides.
};

struct plan {
    struct str name;  ///< File name without folders; `stock` for the built-in one.
    const char *path; ///< NULL for the built-in one.
    const struct target *target;
    struct policy policy;
    struct policy_place *places; ///< By request.
    struct plan_rule *rules; ///< By component, then kind; the last row for what has no component.
    uint32_t component_count;
    uint64_t stack_bytes;
    struct plan_rule stack;
    struct plan_rule kernel;
};

/// Reads the plan at `path`. `components` are the names there are; a block's component is an index
/// into them. False with file and line for a component, word or size that is unknown or there twice
/// (with the names there are). `target` must outlive `out`. Cost: lines times components.
bool plan_read(struct arena *a, const char *path, const struct target *target,
        const struct str *components, uint32_t component_count, struct plan *out, struct err *err);

/// The built-in plan `stock`: everything by the target's rules. It differs from an empty plan file
/// only in its name.
void plan_stock(struct arena *a, const struct target *target, const struct str *components,
        uint32_t component_count, struct plan *out);

/// Where a block of `size` bytes goes: first choice first. `component`: an index given to
/// plan_read(); any other value means that nobody is known to own it. Constant time, for every
/// event.
const struct policy_place *plan_place(
        const struct plan *p, uint32_t component, enum plan_kind kind, uint64_t size);

/// Where stacks, and what the kernel asks for, go.
const struct policy_place *plan_stack_place(const struct plan *p);
const struct policy_place *plan_kernel_place(const struct plan *p);

/// The rule that decides for what call stack `stack` asks for by `kind`. For callers that keep the answer by stack: it may take
/// microseconds.
const struct plan_rule *plan_rule_for(
        struct plan *p, struct owners *o, uint32_t stack, enum plan_kind kind);

/// The rule for what nobody is known to own: small blocks of the pthread layer, taken by plain malloc.
const struct plan_rule *plan_unowned_rule(const struct plan *p);

/// What a request under `rule` tries, in order: its memory, then, unless it insists, the rule of malloc.
void plan_asks(const struct plan *p, const struct plan_rule *rule, struct ramlens_asks *out);

/// Who decides for a component and kind, for people: "as-ported:12", "esp32p4 insists", "esp32p4's
/// rule". In the arena.
const char *plan_reason(
        struct arena *a, const struct plan *p, uint32_t component, enum plan_kind kind);

#endif
