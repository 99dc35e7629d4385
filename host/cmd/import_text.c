// See import_parts.h: what was found, for people.
#include "human.h"
#include "import_files.h"
#include "import_parts.h"
#include "table.h"

#include <inttypes.h>

enum { LAST_MOMENTS = 40 }; ///< Shown; a log may hold thousands.

static void print_input(struct text *t, const struct import_input *in) {
    const struct serial_counts *s = &in->serial;
    text_printf(t, "log          %s, %s lines, %s\n", in->path, human_exact(s->lines).text,
            human_bytes(s->bytes).text);
    text_printf(t,
            "lines        %s read (%s of them mended), %s broken, %s say nothing of memory\n",
            human_exact(in->counts.read).text, human_exact(in->counts.mended).text,
            human_exact(in->counts.broken).text, human_exact(in->counts.nothing).text);
    if (s->too_long + s->split + s->not_utf8 + s->control > 0)
        text_printf(t, "damage       %s too long, %s split, %s not UTF-8; %s control bytes\n",
                human_exact(s->too_long).text, human_exact(s->split).text,
                human_exact(s->not_utf8).text, human_exact(s->control).text);
}

static const char *fact(struct arena *a, const struct device_fact *f, const char *before) {
    return f->line && f->text.len ? arena_printf(a, "%s%.*s", before, STR_ARG(f->text)) : "";
}

/// "start 2     line 120, POWERON: esp32p4 v1.0, ESP-IDF v5.5.1, webrtc 1.2".
static void print_boot(
        struct cmd_context *ctx, struct text *t, const struct import_found *f, uint32_t index) {
    const struct device_boot *b = &f->log.boots.at[index];
    struct arena *a = ctx->arena;
    text_printf(t, "start %-6u line %" PRIu64 "%s%s%s%s%s%s%s%s\n", (unsigned)index + 1, b->line,
            b->first == DEVICE_STAGE_NONE ? ", its beginning is missing" : "",
            fact(a, &b->reset, ", "), fact(a, &b->chip, ", "),
            b->revision.line ? arena_printf(a, " v%u.%u", (unsigned)(b->revision.number / 100),
                                       (unsigned)(b->revision.number % 100))
                             : "",
            fact(a, &b->idf, ", ESP-IDF "), fact(a, &b->project, ", "),
            fact(a, &b->app_version, " "),
            f->log.boots.len > 1 && index == f->boot ? "  <- compared" : "");
}

// ---- the chip

static void print_choices(struct cmd_context *ctx, struct text *t, const struct device_fit *fit) {
    static const struct table_column columns[] = {
        { .title = "parameter" },
        { .title = "value" },
        { .title = "line", .align = TABLE_RIGHT },
        { .title = "known by", .is_flexible = true },
    };
    struct table table = table_new(ctx->arena, columns, 4);
    for (size_t i = 0; i < fit->choices.len; i++) {
        const struct device_choice *c = &fit->choices.at[i];
        table_cell(&table, c->parameter);
        table_cell(&table, c->open ? STR("open") : c->value);
        if (c->line)
            table_printf(&table, "%" PRIu64, c->line);
        else
            table_cell(&table, STR(""));
        if (c->open)
            table_printf(&table, "may be %s; below: %.*s", c->open, STR_ARG(c->taken));
        else
            table_cell(&table, str_from(c->source));
    }
    table_write(&table, &ctx->term, t);
}

static void print_regions(struct cmd_context *ctx, struct text *t, const struct device_fit *fit) {
    static const struct table_column columns[] = {
        { .title = "region", .is_flexible = true },
        { .title = "heaps of the chip", .align = TABLE_RIGHT },
        { .title = "announced", .align = TABLE_RIGHT },
        { .title = "static", .align = TABLE_RIGHT },
    };
    struct table table = table_new(ctx->arena, columns, 4);
    for (size_t i = 0; i < fit->regions.len; i++) {
        const struct device_region *r = &fit->regions.at[i];
        table_cell(&table, fit->target->regions[r->region].name);
        table_printf(&table, "%s", human_exact(r->profile_bytes).text);
        table_printf(&table, "%s", human_exact(r->measured_bytes).text);
        table_printf(&table, "%s",
                r->is_short ? "-"
                : r->heaps  ? human_exact(r->static_bytes).text
                            : "no heap");
    }
    text_add_char(t, '\n');
    table_write(&table, &ctx->term, t);
}

