/// Static data by component: a program of known sizes, with the linker's map and without.
#include "static_data.h"

#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "toolchain.h"

static const char plaza_h[] = "namespace plaza { inline int fountain[4] = { 1, 2, 3, 4 };\n"
                              "struct bench { virtual int sit(); virtual ~bench() {} }; }\n";
static const char holder_h[] =
        "namespace std { template <class T> struct holder { static long kept[6]; };\n"
        "template <class T> long holder<T>::kept[6]; }\n";
static const char park_cpp[] =
        "#include \"plaza.h\"\n#include \"holder.h\"\n"
        "namespace park { int gate[3] = { 1 }; thread_local int visitors[2] = { 1 };\n"
        "static volatile char lawn[500]; int walk(int i) { static volatile int steps[7];\n"
        "return lawn[i] + steps[i] + gate[i] + plaza::fountain[i] + visitors[i] +\n"
        "(int)std::holder<int>::kept[i]; } }\n"
        "int plaza::bench::sit() { return 1; }\n";
static const char zoo_c[] =
        "int zoo_data[10] = { 1 }; static volatile char zoo_zero[1000]; __thread int zoo_tls[5];\n"
        "int zoo_common[9]; const short zoo_table[50] = { 1 };\n"
        "int zoo(int i) { return zoo_data[i] + zoo_zero[i] + zoo_tls[i] + zoo_common[i]\n"
        "+ zoo_table[i]; }\n";
static const char app_cpp[] =
        "#include \"plaza.h\"\n"
        "extern \"C\" int zoo(int); namespace park { int walk(int); }\n"
        "static volatile int app_own[11]; plaza::bench seat;\n"
        "int main(int n, char **) { return zoo(n) + park::walk(n) + app_own[n] +\n"
        "seat.sit() + (int)(long)\"text that others have, too\"; }\n";

static const char components_text[] =
        "component plaza\n    source */plaza.h\n    namespace plaza::*\n"
        "component zoo\n    archive libzoo.a\n    source */zoo.c\n"
        "component park\n    archive libpark.a\n    namespace park::*\n"
        "component std-like transparent\n    namespace std::*\n"
        "component app\n    archive app.o\n    source */app.cpp\n";

