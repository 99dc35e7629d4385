// sources: wire/*.c runtime/*.c tests/unit/fake_port.c
// also: i386
//
// The recorder's core on a platform made of memory: streams and their blocks, their order, what is
// lost when there is no room, stamps.
#include "fake_port.h"
#include "ramlens_record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PARTS = RAMLENS_WIRE_PARTS };

static struct ramlens_recorder recorder;
static struct ramlens_stream streams[4];

static void begin(void) {
    static const struct ramlens_image image = { .pointer_bytes = 4,
        .granularity = 3,
        .ticks_per_second = 1000000,
        .nanoseconds = 123456789,
        .process = 42,
        .path = "/bin/subject",
        .platform = "test" };
    memset(&recorder, 0, sizeof recorder);
    memset(streams, 0, sizeof streams);
    ramlens_recorder_init(&recorder, &image);
    for (uint32_t i = 0; i < 4; i++)
        ramlens_stream_init(&recorder, &streams[i], ramlens_thread_number(&recorder));
}

static void note(uint32_t stream, uint8_t kind, uint64_t address) {
    struct ramlens_wire_request r = { .kind = kind, .size = kind < 16 ? 0 : 32, .stack = 1 };
    ramlens_stream_event(&recorder, &streams[stream], fake_port.now, address, &r);
}

/// The block at `*at` of the store, which then moves to the next place; false at the end.
static bool next_block(size_t *at, struct ramlens_wire_block *header, const uint8_t **payload) {
    while (*at < fake_port.stored) {
        const uint8_t *place = fake_port.store + *at;
        size_t left = fake_port.stored - *at, header_bytes;
        *at += fake_port.block_bytes;
        if (place[0] == 0)
            continue;
        assert_int_equal(
                ramlens_wire_block_read(place, left, header, &header_bytes), RAMLENS_WIRE_OK);
        *payload = place + header_bytes;
        return true;
    }
    return false;
}

/// What one stream's blocks hold.
struct content {
    uint32_t blocks, open, events, records;
    uint32_t lost_allocs, lost_frees; ///< Of the latest header.
    uint64_t last_time, last_address;
};

static struct content content_of(uint32_t stream) {
    static struct ramlens_wire_decoder d;
    struct content c = { 0 };
    struct ramlens_wire_block header;
    const uint8_t *payload;
    for (size_t at = 0; next_block(&at, &header, &payload);) {
        if (header.stream != stream)
            continue;
        assert_int_equal(header.sequence, c.blocks++);
        c.open += header.open;
        c.lost_allocs = header.lost_allocs;
        c.lost_frees = header.lost_frees;
        size_t size = header.open ? fake_port.block_bytes - RAMLENS_WIRE_HEADER_BYTES
                                  : header.payload_bytes;
        ramlens_wire_decode(&d, payload, size, header.time, header.granularity, header.open);
        struct ramlens_wire_item item;
        while (ramlens_wire_next(&d, &item) == RAMLENS_WIRE_ITEM) {
            c.events += item.record == 0;
            c.records += item.record != 0;
            assert_true(item.time >= c.last_time);
            c.last_time = item.time;
            c.last_address = item.address;
        }
    }
    return c;
}

static void the_image_is_the_first_record(void **state) {
    (void)state;
    fake_port_reset();
    fake_port.now = 5000 * PARTS + 17;
    begin();
    struct ramlens_wire_block header;
    const uint8_t *payload;
    size_t at = 0;
    assert_true(next_block(&at, &header, &payload));
    assert_int_equal(header.stream, RAMLENS_WIRE_DEFINITIONS);
    assert_int_equal(header.thread, 0);
    assert_int_equal(header.granularity, 3);
    assert_int_equal(header.time, 5000 * PARTS);
    static struct ramlens_wire_decoder d;
    struct ramlens_wire_item item;
    ramlens_wire_decode(&d, payload, 2000, header.time, header.granularity, true);
    assert_int_equal(ramlens_wire_next(&d, &item), RAMLENS_WIRE_ITEM);
    assert_int_equal(item.record, RAMLENS_WIRE_IMAGE);
    struct ramlens_wire_reader in = { item.body, item.body + item.body_bytes, true };
    assert_int_equal(ramlens_wire_get_varint(&in), 4);
    assert_int_equal(ramlens_wire_get_varint(&in), 1000000);
    assert_int_equal(ramlens_wire_get_varint(&in), 123456789);
    assert_int_equal(ramlens_wire_get_varint(&in), 42);
    size_t size;
    assert_memory_equal(ramlens_wire_get_bytes(&in, &size), "test", 4);
    assert_int_equal(size, 4);
    assert_memory_equal(ramlens_wire_get_bytes(&in, &size), "/bin/subject", 12);
    assert_true(in.ok && in.at == in.end);
}

