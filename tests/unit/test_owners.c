// Owners and sites: rules on made-up stacks, then on programs whose calls say where they stand.
#include "model_fixture.h"

#include "ldmap.h"
#include "toolchain.h"

#include <stdio.h>
#include <string.h>

static struct model m;

static int begin(void **state) {
    (void)state;
    model_begin(&m);
    return 0;
}

static int end(void **state) {
    (void)state;
    model_end(&m);
    return 0;
}

static struct owner owner_of(uint32_t stack) {
    struct owner first = owners_find(&m.owners, stack);
    struct owner again = owners_get(&m.owners, stack);
    assert_int_equal(first.site, again.site);
    assert_int_equal(first.component, again.component);
    assert_int_equal(first.malloc_kind, again.malloc_kind);
    assert_int_equal(first.container, again.container);
    return first;
}

static const struct site *site_of(uint32_t stack) {
    uint32_t number = owner_of(stack).site; // first: the list may move
    return &m.owners.sites[number];
}

static void assert_owner(uint32_t stack, const char *component, uint8_t malloc_kind) {
    struct owner o = owner_of(stack);
    struct str name = owners_component_name(&m.owners, o.component);
    if (!str_equal(name, str_from(component)))
        fail_msg("stack %u: %.*s, not %s", stack, STR_ARG(name), component);
    assert_int_equal(o.malloc_kind, malloc_kind);
    assert_int_equal(site_of(stack)->component, o.component);
}

// ---- rules

static void the_innermost_frame_that_is_not_transparent_owns(void **state) {
    (void)state;
    assert_owner(BY_ALPHA, "alpha", LEDGER_MALLOC);
    assert_owner(BY_BETA, "beta", LEDGER_MALLOC);
    assert_owner(BY_LIBC_ALPHA, "alpha", LEDGER_LIBC);
    assert_owner(BY_ALPHA_ELSE, "alpha", LEDGER_MALLOC);
}

static void where_every_frame_is_transparent_the_innermost_owns(void **state) {
    (void)state;
    assert_owner(BY_LIBC, "libc", LEDGER_LIBC);
    assert_int_equal(site_of(BY_LIBC)->offset, 0x100);
}

static void what_is_not_known_is_unknown(void **state) {
    (void)state;
    assert_owner(BY_NOBODY, "unknown", LEDGER_MALLOC);
    assert_owner(BY_LOST, "unknown", LEDGER_MALLOC);
    assert_owner(BY_NO_MODULE, "unknown", LEDGER_MALLOC);
    assert_int_equal(owner_of(BY_LOST).site, owner_of(BY_NOBODY).site);
    assert_int_equal(owners_get(&m.owners, STACKS).site, owner_of(BY_NOBODY).site);
    assert_int_equal(owners_get(&m.owners, UINT32_MAX).component, m.unknown);
    // Code in no module is a place, if one without a name.
    assert_int_not_equal(owner_of(BY_NO_MODULE).site, owner_of(BY_NOBODY).site);
    assert_int_equal(site_of(BY_NO_MODULE)->offset, 0x99990);
    // The frames outside of a lost one are not known; those inside are.
    assert_owner(BY_LIBC_LOST, "libc", LEDGER_LIBC);
}

static void the_recorders_frames_are_passed_over(void **state) {
    (void)state;
    assert_owner(BY_RECORDER, "alpha", LEDGER_MALLOC);
    assert_int_equal(owner_of(BY_RECORDER).site, owner_of(BY_ALPHA).site);
    struct owner_frame frames[4];
    assert_int_equal(owners_frames(&m.owners, BY_RECORDER, frames, 4), 1);
    assert_int_equal(frames[0].component, m.alpha);
}

static void stacks_that_share_the_owners_frame_are_one_site(void **state) {
    (void)state;
    assert_int_equal(owner_of(BY_ALPHA).site, owner_of(BY_ALPHA_CALLER).site);
    assert_int_equal(owner_of(BY_ALPHA).site, owner_of(BY_LIBC_ALPHA).site);
    assert_int_not_equal(owner_of(BY_ALPHA).site, owner_of(BY_ALPHA_ELSE).site);
    assert_false(str_equal(site_of(BY_ALPHA)->id, site_of(BY_ALPHA_ELSE)->id));
}

