// The ledger: every kind of event with exact numbers, what a damaged trace may say, and that all sums hold after each event.
#include "model_fixture.h"

#include <string.h>

static struct model m;
static struct ledger *const ledger = &m.ledger;

static int begin(void **state) {
    (void)state;
    model_begin(&m);
    return 0;
}

static int end(void **state) {
    (void)state;
    assert_true(ledger_adds_up(ledger));
    model_end(&m);
    return 0;
}

static const struct ledger_row *row(uint32_t component) {
    return &ledger->rows[component];
}

static const struct ledger_site *site(uint32_t stack) {
    uint32_t number = owners_get(&m.owners, stack).site;
    return &ledger->sites[number];
}

static void assert_row(const struct ledger_row *r, uint64_t bytes, uint64_t blocks) {
    assert_int_equal(r->live_bytes, bytes);
    assert_int_equal(r->live_blocks, blocks);
}

static void assert_kinds(
        const struct ledger_row *r, uint64_t by_malloc, uint64_t by_new, uint64_t by_libc) {
    assert_int_equal(r->kind_bytes[LEDGER_MALLOC], by_malloc);
    assert_int_equal(r->kind_bytes[LEDGER_NEW], by_new);
    assert_int_equal(r->kind_bytes[LEDGER_LIBC], by_libc);
}

// ---- blocks

static const uint8_t giving_kinds[] = { RAMLENS_WIRE_MALLOC, RAMLENS_WIRE_CALLOC,
    RAMLENS_WIRE_REALLOC, RAMLENS_WIRE_REALLOC_TO, RAMLENS_WIRE_ALIGNED_ALLOC,
    RAMLENS_WIRE_MEMALIGN, RAMLENS_WIRE_POSIX_MEMALIGN, RAMLENS_WIRE_NEW, RAMLENS_WIRE_NEW_ARRAY };
static const uint8_t ending_kinds[] = { RAMLENS_WIRE_FREE, RAMLENS_WIRE_DELETE,
    RAMLENS_WIRE_DELETE_ARRAY, RAMLENS_WIRE_REALLOC_FROM, RAMLENS_WIRE_REALLOC_FREE };
enum { GIVING = sizeof giving_kinds, ENDING = sizeof ending_kinds };

static void every_kind_that_gives_adds_its_bytes(void **state) {
    (void)state;
    uint64_t bytes = 0, by_new = 0;
    for (unsigned i = 0; i < GIVING; i++) {
        uint64_t size = UINT64_C(1) << i;
        bool is_new = giving_kinds[i] >= RAMLENS_WIRE_NEW;
        model_request(&m, giving_kinds[i], 0, 0x1000 + i * 0x1000, size, BY_ALPHA);
        bytes += size;
        by_new += is_new ? size : 0;
        assert_row(&ledger->total, bytes, i + 1);
        assert_row(row(m.alpha), bytes, i + 1);
        assert_kinds(row(m.alpha), bytes - by_new, by_new, 0);
        assert_kinds(&ledger->total, bytes - by_new, by_new, 0);
        assert_int_equal(site(BY_ALPHA)->live_bytes, bytes);
        assert_int_equal(site(BY_ALPHA)->allocations, i + 1);
        assert_true(ledger_adds_up(ledger));
    }
    assert_int_equal(ledger->counts.allocations, GIVING);
    assert_int_equal(ledger->counts.events, GIVING);
}

static void every_kind_that_ends_takes_them_off(void **state) {
    (void)state;
    for (unsigned i = 0; i < ENDING; i++)
        model_give(&m, 0x1000 + i * 0x1000, 10 + i, i % 2 ? BY_ALPHA : BY_BETA);
    assert_row(row(m.alpha), 11 + 13, 2);
    assert_row(row(m.beta), 10 + 12 + 14, 3);
    for (unsigned i = 0; i < ENDING; i++) {
        // Who frees is nobody's business.
        model_request(&m, ending_kinds[i], 0, 0x1000 + i * 0x1000, 0, BY_LIBC);
        assert_true(ledger_adds_up(ledger));
    }
    assert_row(&ledger->total, 0, 0);
    assert_row(row(m.alpha), 0, 0);
    assert_row(row(m.beta), 0, 0);
    assert_kinds(&ledger->total, 0, 0, 0);
    assert_int_equal(ledger->counts.frees, ENDING);
    // Of the ending kinds one is the first half of an event.
    assert_int_equal(ledger->counts.events, 2 * ENDING - 1);
    assert_int_equal(ledger->counts.foreign_frees, 0);
}