/// The heaps as they were printed, where there is no target to say which memory they are.
static void print_announced(struct cmd_context *ctx, struct text *t, const struct import_found *f) {
    static const struct table_column columns[] = {
        { .title = "heap at" },
        { .title = "announced", .align = TABLE_RIGHT },
        { .title = "kind", .is_flexible = true },
        { .title = "line", .align = TABLE_RIGHT },
    };
    struct table table = table_new(ctx->arena, columns, 4);
    const struct device_boot *boot = f->boot < f->log.boots.len ? &f->log.boots.at[f->boot] : NULL;
    if (boot == NULL || boot->heaps.len == 0)
        return;
    for (size_t i = 0; i < boot->heaps.len; i++) {
        const struct device_range *heap = &boot->heaps.at[i];
        table_printf(&table, "0x%" PRIx64, heap->start);
        table_printf(&table, "%s", human_exact(heap->bytes).text);
        table_cell(&table, heap->kind);
        table_printf(&table, "%" PRIu64, heap->line);
    }
    text_add_char(t, '\n');
    table_write(&table, &ctx->term, t);
}

static void print_fit(struct cmd_context *ctx, struct text *t, const struct import_found *f) {
    if (!f->has_fit) {
        print_announced(ctx, t, f);
        text_add(t, STR("\nno target: --target names a chip to compare with\n"));
        return;
    }
    text_printf(t, "\ntarget %.*s\n", STR_ARG(f->fit.target->name));
    print_choices(ctx, t, &f->fit);
    if (f->fit.regions.len > 0)
        print_regions(ctx, t, &f->fit);
    for (size_t i = 0; i < f->fit.notes.len; i++)
        text_printf(t, "note: %s\n", f->fit.notes.at[i]);
}

// ---- moments

/// The capability of a query, as a word if there is one.
static const char *caps_word(struct cmd_context *ctx, const struct import_found *f, uint64_t caps) {
    struct str word = f->has_fit ? device_fit_capability(f->fit.target, caps) : STR("");
    return word.len ? arena_printf(ctx->arena, "%.*s", STR_ARG(word))
                    : arena_printf(ctx->arena, "0x%08" PRIx64, caps);
}

static void add_moment(struct table *table, const struct device_moment *m, struct str capability) {
    table_cell(table, m->name);
    table_printf(table, "%" PRIu64, m->line);
    table_cell(table, capability);
}

static void add_number(struct table *table, bool is_known, uint64_t n, bool about) {
    table_printf(
            table, "%s%s", is_known && about ? "about " : "", is_known ? human_exact(n).text : "");
}

/// A figure of the same line and memory; whether there is one.
static const struct device_figure *other_figure(
        const struct device_moment *m, struct str capability, enum device_figure_kind kind) {
    for (uint32_t i = 0; i < m->figure_count; i++)
        if (m->figures[i].kind == kind && str_equal(m->figures[i].capability, capability))
            return &m->figures[i];
    return NULL;
}

static void add_line_moment(struct table *table, const struct device_moment *m) {
    for (uint32_t i = 0; i < m->figure_count; i++) {
        struct str capability = m->figures[i].capability;
        bool is_first = true;
        for (uint32_t k = 0; k < i; k++)
            is_first = is_first && !str_equal(m->figures[k].capability, capability);
        if (!is_first)
            continue;
        add_moment(table, m, capability);
        for (int kind = DEVICE_FIGURE_FREE; kind <= DEVICE_FIGURE_LEAST; kind++) {
            const struct device_figure *figure =
                    other_figure(m, capability, (enum device_figure_kind)kind);
            add_number(table, figure != NULL, figure ? figure->bytes : 0, figure && figure->about);
        }
    }
}

static void print_moments(struct cmd_context *ctx, struct text *t, const struct import_found *f) {
    static const struct table_column columns[] = {
        { .title = "moment", .is_flexible = true },
        { .title = "line", .align = TABLE_RIGHT },
        { .title = "memory" },
        { .title = "free", .align = TABLE_RIGHT },
        { .title = "largest", .align = TABLE_RIGHT },
        { .title = "least", .align = TABLE_RIGHT },
    };
    struct table table = table_new(ctx->arena, columns, 6);
    size_t count = 0, shown = 0;
    for (size_t i = 0; i < f->log.moments.len; i++)
        count += f->log.moments.at[i].boot == f->boot;
    for (size_t i = 0; i < f->log.moments.len; i++) {
        const struct device_moment *m = &f->log.moments.at[i];
        if (m->boot != f->boot || shown++ + LAST_MOMENTS < count)
            continue;
        if (!m->is_info) {
            add_line_moment(&table, m);
            continue;
        }
        add_moment(&table, m, str_from(caps_word(ctx, f, m->caps)));
        add_number(&table, m->has_total, m->free, false);
        add_number(&table, m->has_total, m->largest, false);
        add_number(&table, m->has_total, m->least_free, false);
    }
    if (count == 0)
        return;
    text_add_char(t, '\n');
    table_write(&table, &ctx->term, t);
    if (count > LAST_MOMENTS)
        text_printf(t, "the last %d of %zu moments; --json has all\n", LAST_MOMENTS, count);
}

