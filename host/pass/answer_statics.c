// Static data of an answer: of the device's program, of archives, of the program that ran. See answer_parts.h.
#include "answer_parts.h"

#include "elf_program.h"
#include "footprint_linked.h"
#include "footprint_objects.h"

#include <unistd.h>

/// Opens the program and the linker's map beside it (or the one that was named). No map, or a program that is not the one that ran, is
/// no failure.
bool answer_read_link_map(struct answer *w, const struct answer_options *o, struct err *err) {
    if (!owners_is_program(w->image, 0))
        return true;
    const char *path = o->link_map;
    if (path == NULL)
        path = arena_printf(w->a, "%.*s.map", STR_ARG(w->image->modules[0].path));
    if (o->link_map == NULL && access(path, R_OK) != 0)
        return true;
    if (!ldmap_read(w->a, path, &w->link_map, o->link_map != NULL ? err : &w->statics_problem))
        return o->link_map == NULL;
    w->has_link_map = true;
    w->owners.link_map = &w->link_map;
    return true;
}

/// Static data of the linked program, if its file is the one that ran. A map that was found beside the program and is of another build
/// would give archives at random: it is left out, with the reason.
static bool read_host(struct answer *w, const struct answer_options *o, struct err *err) {
    const struct trace_image *image = w->image;
    uint32_t module;
    enum symbol_quality quality;
    struct err ignored = { .text = "" };
    if (!owners_is_program(image, 0) ||
            !symbolizer_module(w->symbolizer, image->modules[0].path, image->modules[0].build_id,
                    image->modules[0].build_id_bytes, &module, &quality, &ignored))
        return true; // the reason is among the modules' problems
    const char *program = arena_copy(w->a, image->modules[0].path).at;
    w->has_statics = static_data_read(w->a, program, w->has_link_map ? &w->link_map : NULL, &w->map,
            w->symbolizer, module, &w->statics, o->link_map != NULL ? err : &w->statics_problem);
    if (!w->has_statics && w->has_link_map && o->link_map == NULL) {
        w->has_link_map = false;
        w->owners.link_map = NULL;
        w->has_statics = static_data_read(
                w->a, program, NULL, &w->map, w->symbolizer, module, &w->statics, &ignored);
    }
    for (uint32_t i = 0; w->has_statics && i < w->map.count; i++)
        if (w->host_only[i])
            w->statics.component_bytes[i] = 0;
    return w->has_statics || o->link_map == NULL;
}

/// A device's trace names the program that it ran.
static const char *device_program(const struct answer *w, const struct answer_options *o) {
    const char *path = arena_copy(w->a, w->image->path).at;
    bool is_there = trace_is_of_device(w->image) && w->image->path.len && access(path, R_OK) == 0;
    return o->device_elf || o->device_map || !is_there ? o->device_elf : path;
}

static bool open_device(struct answer *w, const struct answer_options *o, struct err *err) {
    const char *program = device_program(w, o);
    uint32_t unread;
    if (program == NULL && o->device_map == NULL)
        return true;
    footprint_init(&w->device, w->a, &w->target);
    w->has_device = true;
    if (!footprint_linked_add(&w->device, program, o->device_map, err) ||
            (program && o->device_map &&
                    !footprint_linked_merged(&w->device, 0, NULL, &unread, err)))
        return false;
    footprint_add_components(&w->device, &w->map);
    return true;
}

static bool open_archives(struct answer *w, const struct answer_options *o, struct err *err) {
    if (o->archive_count == 0)
        return true;
    footprint_init(&w->archives, w->a, &w->target);
    w->has_archives = true;
    for (uint32_t i = 0; i < o->archive_count; i++) {
        struct footprint_skipped skipped;
        if (!footprint_objects_add(&w->archives, o->archives[i], &skipped, err))
            return false;
        skipped.count += w->left_out.count;
        w->left_out = w->left_out.count ? w->left_out : skipped;
        w->left_out.count = skipped.count;
    }
    footprint_add_components(&w->archives, &w->map);
    return true;
}

bool answer_open_files(struct answer *w, const struct answer_options *o, struct err *err) {
    return open_device(w, o, err) && open_archives(w, o, err);
}

static void name_components(struct answer *w, struct footprint *f) {
    if (w->map.names_sources)
        footprint_name_sources(f);
    footprint_name_components(f, &w->map);
}

/// The program that ran, of the same sources: what it holds is what a device's would.
static bool bound_archives(
        struct answer *w, const char *program, bool *has_roots, struct err *err) {
    struct elf_file like;
    struct err ignored = { .text = "" };
    *has_roots = w->has_statics && elf_file_read(w->a, program, &like, &ignored);
    bool done = footprint_objects_bounds(&w->archives, NULL, 0, *has_roots ? &like : NULL, err);
    if (*has_roots)
        elf_file_close(&like);
    return done;
}

void answer_account(
        struct answer *w, const struct plan_statics *moves, struct static_account *out) {
    struct static_sources sources = w->sources;
    sources.moves = moves;
    static_account_make(w->a, &w->target, &w->map, &sources, out);
}

static uint16_t host_machine(struct answer *w) {
    struct elf_program program = { .machine = 0 };
    struct err ignored = { .text = "" };
    if (w->has_statics)
        (void)elf_program_read(w->a, arena_copy(w->a, w->image->path).at, &program, &ignored);
    return program.machine;
}

bool answer_read_statics(struct answer *w, const struct answer_options *o, struct err *err) {
    bool has_roots = false;
    if (!trace_is_of_device(w->image) && !read_host(w, o, err))
        return false;
    if (w->has_archives && !bound_archives(w, arena_copy(w->a, w->image->path).at, &has_roots, err))
        return false;
    if (w->has_device)
        name_components(w, &w->device);
    if (w->has_archives)
        name_components(w, &w->archives);
    w->sources = (struct static_sources){ .host_only = w->host_only,
        .has_roots = has_roots,
        .host_machine = host_machine(w),
        .host = w->has_statics ? &w->statics : NULL,
        .device = w->has_device ? &w->device : NULL,
        .archives = w->has_archives ? &w->archives : NULL,
        .log = o->boot_log ? &o->boot_log->fit : NULL };
    for (unsigned i = 0; i < ANSWER_STATES; i++)
        answer_account(w, &w->plans[i].statics, &w->accounts[i]);
    return true;
}
