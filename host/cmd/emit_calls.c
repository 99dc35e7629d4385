/// See emit_calls.h. One call a stack and kind: all of its events ask for the same place.
#include "emit_calls.h"

#include "map64.h"
#include "vec.h"

struct collector {
    struct answer *w;
    struct map64 index; ///< Stack and kind: number + 1.
    VEC(struct emit_call) calls;
};

_Static_assert((int)LEDGER_MALLOC == (int)PLAN_MALLOC && (int)LEDGER_NEW == (int)PLAN_NEW &&
                       (int)LEDGER_LIBC == (int)PLAN_LIBC,
        "plans tell the same kinds apart");

/// The innermost frame outside of the allocator: who called it.
static void find_caller(
        struct answer *w, const struct ldmap *link_map, struct emit_call *call, uint32_t stack) {
    struct owner_frame frames[1];
    call->code = UINT32_MAX;
    if (owners_frames(&w->owners, stack, frames, 1) == 0 || w->image->module_count == 0 ||
            !owners_is_program(w->image, 0) ||
            !str_equal(frames[0].module, w->image->modules[0].path))
        return;
    call->caller = frames[0].offset;
    const struct ldmap_input *in = link_map == NULL ? NULL : ldmap_find(link_map, call->caller - 1);
    if (in != NULL) {
        struct component_evidence e = { .archive = in->archive.len ? in->archive : in->object };
        call->code = component_of(&w->map, &e);
    }
}

static void born(void *self, struct block *b, uint16_t component, uint32_t site) {
    (void)site;
    struct collector *c = self;
    uint64_t *slot =
            map64_put(&c->index, c->w->a, (uint64_t)b->stack * PLAN_KINDS + b->kind + 1, NULL);
    if (*slot == 0) {
        *vec_push(c->w->a, &c->calls) =
                (struct emit_call){ .component = component, .kind = b->kind, .stack = b->stack };
        *slot = c->calls.len;
    }
    struct emit_call *call = &c->calls.at[*slot - 1];
    call->blocks++;
    call->bytes += b->size;
}

static void gone(void *self, const struct block *b, uint16_t component, uint32_t site) {
    (void)self;
    (void)b;
    (void)component;
    (void)site;
}

static void kernel(void *self, const struct kernel_entry *k, int change) {
    (void)self;
    (void)k;
    (void)change;
}

static bool is_same_build(const struct answer *w, const struct elf_file *elf) {
    const struct trace_module *m = w->image->module_count > 0 ? &w->image->modules[0] : NULL;
    return elf == NULL || m == NULL || m->build_id_bytes == 0 || elf->build_id_bytes == 0 ||
           (m->build_id_bytes == elf->build_id_bytes &&
                   memcmp(m->build_id, elf->build_id, elf->build_id_bytes) == 0);
}

bool emit_calls_read(struct answer *w, struct plan *plan, bool with_insisted,
        const struct elf_file *elf, const struct ldmap *link_map, struct emit_run_calls *out,
        struct err *err) {
    struct collector c = { .w = w };
    const struct ledger_listener listener = { &c, born, gone, kernel };
    if (!is_same_build(w, elf))
        return fail(err, w->trace.path, ERR_NO_OFFSET,
                "was recorded from another build than %s; record that one, or leave --trace out",
                elf->path.at);
    answer_run(w, &listener, NULL);
    for (size_t i = 0; i < c.calls.len; i++) {
        struct emit_call *call = &c.calls.at[i];
        find_caller(w, link_map, call, call->stack);
        const struct plan_rule *rule =
                plan_rule_for(plan, &w->owners, call->stack, (enum plan_kind)call->kind);
        bool is_done = rule->strength == PLAN_BY_INSISTENCE && !with_insisted;
        call->memory = is_done ? EMIT_POLICY : emit_memory_of(rule);
    }
    out->calls = c.calls.at;
    out->count = (uint32_t)c.calls.len;
    return true;
}