/// Heaps of the last moment that lists them.
static void print_heaps(struct cmd_context *ctx, struct text *t, const struct import_found *f) {
    static const struct table_column columns[] = {
        { .title = "heap at" },
        { .title = "region", .is_flexible = true },
        { .title = "size", .align = TABLE_RIGHT },
        { .title = "free", .align = TABLE_RIGHT },
        { .title = "allocated", .align = TABLE_RIGHT },
        { .title = "blocks", .align = TABLE_RIGHT },
        { .title = "largest", .align = TABLE_RIGHT },
        { .title = "least", .align = TABLE_RIGHT },
    };
    const struct device_moment *last = NULL;
    for (size_t i = 0; i < f->log.moments.len; i++)
        if (f->log.moments.at[i].boot == f->boot && f->log.moments.at[i].heaps.len > 0)
            last = &f->log.moments.at[i];
    if (last == NULL)
        return;
    struct table table = table_new(ctx->arena, columns, 8);
    for (size_t i = 0; i < last->heaps.len; i++) {
        const struct device_heap_state *h = &last->heaps.at[i];
        uint32_t region = f->has_fit ? device_fit_region(f->fit.target, h->start) : TARGET_NONE;
        table_printf(&table, "0x%08" PRIx64, h->start);
        table_cell(&table, region == TARGET_NONE ? STR("") : f->fit.target->regions[region].name);
        add_number(&table, true, h->bytes, false);
        add_number(&table, true, h->free, false);
        add_number(&table, true, h->allocated, false);
        add_number(&table, h->has_blocks, h->used_blocks, false);
        add_number(&table, h->has_blocks, h->largest, false);
        add_number(&table, true, h->least_free, false);
    }
    text_printf(t, "\nheaps at %.*s%s\n", STR_ARG(last->name),
            !last->has_total ? ", whose sums are missing"
            : last->adds_up  ? ""
                            : ", whose sums are others: a heap's line is missing, or they changed");
    table_write(&table, &ctx->term, t);
}

// ---- tasks

static void print_task_list(
        struct cmd_context *ctx, struct text *t, const struct device_tasks *list) {
    static const struct table_column columns[] = {
        { .title = "task", .is_flexible = true },
        { .title = "state" },
        { .title = "priority", .align = TABLE_RIGHT },
        { .title = "core", .align = TABLE_RIGHT },
        { .title = "stack never used", .align = TABLE_RIGHT },
    };
    struct table table = table_new(ctx->arena, columns, 5);
    for (size_t i = 0; i < list->tasks.len; i++) {
        const struct device_task *task = &list->tasks.at[i];
        table_cell(&table, task->name);
        table_printf(&table, "%c", task->state);
        table_printf(&table, "%" PRIu64, task->priority);
        if (task->core >= 0)
            table_printf(&table, "%" PRId64, task->core);
        else
            table_cell(&table, task->core == -1 ? STR("any") : STR(""));
        add_number(&table, true, task->stack_free, false);
    }
    text_printf(t, "\ntasks, line %" PRIu64 "\n", list->line);
    table_write(&table, &ctx->term, t);
}

/// "1 heap", "2 heaps"; nothing when it is not said.
static struct str count_heaps(struct arena *a, const struct device_task_heap *h) {
    return h->is_sum ? STR("")
                     : str_from(arena_printf(a, "%" PRIu64 " heap%s", h->heap_count,
                               h->heap_count == 1 ? "" : "s"));
}

static void print_task_heaps(
        struct cmd_context *ctx, struct text *t, const struct device_tasks *list) {
    static const struct table_column columns[] = {
        { .title = "heap of task", .is_flexible = true },
        { .title = "in" },
        { .title = "bytes", .align = TABLE_RIGHT },
        { .title = "at most", .align = TABLE_RIGHT },
        { .title = "blocks", .align = TABLE_RIGHT },
    };
    struct table table = table_new(ctx->arena, columns, 5);
    for (size_t i = 0; i < list->heaps.len; i++) {
        const struct device_task_heap *h = &list->heaps.at[i];
        table_printf(&table, "%.*s%s", STR_ARG(h->name), h->is_alive ? "" : " (deleted)");
        table_cell(&table, count_heaps(ctx->arena, h));
        add_number(&table, true, h->bytes, false);
        add_number(&table, !h->is_sum, h->peak, false);
        table_cell(&table, STR(""));
        for (size_t k = 0; k < h->parts.len; k++) {
            table_cell(&table, STR(""));
            table_cell(&table, h->parts.at[k].heap);
            add_number(&table, true, h->parts.at[k].bytes, false);
            add_number(&table, true, h->parts.at[k].peak, false);
            add_number(&table, true, h->parts.at[k].blocks, false);
        }
    }
    text_printf(t, "\nheap by task, line %" PRIu64 "\n", list->line);
    table_write(&table, &ctx->term, t);
}

