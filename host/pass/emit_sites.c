/// `--as sites`: the table by return address, for a program that was linked with an empty one.
#include "emit.h"

#include "sites_table.h"
#include "vec.h"

#include <elf.h>
#include <inttypes.h>
#include <stdlib.h>

/// Code of one object, [start, end).
struct code {
    uint64_t start, end;
    uint8_t places[SITES_KINDS];
};
typedef VEC(struct code) code_list;
typedef VEC(struct sites_range) range_list;

/// Calls that the table answers otherwise than the code that they lie in.
struct point {
    uint64_t caller;
    uint8_t kind;
    uint8_t place;
    uint64_t bytes;
};
typedef VEC(struct point) point_list;

static uint8_t place_of(uint32_t memory) {
    return memory == EMIT_POLICY ? 0 : (uint8_t)(memory + 1);
}

static uint8_t place_by_rule(const struct emit *e, uint32_t component, enum plan_kind kind) {
    struct emit_rule rule = emit_rule_of(e, component, kind);
    return rule.is_default ? SITES_NONE : place_of(rule.memory);
}

static int by_start(const void *a, const void *b) {
    const struct code *p = a, *q = b;
    return p->start < q->start ? -1 : p->start > q->start;
}

static int by_caller(const void *a, const void *b) {
    const struct point *p = a, *q = b;
    if (p->caller != q->caller) {
        return p->caller < q->caller ? -1 : 1;
    }
    return p->kind - q->kind;
}

static void collect_code(struct emit *e, code_list *out) {
    const struct ldmap *map = e->program->link_map;
    for (size_t i = 0; i < map->input_count; i++) {
        const struct ldmap_input *in = &map->inputs[i];
        const struct elf_section *s =
                elf_file_section(e->program->elf, map->outputs[in->output].name);
        if (in->kind != LDMAP_INPUT || s == NULL || !(s->flags & SHF_EXECINSTR) ||
                in->size_bytes == 0) {
            continue;
        }
        struct component_evidence evidence = { .archive =
                                                       in->archive.len ? in->archive : in->object };
        uint32_t component = component_of(e->program->map, &evidence);
        *vec_push(e->a, out) = (struct code){ .start = in->address,
            .end = in->address + in->size_bytes,
            .places = { place_by_rule(e, component, PLAN_MALLOC),
                    place_by_rule(e, component, PLAN_NEW) } };
    }
    if (out->len > 0) {
        qsort(out->at, out->len, sizeof *out->at, by_start);
    }
}