static void flags_that_say_more_change_no_bytes(void **state) {
    (void)state;
    uint8_t more = RAMLENS_WIRE_NOTHROW | RAMLENS_WIRE_HAS_ALIGNMENT | RAMLENS_WIRE_HAS_CAPABILITY |
                   RAMLENS_WIRE_HAS_REGION;
    model_request(&m, RAMLENS_WIRE_NEW, more, 0x1000, 40, BY_ALPHA);
    assert_row(row(m.alpha), 40, 1);
    // A sized delete may be told a wrong size: the block knows better.
    model_request(&m, RAMLENS_WIRE_DELETE, RAMLENS_WIRE_SIZED, 0x1000, 4000, BY_ALPHA);
    assert_row(row(m.alpha), 0, 0);
}

static void a_failure_is_counted_and_holds_nothing(void **state) {
    (void)state;
    for (unsigned i = 0; i < GIVING; i++) {
        model_request(&m, giving_kinds[i], RAMLENS_WIRE_FAILED, 0, 1000, BY_BETA);
        assert_row(&ledger->total, 0, 0);
    }
    assert_int_equal(ledger->counts.failures, GIVING);
    assert_int_equal(ledger->counts.allocations, 0);
    assert_int_equal(ledger->counts.events, GIVING);
    assert_int_equal(site(BY_BETA)->failures, GIVING);
    assert_int_equal(site(BY_BETA)->allocations, 0);
}

static void a_failed_realloc_leaves_the_block(void **state) {
    (void)state;
    model_give(&m, 0x1000, 64, BY_ALPHA);
    model_request(&m, RAMLENS_WIRE_REALLOC_IN_PLACE, RAMLENS_WIRE_FAILED, 0x1000, 1 << 20, BY_BETA);
    assert_row(row(m.alpha), 64, 1);
    assert_row(row(m.beta), 0, 0);
    assert_int_equal(ledger->counts.failures, 1);
    assert_int_equal(site(BY_BETA)->failures, 1);
}

static void a_block_of_no_bytes_is_a_block(void **state) {
    (void)state;
    model_give(&m, 0x1000, 0, BY_ALPHA);
    assert_row(&ledger->total, 0, 1);
    model_free(&m, 0x1000);
    assert_row(&ledger->total, 0, 0);
    assert_int_equal(ledger->counts.frees, 1);
}

static void a_moving_realloc_is_one_event_and_a_new_owner(void **state) {
    (void)state;
    model_give(&m, 0x1000, 100, BY_ALPHA);
    model_request(&m, RAMLENS_WIRE_REALLOC_FROM, 0, 0x1000, 0, BY_BETA);
    model_request(&m, RAMLENS_WIRE_REALLOC_TO, 0, 0x2000, 300, BY_BETA);
    assert_row(row(m.alpha), 0, 0);
    assert_row(row(m.beta), 300, 1);
    assert_int_equal(ledger->counts.events, 2);
    assert_int_equal(ledger->total.peak_bytes, 300);
}

static void a_realloc_in_place_changes_size_and_owner(void **state) {
    (void)state;
    model_request(&m, RAMLENS_WIRE_NEW, 0, 0x1000, 100, BY_ALPHA);
    model_request(&m, RAMLENS_WIRE_REALLOC_IN_PLACE, 0, 0x1000, 250, BY_ALPHA);
    assert_row(row(m.alpha), 250, 1);
    assert_kinds(row(m.alpha), 250, 0, 0);
    model_request(&m, RAMLENS_WIRE_REALLOC_IN_PLACE, 0, 0x1000, 30, BY_BETA);
    assert_row(row(m.alpha), 0, 0);
    assert_row(row(m.beta), 30, 1);
    assert_row(&ledger->total, 30, 1);
    assert_int_equal(ledger->total.peak_bytes, 250);
    assert_int_equal(ledger->counts.allocations, 1);
    assert_int_equal(ledger->counts.events, 3);
}

static void what_libc_takes_for_a_component_is_a_kind_of_its_own(void **state) {
    (void)state;
    model_give(&m, 0x1000, 5, BY_LIBC_ALPHA);
    model_request(&m, RAMLENS_WIRE_NEW, 0, 0x2000, 7, BY_LIBC_ALPHA);
    model_give(&m, 0x3000, 11, BY_ALPHA);
    model_give(&m, 0x4000, 13, BY_LIBC);
    assert_kinds(row(m.alpha), 11, 7, 5);
    assert_kinds(row(m.libc), 0, 0, 13);
    assert_kinds(&ledger->total, 11, 7, 18);
}