static void a_site_without_names_says_module_and_offset(void **state) {
    (void)state;
    const struct site *s = site_of(BY_BETA);
    assert_int_equal(s->function.len, 0);
    assert_int_equal(s->file.len, 0);
    assert_int_equal(s->line, 0);
    assert_false(s->has_debug);
    assert_true(str_equal(s->module, STR("/none/libbeta.so")));
    assert_int_equal(s->offset, 0x100);
    assert_int_equal(s->id.len, 12);
    assert_int_equal(strspn(s->id.at, "0123456789abcdef"), 12);
}

static void frames_are_given_innermost_first_up_to_a_number(void **state) {
    (void)state;
    struct owner_frame frames[4];
    assert_int_equal(owners_frames(&m.owners, BY_LIBC_ALPHA, frames, 4), 2);
    assert_int_equal(frames[0].component, m.libc);
    assert_true(frames[0].transparent);
    assert_int_equal(frames[0].offset, 0x200);
    assert_int_equal(frames[1].component, m.alpha);
    assert_false(frames[1].transparent);
    assert_int_equal(owners_frames(&m.owners, BY_LIBC_ALPHA, frames, 1), 1);
    assert_int_equal(frames[0].component, m.libc);
    assert_int_equal(owners_frames(&m.owners, BY_LOST, frames, 4), 0);
    assert_int_equal(owners_frames(&m.owners, UINT32_MAX, frames, 4), 0);
}

static void a_module_that_cannot_be_read_is_a_problem_once(void **state) {
    (void)state;
    for (uint32_t stack = 0; stack < STACKS; stack++)
        (void)owner_of(stack);
    unsigned of_alpha = 0, others = 0;
    for (const struct module_problem *p = m.owners.problems; p != NULL; p = p->next) {
        bool is_alpha = str_equal(p->path, STR("/none/libalpha.so"));
        of_alpha += is_alpha;
        others += !is_alpha;
        assert_true(p->text[0] != '\0');
    }
    assert_int_equal(of_alpha, 1);
    assert_int_equal(others, 2); // libbeta, libc; the recorder is not looked at
}

static void endless_and_deep_stacks_end(void **state) {
    (void)state;
    enum { DEEP = 400 };
    static struct trace_stack stacks[DEEP];
    stacks[1] = (struct trace_stack){ .address = 0x40100, .outer = 1, .module = 4, .known = true };
    stacks[2] = (struct trace_stack){ .address = 0x20100, .module = 2, .known = true };
    for (uint32_t i = 3; i < DEEP; i++)
        stacks[i] = (struct trace_stack){
            .address = 0x40100 + i, .outer = i - 1, .module = 4, .known = true
        };
    m.image.stacks = stacks;
    m.image.stack_count = DEEP;
    owners_init(&m.owners, &m.arena, &m.image, m.symbolizer, &m.map);
    assert_owner(1, "libc", LEDGER_LIBC);
    assert_owner(200, "alpha", LEDGER_LIBC);
    assert_owner(DEEP - 1, "libc", LEDGER_LIBC); // more than 256 frames: the rest is not looked at
    static struct owner_frame frames[2048];
    assert_int_equal(owners_frames(&m.owners, 1, frames, 2048), 256);
}

static void the_first_module_is_the_program_if_the_image_says_so(void **state) {
    (void)state;
    assert_true(owners_is_program(&m.image, 0));
    assert_false(owners_is_program(&m.image, 1));
    m.image.path = STR("/none/libalpha.so");
    assert_false(owners_is_program(&m.image, 0));
    m.image.path = STR("");
    assert_false(owners_is_program(&m.image, 0));
    m.image.path = STR("/none/program");
    m.image.module_count = 0;
    assert_false(owners_is_program(&m.image, 0));
}

// ---- programs

enum { MARKS = 64, LOAD = 0x5000000 };