static void a_later_image_has_another_mark(void **state) {
    (void)state;
    fake_port_reset();
    begin();
    uint32_t first = recorder.image;
    fake_port.now += 1;
    begin();
    assert_true(recorder.image != first);
}

static void every_event_arrives_in_blocks_of_any_size(void **state) {
    (void)state;
    for (size_t size = 256; size <= 4096; size *= 2) {
        fake_port_reset();
        fake_port.block_bytes = size;
        begin();
        for (uint32_t i = 0; i < 9000; i++) {
            fake_port.now += i % 700;
            note(i % 3, i % 2 ? RAMLENS_WIRE_MALLOC : RAMLENS_WIRE_FREE, 0x1000 + i * 8);
        }
        for (uint32_t i = 0; i < 3; i++) {
            struct content c = content_of(streams[i].number);
            assert_int_equal(c.events, 3000);
            assert_int_equal(c.open, 1);
            assert_true(c.blocks > 1);
            ramlens_stream_flush(&streams[i]);
            c = content_of(streams[i].number);
            assert_int_equal(c.events, 3000);
            assert_int_equal(c.open, 0);
        }
        assert_int_equal(content_of(streams[3].number).blocks, 0); // opened by its first event only
        assert_int_equal(
                fake_port.done, fake_port.taken - 1); // the definitions' block is still open
        ramlens_stream_flush(&streams[3]);
        ramlens_recorder_flush(&recorder);
        ramlens_recorder_flush(&recorder);
        assert_int_equal(fake_port.done, fake_port.taken);
        assert_false(fake_port.held);
    }
}

static void blocks_stand_in_the_order_of_their_times(void **state) {
    (void)state;
    fake_port_reset();
    fake_port.block_bytes = 256;
    begin();
    srand(1);
    for (uint32_t i = 0; i < 4000; i++) {
        fake_port.now += (uint64_t)rand() % 5000;
        uint64_t stamp = fake_port.now;
        fake_port.now += (uint64_t)rand() % 5000; // a stamp may wait a while until it is written
        struct ramlens_wire_request r = {
            .kind = RAMLENS_WIRE_MALLOC, .size = i, .stack = (uint32_t)rand()
        };
        ramlens_stream_event(&recorder, &streams[rand() % 4], stamp, (uint64_t)rand() * 8, &r);
    }
    uint64_t latest = 0;
    struct ramlens_wire_block header;
    const uint8_t *payload;
    for (size_t at = 0; next_block(&at, &header, &payload);) {
        assert_true(header.time >= latest);
        latest = header.time;
    }
    assert_true(latest > 0);
}

static void what_finds_no_room_is_counted(void **state) {
    (void)state;
    fake_port_reset();
    fake_port.block_bytes = 256;
    begin();
    note(0, RAMLENS_WIRE_MALLOC, 8);
    fake_port.blocks_left = 0;
    uint32_t told = 1;
    uint32_t lost_allocs = 0, lost_frees = 0;
    ramlens_recorder_lost(&recorder, &lost_allocs, &lost_frees);
    assert_int_equal(lost_allocs + lost_frees, 0);
    while (lost_allocs == 0) { // until the open block is full
        note(0, RAMLENS_WIRE_MALLOC, (uint64_t)++told << 20);
        ramlens_recorder_lost(&recorder, &lost_allocs, &lost_frees);
    }
    note(0, RAMLENS_WIRE_FREE, 8);
    note(0, RAMLENS_WIRE_DELETE, 16);
    note(0, RAMLENS_WIRE_NEW, 16);
    note(1, RAMLENS_WIRE_FREE, 24);
    ramlens_stream_lose(&recorder, &streams[1], RAMLENS_WIRE_MALLOC);
    ramlens_recorder_lost(&recorder, &lost_allocs, &lost_frees);
    assert_int_equal(lost_allocs, 3);
    assert_int_equal(lost_frees, 3);
    uint8_t body[3] = { 0, 1, 'x' };
    assert_false(ramlens_stream_record(
            &recorder, &streams[0], fake_port.now, RAMLENS_WIRE_CHECKPOINT, body, 3));
    // Room again: the next blocks tell.
    fake_port.blocks_left = 10;
    note(0, RAMLENS_WIRE_MALLOC, 32);
    note(1, RAMLENS_WIRE_MALLOC, 40);
    struct content c = content_of(streams[0].number);
    assert_int_equal(c.events, told - 1 + 1);
    assert_int_equal(c.blocks, 2); // no sequence number was used up by what failed
    assert_int_equal(c.lost_allocs, 2);
    assert_int_equal(c.lost_frees, 2);
    c = content_of(streams[1].number);
    assert_int_equal(c.lost_allocs, 1);
    assert_int_equal(c.lost_frees, 1);
}

