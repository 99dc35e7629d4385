// See placed_run.h.
#include "placed_run.h"

#include "kernel_cost.h"
#include "static_data.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

bool placed_run_is_host_only(const struct placed_run *r, uint32_t component) {
    return component_is_transparent(&r->map, component) ||
           str_equal(owners_component_name(&r->owners, component), STR("recorder"));
}

// ---- what requests ask for

static struct ramlens_asks asks_of(const struct plan *p, const struct plan_rule *rule) {
    struct ramlens_asks asks = { 0 };
    plan_asks(p, rule, &asks);
    return asks;
}

static const struct plan_rule *block_rule(const struct plan *p, const struct target_block *block) {
    return block->memory == TARGET_STACK    ? &p->stack
           : block->memory == TARGET_SYSTEM ? &p->kernel
                                            : plan_component_rule(p, TARGET_NONE, PLAN_LIBC);
}

/// Fills in the blocks behind each kind of kernel object.
static bool describe_objects(struct placed_run *r, struct err *err) {
    for (uint32_t kind = KERNEL_NONE + 1; kind < KERNEL_OBJECT_COUNT; kind++) {
        struct ramlens_placed_object *out = &r->shared->objects[kind];
        const struct target_object *object =
                target_find_object(&r->target, str_from(kernel_object_names[kind]));
        if (object == NULL)
            continue;
        if (object->block_count > RAMLENS_PLACED_BLOCKS)
            return fail(err, r->target.path, ERR_NO_OFFSET,
                    "object '%s' has %" PRIu32 " blocks; a run places at most %d", object->name.at,
                    object->block_count, RAMLENS_PLACED_BLOCKS);
        out->count = object->block_count;
        for (uint32_t i = 0; i < object->block_count; i++) {
            const struct target_block *b = &object->blocks[i];
            bool stack = b->memory == TARGET_STACK;
            out->blocks[i] = (struct ramlens_placed_block){
                .bytes = (uint32_t)(stack ? r->plan.stack_bytes : b->bytes),
                .running = b->running,
                .is_stack = stack,
                .asks = asks_of(&r->plan, block_rule(&r->plan, b))
            };
        }
    }
    return true;
}

/// The decision's number for `asks`: an entry of the table, new if there is none like it.
static uint16_t decision_for(struct placed_run *r, const struct ramlens_asks *asks) {
    struct ramlens_placed *s = r->shared;
    for (uint32_t i = 0; i < s->asks_count; i++)
        if (memcmp(&s->asks[i], asks, sizeof *asks) == 0)
            return (uint16_t)(RAMLENS_PLACED_FIRST + i);
    if (s->asks_count == RAMLENS_PLACED_ASKS)
        return RAMLENS_PLACED_FIRST; // the rule of malloc; a plan has a handful of memories
    s->asks[s->asks_count] = *asks;
    return (uint16_t)(RAMLENS_PLACED_FIRST + s->asks_count++);
}

// ---- the program image

static void read_link_map(struct placed_run *r) {
    const char *path = arena_printf(r->a, "%s.map", r->program);
    struct err ignored;
    r->owners.link_map = NULL;
    if (access(path, R_OK) == 0 && ldmap_read(r->a, path, &r->link_map, &ignored))
        r->owners.link_map = &r->link_map;
}

/// Static data of the program, as a report counts it. A linker's map of another build is left out.
static void read_statics(struct placed_run *r) {
    uint32_t module;
    enum symbol_quality quality;
    struct static_data statics;
    struct err ignored;
    r->static_bytes = 0;
    if (!symbolizer_module(
                r->symbolizer, str_from(r->program), NULL, 0, &module, &quality, &ignored))
        return;
    bool done = static_data_read(r->a, r->program, r->owners.link_map, &r->map, r->symbolizer,
            module, &statics, &ignored);
    if (!done && r->owners.link_map != NULL) {
        r->owners.link_map = NULL;
        done = static_data_read(
                r->a, r->program, NULL, &r->map, r->symbolizer, module, &statics, &ignored);
    }
    for (uint32_t i = 0; done && i < r->map.count; i++)
        if (!placed_run_is_host_only(r, i))
            r->static_bytes += statics.component_bytes[i];
}