static void write_file(const char *name, const char *text) {
    FILE *file = fopen(in_folder(name), "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/// Builds the program "app" and "app.map".
static void build(const char *flags) {
    write_file("plaza.h", plaza_h);
    write_file("holder.h", holder_h);
    write_file("park.cpp", park_cpp);
    write_file("zoo.c", zoo_c);
    write_file("app.cpp", app_cpp);
    assert_true(command(
            "cd %s && rm -f *.a && gcc %s -O1 -fcommon -c zoo.c && g++ %s -std=c++17 -O1 -c "
            "park.cpp app.cpp && ar rc libzoo.a zoo.o && ar rc libpark.a park.o && "
            "g++ %s -o app app.o -L. -lzoo -lpark -Wl,-Map=app.map",
            test_folder, flags, flags, flags));
}

struct fixture {
    struct arena arena;
    struct component_map components;
    struct symbolizer *symbolizer;
    struct ldmap map;
    struct static_data data;
    struct err err;
};

static bool read_data(struct fixture *f, bool with_map, const char *map_name) {
    *f = (struct fixture){ 0 };
    uint32_t module = 0;
    enum symbol_quality quality;
    f->symbolizer = symbolizer_open(&f->arena);
    const char *path = in_folder("app");
    assert_true(component_map_parse(&f->arena, "x", STR(components_text), &f->components, &f->err));
    assert_true(
            symbolizer_module(f->symbolizer, str_from(path), NULL, 0, &module, &quality, &f->err));
    assert_true(!with_map || ldmap_read(&f->arena, in_folder(map_name), &f->map, &f->err));
    return static_data_read(&f->arena, path, with_map ? &f->map : NULL, &f->components,
            f->symbolizer, module, &f->data, &f->err);
}

static void end(struct fixture *f) {
    symbolizer_close(f->symbolizer);
    arena_clear(&f->arena);
}

static uint64_t bytes_of(const struct fixture *f, const char *component, enum static_kind kind) {
    uint32_t number = 0;
    assert_true(component_find(&f->components, str_from(component), &number));
    return f->data.bytes[kind][number];
}

static const struct static_item *find_item(const struct fixture *f, const char *name) {
    for (size_t i = 0; i < f->data.item_count; i++) {
        if (str_equal(f->data.items[i].name, str_from(name))) {
            return &f->data.items[i];
        }
    }
    fail_msg("no item %s", name);
    return NULL;
}

/// Sum of the sizes of the program's sections whose flags are `flags` among those of interest.
static uint64_t section_bytes(struct fixture *f, const char *name) {
    struct elf_file elf;
    assert_true(elf_file_read(&f->arena, in_folder("app"), &elf, &f->err));
    const struct elf_section *section = elf_file_section(&elf, str_from(name));
    return section ? section->size_bytes : 0;
}

static void assert_named_bytes(const struct fixture *f, unsigned word_bytes) {
    assert_int_equal(bytes_of(f, "zoo", STATIC_DATA), 40);
    assert_int_equal(bytes_of(f, "zoo", STATIC_ZERO), 1000 + 36);
    assert_int_equal(bytes_of(f, "zoo", STATIC_TLS), 20);
    assert_int_equal(bytes_of(f, "park", STATIC_DATA), 12);
    assert_int_equal(bytes_of(f, "park", STATIC_TLS), 8);
    assert_int_equal(bytes_of(f, "plaza", STATIC_DATA), 16);
    assert_int_equal(bytes_of(f, "app", STATIC_DATA), word_bytes); // A bench of plaza, but its own.
    assert_int_equal(bytes_of(f, "app", STATIC_ZERO), 44);
    assert_true(bytes_of(f, "zoo", STATIC_CONSTANT) >= 100);
    assert_true(bytes_of(f, "plaza", STATIC_CONSTANT) >= 4 * word_bytes); // The bench's vtable.
}

static void assert_totals(struct fixture *f) {
    assert_true(static_data_adds_up(&f->data, f->components.count));
    assert_int_equal(f->data.total[STATIC_DATA],
            section_bytes(f, ".data") + section_bytes(f, ".tm_clone_table"));
    assert_int_equal(f->data.total[STATIC_ZERO], section_bytes(f, ".bss"));
    assert_int_equal(
            f->data.total[STATIC_TLS], section_bytes(f, ".tdata") + section_bytes(f, ".tbss"));
    uint64_t ram = 0;
    for (uint32_t i = 0; i < f->components.count; i++) {
        ram += f->data.component_bytes[i];
        assert_int_equal(f->data.component_bytes[i],
                f->data.bytes[STATIC_DATA][i] + f->data.bytes[STATIC_ZERO][i]);
    }
    for (unsigned owner = 0; owner < STATIC_OWNER_COUNT; owner++) {
        ram += f->data.rest[owner][STATIC_DATA] + f->data.rest[owner][STATIC_ZERO];
    }
    assert_int_equal(ram, f->data.total[STATIC_DATA] + f->data.total[STATIC_ZERO]);
}

static void every_byte_has_its_owner_with_a_map(void **state) {
    (void)state;
    static const struct {
        const char *flags;
        unsigned word_bytes;
    } builds[] = { { "-g", 8 }, { "-g -m32", 4 }, { "-g -fdata-sections", 8 } };
    for (size_t i = 0; i < sizeof(builds) / sizeof(builds[0]); i++) {
        struct fixture f;
        build(builds[i].flags);
        assert_true(read_data(&f, true, "app.map"));
        assert_named_bytes(&f, builds[i].word_bytes);
        // The transparent template's variable is charged to the archive that instantiated it, as is
        // the padding inside of its object.
        uint64_t named = 500 + 28 + 6 * builds[i].word_bytes;
        assert_in_range(bytes_of(&f, "park", STATIC_ZERO), named, named + 12);
        assert_int_equal(bytes_of(&f, "std-like", STATIC_ZERO), 0);
        assert_int_equal(bytes_of(&f, "unknown", STATIC_DATA), 0);
        assert_int_equal(bytes_of(&f, "unknown", STATIC_ZERO), 0);
        assert_true(f.data.rest[STATIC_START][STATIC_ZERO] > 0); // crtbegin's completed.0
        assert_true(f.data.rest[STATIC_MERGED][STATIC_CONSTANT] >= 27);
        assert_true(f.data.rest[STATIC_LINKER][STATIC_CONSTANT] > 100);
        assert_totals(&f);
        end(&f);
    }
}

static void symbols_and_debug_information_serve_without_a_map(void **state) {
    (void)state;
    struct fixture f;
    build("-g");
    assert_true(read_data(&f, false, NULL));
    assert_named_bytes(&f, 8);
    assert_int_equal(bytes_of(&f, "park", STATIC_ZERO), 500 + 28);
    assert_int_equal(bytes_of(&f, "std-like", STATIC_ZERO), 48);
    assert_true(bytes_of(&f, "unknown", STATIC_ZERO) > 0); // Padding and start files: no symbols.
    assert_int_equal(f.data.rest[STATIC_FILL][STATIC_ZERO], 0);
    assert_totals(&f);
    end(&f);
}

static void items_say_where_they_come_from(void **state) {
    (void)state;
    struct fixture f;
    build("-g");
    assert_true(read_data(&f, true, "app.map"));
    const struct static_item *zero = find_item(&f, "zoo_zero");
    assert_int_equal(zero->size_bytes, 1000);
    assert_true(str_equal(zero->archive, STR("./libzoo.a")));
    assert_true(str_equal(zero->object, STR("zoo.o")));
    assert_true(str_ends_with(zero->file, STR("/zoo.c")));
    assert_true(str_equal(zero->section, STR(".bss")));
    assert_true(str_ends_with(find_item(&f, "plaza::fountain")->file, STR("/plaza.h")));
    assert_true(str_ends_with(find_item(&f, "zoo_tls")->file, STR("/zoo.c")));
    assert_int_equal(find_item(&f, "vtable for plaza::bench")->kind, STATIC_CONSTANT);
    assert_int_equal(find_item(&f, "park::walk(...)::steps")->size_bytes, 28);
    assert_true(str_equal(find_item(&f, "zoo_common")->object, STR("zoo.o")));
    end(&f);
}

static void stripped_programs_are_unknown_without_a_map(void **state) {
    (void)state;
    struct fixture f;
    build("-s");
    assert_true(read_data(&f, false, NULL));
    assert_int_equal(bytes_of(&f, "unknown", STATIC_ZERO), f.data.total[STATIC_ZERO]);
    assert_totals(&f);
    end(&f);
    // The archives are in the map.
    assert_true(read_data(&f, true, "app.map"));
    assert_int_equal(bytes_of(&f, "zoo", STATIC_DATA), 40);
    assert_int_equal(bytes_of(&f, "park", STATIC_TLS), 8);
    assert_totals(&f);
    end(&f);
}

static void another_programs_map_is_refused(void **state) {
    (void)state;
    struct fixture f;
    build("-g");
    assert_true(command("cd %s && cp app.map old.map", test_folder));
    assert_true(command(
            "cd %s && echo 'char more[4096];' >> app.cpp && g++ -g -std=c++17 -O1 -c app.cpp && "
            "g++ -o app app.o -L. -lzoo -lpark -Wl,-Map=app.map",
            test_folder));
    assert_false(read_data(&f, true, "old.map"));
    assert_non_null(strstr(f.err.text, "map"));
    assert_string_equal(f.err.file, in_folder("app"));
    end(&f);
    assert_true(read_data(&f, true, "app.map"));
    end(&f);
}

/// Whatever the headers say, the parts add up or the file is refused.
static void damaged_section_headers_still_add_up(void **state) {
    (void)state;
    static unsigned char bytes[1 << 20];
    build("-g");
    FILE *file = fopen(in_folder("app"), "rb");
    assert_non_null(file);
    size_t len = fread(bytes, 1, sizeof(bytes), file);
    assert_int_equal(fclose(file), 0);
    assert_in_range(len, 4096, sizeof(bytes) - 1);
    Elf64_Ehdr header;
    memcpy(&header, bytes, sizeof(header));
    for (size_t i = 0; i < (size_t)header.e_shnum * sizeof(Elf64_Shdr); i += 3) {
        struct fixture f;
        size_t at = (size_t)header.e_shoff + i;
        assert_true(at < len);
        unsigned char kept = bytes[at];
        bytes[at] ^= 0x81;
        file = fopen(in_folder("app"), "wb");
        assert_non_null(file);
        assert_int_equal(fwrite(bytes, 1, len, file), len);
        assert_int_equal(fclose(file), 0);
        bytes[at] = kept;
        if (read_data(&f, (i & 1) != 0, "app.map")) {
            assert_true(static_data_adds_up(&f.data, f.components.count));
        }
        end(&f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_has_its_owner_with_a_map),
        cmocka_unit_test(symbols_and_debug_information_serve_without_a_map),
        cmocka_unit_test(items_say_where_they_come_from),
        cmocka_unit_test(stripped_programs_are_unknown_without_a_map),
        cmocka_unit_test(another_programs_map_is_refused),
        cmocka_unit_test(damaged_section_headers_still_add_up),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
