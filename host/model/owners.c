// See owners.h. A stack is walked once; the names of its frames come from the symbolizer, which keeps every address it was asked.
#include "owners.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *const ledger_kind_names[LEDGER_KIND_COUNT] = { "malloc", "new", "libc" };

enum { FRAMES_MAX = 1024, STACK_DEPTH_MAX = 256 };

struct owner_module {
    uint32_t number; ///< Of the symbolizer.
    bool looked;
    bool readable; ///< Its addresses can be asked.
};

void owners_init(struct owners *o, struct arena *a, const struct trace_image *image,
        struct symbolizer *s, struct component_map *map) {
    *o = (struct owners){ .a = a, .image = image, .symbolizer = s, .map = map };
    o->list = NEW_ARRAY(a, struct owner, image->stack_count + 1);
    o->modules = NEW_ARRAY(a, struct owner_module, image->module_count + 1);
    o->frames = NEW_ARRAY(a, struct owner_frame, FRAMES_MAX);
}

// ---- modules

static void note_problem(struct owners *o, struct str path, const char *text) {
    struct module_problem *p = NEW(o->a, struct module_problem);
    p->path = path;
    (void)snprintf(p->text, sizeof p->text, "%s", text);
    p->next = o->problems;
    o->problems = p;
}

static struct owner_module *open_module(struct owners *o, uint32_t index) {
    struct owner_module *m = &o->modules[index];
    if (m->looked)
        return m;
    m->looked = true;
    const struct trace_module *t = &o->image->modules[index];
    enum symbol_quality quality;
    struct err err = { .text = "" };
    m->readable = symbolizer_module(
            o->symbolizer, t->path, t->build_id, t->build_id_bytes, &m->number, &quality, &err);
    if (err.text[0] != '\0' && str_starts_with(t->path, STR("/")))
        note_problem(o, t->path, err.text);
    return m;
}

bool owners_is_program(const struct trace_image *image, uint32_t index) {
    return index == 0 && image->module_count > 0 && image->path.len != 0 &&
           str_equal(image->modules[0].path, image->path);
}

// ---- frames

static const struct frame no_name;

/// The archive (or, outside of archives, the object) that the linker's map names for an address of the program.
static struct str archive_at(const struct owners *o, uint64_t vaddr) {
    const struct ldmap_input *in = o->link_map == NULL ? NULL : ldmap_find(o->link_map, vaddr);
    if (in == NULL)
        return STR("");
    return in->archive.len != 0 ? in->archive : in->object;
}

/// Appends the frames at one return address; returns the new count.
static size_t add_frames(struct owners *o, const struct trace_stack *s, size_t count) {
    const struct frame *found = &no_name;
    size_t found_count = 1;
    struct str path = STR("");
    uint64_t offset = s->address;
    struct str archive = STR("");
    if (s->module != 0) {
        const struct trace_module *t = &o->image->modules[s->module - 1];
        struct owner_module *m = open_module(o, s->module - 1);
        path = t->path;
        offset = s->address - t->base;
        if (m->readable && owners_is_program(o->image, s->module - 1))
            archive = archive_at(o, offset - 1);
        if (m->readable)
            found_count = symbolizer_frames(o->symbolizer, m->number, offset, true, &found);
    }
    for (size_t i = 0; i < found_count && count < FRAMES_MAX; i++) {
        struct owner_frame *f = &o->frames[count++];
        *f = (struct owner_frame){
            .frame = &found[i], .outer = &found[found_count - 1], .module = path, .offset = offset
        };
        f->component = component_of_frame_in(o->map, &found[i], archive, path);
        f->transparent = component_is_transparent(o->map, f->component);
    }
    return count;
}

/// The recorder's own frames (a thread's first, reallocarray) are nobody's.
static bool is_recorder(const struct owners *o, const struct trace_stack *s) {
    return s->module != 0 && str_equal(str_base_name(o->image->modules[s->module - 1].path),
                                     STR("libramlens-preload.so"));
}