// ---- who

static void a_lost_stack_is_unknown_with_exact_bytes(void **state) {
    (void)state;
    model_give(&m, 0x1000, 100, BY_LOST);
    model_give(&m, 0x2000, 20, BY_NOBODY);
    model_give(&m, 0x3000, 3, BY_NO_MODULE);
    assert_row(row(m.unknown), 123, 3);
    assert_row(&ledger->total, 123, 3);
    // The frames outside were lost, one inside is known: it is the best there is.
    model_give(&m, 0x4000, 4000, BY_LIBC_LOST);
    assert_row(row(m.libc), 4000, 1);
    model_free(&m, 0x1000);
    assert_row(row(m.unknown), 23, 2);
}

static void a_stack_beyond_the_table_is_unknown(void **state) {
    (void)state;
    model_give(&m, 0x1000, 100, STACKS);
    model_give(&m, 0x2000, 20, STACKS + 1);
    model_give(&m, 0x3000, 3, UINT32_MAX);
    model_kernel(&m, MODEL_CREATE, KERNEL_MUTEX, 0x3000, UINT32_MAX);
    model_request(&m, RAMLENS_WIRE_MALLOC, RAMLENS_WIRE_FAILED, 0, 1, UINT32_MAX - 1);
    assert_row(row(m.unknown), 123, 3);
    assert_int_equal(row(m.unknown)->kernel[KERNEL_MUTEX], 1);
    // All of them are one site, that of nobody.
    assert_int_equal(site(BY_LOST)->live_bytes, 123);
    assert_int_equal(site(BY_LOST)->failures, 1);
    model_free(&m, 0x3000);
    assert_row(row(m.unknown), 120, 2);
}

// ---- frees and blocks that do not fit together

static void a_free_of_an_unknown_block_is_counted(void **state) {
    (void)state;
    for (unsigned i = 0; i < ENDING; i++)
        model_request(&m, ending_kinds[i], 0, 0x7000, 0, BY_ALPHA);
    model_free(&m, 0);
    assert_int_equal(ledger->counts.foreign_frees, ENDING + 1);
    assert_int_equal(ledger->counts.frees, 0);
    assert_row(&ledger->total, 0, 0);
}

static void a_block_where_one_lives_takes_its_place(void **state) {
    (void)state;
    model_give(&m, 0x1000, 100, BY_ALPHA);
    model_kernel(&m, MODEL_CREATE, KERNEL_MUTEX, 0x1010, BY_ALPHA);
    model_give(&m, 0x1000, 7, BY_BETA);
    assert_row(row(m.alpha), 0, 0);
    assert_row(row(m.beta), 7, 1);
    assert_row(&ledger->total, 7, 1);
    assert_int_equal(ledger->counts.conflicts, 1);
    assert_int_equal(ledger->counts.frees, 0);
    // The free that was lost took the lock along.
    assert_int_equal(ledger->counts.abandoned, 1);
    assert_true(ledger_adds_up(ledger));
}

static void a_resize_of_an_unknown_block_makes_it_known(void **state) {
    (void)state;
    model_request(&m, RAMLENS_WIRE_REALLOC_IN_PLACE, 0, 0x1000, 90, BY_ALPHA);
    assert_row(row(m.alpha), 90, 1);
    assert_int_equal(ledger->counts.foreign_frees, 1);
    assert_int_equal(ledger->counts.allocations, 1);
    assert_true(ledger_adds_up(ledger));
    model_free(&m, 0x1000);
    assert_row(row(m.alpha), 0, 0);
}

static struct trace_event event(uint8_t kind, uint8_t flags, uint64_t address) {
    return (struct trace_event){
        .type = TRACE_MEMORY, .address = address, .request = { .kind = kind, .flags = flags }
    };
}

static void conflicts_are_told_before_they_are_taken_in(void **state) {
    (void)state;
    model_give(&m, 0x1000, 100, BY_ALPHA);
    for (unsigned i = 0; i < GIVING; i++) {
        struct trace_event there = event(giving_kinds[i], 0, 0x1000);
        struct trace_event elsewhere = event(giving_kinds[i], 0, 0x2000);
        struct trace_event failed = event(giving_kinds[i], RAMLENS_WIRE_FAILED, 0x1000);
        assert_true(ledger_conflicts(ledger, &there));
        assert_false(ledger_conflicts(ledger, &elsewhere));
        assert_false(ledger_conflicts(ledger, &failed));
    }
    for (unsigned i = 0; i < ENDING; i++) {
        struct trace_event there = event(ending_kinds[i], 0, 0x1000);
        struct trace_event elsewhere = event(ending_kinds[i], 0, 0x2000);
        assert_false(ledger_conflicts(ledger, &there));
        assert_true(ledger_conflicts(ledger, &elsewhere));
    }
    struct trace_event resize = event(RAMLENS_WIRE_REALLOC_IN_PLACE, 0, 0x1000);
    assert_false(ledger_conflicts(ledger, &resize));
    resize.address = 0x2000;
    assert_true(ledger_conflicts(ledger, &resize));
    struct trace_event kernel = { .type = TRACE_KERNEL, .address = 0x1000 };
    assert_false(ledger_conflicts(ledger, &kernel));
}

