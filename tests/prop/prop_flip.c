// sources: wire/*.c runtime/*.c host/io/trace*.c tests/unit/fake_port.c
//
// Every byte of small traces damaged, one at a time: reading never crashes, hangs or takes more
// than a little memory; damage is reported or does no harm; and every event outside the damaged
// block is there. Meant for a build with sanitizers.
//
// usage: prop_flip [TRACE...]; without one: a trace made here, whose blocks are partly open, and
//        tests/golden/recorded.rlt.
//        prop_flip --pack FILE TO: closes a recording's open blocks and writes them without
//        padding, for tests/golden/make.sh.
#include "fake_port.h"
#include "ramlens_stacks.h"
#include "trace.h"
#include "trace_blocks.h"
#include "trace_seal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

enum { FILE_MAX = 1 << 20, BLOCKS_MAX = 4096, MEMORY_MAX = 64 << 20, SECONDS_MAX = 600 };

/// What is known of the undamaged trace.
struct expected_block {
    uint64_t begin, end;
    uint32_t events;
    uint64_t sum; ///< Of its events' digests.
    bool open;
};

static struct subject {
    uint8_t bytes[FILE_MAX];
    size_t size;
    struct expected_block blocks[BLOCKS_MAX];
    uint32_t block_count;
    uint32_t events;
    uint64_t sum;
    int file;
    char path[64];
} subject;

struct outcome {
    bool opened;
    bool damage;
    uint32_t events;
    uint64_t sum; ///< Of all events, in any order.
};

static uint64_t mix(uint64_t h, uint64_t v) {
    h = (h ^ v) * 0x9e3779b97f4a7c15u;
    return h ^ h >> 29;
}

/// What an event says, but for its exact time, as one number.
static uint64_t digest(uint32_t thread, uint64_t time, uint8_t type, uint64_t address,
        const struct ramlens_wire_request *r) {
    uint64_t h = mix(mix(mix(thread, time), type), address);
    return mix(mix(mix(mix(h, r->size), r->stack), r->kind), r->flags);
}

/// Looks at everything that a report would look at.
static void walk_definitions(const struct trace *t) {
    uint64_t sum = 0;
    for (uint32_t i = 0; i < t->image_count; i++) {
        const struct trace_image *image = &t->images[i];
        for (uint32_t s = 1; s < image->stack_count; s++)
            for (uint32_t at = s, depth = 0; at != 0; at = image->stacks[at].outer) {
                assert_true(depth++ < image->stack_count);
                sum += image->stacks[at].address;
                if (image->stacks[at].module != 0)
                    sum += image->modules[image->stacks[at].module - 1].base;
            }
        for (uint32_t m = 0; m < image->module_count; m++)
            sum += image->modules[m].path.len + image->modules[m].build_id_bytes;
        for (uint32_t n = 0; n < image->thread_count; n++)
            sum += image->threads[n].name.len;
    }
    volatile uint64_t used = sum;
    (void)used;
}

static void read_events(struct arena *a, struct trace *t, struct outcome *o) {
    for (uint32_t i = 0; i < t->image_count; i++) {
        struct trace_cursor *c = trace_cursor_new(a, t, &t->images[i]);
        const struct trace_event *e;
        uint32_t deferred = 0;
        while ((e = trace_peek(c)) != NULL) {
            if (mix(e->address, e->time) % 7 == 0 && deferred++ < 3 && trace_defer(c))
                continue; // a caller that sees conflicts anywhere
            deferred = 0;
            (void)trace_nanoseconds(&t->images[i], e->time);
            if (e->type == TRACE_MEMORY) {
                o->events++;
                o->sum += digest(e->thread, e->time, e->type, e->address, &e->request);
            }
            trace_advance(c);
        }
    }
}

static struct outcome read_subject(void) {
    struct outcome o = { 0 };
    struct arena a = { 0 };
    struct trace t;
    struct err err = { 0 };
    o.opened = trace_open(&a, subject.path, &t, &err);
    if (o.opened) {
        walk_definitions(&t);
        read_events(&a, &t, &o);
        o.damage = t.damage.blocks + t.damage.missing > 0 || t.damage.cut;
        trace_close(&t);
    } else {
        assert_true(err.text[0] != '\0');
        assert_string_equal(err.file, subject.path);
    }
    assert_true(a.taken_bytes < MEMORY_MAX);
    arena_clear(&a);
    return o;
}

