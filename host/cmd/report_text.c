// The report for people: see report_text.h. All numbers come from the answer, none is made here.
#include "report_text.h"

#include "human.h"
#include "report_parts.h"

#include <inttypes.h>

// ---- which checkpoints

static bool find_checkpoint(const struct answer *w, struct str name, uint32_t *index) {
    for (uint32_t i = 0; i < w->run.checkpoint_count; i++) {
        const struct run_checkpoint *c = &w->run.checkpoints[i];
        if (str_equal(c->name, name) && c->cycle <= 1) {
            *index = i;
            return true;
        }
    }
    return false;
}

uint32_t report_base(const struct answer *w, const char *name) {
    uint32_t base = 0;
    if (name != NULL && find_checkpoint(w, str_from(name), &base))
        return base;
    for (uint32_t i = 0; w->has_observed && i < w->observed.count; i++)
        if (w->observed.figures[i].known && w->observed.figures[i].in_run &&
                find_checkpoint(w, w->observed.figures[i].checkpoint, &base))
            return base;
    while (base + 1 < w->run.checkpoint_count && w->run.checkpoints[base + 1].cycle == 0)
        base++;
    return base;
}

/// Whether the step to checkpoint `c` is one of Q2's: a connection that is up, or media that flows.
static bool is_step(const struct run_checkpoint *c) {
    return str_equal(c->name, STR("connected")) || str_starts_with(c->name, STR("streaming"));
}

uint32_t report_step(const struct answer *w, uint32_t base) {
    for (uint32_t i = base + 1; i < w->run.checkpoint_count; i++)
        if (is_step(&w->run.checkpoints[i]))
            return i;
    return base + 1 < w->run.checkpoint_count ? base + 1 : base;
}

/// Q2's steps: "connected", "streaming" ... of the first cycle; without such names every later checkpoint.
static void choose_steps(struct report *r) {
    const struct run *run = &r->w->run;
    uint32_t first = report_step(r->w, r->base);
    bool by_name = is_step(report_checkpoint(r, first));
    for (uint32_t i = r->base + 1; i < run->checkpoint_count; i++) {
        const struct run_checkpoint *c = report_checkpoint(r, i);
        if (c->cycle <= 1 && r->step_count < REPORT_STEPS_MOST && (!by_name || is_step(c)))
            r->steps[r->step_count++] = i;
    }
}

// ---- head

/// What there was to answer from.
static void head_of_files(struct report *r) {
    const struct answer *w = r->w;
    if (!w->has_trace)
        text_printf(r->out, "No trace: of what is allocated after the start only a device's free "
                            "bytes tell.\n");
    for (size_t i = 0; w->has_device && i < w->device.files.len; i++)
        text_printf(r->out, "device's program %.*s%s\n", STR_ARG(w->device.files.at[i].path),
                w->device.files.at[i].map ? ", with its map" : "");
    if (w->has_archives && w->archives.files.len == 1)
        text_printf(r->out, "%.*s of the device, before linking\n",
                STR_ARG(w->archives.files.at[0].path));
    else if (w->has_archives)
        text_printf(r->out, "%zu archives and objects of the device, before linking\n",
                w->archives.files.len);
}

static void head_of_run(struct report *r) {
    const struct answer *w = r->w;
    const struct run_checkpoint *last = report_checkpoint(r, w->run.checkpoint_count - 1);
    bool has_time = !trace_is_of_device(w->image); // whose order is known, and no times
    text_printf(r->out, "%.*s (%d-bit), %s events%s%s, %" PRIu32 " checkpoint%s\n",
            STR_ARG(w->image->path), w->image->pointer_bytes * 8,
            human_exact(w->run.ledger.counts.events).text, has_time ? " in " : "",
            has_time ? human_time(last->time_us).text : "", w->run.checkpoint_count,
            w->run.checkpoint_count == 1 ? "" : "s");
}

/// What the device's log does not tell, and what the report goes on with.
static void head_of_open(struct report *r) {
    const struct import_found *log = r->view->options->boot_log;
    for (size_t i = 0; log && i < log->fit.choices.len; i++) {
        const struct device_choice *c = &log->fit.choices.at[i];
        if (c->open && !c->is_given)
            text_printf(r->out, "the log leaves open: %.*s may be %s; below: %.*s\n",
                    STR_ARG(c->parameter), c->open, STR_ARG(c->taken));
    }
}

static void head(struct report *r) {
    const struct answer *w = r->w;
    if (w->has_trace)
        head_of_run(r);
    head_of_files(r);
    for (uint32_t i = 0; i < w->versions.count; i++) {
        const struct version *v = &w->versions.list[i];
        text_printf(r->out, "%s%.*s %.*s", i == 0 ? "built with " : ", ", STR_ARG(v->component),
                STR_ARG(v->version));
        if (v->origin.len > 0)
            text_printf(r->out, " (%.*s)", STR_ARG(v->origin));
    }
    if (w->versions.count > 0)
        text_printf(r->out, "\n");
    if (w->has_target)
        text_printf(r->out, "target %.*s: %s; state %s\n", STR_ARG(w->target.name),
                target_choices(w->a, &w->target), w->placements[ANSWER_STATE].name);
    head_of_open(r);
}

void report_text(struct cmd_context *ctx, const struct answer *answer,
        const struct report_view *view, struct text *out) {
    struct report r = { .ctx = ctx, .w = answer, .view = view, .out = out, .base = view->base };
    r.two_states = answer->has_target && answer->plans[ANSWER_STATE].path != NULL;
    choose_steps(&r);
    head(&r);
    if (answer->has_target) {
        report_findings(&r);
        report_verdict(&r);
        report_first_question(&r);
        report_statics(&r);
        report_options(&r);
        report_hints(&r);
        if (answer->has_trace)
            report_second_question(&r);
    } else {
        report_largest_sites(&r);
    }
    if (view->guesses != NULL)
        report_guesses(&r, view->guesses);
    if (!answer->has_trace)
        return;
    report_containers(&r, view->containers);
    report_components(&r);
}