// ---- what cannot be

static void a_block_at_address_0_cannot_be(void **state) {
    (void)state;
    for (unsigned i = 0; i < 2000; i++) // more than the table's first room
        model_give(&m, 0, 16, BY_ALPHA);
    model_request(&m, RAMLENS_WIRE_REALLOC_IN_PLACE, 0, 0, 16, BY_ALPHA);
    assert_int_equal(ledger->counts.impossible, 2001);
    assert_row(&ledger->total, 0, 0);
    assert_int_equal(ledger->blocks.count, 0);
}

static void sizes_beyond_all_memory_cannot_be(void **state) {
    (void)state;
    const uint64_t most = INT64_MAX;
    model_give(&m, 0x1000, most + 1, BY_ALPHA);
    model_give(&m, 0x2000, UINT64_MAX, BY_BETA);
    assert_row(&ledger->total, 0, 0);
    assert_int_equal(ledger->counts.impossible, 2);
    model_give(&m, 0x3000, most - 10, BY_ALPHA);
    model_give(&m, 0x4000, 11, BY_BETA); // one too many
    assert_row(&ledger->total, most - 10, 1);
    assert_int_equal(ledger->counts.impossible, 3);
    model_give(&m, 0x4000, 10, BY_BETA);
    assert_row(&ledger->total, most, 2);
    assert_int_equal(ledger->total.peak_bytes, most);
    // What was left out is not there to be freed.
    model_free(&m, 0x1000);
    assert_int_equal(ledger->counts.foreign_frees, 1);
    assert_true(ledger_adds_up(ledger));
}

static void a_resize_beyond_all_memory_leaves_the_block(void **state) {
    (void)state;
    model_give(&m, 0x1000, 100, BY_ALPHA);
    model_give(&m, 0x2000, 50, BY_BETA);
    model_request(&m, RAMLENS_WIRE_REALLOC_IN_PLACE, 0, 0x1000, INT64_MAX - 49, BY_BETA);
    assert_row(row(m.alpha), 100, 1);
    assert_int_equal(ledger->counts.impossible, 1);
    // Its own old bytes do not stand in its way.
    model_request(&m, RAMLENS_WIRE_REALLOC_IN_PLACE, 0, 0x1000, INT64_MAX - 50, BY_ALPHA);
    assert_row(&ledger->total, INT64_MAX, 2);
    // The same where a conflict makes room.
    model_give(&m, 0x1000, INT64_MAX - 50, BY_ALPHA);
    assert_row(&ledger->total, INT64_MAX, 2);
    assert_int_equal(ledger->counts.conflicts, 1);
}

static void kinds_beyond_the_known_ones_are_what_their_number_says(void **state) {
    (void)state;
    model_request(&m, 200, 0, 0x1000, 100, BY_ALPHA);
    assert_row(row(m.alpha), 100, 1);
    model_request(&m, 9, 0, 0x1000, 0, BY_ALPHA);
    assert_row(row(m.alpha), 0, 0);
}

// ---- peaks

static void peaks_begin_anew_at_each_checkpoint(void **state) {
    (void)state;
    model_give(&m, 0x1000, 100, BY_ALPHA);
    model_give(&m, 0x2000, 50, BY_BETA);
    model_free(&m, 0x1000);
    model_give(&m, 0x3000, 20, BY_BETA);
    assert_int_equal(ledger->total.peak_bytes, 150);
    assert_int_equal(row(m.alpha)->peak_bytes, 100);
    assert_int_equal(row(m.beta)->peak_bytes, 70);
    ledger_reset_peaks(ledger);
    assert_int_equal(ledger->total.peak_bytes, 70);
    assert_int_equal(row(m.alpha)->peak_bytes, 0);
    assert_int_equal(row(m.beta)->peak_bytes, 70);
    model_free(&m, 0x2000);
    model_give(&m, 0x4000, 30, BY_ALPHA);
    assert_int_equal(ledger->total.peak_bytes, 70);
    assert_int_equal(row(m.alpha)->peak_bytes, 30);
}