/// Where each mark of a program returns to: `mark(n)` prints n and its return address.
static uint64_t returns[MARKS];
static struct trace_module program_module;
static struct trace_stack program_stacks[MARKS * 2];
static struct ldmap link_map;

static const char program_map_text[] = "component pool allocator\n"
                                       "    source */pool/*\n"
                                       "component head\n"
                                       "    source */head/*\n"
                                       "component lib\n"
                                       "    source */lib/* */twin_a/* */twin_b/*\n"
                                       "component gamma\n"
                                       "    archive libgamma*.a\n"
                                       "component program\n"
                                       "    module program*\n";

static void write_file(const char *name, const char *text) {
    assert_true(command("mkdir -p $(dirname %s/%s)", test_folder, name));
    FILE *file = fopen(in_folder(name), "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void write_sources(const char *lines_above) {
    char text[4096];
    write_file("main.cpp",
            "#include <cstdio>\n"
            "extern \"C\" __attribute__((noinline)) void mark(int n) {\n"
            "    std::printf(\"%d %lx\\n\", n, (unsigned long)__builtin_return_address(0));\n"
            "}\n"
            "void lib_all(); extern \"C\" void gamma_one(); void *operator new(__SIZE_TYPE__);\n"
            "int main() { lib_all(); gamma_one(); asm(\"\"); }\n");
    write_file("head/head.h", "extern \"C\" void mark(int);\n"
                              "inline __attribute__((always_inline)) void head_call(int n) {\n"
                              "    mark(n);\n"
                              "    mark(n + 1);\n"
                              "}\n");
    write_file("include/c++/container.h",
            "template <class T> inline __attribute__((always_inline)) "
            "void box_grow(T n) { mark(n); }\n");
    write_file("pool/pool.cpp",
            "extern \"C\" void mark(int);\n"
            "__attribute__((noinline)) void pool_take(int n) { mark(n); asm(\"\"); }\n");
    write_file("new/new.cpp",
            "#include <cstdlib>\n#include <new>\nextern \"C\" void mark(int);\n"
            "void *operator new(__SIZE_TYPE__ n) { mark(12); return std::malloc(n); }\n"
            "void operator delete(void *p) noexcept { std::free(p); }\n"
            "void operator delete(void *p, __SIZE_TYPE__) noexcept { std::free(p); }\n");
    write_file("twin_a/twin.cpp",
            "extern \"C\" void mark(int);\n"
            "static __attribute__((noinline)) void twin() { mark(14); asm(\"\"); }\n"
            "void twin_a() { twin(); asm(\"\"); }\n");
    write_file("twin_b/twin.cpp",
            "extern \"C\" void mark(int);\n\n\n\n"
            "static __attribute__((noinline)) void twin() { mark(15); asm(\"\"); }\n"
            "void twin_b() { twin(); asm(\"\"); }\n");
    write_file("gamma/gamma.c",
            "void mark(int);\nvoid gamma_one(void) { mark(20); __asm__(\"\"); }\n");
    (void)snprintf(text, sizeof text,
            "%s#include \"head/head.h\"\n#include \"include/c++/container.h\"\n"
            "void pool_take(int); void twin_a(); void twin_b(); void *operator "
            "new(__SIZE_TYPE__);\n"
            "#define OUT __attribute__((noinline)) void\n"
            "OUT lib_one() { head_call(0); asm(\"\"); }\n"
            "OUT lib_two() { mark(2); mark(3); asm(\"\"); }\n"
            "OUT lib_three() { box_grow(4); asm(\"\"); }\n"
            "OUT lib_four() { mark(5); head_call(6); asm(\"\"); }\n"
            "OUT lib_five() { pool_take(8); mark(9); asm(\"\"); }\n"
            "OUT lib_six() { mark(10); operator delete(operator new(4)); mark(11); }\n"
            "void lib_all() { mark(13); lib_one(); lib_two(); lib_three(); lib_four(); lib_five(); "
            "lib_six();\n"
            "    twin_a(); twin_b(); asm(\"\"); }\n",
            lines_above);
    write_file("lib/lib.cpp", text);
}

static void run_program(const char *path) {
    char line[128];
    memset(returns, 0, sizeof returns);
    FILE *output = popen(path, "r"); // NOLINT(cert-env33-c)
    assert_non_null(output);
    while (fgets(line, sizeof line, output)) {
        unsigned long address;
        unsigned n;
        assert_int_equal(sscanf(line, "%u %lx", &n, &address), 2);
        assert_true(n < MARKS);
        returns[n] = address;
    }
    assert_int_equal(pclose(output), 0);
}

/// Builds the program as file `name` and makes it the image: stack n is the call of mark(n), from nowhere.
static void build_program(const char *name, const char *lines_above) {
    write_sources(lines_above);
    const char *d = test_folder; // the globs are for whole paths
    assert_true(command(
            "cd %s && gcc -O2 -g0 -fno-pie -c gamma/gamma.c -o gamma.o && rm -f libgamma.a && "
            "ar rcs libgamma.a gamma.o",
            d));
    assert_true(
            command("g++ -O2 -g -fno-pie -no-pie -fno-optimize-sibling-calls -I%s -o %s/%s "
                    "%s/main.cpp %s/lib/lib.cpp %s/pool/pool.cpp %s/new/new.cpp %s/twin_a/twin.cpp "
                    "%s/twin_b/twin.cpp -L%s -lgamma -Wl,-Map=%s/%s.map",
                    d, d, name, d, d, d, d, d, d, d, d, name));
    const char *path = in_folder(name);
    run_program(path);
    struct str owned = arena_copy(&m.arena, str_from(path));
    program_module = (struct trace_module){
        .number = 1, .base = LOAD, .low = LOAD, .size = 0x1000000, .path = owned
    };
    memset(program_stacks, 0, sizeof program_stacks);
    for (uint32_t i = 0; i < MARKS; i++)
        if (returns[i] != 0)
            program_stacks[i + 1] = (struct trace_stack){
                .address = returns[i] + LOAD, .module = 1, .known = true
            };
    m.image = (struct trace_image){ .path = owned,
        .modules = &program_module,
        .module_count = 1,
        .stacks = program_stacks,
        .stack_count = MARKS * 2 };
    assert_true(component_map_parse(&m.arena, "map", str_from(program_map_text), &m.map, &m.err));
    owners_init(&m.owners, &m.arena, &m.image, m.symbolizer, &m.map);
}

/// The stack of mark(n), and of mark(n) called from mark(outer).
static uint32_t at(uint32_t n) {
    assert_int_not_equal(returns[n], 0);
    return n + 1;
}

static uint32_t at_from(uint32_t n, uint32_t outer) {
    uint32_t stack = MARKS + n;
    program_stacks[stack] = program_stacks[at(n)];
    program_stacks[stack].outer = at(outer);
    m.owners.list[stack].known = false;
    return stack;
}

/// `function` is a glob; `ordinal` 0 is any.
static void assert_site(
        uint32_t stack, const char *function, const char *file, uint32_t line, uint32_t ordinal) {
    const struct site *s = site_of(stack);
    if (!str_matches(s->function, str_from(function)) || !str_ends_with(s->file, str_from(file)) ||
            s->line != line || (ordinal != 0 && s->ordinal != ordinal))
        fail_msg("%.*s %.*s:%u (%u), not %s %s:%u (%u)", STR_ARG(s->function), STR_ARG(s->file),
                s->line, s->ordinal, function, file, line, ordinal);
    assert_true(s->has_debug);
}

static void inlined_frames_own_like_others(void **state) {
    (void)state;
    build_program("program", "");
    assert_owner(at(0), "head", LEDGER_MALLOC);
    assert_site(at(0), "head_call(*)", "head/head.h", 3, 1);
    assert_site(at(1), "head_call(*)", "head/head.h", 4, 2);
    struct owner_frame frames[8];
    assert_int_equal(owners_frames(&m.owners, at(0), frames, 8), 2);
    assert_true(frames[0].frame->inlined);
    assert_true(str_equal(frames[1].frame->function, STR("lib_one()")));
    assert_ptr_equal(frames[0].outer, frames[1].frame);
    assert_ptr_equal(frames[1].outer, frames[1].frame);
    assert_int_equal(frames[1].component, model_component(&m, "lib"));
}

static void calls_on_one_line_are_told_apart_by_their_number(void **state) {
    (void)state;
    build_program("program", "");
    assert_site(at(2), "lib_two()", "lib/lib.cpp", 6, 1);
    assert_site(at(3), "lib_two()", "lib/lib.cpp", 6, 2);
    assert_int_not_equal(owner_of(at(2)).site, owner_of(at(3)).site);
    assert_false(str_equal(site_of(at(2))->id, site_of(at(3))->id));
    assert_int_equal(owner_of(at_from(2, 13)).site, owner_of(at(2)).site);
    assert_int_equal(owner_of(at_from(2, 14)).site, owner_of(at(2)).site);
}

/// Numbers of inlined calls count in the function around: number 2 is one line in lib_one() and another in lib_four().
static void one_inlined_function_in_two_places_keeps_its_lines(void **state) {
    (void)state;
    build_program("program", "");
    assert_site(at(1), "head_call(*)", "head/head.h", 4, 2);
    assert_site(at(6), "head_call(*)", "head/head.h", 3, 2);
    assert_site(at(7), "head_call(*)", "head/head.h", 4, 3);
    assert_false(str_equal(site_of(at(1))->id, site_of(at(6))->id));
    // Their ids do not depend on which was met first.
    struct str first = site_of(at(1))->id, second = site_of(at(6))->id;
    owners_init(&m.owners, &m.arena, &m.image, m.symbolizer, &m.map);
    assert_true(str_equal(site_of(at(6))->id, second));
    assert_true(str_equal(site_of(at(1))->id, first));
}

/// As a part that the compiler cut out of a function: same name, same number, another line.
static void places_with_one_identity_are_told_apart_by_line(void **state) {
    (void)state;
    build_program("program", "");
    assert_site(at(14), "twin()", "twin_a/twin.cpp", 2, 1);
    assert_site(at(15), "twin()", "twin_b/twin.cpp", 5, 1);
    assert_false(str_equal(site_of(at(14))->id, site_of(at(15))->id));
    assert_int_equal(owner_of(at_from(15, 13)).site, owner_of(at(15)).site);
}

static void inlined_library_code_is_passed_over_and_makes_a_container(void **state) {
    (void)state;
    static const struct str containers[] = { { "box_*", 5 } };
    build_program("program", "");
    m.owners.containers = containers;
    m.owners.container_count = 1;
    assert_owner(at(4), "lib", LEDGER_LIBC);
    assert_site(at(4), "lib_three()", "lib/lib.cpp", 7, 1);
    assert_true(owner_of(at(4)).container);
    assert_false(owner_of(at(2)).container);
    // A container further out than the owner has not asked.
    assert_false(owner_of(at_from(2, 4)).container);
}

static void an_allocators_frames_are_nobodys(void **state) {
    (void)state;
    build_program("program", "");
    assert_owner(at(8), "unknown", LEDGER_MALLOC); // nothing else is there
    assert_owner(at_from(8, 9), "lib", LEDGER_MALLOC);
    assert_site(at_from(8, 9), "lib_five()", "lib/lib.cpp", 9, 2);
    struct owner_frame frames[8];
    assert_int_equal(owners_frames(&m.owners, at_from(8, 9), frames, 8), 1);
}

static void operator_new_of_the_program_is_a_kind(void **state) {
    (void)state;
    build_program("program", "");
    assert_owner(at_from(12, 11), "lib", LEDGER_NEW);
    assert_site(at_from(12, 11), "lib_six()", "lib/lib.cpp", 10, 0);
    assert_owner(at(12), "libstdc++", LEDGER_NEW);
}

static void ids_survive_another_load_address_and_lines_above(void **state) {
    (void)state;
    char before[MARKS][13] = { "" };
    build_program("program", "");
    for (uint32_t n = 0; n < MARKS; n++)
        if (returns[n] != 0)
            memcpy(before[n], site_of(at(n))->id.at, 12);
    program_module.base = program_module.low = LOAD * 2;
    for (uint32_t i = 0; i < MARKS * 2; i++)
        program_stacks[i].address += program_stacks[i].known ? LOAD : 0;
    owners_init(&m.owners, &m.arena, &m.image, m.symbolizer, &m.map);
    for (uint32_t n = 0; n < MARKS; n++)
        if (returns[n] != 0 && n != 20) // gamma has no debug information, but a name
            assert_memory_equal(before[n], site_of(at(n))->id.at, 12);
    build_program("program2", "// one\n// two\n// three\n");
    assert_site(at(2), "lib_two()", "lib/lib.cpp", 9, 1);
    for (uint32_t n = 0; n < MARKS; n++)
        if (returns[n] != 0)
            assert_memory_equal(before[n], site_of(at(n))->id.at, 12);
}

static void code_without_debug_information_is_known_by_its_archive(void **state) {
    (void)state;
    build_program("program", "");
    assert_owner(at(20), "program", LEDGER_MALLOC);
    assert_true(ldmap_read(&m.arena, in_folder("program.map"), &link_map, &m.err));
    owners_init(&m.owners, &m.arena, &m.image, m.symbolizer, &m.map);
    m.owners.link_map = &link_map;
    assert_owner(at(20), "gamma", LEDGER_MALLOC);
    const struct site *s = site_of(at(20));
    assert_true(str_equal(s->function, STR("gamma_one")));
    assert_int_equal(s->file.len, 0);
    assert_false(s->has_debug);
    // What the source says is stronger, and the map does not tell of other modules.
    assert_owner(at(2), "lib", LEDGER_MALLOC);
    m.image.path = STR("/bin/other");
    owners_init(&m.owners, &m.arena, &m.image, m.symbolizer, &m.map);
    m.owners.link_map = &link_map;
    assert_owner(at(20), "program", LEDGER_MALLOC);
}

static void a_program_that_was_rebuilt_has_no_names_and_is_a_problem(void **state) {
    (void)state;
    static const uint8_t other_id[] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    build_program("program", "");
    program_module.build_id = other_id;
    program_module.build_id_bytes = sizeof other_id;
    assert_owner(at(2), "program", LEDGER_MALLOC);
    assert_int_equal(site_of(at(2))->function.len, 0);
    assert_int_equal(site_of(at(2))->offset, returns[2]);
    assert_non_null(m.owners.problems);
    assert_null(m.owners.problems->next);
    assert_true(str_equal(m.owners.problems->path, program_module.path));
}

static void operator_new_of_a_static_library_is_a_kind(void **state) {
    (void)state;
    char line[256];
    unsigned long new_at = 0;
    write_file("small.cpp", "int main(int n, char **) { delete new int(n); }\n");
    assert_true(command("cd %s && g++ -O0 -g0 -fno-pie -no-pie -static-libstdc++ -static-libgcc "
                        "-o program_static small.cpp",
            test_folder));
    (void)snprintf(line, sizeof line, "nm %s", in_folder("program_static"));
    FILE *output = popen(line, "r"); // NOLINT(cert-env33-c)
    assert_non_null(output);
    while (fgets(line, sizeof line, output)) {
        unsigned long address;
        char type, name[128];
        if (sscanf(line, "%lx %c %127s", &address, &type, name) == 3 &&
                (strcmp(name, "_Znwm") == 0 || strcmp(name, "_Znwj") == 0))
            new_at = address;
    }
    assert_int_equal(pclose(output), 0);
    assert_int_not_equal(new_at, 0);
    build_program("program", "");
    struct trace_module two[] = { program_module, program_module };
    two[1].path = arena_copy(&m.arena, str_from(in_folder("program_static")));
    two[1].base = two[1].low = 0x90000000;
    m.image.modules = two;
    m.image.module_count = 2;
    program_stacks[MARKS] = (struct trace_stack){
        .address = two[1].base + new_at + 8, .module = 2, .outer = at(2), .known = true
    };
    owners_init(&m.owners, &m.arena, &m.image, m.symbolizer, &m.map);
    assert_owner(MARKS, "lib", LEDGER_NEW);
    assert_int_equal(owner_of(MARKS).site, owner_of(at(2)).site);
}

/// Path of the C library that runs this test, and the address of its function `name`.
static uint64_t libc_function(const char *name, char *path, size_t size) {
    char line[512];
    unsigned long address = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    path[0] = '\0';
    assert_non_null(maps);
    while (path[0] == '\0' && fgets(line, sizeof line, maps))
        if (strstr(line, "/libc.so.6") || strstr(line, "/libc-2"))
            (void)snprintf(
                    path, size, "%.*s", (int)strcspn(strchr(line, '/'), "\n"), strchr(line, '/'));
    assert_int_equal(fclose(maps), 0);
    (void)snprintf(line, sizeof line, "nm -D %s", path);
    FILE *output = popen(line, "r"); // NOLINT(cert-env33-c)
    assert_non_null(output);
    while (fgets(line, sizeof line, output)) {
        unsigned long at_address;
        char type, found[256];
        if (sscanf(line, "%lx %c %255[^@\n]", &at_address, &type, found) == 3 &&
                strcmp(found, name) == 0)
            address = at_address;
    }
    assert_int_equal(pclose(output), 0);
    return address;
}

static void what_pthread_create_takes_for_itself_is_the_librarys(void **state) {
    (void)state;
    char path[256];
    uint64_t creates = libc_function("pthread_create", path, sizeof path);
    uint64_t copies = libc_function("strdup", path, sizeof path);
    if (creates == 0 || copies == 0)
        skip(); // a C library whose threads are a library of their own
    build_program("program", "");
    struct trace_module two[] = { program_module, program_module };
    two[1].path = arena_copy(&m.arena, str_from(path));
    two[1].base = two[1].low = UINT64_C(0x7f0000000000);
    m.image.modules = two;
    m.image.module_count = 2;
    uint32_t by_create = MARKS, by_copy = MARKS + 1;
    program_stacks[by_create] = (struct trace_stack){
        .address = two[1].base + creates + 8, .module = 2, .outer = at(2), .known = true
    };
    program_stacks[by_copy] = program_stacks[by_create];
    program_stacks[by_copy].address = two[1].base + copies + 8;
    owners_init(&m.owners, &m.arena, &m.image, m.symbolizer, &m.map);
    assert_owner(by_create, "libc", LEDGER_LIBC);
    assert_owner(by_copy, "lib", LEDGER_LIBC); // any other call of the library is its caller's
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(the_innermost_frame_that_is_not_transparent_owns),
        TEST(where_every_frame_is_transparent_the_innermost_owns),
        TEST(what_is_not_known_is_unknown),
        TEST(the_recorders_frames_are_passed_over),
        TEST(stacks_that_share_the_owners_frame_are_one_site),
        TEST(a_site_without_names_says_module_and_offset),
        TEST(frames_are_given_innermost_first_up_to_a_number),
        TEST(a_module_that_cannot_be_read_is_a_problem_once),
        TEST(endless_and_deep_stacks_end),
        TEST(the_first_module_is_the_program_if_the_image_says_so),
        TEST(inlined_frames_own_like_others),
        TEST(calls_on_one_line_are_told_apart_by_their_number),
        TEST(one_inlined_function_in_two_places_keeps_its_lines),
        TEST(places_with_one_identity_are_told_apart_by_line),
        TEST(inlined_library_code_is_passed_over_and_makes_a_container),
        TEST(an_allocators_frames_are_nobodys),
        TEST(operator_new_of_the_program_is_a_kind),
        TEST(ids_survive_another_load_address_and_lines_above),
        TEST(code_without_debug_information_is_known_by_its_archive),
        TEST(a_program_that_was_rebuilt_has_no_names_and_is_a_problem),
        TEST(operator_new_of_a_static_library_is_a_kind),
        TEST(what_pthread_create_takes_for_itself_is_the_librarys),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