static void a_block_that_is_closed_tells_what_was_lost_meanwhile(void **state) {
    (void)state;
    fake_port_reset();
    begin();
    note(0, RAMLENS_WIRE_MALLOC, 8);
    ramlens_stream_lose(&recorder, &streams[0], RAMLENS_WIRE_MALLOC);
    assert_int_equal(content_of(streams[0].number).lost_allocs, 0);
    ramlens_stream_flush(&streams[0]);
    assert_int_equal(content_of(streams[0].number).lost_allocs, 1);
}

static void definitions_that_find_no_room_say_so(void **state) {
    (void)state;
    fake_port_reset();
    fake_port.block_bytes = 256;
    begin();
    ramlens_recorder_flush(&recorder);
    fake_port.blocks_left = 0;
    uint8_t body[1025] = { 1 };
    assert_false(ramlens_define(&recorder, RAMLENS_WIRE_UNLOAD, body, 1));
    fake_port.blocks_left = 1;
    assert_false(ramlens_define(
            &recorder, RAMLENS_WIRE_UNLOAD, body, sizeof body)); // never larger than 1,024
    assert_true(ramlens_define(&recorder, RAMLENS_WIRE_UNLOAD, body, 1));
    assert_false(fake_port.held);
    assert_int_equal(content_of(0).records, 2);
}

static void records_and_events_share_a_stream(void **state) {
    (void)state;
    fake_port_reset();
    begin();
    uint8_t body[8] = { 1, 5, 'r', 'e', 'a', 'd', 'y' };
    for (uint32_t i = 0; i < 500; i++) {
        fake_port.now += 300;
        note(0, RAMLENS_WIRE_MALLOC, i * 8);
        assert_true(ramlens_stream_record(
                &recorder, &streams[0], fake_port.now, RAMLENS_WIRE_CHECKPOINT, body, 7));
    }
    struct content c = content_of(streams[0].number);
    assert_int_equal(c.events, 500);
    assert_int_equal(c.records, 500);
    assert_int_equal(c.last_time, fake_port.now / PARTS * PARTS);
}

/// The free of a realloc is written after the call; its stamp from before the call must survive
/// although the block was full.
static void a_stamp_taken_before_a_call_is_kept(void **state) {
    (void)state;
    for (uint32_t filled = 0; filled < 200; filled++) {
        fake_port_reset();
        fake_port.block_bytes = 256;
        begin();
        fake_port.now = 1000 * PARTS;
        for (uint32_t i = 0; i < filled; i++)
            note(0, RAMLENS_WIRE_MALLOC, (uint64_t)i << 40);
        fake_port.now += 700;
        uint64_t before = ramlens_stream_before(&recorder, &streams[0], 64);
        assert_int_equal(before, fake_port.now);
        fake_port.now += UINT64_C(20000000) * PARTS; // the call takes twenty seconds
        struct ramlens_wire_request from = { .kind = RAMLENS_WIRE_REALLOC_FROM, .stack = 1 };
        ramlens_stream_event(&recorder, &streams[0], before, 64, &from);
        struct content c = content_of(streams[0].number);
        assert_int_equal(c.events, filled + 1);
        assert_int_equal(c.last_time, before);
        note(0, RAMLENS_WIRE_REALLOC_TO, 128);
        assert_int_equal(content_of(streams[0].number).events, filled + 2);
    }
}

static void a_stream_that_slept_for_hours_goes_on(void **state) {
    (void)state;
    fake_port_reset();
    begin();
    note(0, RAMLENS_WIRE_MALLOC, 8);
    fake_port.now += (UINT64_C(5) << 32) * PARTS;
    note(0, RAMLENS_WIRE_FREE, 8);
    struct content c = content_of(streams[0].number);
    assert_int_equal(c.events, 2);
    assert_int_equal(c.last_time, fake_port.now);
    assert_int_equal(c.blocks, 2);
}