// ---- kernel objects

static void kernel_objects_are_counted_by_component_and_kind(void **state) {
    (void)state;
    for (uint8_t object = KERNEL_MUTEX; object < KERNEL_OBJECT_COUNT; object++) {
        model_kernel(&m, MODEL_CREATE, object, 0x100 + object * 0x40, BY_ALPHA);
        model_kernel(&m, MODEL_FIRST_USE, object, 0x900 + object * 0x40, BY_BETA);
        assert_int_equal(row(m.alpha)->kernel[object], 1);
        assert_int_equal(row(m.beta)->kernel[object], 1);
        assert_int_equal(ledger->total.kernel[object], 2);
    }
    assert_row(&ledger->total, 0, 0);
    for (uint8_t object = KERNEL_MUTEX; object < KERNEL_OBJECT_COUNT; object++) {
        // Charged to who made it, whoever ends it.
        model_kernel(&m, MODEL_DESTROY, object, 0x100 + object * 0x40, BY_BETA);
        assert_int_equal(row(m.alpha)->kernel[object], 0);
        assert_int_equal(row(m.beta)->kernel[object], 1);
    }
    assert_int_equal(ledger->counts.kernel_events, 3 * (KERNEL_OBJECT_COUNT - 1));
    assert_int_equal(ledger->counts.events, ledger->counts.kernel_events);
    assert_int_equal(ledger->counts.abandoned, 0);
}

static void the_end_of_an_unknown_object_changes_nothing(void **state) {
    (void)state;
    model_kernel(&m, MODEL_DESTROY, KERNEL_MUTEX, 0x100, BY_ALPHA);
    assert_int_equal(ledger->total.kernel[KERNEL_MUTEX], 0);
    assert_int_equal(ledger->counts.kernel_events, 1);
}

static void a_lock_in_a_freed_block_is_lost_but_stays_charged(void **state) {
    (void)state;
    model_give(&m, 0x1000, 0x100, BY_ALPHA);
    model_kernel(&m, MODEL_CREATE, KERNEL_MUTEX, 0x1000, BY_ALPHA);
    model_kernel(&m, MODEL_FIRST_USE, KERNEL_RWLOCK, 0x10ff, BY_ALPHA);
    model_kernel(&m, MODEL_CREATE, KERNEL_MUTEX, 0x1100, BY_ALPHA); // behind it
    model_free(&m, 0x1000);
    assert_int_equal(ledger->counts.abandoned, 2);
    assert_int_equal(row(m.alpha)->kernel[KERNEL_MUTEX], 2);
    assert_int_equal(row(m.alpha)->kernel[KERNEL_RWLOCK], 1);
    // The same place again, with an end this time: the lost one stays lost.
    model_give(&m, 0x1000, 0x100, BY_ALPHA);
    model_kernel(&m, MODEL_FIRST_USE, KERNEL_RWLOCK, 0x10ff, BY_ALPHA);
    assert_int_equal(row(m.alpha)->kernel[KERNEL_RWLOCK], 2);
    model_kernel(&m, MODEL_DESTROY, KERNEL_RWLOCK, 0x10ff, BY_ALPHA);
    assert_int_equal(row(m.alpha)->kernel[KERNEL_RWLOCK], 1);
    model_free(&m, 0x1000);
    assert_int_equal(ledger->counts.abandoned, 2);
}

static void a_moving_realloc_loses_the_locks_in_the_old_block(void **state) {
    (void)state;
    model_give(&m, 0x1000, 0x100, BY_ALPHA);
    model_kernel(&m, MODEL_CREATE, KERNEL_MUTEX, 0x1000, BY_ALPHA);
    model_request(&m, RAMLENS_WIRE_REALLOC_FROM, 0, 0x1000, 0, BY_ALPHA);
    model_request(&m, RAMLENS_WIRE_REALLOC_TO, 0, 0x2000, 0x200, BY_ALPHA);
    assert_int_equal(ledger->counts.abandoned, 1);
    // One in place does not.
    model_kernel(&m, MODEL_CREATE, KERNEL_MUTEX, 0x2000, BY_ALPHA);
    model_request(&m, RAMLENS_WIRE_REALLOC_IN_PLACE, 0, 0x2000, 0x180, BY_ALPHA);
    assert_int_equal(ledger->counts.abandoned, 1);
    model_kernel(&m, MODEL_DESTROY, KERNEL_MUTEX, 0x2000, BY_ALPHA);
    assert_int_equal(ledger->total.kernel[KERNEL_MUTEX], 1);
}