/// Fills o->frames with the frames of `stack`, innermost first.
static size_t collect(struct owners *o, uint32_t stack) {
    size_t count = 0;
    for (unsigned depth = 0; stack != 0 && depth < STACK_DEPTH_MAX; depth++) {
        if (stack >= o->image->stack_count || !o->image->stacks[stack].known)
            break;
        const struct trace_stack *s = &o->image->stacks[stack];
        if (!is_recorder(o, s))
            count = add_frames(o, s, count);
        stack = s->outer;
    }
    return count;
}

// ---- sites

static uint64_t mix(uint64_t hash, const void *bytes, size_t size) {
    const unsigned char *at = bytes;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ at[i]) * UINT64_C(0x100000001b3); // FNV-1a
    return (hash ^ 0xff) * UINT64_C(0x100000001b3);
}

/// What is the same after a rebuild: names, and the number of the call in its function. Where there are no names, the place.
static uint64_t identity(struct owners *o, const struct owner_frame *f) {
    struct str component = owners_component_name(o, f->component);
    uint64_t h = mix(UINT64_C(0xcbf29ce484222325), component.at, component.len);
    struct str function = f->frame->linkage.len != 0 ? f->frame->linkage : f->frame->function;
    if (function.len == 0) {
        struct str module = str_base_name(f->module);
        h = mix(h, module.at, module.len);
        return mix(h, &f->offset, sizeof f->offset);
    }
    struct str file = str_base_name(f->frame->file);
    h = mix(h, function.at, function.len);
    h = mix(h, file.at, file.len);
    // The number counts the calls of the out-of-line function.
    if (f->frame->inlined)
        h = mix(h, f->outer->linkage.at, f->outer->linkage.len);
    // Without a number, the line tells calls of one function apart; it does not survive edits above it.
    uint32_t which = f->frame->ordinal != 0 ? f->frame->ordinal : f->frame->line;
    return mix(h, &which, sizeof which);
}

static struct site *new_site(struct owners *o) {
    if (o->site_count == o->site_capacity) {
        uint32_t capacity = o->site_capacity == 0 ? 256 : o->site_capacity * 2;
        struct site *bigger = NEW_ARRAY(o->a, struct site, capacity);
        if (o->site_count > 0)
            memcpy(bigger, o->sites, o->site_count * sizeof *bigger);
        o->sites = bigger;
        o->site_capacity = capacity;
    }
    return &o->sites[o->site_count++];
}

static uint32_t add_site(struct owners *o, const struct owner_frame *f, uint64_t identity) {
    struct site *s = new_site(o);
    uint64_t digits = identity >> 16;
    *s = (struct site){ .id = str_from(arena_printf(o->a, "%012" PRIx64, digits)),
        .component = (uint16_t)f->component,
        .function = f->frame->function,
        .file = f->frame->file,
        .line = f->frame->line,
        .ordinal = f->frame->ordinal,
        .module = f->module,
        .offset = f->offset,
        .has_debug = f->frame->has_debug };
    return o->site_count - 1;
}

/// The site of `f`. Parts of a function that the compiler made functions of their own (.part, .constprop) have its name and numbers of their
/// own: where such places have one identity, the line tells the later ones apart from the first.
static uint32_t find_site(struct owners *o, const struct owner_frame *f) {
    enum { TRIES = 16 };
    uint64_t h = identity(o, f);
    for (int i = 1;; i++) {
        uint64_t *slot = map64_put(&o->site_index, o->a, h, NULL);
        if (*slot == 0)
            *slot = add_site(o, f, h) + 1;
        uint32_t number = (uint32_t)*slot - 1;
        if (o->sites[number].line == f->frame->line || i == TRIES)
            return number;
        h = mix(h, &f->frame->line, sizeof f->frame->line);
    }
}