/// Two threads at one address within a tick: the parts of the tick tell their order, and cost
/// nothing where there is nothing to tell.
static void an_address_that_changes_hands_is_stamped_exactly(void **state) {
    (void)state;
    fake_port_reset();
    begin();
    fake_port.now = 1000 * PARTS + 10;
    note(0, RAMLENS_WIRE_MALLOC, 64);
    fake_port.now += 20;
    note(1, RAMLENS_WIRE_FREE, 64);
    assert_int_equal(content_of(streams[1].number).last_time, 1000 * PARTS + 30);
    fake_port.now += 20;
    note(0, RAMLENS_WIRE_MALLOC, 64);
    assert_int_equal(content_of(streams[0].number).last_time, 1000 * PARTS + 50);
    fake_port.now += 20;
    note(0, RAMLENS_WIRE_FREE, 64); // its own: no later than it was is enough
    assert_int_equal(content_of(streams[0].number).last_time, 1000 * PARTS + 50);
    fake_port.now += 16 * PARTS;
    note(1, RAMLENS_WIRE_MALLOC, 64); // another's, a few ticks ago: the mark may be one that lost
    assert_int_equal(content_of(streams[1].number).last_time, 1016 * PARTS + 70);
    fake_port.now += 17 * PARTS;
    note(0, RAMLENS_WIRE_FREE, 64); // another's, but long ago
    assert_int_equal(content_of(streams[0].number).last_time, 1033 * PARTS);
}

/// Two addresses that share a mark: an event stamped before the other's, but written after it, does
/// not hide that the other changed hands in this tick.
static void an_older_stamp_at_the_same_mark_hides_nothing(void **state) {
    (void)state;
    fake_port_reset();
    begin();
    fake_port.now = 4900 * PARTS;
    note(0, RAMLENS_WIRE_MALLOC, 8); // the first event of a block is exact anyway
    note(2, RAMLENS_WIRE_MALLOC, 16);
    fake_port.now = 5000 * PARTS + 10;
    note(1, RAMLENS_WIRE_FREE, 64);
    struct ramlens_wire_request r = { .kind = RAMLENS_WIRE_MALLOC, .size = 32, .stack = 1 };
    uint64_t older = 4901 * PARTS, same_mark = 64 + (RAMLENS_RECORD_MARKS << 3);
    ramlens_stream_event(&recorder, &streams[2], older, same_mark, &r);
    fake_port.now += 60;
    note(0, RAMLENS_WIRE_MALLOC, 64);
    assert_int_equal(content_of(streams[0].number).last_time, 5000 * PARTS + 70);
}

/// Room is made before the stamp is taken, so no block that begins later changes it; without room the event is counted.
static void a_stamp_from_a_critical_section_is_kept(void **state) {
    (void)state;
    fake_port_reset();
    begin();
    struct ramlens_wire_request r = { .kind = RAMLENS_WIRE_MALLOC };
    for (uint32_t i = 0; i < 3000; i++) {
        r.size = i * 77;
        ramlens_stream_reserve(&recorder, &streams[0], RAMLENS_WIRE_EVENT_MAX);
        uint64_t stamp = fake_port.now += 7;
        fake_port.now += 3 * PARTS; // until it is written
        ramlens_stream_ordered(&recorder, &streams[0], stamp, i * 4096, &r);
        assert_int_equal(content_of(streams[0].number).last_time, stamp);
    }
    assert_true(content_of(streams[0].number).blocks > 1);
    fake_port.blocks_left = 0;
    ramlens_stream_reserve(&recorder, &streams[1], RAMLENS_WIRE_EVENT_MAX);
    ramlens_stream_ordered(&recorder, &streams[1], fake_port.now, 64, &r);
    uint32_t allocs, frees;
    ramlens_recorder_lost(&recorder, &allocs, &frees);
    assert_int_equal(allocs, 1);
    assert_int_equal(frees, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_image_is_the_first_record),
        cmocka_unit_test(a_later_image_has_another_mark),
        cmocka_unit_test(every_event_arrives_in_blocks_of_any_size),
        cmocka_unit_test(blocks_stand_in_the_order_of_their_times),
        cmocka_unit_test(what_finds_no_room_is_counted),
        cmocka_unit_test(a_block_that_is_closed_tells_what_was_lost_meanwhile),
        cmocka_unit_test(definitions_that_find_no_room_say_so),
        cmocka_unit_test(records_and_events_share_a_stream),
        cmocka_unit_test(a_stamp_taken_before_a_call_is_kept),
        cmocka_unit_test(a_stream_that_slept_for_hours_goes_on),
        cmocka_unit_test(an_address_that_changes_hands_is_stamped_exactly),
        cmocka_unit_test(an_older_stamp_at_the_same_mark_hides_nothing),
        cmocka_unit_test(a_stamp_from_a_critical_section_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
