// See import_log.h.
#include "import_log.h"

#include <string.h>

const char *import_path(const struct import_found *f, uint32_t input) {
    return input < f->inputs.len ? f->inputs.at[input].path : "";
}

const struct device_blocks *import_blocks_of(const struct import_found *f, uint32_t boot) {
    for (size_t i = 0; i < f->blocks.len; i++)
        if (f->blocks.at[i]->boot == boot)
            return &f->blocks.at[i]->blocks;
    return NULL;
}

const char *import_chip(const struct import_found *f) {
    const struct device_fact *chip = &f->log.boots.at[f->boot].chip;
    return chip->line ? chip->text.at : "";
}

struct reading {
    struct arena *a;
    struct import_found *found;
};

/// Blocks of start `boot`, the newest, made when they are first needed.
static struct device_blocks *newest_blocks(struct reading *r, uint32_t boot) {
    struct import_found *f = r->found;
    if (f->blocks.len == 0 || f->blocks.at[f->blocks.len - 1]->boot != boot) {
        struct import_blocks *b = NEW(r->a, struct import_blocks);
        b->boot = boot;
        device_blocks_init(&b->blocks, r->a);
        *vec_push(r->a, &f->blocks) = b;
    }
    return &f->blocks.at[f->blocks.len - 1]->blocks;
}

static void take_event(void *self, const struct device_event *e) {
    struct reading *r = self;
    device_log_take(&r->found->log, e);
    uint32_t boot = device_log_newest(&r->found->log);
    if (e->type == DEVICE_BLOCKS && boot != UINT32_MAX)
        device_blocks_take(newest_blocks(r, boot), &e->blocks_text, (uint32_t)e->line);
}

static bool read_serial(struct arena *a, struct import_found *f, const char *name,
        struct device_text *text, struct err *err) {
    const char *path = strcmp(name, "-") == 0 ? "/dev/stdin" : name;
    struct serial_text *serial = serial_text_open(a, path, err);
    if (serial == NULL)
        return false;
    struct serial_piece piece;
    device_log_begin(&f->log);
    while (serial_text_next(serial, &piece, err))
        device_text_take(text, &piece);
    device_text_finish(text);
    *vec_push(a, &f->inputs) = (struct import_input){
        .path = name, .serial = *serial_text_counts(serial), .counts = text->counts
    };
    serial_text_close(serial);
    return !f->inputs.at[f->inputs.len - 1].serial.failed;
}

bool import_log_read(struct arena *a, const char *const *paths, uint32_t path_count,
        const char *const *patterns, uint32_t pattern_count, bool keeps_all, struct import_found *f,
        struct err *err) {
    struct reading reading = { a, f };
    const struct device_listener listener = { &reading, take_event };
    *f = (struct import_found){ .shows_unknown = keeps_all };
    device_log_init(&f->log, a, keeps_all);
    for (uint32_t i = 0; i < path_count; i++) {
        struct device_text *text = NEW(a, struct device_text);
        device_text_init(text, a, &listener);
        for (uint32_t k = 0; k < pattern_count; k++)
            if (!device_text_add_pattern(text, str_from(patterns[k]), err))
                return false;
        if (!read_serial(a, f, paths[i], text, err))
            return false;
    }
    for (size_t i = 0; i < f->blocks.len; i++) {
        struct device_blocks *b = &f->blocks.at[i]->blocks;
        device_blocks_close(b);
        f->log.beyond += (uint64_t)b->beyond + b->dumps_beyond;
    }
    f->boot = f->log.boots.len ? (uint32_t)f->log.boots.len - 1 : UINT32_MAX;
    return true;
}

bool import_log_fit(struct arena *a, const struct device_fit_source *target, struct import_found *f,
        struct err *err) {
    f->has_fit = true;
    return device_fit(a, target, &f->log.boots.at[f->boot], &f->fit, err);
}