static void print_tasks(struct cmd_context *ctx, struct text *t, const struct import_found *f) {
    const struct device_tasks *list = NULL, *heaps = NULL;
    for (size_t i = 0; i < f->log.task_lists.len; i++)
        list = f->log.task_lists.at[i].boot == f->boot ? &f->log.task_lists.at[i] : list;
    for (size_t i = 0; i < f->log.task_heaps.len; i++)
        heaps = f->log.task_heaps.at[i].boot == f->boot ? &f->log.task_heaps.at[i] : heaps;
    if (list != NULL)
        print_task_list(ctx, t, list);
    if (heaps != NULL)
        print_task_heaps(ctx, t, heaps);
}

// ---- what went wrong, what was not understood

static void print_failures(struct cmd_context *ctx, struct text *t, const struct import_found *f) {
    for (size_t i = 0; i < f->log.failures.len; i++) {
        const struct device_failure *x = &f->log.failures.at[i];
        text_printf(t, "%sfailure      start %u, line %" PRIu64 ": ", i == 0 ? "\n" : "",
                (unsigned)x->boot + 1, x->line);
        if (x->is_request)
            text_printf(t, "no room for %s bytes of %s\n", human_exact(x->bytes).text,
                    caps_word(ctx, f, x->caps));
        else
            text_printf(t, "%.*s\n", STR_ARG(human_clean(ctx->arena, x->text)));
    }
}

static void print_blocks(struct text *t, const struct import_found *f) {
    for (size_t i = 0; i < f->blocks.len; i++) {
        const struct device_blocks *b = &f->blocks.at[i]->blocks;
        text_printf(t, "\nheap traces  start %u: %zu dumps of %zu blocks; -o writes a trace\n",
                (unsigned)f->blocks.at[i]->boot + 1, b->dumps.len, b->blocks.len);
    }
}

static void print_unknown(struct cmd_context *ctx, struct text *t, const struct import_found *f) {
    if (!f->shows_unknown)
        return;
    text_add_char(t, '\n');
    for (size_t i = 0; i < f->log.mended.len; i++)
        text_printf(t, "%s:%" PRIu64 ": mended: %.*s\n", import_path(f, f->log.mended.at[i].input),
                f->log.mended.at[i].line, STR_ARG(f->log.mended.at[i].text));
    for (size_t i = 0; i < f->log.unknown.len; i++) {
        const struct device_line *line = &f->log.unknown.at[i];
        text_printf(t, "%s:%" PRIu64 ": %s: %.*s\n", import_path(f, line->input), line->line,
                line->reason ? line->reason : "nothing of memory",
                STR_ARG(human_clean(ctx->arena, line->text)));
    }
}

static void print_left(struct text *t, const struct import_found *f) {
    uint64_t broken = 0;
    for (size_t i = 0; i < f->inputs.len; i++)
        broken += f->inputs.at[i].counts.broken;
    if (f->log.stray > 0)
        text_printf(t, "\n%s lines belong to tables whose beginning is missing\n",
                human_exact(f->log.stray).text);
    if (f->log.beyond > 0)
        text_printf(t, "\n%s things beyond the first %d of their kind are not kept\n",
                human_exact(f->log.beyond).text, DEVICE_LOG_MOST);
    if (broken > 0 && !f->shows_unknown)
        text_printf(t, "\n%s broken lines: --unknown lists them\n", human_exact(broken).text);
}

void import_text(struct cmd_context *ctx, const struct import_found *f) {
    struct text t = { .arena = ctx->arena };
    for (size_t i = 0; i < f->inputs.len; i++)
        print_input(&t, &f->inputs.at[i]);
    for (uint32_t i = 0; i < f->log.boots.len; i++)
        print_boot(ctx, &t, f, i);
    if (f->boot == UINT32_MAX) {
        text_add(&t, STR("\nnothing in it says anything of memory\n"));
    } else {
        print_fit(ctx, &t, f);
        print_moments(ctx, &t, f);
        print_heaps(ctx, &t, f);
        print_tasks(ctx, &t, f);
        print_failures(ctx, &t, f);
        print_blocks(&t, f);
    }
    print_left(&t, f);
    print_unknown(ctx, &t, f);
    out_add(ctx->out, text_str(&t));
}