static const struct code *code_at(const code_list *code, uint64_t address) {
    size_t low = 0;
    size_t high = code->len;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (code->at[middle].end <= address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < code->len && code->at[low].start <= address ? &code->at[low] : NULL;
}

/// The default of a hook counts where the table has none.
static uint8_t effective(const struct emit *e, uint8_t place, unsigned kind) {
    return place == SITES_NONE
                   ? place_of(emit_default(e, kind == SITES_NEW ? PLAN_NEW : PLAN_MALLOC).memory)
                   : place;
}

/// What calls of the run want otherwise than their code; of several wishes for one return address the larger one counts.
static void collect_points(
        struct emit *e, const code_list *code, point_list *out, struct emit_sites_result *r) {
    point_list wishes = { 0 };
    for (uint32_t i = 0; e->run != NULL && i < e->run->count; i++) {
        const struct emit_call *call = &e->run->calls[i];
        if (call->caller != 0 && call->kind != PLAN_LIBC) {
            *vec_push(e->a, &wishes) = (struct point){ .caller = call->caller,
                .kind = call->kind == PLAN_NEW ? SITES_NEW : SITES_MALLOC,
                .place = place_of(call->memory),
                .bytes = call->bytes };
        }
    }
    if (wishes.len > 0) {
        qsort(wishes.at, wishes.len, sizeof *wishes.at, by_caller);
    }
    for (size_t i = 0; i < wishes.len;) {
        uint64_t by_place[256] = { 0 };
        size_t end = i;
        uint8_t best = wishes.at[i].place;
        uint64_t sum = 0;
        for (; end < wishes.len && by_caller(&wishes.at[i], &wishes.at[end]) == 0; end++) {
            uint8_t place = wishes.at[end].place;
            by_place[place] += wishes.at[end].bytes;
            sum += wishes.at[end].bytes;
            best = by_place[place] > by_place[best] ? place : best;
        }
        if (by_place[best] != sum) {
            r->conflicts++;
            r->conflict_bytes += sum - by_place[best];
        }
        const struct code *in = code_at(code, wishes.at[i].caller - 1);
        uint8_t kind = wishes.at[i].kind;
        if (in != NULL && effective(e, in->places[kind], kind) != best) {
            struct point *p = vec_push(e->a, out);
            *p = wishes.at[i];
            p->place = best;
        }
        i = end;
    }
    r->points = (uint32_t)out->len;
}

static void add_range(struct emit *e, range_list *out, uint64_t start, const uint8_t *places) {
    struct sites_range *r = vec_push(e->a, out);
    r->start = start;
    memcpy(r->places, places, SITES_KINDS);
}

static void make_ranges(
        struct emit *e, const code_list *code, const point_list *points, range_list *out) {
    static const uint8_t none[SITES_KINDS] = { SITES_NONE, SITES_NONE };
    size_t p = 0;
    for (size_t i = 0; i < code->len; i++) {
        const struct code *c = &code->at[i];
        add_range(e, out, c->start, c->places);
        while (p < points->len && points->at[p].caller - 1 < c->end) {
            uint64_t caller = points->at[p].caller;
            uint8_t places[SITES_KINDS];
            memcpy(places, c->places, sizeof places);
            for (; p < points->len && points->at[p].caller == caller; p++) {
                places[points->at[p].kind] = points->at[p].place;
            }
            add_range(e, out, caller - 1, places);
            add_range(e, out, caller, c->places);
        }
        // Padding between two objects calls nobody: it goes with the one before it.
        if (i + 1 == code->len) {
            add_range(e, out, c->end, none);
        }
    }
}

static void write_places(struct emit *e, struct text *out) {
    text_printf(out, "\nconst struct ramlens_place *ramlens_sites_place(unsigned place) {\n"
                     "    switch (place) {\n");
    for (uint32_t i = 0; i < e->memory_count; i++) {
        text_printf(out, "    case %" PRIu32 ":\n        return &%s;\n", i + 1, emit_symbol(e, i));
    }
    text_printf(out, "    default:\n        return 0;\n    }\n}\n");
}

static void write_table(struct text *out, struct str table, uint32_t room) {
    text_printf(out,
            "\n/* In a section of its own: objcopy --update-section can fill it, and addresses "
            "stay. */\n"
            "extern const uint32_t ramlens_sites_table[%" PRIu32 "];\n"
            "__attribute__((section(\".ramlens_sites\"), used, aligned(16)))\n"
            "const uint32_t ramlens_sites_table[%" PRIu32 "] = {",
            room / 4, room / 4);
    for (size_t i = 0; i + 3 < table.len; i += 4) {
        uint32_t word = 0;
        for (size_t k = 0; k < 4; k++) {
            word |= (uint32_t)(unsigned char)table.at[i + k] << (8 * k);
        }
        text_printf(out, "%s0x%08" PRIx32 ",", i % 32 == 0 ? "\n    " : " ", word);
    }
    text_printf(out, "%s};\n", table.len ? "\n" : " 0 ");
}

static void write_c(struct emit *e, struct str table, uint32_t room, struct str about) {
    struct text *out = emit_file(e, "ramlens_sites.c");
    emit_comment(out, '/', about);
    text_printf(out, "#include \"ramlens_place.h\"\n\n");
    emit_all_places(e, out);
    write_places(e, out);
    write_table(out, table, room);
}

void emit_empty_sites(struct emit *e) {
    struct text about = { .arena = e->a };
    emit_head(e, &about,
            arena_printf(e->a,
                    "the table by return address, empty, with room for %" PRIu32
                    " bytes. SPDX-License-Identifier: Apache-2.0",
                    e->options.room));
    text_printf(&about,
            "Reaches nothing yet: every caller has the default. ramlens emit --as sites "
            "--program fills it for the linked program.\n");
    write_c(e, STR(""), e->options.room, text_str(&about));
}

static void describe(struct emit *e, struct text *about, struct str table, uint32_t room,
        const struct emit_sites_result *r) {
    emit_head(e, about,
            "the table by return address for the program as it is linked now. "
            "SPDX-License-Identifier: Apache-2.0");
    text_printf(about,
            "Apply it without another link: objcopy --update-section "
            ".ramlens_sites=ramlens_sites.bin PROGRAM PLACED. Or link again with this file in "
            "place of "
            "the empty one: it has the same size, so every address stays. Any other change of the "
            "program makes it wrong: emit it anew.\n");
    text_printf(about, "It reaches what the hooks of ramlens_wrap.c or, with -DRAMLENS_SITES=1, of "
                       "ramlens_operators.c see, by the code that calls them. It does not reach "
                       "calls inside of "
                       "shared libraries, and cannot tell two callers of one function apart that "
                       "allocates for "
                       "both, such as a container's code that several components share.\n");
    text_printf(about,
            "Counted: %" PRIu32 " bytes of %" PRIu32 " are in use; %" PRIu32
            " call sites of the run have an entry of their own%s; %" PRIu32
            " return addresses are shared by calls with different wishes, and %" PRIu64
            " bytes that were asked for there in the run go where the larger part goes.\n",
            (uint32_t)table.len, room, r->points,
            e->run == NULL ? " (no trace was given: components only)" : "", r->conflicts,
            r->conflict_bytes);
    emit_run(e, about, UINT32_MAX, EMIT_BY_SITES);
}

bool emit_sites(struct emit *e, struct err *err) {
    if (e->program == NULL) {
        return fail(err, NULL, ERR_NO_OFFSET,
                "the table of sites is made for a linked program: --program names it");
    }
    const struct elf_section *s = elf_file_section(e->program->elf, STR(".ramlens_sites"));
    if (s == NULL) {
        return fail(err, e->program->elf->path.at, ERR_NO_OFFSET,
                "has no section .ramlens_sites: link it with the files of --as wrap first");
    }
    code_list code = { 0 };
    point_list points = { 0 };
    range_list ranges = { 0 };
    struct emit_sites_result result = { 0 };
    struct str table = STR("");
    uint32_t room = s->size_bytes > UINT32_MAX ? UINT32_MAX : (uint32_t)s->size_bytes;
    collect_code(e, &code);
    collect_points(e, &code, &points, &result);
    make_ranges(e, &code, &points, &ranges);
    if (ranges.len > 0 &&
            !sites_table_make(e->a, ranges.at, ranges.len, s->address, room, &table, err)) {
        return false;
    }
    if (table.len == 0) {
        emit_warn(e, "the table of sites is empty: the plan's lines for components move nothing "
                     "that this program calls itself");
    }
    e->table = table;
    e->table_address = s->address;
    struct text about = { .arena = e->a };
    describe(e, &about, table, room, &result);
    write_c(e, table, room, text_str(&about));
    struct text *binary = emit_file(e, "ramlens_sites.bin");
    text_add(binary, table);
    text_fill(binary, '\0', room - table.len);
    emit_runtime(e);
    return true;
}