/// Notes where the blocks are and what their events come to, by the wire alone.
static void note_blocks(void) {
    static uint8_t buffer[TRACE_BUFFER_BYTES];
    static struct ramlens_wire_decoder d;
    struct trace_blocks reader;
    struct trace_block block;
    subject.block_count = 0;
    subject.events = 0;
    subject.sum = 0;
    trace_blocks_init(&reader, subject.file, buffer, 0, subject.size);
    while (trace_blocks_next(&reader, &block)) {
        assert_true(subject.block_count < BLOCKS_MAX);
        struct expected_block *b = &subject.blocks[subject.block_count++];
        *b = (struct expected_block){
            .begin = block.offset, .end = block.end, .open = block.header.open
        };
        ramlens_wire_decode(&d, block.payload, block.payload_bytes, block.header.time,
                block.header.granularity, false);
        struct ramlens_wire_item item;
        while (ramlens_wire_next(&d, &item) == RAMLENS_WIRE_ITEM) {
            if (item.record != 0 || block.header.stream == RAMLENS_WIRE_DEFINITIONS)
                continue;
            b->events++;
            b->sum += digest(
                    block.header.thread, item.time, TRACE_MEMORY, item.address, &item.request);
        }
        subject.events += b->events;
        subject.sum += b->sum;
    }
}

static void take_subject(const void *bytes, size_t size) {
    assert_true(size <= FILE_MAX);
    memcpy(subject.bytes, bytes, size);
    subject.size = size;
    subject.file = memfd_create("subject", 0);
    assert_true(subject.file >= 0 && write(subject.file, bytes, size) == (ssize_t)size);
    snprintf(subject.path, sizeof subject.path, "/proc/self/fd/%d", subject.file);
    note_blocks();
}

/// The block that holds byte `at`; NULL in padding.
static const struct expected_block *block_at(size_t at) {
    for (uint32_t i = 0; i < subject.block_count; i++)
        if (at >= subject.blocks[i].begin && at < subject.blocks[i].end)
            return &subject.blocks[i];
    return NULL;
}

static bool survives(const struct outcome *o, size_t at) {
    const struct expected_block *b = block_at(at);
    if (o->opened && o->events == subject.events && o->sum == subject.sum)
        return o->damage ||
               (b != NULL && b->open); // unharmed; said, or in a block without a checksum over it
    if (!o->opened)
        return subject.block_count == 1;
    if (b == NULL)
        return false;
    uint32_t others = subject.events - b->events;
    if (b->open) // what an open block holds is believed as it stands: the others' events are there
        return o->events >= others;
    return o->damage && o->events == others && o->sum == subject.sum - b->sum;
}

static void flip_everything(void) {
    struct outcome whole = read_subject();
    assert_true(whole.opened && !whole.damage);
    assert_int_equal(whole.events, subject.events);
    assert_true(whole.sum == subject.sum);
    uint32_t failed = 0;
    alarm(SECONDS_MAX);
    for (size_t at = 0; at < subject.size; at++) {
        static const uint8_t patterns[] = { 0x01, 0x80, 0xff };
        for (size_t i = 0; i < sizeof patterns; i++) {
            uint8_t flipped = subject.bytes[at] ^ patterns[i];
            assert_int_equal(pwrite(subject.file, &flipped, 1, (off_t)at), 1);
            struct outcome o = read_subject();
            if (!survives(&o, at) && failed++ < 10)
                printf("byte %zu ^ %02x: opened %d, damage %d, %u of %u events\n", at, patterns[i],
                        o.opened, o.damage, o.events, subject.events);
        }
        assert_int_equal(pwrite(subject.file, &subject.bytes[at], 1, (off_t)at), 1);
    }
    alarm(0);
    printf("%zu bytes, %u blocks, %u events: %u failed\n", subject.size, subject.block_count,
            subject.events, failed);
    assert_int_equal(failed, 0);
    close(subject.file);
}

/// Cuts the file at every byte, from the end.
static void cut_everywhere(void) {
    for (size_t size = subject.size; size-- > 0;) {
        assert_int_equal(ftruncate(subject.file, (off_t)size), 0);
        struct outcome o = read_subject();
        uint32_t whole = 0;
        for (uint32_t i = 0; i < subject.block_count; i++)
            whole += subject.blocks[i].end <= size ? subject.blocks[i].events : 0;
        assert_true(o.events >= whole && o.events <= subject.events);
    }
    close(subject.file);
}

