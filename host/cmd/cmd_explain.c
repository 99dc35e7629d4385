/// `ramlens explain`: one site or one component in full: its call stacks, blocks and phases.
#include "answer_options.h"
#include "cmd.h"
#include "file_damage.h"
#include "human.h"
#include "site_text.h"
#include "table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { STACKS_SHOWN = 5, SITES_SHOWN = 20, FRAMES_SHOWN = 64 };

static const struct opt opts[] = {
    ANSWER_SOURCE_OPTS,
    { .letter = 'n', .name = "stacks", .value = "N", .help = "show N stacks of a site (5)" },
    { 0 },
};

/// What one call stack did in the run.
struct stack_use {
    uint64_t live_bytes, live_blocks, peak_bytes, blocks, bytes;
    uint32_t kernel;
};

struct explanation {
    struct cmd_context *ctx;
    struct answer *w;
    struct stack_use *uses; ///< By stack number.
    struct text *out;
};

/// A stack whose definition was lost counts as stack 0, the unknown one.
static struct stack_use *use_of(struct explanation *x, uint32_t stack) {
    return &x->uses[stack < x->w->image->stack_count ? stack : 0];
}

static void born(void *self, struct block *b, uint16_t component, uint32_t site) {
    (void)component;
    (void)site;
    struct stack_use *u = use_of(self, b->stack);
    u->blocks++;
    u->bytes += b->size;
    u->live_blocks++;
    u->live_bytes += b->size;
    if (u->live_bytes > u->peak_bytes)
        u->peak_bytes = u->live_bytes;
}

static void gone(void *self, const struct block *b, uint16_t component, uint32_t site) {
    (void)component;
    (void)site;
    struct stack_use *u = use_of(self, b->stack);
    u->live_blocks--;
    u->live_bytes -= b->size;
}

static void kernel(void *self, const struct kernel_entry *e, int change) {
    if (change > 0)
        use_of(self, e->stack)->kernel++;
}

static void print_frames(struct explanation *x, uint32_t stack) {
    struct owner_frame frames[FRAMES_SHOWN];
    size_t count = owners_frames(&x->w->owners, stack, frames, FRAMES_SHOWN);
    for (size_t i = 0; i < count; i++) {
        const struct frame *f = frames[i].frame;
        struct str component = owners_component_name(&x->w->owners, frames[i].component);
        text_printf(x->out, "    %-14.*s %s%.*s", STR_ARG(component),
                f->inlined ? "(inlined) " : "",
                STR_ARG(f->function.len == 0 ? STR("?") : f->function));
        if (f->file.len != 0)
            text_printf(x->out, "  %.*s:%" PRIu32 "\n", STR_ARG(f->file), f->line);
        else
            text_printf(
                    x->out, "  %.*s+0x%" PRIx64 "\n", STR_ARG(frames[i].module), frames[i].offset);
    }
}

static void print_moments(struct explanation *x, uint32_t site) {
    static const struct table_column columns[] = {
        { .title = "checkpoint" },
        { .title = "live bytes", .align = TABLE_RIGHT },
        { .title = "blocks", .align = TABLE_RIGHT },
    };
    struct table t = table_new(x->ctx->arena, columns, 3);
    for (uint32_t i = 0; i < x->w->run.checkpoint_count; i++) {
        const struct run_checkpoint *c = &x->w->run.checkpoints[i];
        if (c->cycle == 0)
            table_cell(&t, c->name);
        else
            table_printf(&t, "%.*s %" PRIu32, STR_ARG(c->name), c->cycle);
        table_printf(&t, "%s", human_exact(run_site_bytes(c, site)).text);
        table_printf(&t, "%s", human_exact(run_site_blocks(c, site)).text);
    }
    table_write(&t, &x->ctx->term, x->out);
}

struct ranked {
    uint32_t number;
    uint64_t weight;
};

static int by_weight(const void *a, const void *b) {
    const struct ranked *p = a, *q = b;
    if (p->weight != q->weight)
        return p->weight < q->weight ? 1 : -1;
    return p->number < q->number ? -1 : p->number > q->number;
}

static void explain_site(struct explanation *x, uint32_t site, uint64_t most) {
    const struct site *s = &x->w->owners.sites[site];
    text_printf(x->out, "site %.*s of %.*s: %.*s\n", STR_ARG(s->id),
            STR_ARG(owners_component_name(&x->w->owners, s->component)),
            STR_ARG(s->function.len == 0 ? STR("?") : s->function));
    if (s->file.len != 0)
        text_printf(x->out, "%.*s:%" PRIu32 "%s\n\n", STR_ARG(s->file), s->line,
                s->ordinal == 0 ? ""
                                : arena_printf(x->ctx->arena, ", call %" PRIu32 " in its function",
                                          s->ordinal));
    else
        text_printf(x->out, "%.*s+0x%" PRIx64 "\n\n", STR_ARG(s->module), s->offset);
    print_moments(x, site);
    struct ranked *list = NEW_ARRAY(x->ctx->arena, struct ranked, x->w->image->stack_count + 1);
    size_t count = 0;
    for (uint32_t i = 0; i < x->w->image->stack_count; i++)
        if ((x->uses[i].blocks > 0 || x->uses[i].kernel > 0) &&
                owners_get(&x->w->owners, i).site == site)
            list[count++] = (struct ranked){ i, x->uses[i].peak_bytes + x->uses[i].kernel };
    qsort(list, count, sizeof *list, by_weight);
    text_printf(x->out, "\n%zu call stack%s:\n", count, count == 1 ? "" : "s");
    for (size_t i = 0; i < count && i < most; i++) {
        const struct stack_use *u = &x->uses[list[i].number];
        text_printf(x->out,
                "\n  %s blocks, %s B in all; peak %s B; at the end %s B in %s blocks; %" PRIu32
                " kernel objects\n",
                human_exact(u->blocks).text, human_exact(u->bytes).text,
                human_exact(u->peak_bytes).text, human_exact(u->live_bytes).text,
                human_exact(u->live_blocks).text, u->kernel);
        print_frames(x, list[i].number);
    }
    if (count > most)
        text_printf(x->out, "\n  %zu more; --stacks %zu shows all\n", count - (size_t)most, count);
}