static void a_lock_made_twice_at_one_place_is_two(void **state) {
    (void)state;
    model_kernel(&m, MODEL_CREATE, KERNEL_MUTEX, 0x1000, BY_ALPHA);
    model_kernel(&m, MODEL_CREATE, KERNEL_MUTEX, 0x1000, BY_BETA);
    assert_int_equal(ledger->total.kernel[KERNEL_MUTEX], 2);
    assert_int_equal(ledger->counts.abandoned, 1);
    model_kernel(&m, MODEL_DESTROY, KERNEL_MUTEX, 0x1000, BY_BETA);
    model_kernel(&m, MODEL_DESTROY, KERNEL_MUTEX, 0x1000, BY_BETA);
    assert_int_equal(row(m.alpha)->kernel[KERNEL_MUTEX], 1);
    assert_int_equal(row(m.beta)->kernel[KERNEL_MUTEX], 0);
}

static void threads_and_keys_are_no_addresses(void **state) {
    (void)state;
    model_give(&m, 0x10, 0x100, BY_ALPHA);
    model_kernel(&m, MODEL_CREATE, KERNEL_THREAD, 0x20, BY_ALPHA);
    model_kernel(&m, MODEL_CREATE, KERNEL_KEY, 0x20, BY_ALPHA);
    model_free(&m, 0x10);
    assert_int_equal(ledger->counts.abandoned, 0);
    model_kernel(&m, MODEL_DESTROY, KERNEL_THREAD, 0x20, BY_ALPHA);
    assert_int_equal(ledger->total.kernel[KERNEL_THREAD], 0);
    assert_int_equal(ledger->total.kernel[KERNEL_KEY], 1);
}

static void objects_beyond_the_known_ones_are_passed_over(void **state) {
    (void)state;
    static const uint8_t objects[] = { KERNEL_NONE, KERNEL_OBJECT_COUNT, 63, 255 };
    for (unsigned i = 0; i < sizeof objects; i++)
        for (unsigned operation = 0; operation < 3; operation++)
            model_kernel(&m, (uint8_t)operation, objects[i], 0x1000, BY_ALPHA);
    static const uint32_t nothing[KERNEL_OBJECT_COUNT];
    assert_memory_equal(ledger->total.kernel, nothing, sizeof nothing);
    assert_int_equal(ledger->counts.kernel_events, 12);
}

static void operations_beyond_the_known_ones_are_passed_over(void **state) {
    (void)state;
    model_kernel(&m, 3, KERNEL_MUTEX, 0x1000, BY_ALPHA);
    model_kernel(&m, 255, KERNEL_MUTEX, 0x1000, BY_ALPHA);
    assert_int_equal(ledger->total.kernel[KERNEL_MUTEX], 0);
    assert_int_equal(ledger->counts.kernel_events, 2);
}

// ---- who listens

struct heard {
    int64_t bytes, blocks;
    int64_t kernel[KERNEL_OBJECT_COUNT];
    uint16_t component;
    uint32_t site;
    uint64_t stack_size;
};

static void hear_born(void *self, struct block *b, uint16_t component, uint32_t number) {
    struct heard *h = self;
    h->bytes += (int64_t)b->size;
    h->blocks++;
    h->component = component;
    h->site = number;
    b->places[0] = (uint8_t)(b->size * 7);
}

static void hear_gone(void *self, const struct block *b, uint16_t component, uint32_t number) {
    struct heard *h = self;
    h->bytes -= (int64_t)b->size;
    h->blocks--;
    h->component = component;
    h->site = number;
    assert_int_equal(b->places[0], (uint8_t)(b->size * 7)); // what was noted at its birth
}

static void hear_kernel(void *self, const struct kernel_entry *e, int change) {
    struct heard *h = self;
    h->kernel[e->object] += change;
    h->component = e->component;
    h->stack_size = e->stack_size;
}