/// A recording by the real recorder of three threads in small blocks; one of them never closes its
/// last.
static void make_trace(void) {
    static struct ramlens_recorder recorder;
    static struct ramlens_stacks stacks;
    static struct ramlens_stream streams[3];
    memset(&recorder, 0, sizeof recorder);
    memset(&stacks, 0, sizeof stacks);
    memset(streams, 0, sizeof streams);
    fake_port_reset();
    fake_port.block_bytes = 512;
    fake_port.now = 123456789;
    struct ramlens_image image = { .pointer_bytes = 4,
        .granularity = 3,
        .ticks_per_second = 1000000,
        .path = "flip",
        .platform = "test" };
    ramlens_recorder_init(&recorder, &image);
    for (uint32_t i = 0; i < 3; i++)
        ramlens_stream_init(&recorder, &streams[i], i + 1);
    srand(5);
    for (uint32_t i = 0; i < 500; i++) {
        fake_port.now += (uint64_t)rand() % 3000;
        uint32_t outer =
                ramlens_stacks_intern(&stacks, &recorder, 0, 0x4000 + (uintptr_t)rand() % 4 * 64);
        uint32_t stack = ramlens_stacks_intern(
                &stacks, &recorder, outer, 0x8000 + (uintptr_t)rand() % 16 * 16);
        struct ramlens_wire_request r = { .kind = rand() % 2 ? RAMLENS_WIRE_FREE : RAMLENS_WIRE_NEW,
            .stack = stack };
        r.size = r.kind < RAMLENS_WIRE_FIRST_ALLOC ? 0 : (uint64_t)rand() % 5 * 24;
        ramlens_stream_event(&recorder, &streams[rand() % 3], fake_port.now,
                0x20000000 + (uint64_t)rand() % 64 * 32, &r);
    }
    ramlens_stream_record(&recorder, &streams[0], fake_port.now, RAMLENS_WIRE_CHECKPOINT,
            (const uint8_t *)"\0\1x", 3);
    ramlens_stream_flush(&streams[0]);
    ramlens_stream_flush(&streams[1]);
    ramlens_recorder_flush(&recorder);
}

static void take_file(const char *path) {
    static uint8_t bytes[FILE_MAX];
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        printf("cannot open %s\n", path);
    assert_true(f != NULL);
    size_t size = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    take_subject(bytes, size);
}

static void a_made_trace_survives_any_flipped_byte(void **state) {
    (void)state;
    make_trace();
    take_subject(fake_port.store, fake_port.stored);
    flip_everything();
}

static void a_made_trace_survives_any_cut(void **state) {
    (void)state;
    make_trace();
    take_subject(fake_port.store, fake_port.stored);
    cut_everywhere();
}

static char **files;
static int file_count;

static void kept_traces_survive_any_flipped_byte(void **state) {
    (void)state;
    char path[1024];
    snprintf(path, sizeof path, "%.*s../golden/recorded.rlt",
            (int)(strlen(__FILE__) - strlen("prop_flip.c")), __FILE__);
    if (file_count == 0)
        take_file(path);
    for (int i = 0; i < file_count || i == 0; i++) {
        if (file_count > 0)
            take_file(files[i]);
        flip_everything();
    }
}

static int pack(const char *from, const char *to) {
    struct err err = { 0 };
    FILE *f = fopen(to, "wb");
    if (f == NULL || !trace_seal(from, &err))
        return 2;
    take_file(from);
    for (uint32_t i = 0; i < subject.block_count; i++)
        fwrite(subject.bytes + subject.blocks[i].begin, 1,
                subject.blocks[i].end - subject.blocks[i].begin, f);
    return fclose(f) == 0 ? 0 : 2;
}

int main(int argc, char **argv) {
    if (argc == 4 && strcmp(argv[1], "--pack") == 0)
        return pack(argv[2], argv[3]);
    files = argv + 1;
    file_count = argc - 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_made_trace_survives_any_flipped_byte),
        cmocka_unit_test(a_made_trace_survives_any_cut),
        cmocka_unit_test(kept_traces_survive_any_flipped_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
