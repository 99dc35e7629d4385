/// What a recorded run asked for, by whether a form reaches it.
#include "emit.h"

#include "sites_table.h"

#include <inttypes.h>

/// Why a call is not reached.
enum why { REACHED, BY_KIND, IN_LIBRARY, IN_OTHERS, BY_TABLE, BY_NAME, WHYS };
static const char *const words[WHYS] = {
    [BY_KIND] = "by another way than the form's (operator new, malloc, in libc)",
    [IN_LIBRARY] = "inside of shared libraries",
    [IN_OTHERS] = "in code of other components' objects (inline functions)",
    [BY_NAME] = "by lines for named code",
    [BY_TABLE] = "at return addresses that others share",
};

static enum why reached(const struct emit *e, const struct emit_call *call, enum emit_by by) {
    bool is_own = call->code == call->component;
    bool by_component =
            emit_rule_of(e, call->component, (enum plan_kind)call->kind).memory == call->memory;
    if (!by_component && (by == EMIT_BY_INCLUDE || by == EMIT_BY_OBJCOPY)) {
        return BY_NAME;
    }
    unsigned kind = call->kind == PLAN_NEW ? SITES_NEW : SITES_MALLOC;
    switch (by) {
    case EMIT_BY_INCLUDE:
        return call->kind != PLAN_MALLOC ? BY_KIND
               : call->caller == 0       ? IN_LIBRARY
               : is_own                  ? REACHED
                                         : IN_OTHERS;
    case EMIT_BY_OBJCOPY:
        return call->kind == PLAN_LIBC || call->caller == 0 ? IN_LIBRARY
               : call->code != UINT32_MAX &&
                               emit_rule_of(e, call->code, call->kind).memory == call->memory
                       ? REACHED
                       : IN_OTHERS;
    case EMIT_BY_CXX:
        return call->kind != PLAN_NEW                             ? BY_KIND
               : emit_default(e, PLAN_NEW).memory == call->memory ? REACHED
                                                                  : BY_NAME;
    case EMIT_BY_SITES:
        if (call->kind == PLAN_LIBC || call->caller == 0) {
            return IN_LIBRARY;
        }
        uint8_t place = sites_table_find(e->table, e->table_address, call->caller, kind);
        uint32_t memory = place == SITES_NONE ? emit_default(e, (enum plan_kind)call->kind).memory
                          : place == 0        ? EMIT_POLICY
                                              : place - 1u;
        return memory == call->memory ? REACHED : BY_TABLE;
    }
    return BY_KIND;
}

void emit_run(struct emit *e, struct text *out, uint32_t component, enum emit_by by) {
    if (e->run == NULL) {
        return;
    }
    uint64_t bytes[WHYS] = { 0 };
    uint64_t blocks[WHYS] = { 0 };
    for (uint32_t i = 0; i < e->run->count; i++) {
        const struct emit_call *call = &e->run->calls[i];
        if (call->memory == EMIT_POLICY ||
                (component != UINT32_MAX && call->component != component)) {
            continue;
        }
        enum why why = reached(e, call, by);
        bytes[why] += call->bytes;
        blocks[why] += call->blocks;
    }
    text_printf(out,
            "In the run of '%s', of what the plan moves%s: reached %" PRIu64 " requests of %" PRIu64
            " B in all",
            e->run->name, component == UINT32_MAX ? "" : " of this component", blocks[REACHED],
            bytes[REACHED]);
    for (unsigned why = REACHED + 1; why < WHYS; why++) {
        if (blocks[why] > 0) {
            text_printf(out, "; not reached %" PRIu64 " of %" PRIu64 " B %s", blocks[why],
                    bytes[why], words[why]);
        }
    }
    text_printf(out, ".\n");
}