static void a_listener_hears_of_every_change(void **state) {
    (void)state;
    struct heard heard = { 0 };
    const struct ledger_listener listener = { &heard, hear_born, hear_gone, hear_kernel };
    ledger->listener = &listener;
    model_give(&m, 0x1000, 100, BY_ALPHA);
    assert_int_equal(heard.bytes, 100);
    assert_int_equal(heard.component, m.alpha);
    assert_int_equal(heard.site, owners_get(&m.owners, BY_ALPHA).site);
    model_give(&m, 0x2000, 10, BY_BETA);
    model_request(&m, RAMLENS_WIRE_REALLOC_IN_PLACE, 0, 0x1000, 60, BY_BETA);
    assert_int_equal(heard.bytes, 70);
    model_give(&m, 0x2000, 20, BY_ALPHA); // a conflict
    assert_int_equal(heard.bytes, 80);
    assert_int_equal(heard.blocks, 2);
    model_give(&m, 0, 20, BY_ALPHA);
    model_free(&m, 0x9000);
    assert_int_equal(heard.blocks, 2);
    model_free(&m, 0x1000);
    assert_int_equal(heard.component, m.beta);
    model_free(&m, 0x2000);
    assert_int_equal(heard.bytes, 0);
    assert_int_equal(heard.blocks, 0);
}

static void a_listener_hears_of_kernel_objects_with_their_stack_size(void **state) {
    (void)state;
    struct heard heard = { 0 };
    const struct ledger_listener listener = { .self = &heard, .kernel_changed = hear_kernel };
    ledger->listener = &listener;
    struct trace_event e = { .type = TRACE_KERNEL,
        .address = 3,
        .operation = MODEL_CREATE,
        .object = KERNEL_THREAD,
        .request = { .stack = BY_BETA, .size = 65536 } };
    ledger_apply(ledger, &e);
    assert_int_equal(heard.kernel[KERNEL_THREAD], 1);
    assert_int_equal(heard.component, m.beta);
    assert_int_equal(heard.stack_size, 65536);
    model_kernel(&m, MODEL_CREATE, KERNEL_MUTEX, 0x1000, BY_ALPHA);
    model_give(&m, 0x1000, 64, BY_ALPHA); // members that are NULL are not called
    model_free(&m, 0x1000);               // abandons the lock, which stays charged
    assert_int_equal(heard.kernel[KERNEL_MUTEX], 1);
    model_kernel(&m, MODEL_DESTROY, KERNEL_THREAD, 3, BY_ALPHA);
    assert_int_equal(heard.kernel[KERNEL_THREAD], 0);
    assert_int_equal(heard.stack_size, 65536);
}

// ---- sums

static void broken_sums_are_noticed(void **state) {
    (void)state;
    model_give(&m, 0x1000, 100, BY_ALPHA);
    model_kernel(&m, MODEL_CREATE, KERNEL_MUTEX, 0x9000, BY_ALPHA);
    assert_true(ledger_adds_up(ledger));
#define NOTICED(member)                                                                            \
    do {                                                                                           \
        (member)++;                                                                                \
        assert_false(ledger_adds_up(ledger));                                                      \
        (member)--;                                                                                \
        assert_true(ledger_adds_up(ledger));                                                       \
    } while (0)
    NOTICED(ledger->total.live_bytes);
    NOTICED(ledger->total.live_blocks);
    NOTICED(ledger->total.kernel[KERNEL_RWLOCK]);
    NOTICED(ledger->total.kind_bytes[LEDGER_LIBC]);
    NOTICED(ledger->rows[m.beta].live_bytes);
    NOTICED(ledger->rows[m.beta].live_blocks);
    NOTICED(ledger->rows[m.beta].kind_bytes[LEDGER_NEW]);
    NOTICED(ledger->rows[m.beta].kernel[KERNEL_MUTEX]);
    NOTICED(ledger->sites[0].live_bytes);
    NOTICED(ledger->sites[0].live_blocks);
    NOTICED(ledger->blocks.count);
    NOTICED(ledger->counts.frees);
    // Both the component's and the total's, but not the objects themselves.
    ledger->total.kernel[KERNEL_KEY]++;
    ledger->rows[m.alpha].kernel[KERNEL_KEY]++;
    assert_false(ledger_adds_up(ledger));
    ledger->total.kernel[KERNEL_KEY]--;
    ledger->rows[m.alpha].kernel[KERNEL_KEY]--;
}

static uint64_t random_state = 5;

static uint32_t random_below(uint32_t n) {
    random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return (uint32_t)((random_state >> 33) % n);
}

/// Any event, sensible or not.
static struct trace_event any_event(void) {
    static const uint64_t sizes[] = { 0, 1, 24, 4096, UINT64_C(1) << 40, UINT64_C(1) << 61,
        UINT64_C(1) << 63, UINT64_MAX };
    struct trace_event e = { .type = (uint8_t)random_below(4), .address = random_below(64) * 24 };
    if (random_below(50) == 0)
        e.address = UINT64_MAX - random_below(64);
    e.request.kind = (uint8_t)random_below(28);
    e.request.flags = random_below(8) == 0 ? RAMLENS_WIRE_FAILED : 0;
    e.request.stack = random_below(STACKS + 2);
    e.request.size = sizes[random_below(sizeof sizes / sizeof sizes[0])];
    e.operation = (uint8_t)random_below(4);
    e.object = (uint8_t)random_below(10);
    return e;
}