/// Makes the heaps as the program will, to say beforehand what cannot be.
static bool try_heaps(const struct placed_run *r, struct err *err) {
    const struct ramlens_heaps_rules *rules = &r->shared->rules;
    struct ramlens_heaps heaps;
    void *memory[RAMLENS_HEAPS_MAX] = { NULL };
    uint32_t bad = RAMLENS_HEAPS_MAX;
    bool mapped = true;
    for (uint32_t i = 0; i < rules->count && mapped; i++) {
        if (rules->places[i].carved)
            continue;
        memory[i] = mmap(NULL, rules->places[i].bytes, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (memory[i] == MAP_FAILED)
            memory[i] = NULL;
        mapped = memory[i] != NULL;
    }
    bool done = mapped && ramlens_heaps_init(&heaps, rules, memory, false, &bad);
    for (uint32_t i = 0; i < rules->count; i++)
        if (memory[i] != NULL)
            munmap(memory[i], rules->places[i].bytes);
    if (!mapped)
        return fail(err, NULL, ERR_NO_OFFSET, "no memory to try the target's heaps in");
    return done ||
           fail(err, r->target.path, ERR_NO_OFFSET,
                   "heap '%s' of %" PRIu32 " B cannot be made%s; less must lie there beforehand",
                   rules->places[bad].name, rules->places[bad].bytes,
                   rules->places[bad].carved ? ": no heap has room for it" : "");
}

/// Begins with `program`, whose modules and stacks are unknown yet.
static bool begin_image(struct placed_run *r, const char *program, uint32_t bits, struct err *err) {
    r->program = arena_printf(r->a, "%s", program);
    r->bits = bits;
    r->copied = 0;
    // Room for all there can be; the counts say what is known.
    r->image = (struct trace_image){ .pointer_bytes = (uint8_t)(bits / 8),
        .path = str_from(r->program),
        .stacks = NEW_ARRAY(r->a, struct trace_stack, RAMLENS_PLACED_STACKS),
        .stack_count = RAMLENS_PLACED_STACKS,
        .modules = NEW_ARRAY(r->a, struct trace_module, RAMLENS_PLACED_MODULES),
        .module_count = RAMLENS_PLACED_MODULES };
    owners_init(&r->owners, r->a, &r->image, r->symbolizer, &r->map);
    r->image.module_count = 0;
    read_link_map(r);
    read_statics(r);
    struct heaps_options options = { .alignment = bits == 32 ? 0 : 16 };
    options.static_bytes[0] = r->static_bytes;
    options.occupied_bytes[0] = r->options->occupied_bytes;
    r->shared->occupied_bytes = r->static_bytes + r->options->occupied_bytes;
    return heaps_rules_of(&r->target, &options, &r->shared->rules, err) && try_heaps(r, err);
}

/// Takes over the modules that the recorder has told of.
static void copy_modules(struct placed_run *r) {
    const struct ramlens_placed *s = r->shared;
    uint32_t count = __atomic_load_n(&s->module_count, __ATOMIC_ACQUIRE);
    if (count > RAMLENS_PLACED_MODULES)
        count = RAMLENS_PLACED_MODULES;
    for (; r->copied < count; r->copied++) {
        const struct ramlens_placed_module *from = &s->modules[r->copied];
        size_t length = strnlen(from->path, sizeof from->path);
        struct str path = length == 0 && r->copied == 0
                                  ? r->image.path
                                  : arena_copy(r->a, (struct str){ from->path, length });
        // The file that is mapped now, whatever its build id: there is no later one.
        r->image.modules[r->copied] = (struct trace_module){ .number = r->copied + 1,
            .base = from->base,
            .low = from->low,
            .size = from->size,
            .path = path,
            .loaded = true };
        r->image.module_count = r->copied + 1;
        component_map_add_module(&r->map, path);
    }
}

/// Index + 1 of the module that has the call before `address` now.
static uint32_t module_at(const struct placed_run *r, uint64_t address) {
    for (uint32_t i = r->image.module_count; i-- > 0;) {
        const struct trace_module *m = &r->image.modules[i];
        if (address - 1 - m->low < m->size &&
                __atomic_load_n(&r->shared->modules[i].loaded, __ATOMIC_ACQUIRE) != 0)
            return i + 1;
    }
    return 0;
}

/// Takes over a stack and those outside it.
static void copy_stack(struct placed_run *r, uint32_t number) {
    const struct ramlens_placed *s = r->shared;
    while (number != 0 && number < RAMLENS_PLACED_STACKS && !r->image.stacks[number].known) {
        struct trace_stack *to = &r->image.stacks[number];
        to->address = __atomic_load_n(&s->stacks[number].address, __ATOMIC_ACQUIRE);
        to->outer = s->stacks[number].outer;
        to->module = module_at(r, to->address);
        to->known = to->address != 0 && to->outer < number;
        number = to->known ? to->outer : 0;
    }
}

// ---- answers

static uint16_t decide(struct placed_run *r, uint32_t stack, uint32_t kind) {
    copy_modules(r);
    copy_stack(r, stack);
    struct owner owner = owners_get(&r->owners, stack);
    if (placed_run_is_host_only(r, owner.component))
        return RAMLENS_PLACED_HOST;
    enum plan_kind asked =
            kind == RAMLENS_PLACED_NEW ? PLAN_NEW : (enum plan_kind)owner.malloc_kind;
    struct ramlens_asks asks = asks_of(&r->plan, plan_rule_for(&r->plan, &r->owners, stack, asked));
    return decision_for(r, &asks);
}

static uint64_t nanoseconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/// A new image: what was decided was of another program's stacks.
static void answer_image(struct placed_run *r) {
    struct ramlens_placed *s = r->shared;
    s->program[sizeof s->program - 1] = '\0';
    if (s->images > 1)
        memset(s->decisions, 0, sizeof s->decisions);
    s->failed = 0;
    s->failed_heap = RAMLENS_HEAPS_MAX;
    if ((s->images > 1 || strcmp(s->program, r->program) != 0 || s->pointer_bytes * 8 != r->bits) &&
            !begin_image(r, s->program, s->pointer_bytes * 8, &r->problem))
        s->failed = 1;
}

void placed_run_answer(struct placed_run *r) {
    struct ramlens_placed *s = r->shared;
    if (s->question == RAMLENS_PLACED_ASK_IMAGE) {
        answer_image(r);
        return;
    }
    uint64_t from = nanoseconds();
    uint32_t stack = s->stack;
    if (stack < RAMLENS_PLACED_STACKS && s->kind < RAMLENS_PLACED_KINDS)
        __atomic_store_n(
                &s->decisions[s->kind][stack], decide(r, stack, s->kind), __ATOMIC_RELEASE);
    r->stacks_resolved++;
    r->nanoseconds += nanoseconds() - from;
}

// ---- start

static void copy_text(char *to, size_t room, const char *from) {
    (void)snprintf(to, room, "%s", from);
}

bool placed_run_open(struct placed_run *r, struct arena *a, const struct placed_run_options *o,
        const char *program, uint32_t bits, struct ramlens_placed *shared, struct err *err) {
    *r = (struct placed_run){ .a = a, .options = o, .shared = shared };
    if (!component_map_read(a, o->components, &r->map, err) ||
            !target_load(a, o->target, o->target_folders, o->target_folder_count, o->target_options,
                    o->target_option_count, &r->target, err))
        return false;
    component_map_add_module(&r->map, arena_copy(a, str_from(program)));
    plan_stock(a, &r->target, r->map.names, r->map.count, &r->plan);
    if (o->plan != NULL &&
            !plan_read(a, o->plan, &r->target, r->map.names, r->map.count, &r->plan, err))
        return false;
    // Refuses a stack, or any other block, that no heap of its place can hold.
    struct kernel_costs costs;
    if (!kernel_costs_for(a, &r->plan, &costs, err) || !describe_objects(r, err))
        return false;
    r->symbolizer = symbolizer_open(a);
    copy_text(shared->target, sizeof shared->target, r->target.name.at);
    copy_text(shared->settings, sizeof shared->settings, target_choices(a, &r->target));
    copy_text(shared->plan, sizeof shared->plan, o->plan == NULL ? "" : o->plan);
    const struct ramlens_asks by_malloc = { 0 };
    decision_for(r, &by_malloc);
    return begin_image(r, program, bits, err);
}

void placed_run_close(struct placed_run *r) {
    if (r->symbolizer != NULL)
        symbolizer_close(r->symbolizer);
}