// ---- owners

static bool is_operator_new(const struct frame *f) {
    // Renamed by ramlens emit, it has the old name at its end; as a hook of the linker's, too.
    return str_starts_with(f->linkage, STR("_Znw")) || str_starts_with(f->linkage, STR("_Zna")) ||
           str_matches(f->linkage, STR("ramlens_*__Zn[wa][jm]*")) ||
           str_matches(f->linkage, STR("__wrap__Zn[wa][jm]*"));
}

/// How a malloc from this stack was asked for: by operator new (of a static run-time library, say), by the run-time library, or by
/// the component itself.
static uint8_t kind_of_malloc(
        const struct owners *o, const struct owner_frame *frames, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (is_operator_new(frames[i].frame))
            return LEDGER_NEW;
        if (component_is_allocator(o->map, frames[i].component))
            continue;
        return frames[i].transparent ? LEDGER_LIBC : LEDGER_MALLOC;
    }
    return LEDGER_MALLOC;
}

/// The C library's own block for a new thread (its table of thread-local storage): only a host has it, so it is the library's and not
/// that of who creates the thread, whose kernel object is charged apart. With the C library's debug information its functions have their
/// inner names: __pthread_create_2_1, __GI__dl_allocate_tls.
static bool is_thread_block(const struct owner_frame *f) {
    return f->transparent && (str_matches(f->frame->linkage, STR("*pthread_create*")) ||
                                     str_matches(f->frame->linkage, STR("*_dl_allocate_tls*")));
}

/// The innermost frame that is not transparent, else the innermost outside the allocator; `count` when there is none. Of the blocks that
/// pthread_create() takes for itself, its own frame.
static size_t owning_frame(const struct owners *o, const struct owner_frame *frames, size_t count) {
    for (size_t i = 0; i < count && frames[i].transparent; i++)
        if (is_thread_block(&frames[i]))
            return i;
    for (size_t i = 0; i < count; i++)
        if (!frames[i].transparent && !component_is_allocator(o->map, frames[i].component))
            return i;
    for (size_t i = 0; i < count; i++)
        if (!component_is_allocator(o->map, frames[i].component))
            return i;
    return count;
}

static bool is_container(const struct owners *o, const struct owner_frame *frames, size_t owner) {
    for (size_t i = 0; i < owner; i++)
        for (uint32_t g = 0; g < o->container_count; g++)
            if (str_matches(frames[i].frame->function, o->containers[g]))
                return true;
    return false;
}

struct owner owners_find(struct owners *o, uint32_t stack) {
    static const struct owner_frame nobody = { .frame = &no_name, .outer = &no_name };
    size_t count = collect(o, stack);
    size_t at = owning_frame(o, o->frames, count);
    struct owner_frame f = at < count ? o->frames[at] : nobody;
    if (at == count)
        f.component = component_unknown(o->map);
    struct owner result = { .site = find_site(o, &f),
        .component = (uint16_t)f.component,
        .malloc_kind = kind_of_malloc(o, o->frames, count),
        .container = is_container(o, o->frames, at),
        .known = true };
    if (stack < o->image->stack_count)
        o->list[stack] = result;
    return result;
}

size_t owners_frames(struct owners *o, uint32_t stack, struct owner_frame *out, size_t max) {
    size_t count = collect(o, stack);
    size_t written = 0;
    for (size_t i = 0; i < count && written < max; i++)
        if (!component_is_allocator(o->map, o->frames[i].component))
            out[written++] = o->frames[i];
    return written;
}

const struct owner_frame *owners_walk(
        struct owners *o, uint32_t stack, size_t *count, size_t *owner) {
    *count = collect(o, stack);
    *owner = owning_frame(o, o->frames, *count);
    return o->frames;
}

struct str owners_component_name(const struct owners *o, uint32_t component) {
    return component < o->map->count ? o->map->names[component] : STR("unknown");
}