/// The same blocks in a list: address to size, 0 and 64 for the two ends of the address space.
struct naive {
    uint64_t size[64 * 24 + 64];
    bool lives[64 * 24 + 64];
};

static size_t naive_index(uint64_t address) {
    return address > 64 * 24 ? 64 * 24 + (size_t)(UINT64_MAX - address) : (size_t)address;
}

static void naive_apply(struct naive *n, const struct trace_event *e) {
    size_t at = naive_index(e->address);
    uint64_t others = 0;
    for (size_t i = 0; i < sizeof n->lives; i++)
        others += n->lives[i] && i != at ? n->size[i] : 0;
    if (e->type != TRACE_MEMORY)
        return;
    if (e->request.kind < RAMLENS_WIRE_FIRST_ALLOC) {
        n->lives[at] = false;
    } else if (!(e->request.flags & RAMLENS_WIRE_FAILED) && e->address != 0 &&
               e->request.size <= INT64_MAX - others) {
        n->lives[at] = true;
        n->size[at] = e->request.size;
    }
}

static void any_events_at_all_keep_all_sums(void **state) {
    (void)state;
    static struct naive naive;
    for (unsigned step = 0; step < 20000; step++) {
        struct trace_event e = any_event();
        (void)ledger_conflicts(ledger, &e);
        ledger_apply(ledger, &e);
        naive_apply(&naive, &e);
        if (!ledger_adds_up(ledger))
            fail_msg("step %u: type %u kind %u object %u", step, e.type, e.request.kind, e.object);
        uint64_t bytes = 0, blocks = 0;
        for (size_t i = 0; i < sizeof naive.lives; i++) {
            bytes += naive.lives[i] ? naive.size[i] : 0;
            blocks += naive.lives[i];
        }
        assert_row(&ledger->total, bytes, blocks);
        assert_true(ledger->total.peak_bytes >= bytes);
        if (step % 100 == 0)
            ledger_reset_peaks(ledger);
    }
    assert_true(ledger->counts.impossible > 100);
    assert_true(ledger->counts.conflicts > 100);
    assert_true(ledger->counts.foreign_frees > 100);
    assert_true(ledger->counts.abandoned > 100);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(every_kind_that_gives_adds_its_bytes),
        TEST(every_kind_that_ends_takes_them_off),
        TEST(flags_that_say_more_change_no_bytes),
        TEST(a_failure_is_counted_and_holds_nothing),
        TEST(a_failed_realloc_leaves_the_block),
        TEST(a_block_of_no_bytes_is_a_block),
        TEST(a_moving_realloc_is_one_event_and_a_new_owner),
        TEST(a_realloc_in_place_changes_size_and_owner),
        TEST(what_libc_takes_for_a_component_is_a_kind_of_its_own),
        TEST(a_lost_stack_is_unknown_with_exact_bytes),
        TEST(a_stack_beyond_the_table_is_unknown),
        TEST(a_free_of_an_unknown_block_is_counted),
        TEST(a_block_where_one_lives_takes_its_place),
        TEST(a_resize_of_an_unknown_block_makes_it_known),
        TEST(conflicts_are_told_before_they_are_taken_in),
        TEST(a_block_at_address_0_cannot_be),
        TEST(sizes_beyond_all_memory_cannot_be),
        TEST(a_resize_beyond_all_memory_leaves_the_block),
        TEST(kinds_beyond_the_known_ones_are_what_their_number_says),
        TEST(peaks_begin_anew_at_each_checkpoint),
        TEST(kernel_objects_are_counted_by_component_and_kind),
        TEST(the_end_of_an_unknown_object_changes_nothing),
        TEST(a_lock_in_a_freed_block_is_lost_but_stays_charged),
        TEST(a_moving_realloc_loses_the_locks_in_the_old_block),
        TEST(a_lock_made_twice_at_one_place_is_two),
        TEST(threads_and_keys_are_no_addresses),
        TEST(objects_beyond_the_known_ones_are_passed_over),
        TEST(operations_beyond_the_known_ones_are_passed_over),
        TEST(a_listener_hears_of_every_change),
        TEST(a_listener_hears_of_kernel_objects_with_their_stack_size),
        TEST(broken_sums_are_noticed),
        TEST(any_events_at_all_keep_all_sums),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