/// The command that shows a site, with the options without which its id would be another.
static void say_next(const struct explanation *x, const struct site *s) {
    static const char *const options[] = { "subject", "components", "image" };
    text_printf(x->out, "\nnext: ramlens explain");
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        const char *value = opt_value(&x->ctx->values, options[i], NULL);
        if (value != NULL)
            text_printf(x->out, " --%s %s", options[i], value);
    }
    text_printf(x->out, " %s %.*s\n", x->ctx->values.operands[0], STR_ARG(s->id));
}

static void explain_component(struct explanation *x, uint32_t component) {
    static const struct table_column columns[] = {
        { .title = "site" },
        { .title = "most live", .align = TABLE_RIGHT },
        { .title = "function", .is_flexible = true },
        { .title = "where" },
    };
    struct owners *o = &x->w->owners;
    struct ranked *list = NEW_ARRAY(x->ctx->arena, struct ranked, o->site_count + 1);
    size_t count = 0;
    for (uint32_t i = 0; i < o->site_count; i++) {
        uint64_t most = 0;
        for (uint32_t k = 0; k < x->w->run.checkpoint_count; k++) {
            uint64_t bytes = run_site_bytes(&x->w->run.checkpoints[k], i);
            most = bytes > most ? bytes : most;
        }
        if (o->sites[i].component == component)
            list[count++] = (struct ranked){ i, most };
    }
    qsort(list, count, sizeof *list, by_weight);
    text_printf(x->out, "%.*s: %zu site%s; the largest by live bytes at a checkpoint\n\n",
            STR_ARG(o->map->names[component]), count, count == 1 ? "" : "s");
    struct table t = table_new(x->ctx->arena, columns, 4);
    for (size_t i = 0; i < count && i < SITES_SHOWN; i++) {
        const struct site *s = &o->sites[list[i].number];
        table_cell(&t, s->id);
        table_printf(&t, "%s", human_exact(list[i].weight).text);
        table_cell(&t, site_function(s));
        table_cell(&t, site_place(x->ctx->arena, s));
    }
    table_write(&t, &x->ctx->term, x->out);
    if (count > 0)
        say_next(x, &o->sites[list[0].number]);
}

/// Finds what is meant: a component by name, or a site by the beginning of its id.
static bool explain(struct explanation *x, struct str what, uint64_t stacks) {
    struct owners *o = &x->w->owners;
    for (uint32_t i = 0; i < o->map->count; i++) {
        if (str_equal(o->map->names[i], what)) {
            explain_component(x, i);
            return true;
        }
    }
    for (uint32_t i = 0; what.len >= 4 && i < o->site_count; i++) {
        if (str_starts_with(o->sites[i].id, what)) {
            explain_site(x, i, stacks);
            return true;
        }
    }
    return fail(&x->ctx->err, NULL, ERR_NO_OFFSET,
            "'%.*s' is no component and no site of this trace; 'ramlens report --json' lists both",
            STR_ARG(what));
}

static int run(struct cmd_context *ctx) {
    static struct answer answer;
    struct answer_options o;
    uint64_t stacks;
    if (!opt_number(&ctx->values, "stacks", STACKS_SHOWN, &stacks, &ctx->err) ||
            !answer_options_of(ctx, false, &o))
        return CMD_FAILED;
    struct text text = { .arena = ctx->arena };
    struct explanation x = { .ctx = ctx, .w = &answer, .out = &text };
    if (!answer_open(&answer, ctx->arena, &o, &ctx->err))
        return CMD_FAILED;
    x.uses = NEW_ARRAY(ctx->arena, struct stack_use, answer.image->stack_count + 1);
    const struct ledger_listener listener = { &x, born, gone, kernel };
    answer_run(&answer, &listener, NULL);
    bool done = explain(&x, str_from(ctx->values.operands[1]), stacks);
    answer_close(&answer);
    cmd_warn_damage(ctx, &answer.trace);
    if (done)
        out_add(ctx->out, text_str(&text));
    return done ? CMD_DONE : CMD_FAILED;
}

const struct command cmd_explain = {
    .name = "explain",
    .group = CMD_GROUP_ASK,
    .summary = "show a site or a component in full",
    .usage = "[OPTIONS] TRACE SITE|COMPONENT",
    .example = "ramlens explain app.rlt libjuice",
    .text = "Of a component: its sites. Of a site: what lives there at each checkpoint, and the "
            "call stacks that lead to it, "
            "inlined frames included. A site's id may be shortened to its first four digits or "
            "more.",
    .opts = opts,
    .least_operands = 2,
    .most_operands = 2,
    .run = run,
};
