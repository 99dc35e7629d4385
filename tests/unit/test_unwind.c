// sources: integrations/linux/unwind*.c
// also: i386
//
// Walks from memory: that they are remembered, that they stay exact when memory or numbers run out,
// when modules go, threads end and processes fork. Hard stacks are for tests/programs/unwind_*.
#include "unwind.h"

#include <alloca.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define NOINLINE     __attribute__((noinline, noclone))
#define KEEP_FRAME() __asm__ volatile("" ::: "memory")

// ---- the port ----

enum { NODES = 1 << 18 };

static struct {
    uintptr_t ip;
    uint32_t outer;
} nodes[NODES];
static uint32_t node_count;
static bool numbers_fail;
static int maps_left = -1; ///< Before map fails; -1: it never does.

static void *map(size_t size) {
    void *p;
    if (maps_left == 0)
        return NULL;
    maps_left -= maps_left > 0;
    p = mmap(
            NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

/// Open addressing; numbers are indices + 1. For one thread.
static uint32_t intern(uint32_t outer, uintptr_t ip) {
    uint32_t i = ((uint32_t)ip * 0x9e3779b1U ^ outer * 0x85ebca6bU) >> 14;
    if (numbers_fail || node_count > NODES / 2)
        return 0;
    while (nodes[i].ip != 0 && (nodes[i].ip != ip || nodes[i].outer != outer))
        i = (i + 1) % NODES;
    node_count += nodes[i].ip == 0;
    nodes[i].ip = ip;
    nodes[i].outer = outer;
    return i + 1;
}

// ---- walking ----

static struct unwind_thread *self;
static unsigned wrong; ///< Walks that a full walk did not confirm.

static struct unwind_counts counts(void) {
    struct unwind_counts c;
    unwind_count(&c);
    return c;
}

/// The stack that called this, from memory and checked.
static NOINLINE uint32_t walk_by(struct unwind_thread *memory) {
    uintptr_t *frame = __builtin_frame_address(0);
    uint32_t number = unwind_stack(memory, (uintptr_t)(frame + 1), frame[0]);
    if (number != 0)
        wrong += !unwind_verify((uintptr_t)(frame + 1), frame[0], number);
    KEEP_FRAME();
    return number;
}

static NOINLINE uint32_t walk(void) {
    uint32_t number = walk_by(self);
    KEEP_FRAME();
    return number;
}

static NOINLINE uint32_t walk_from_one(void) {
    uint32_t number = walk();
    KEEP_FRAME();
    return number;
}

static NOINLINE uint32_t walk_from_two(void) {
    uint32_t number = walk();
    KEEP_FRAME();
    return number;
}

/// A walk `depth` frames further in; the sizes of the frames follow the bits of `shape`.
static NOINLINE uint32_t walk_deep(unsigned depth, uint32_t shape) {
    volatile char *block = alloca(16 + 16 * (shape & 1));
    uint32_t number;
    block[0] = 1;
    number = depth == 0 ? walk() : walk_deep(depth - 1, shape >> 1);
    KEEP_FRAME();
    return number;
}

/// Runs `test` in a child process, whose unwinder is its own. Its result must be 0.
static void assert_in_child(int (*test)(int), int argument) {
    int status = -1;
    pid_t child = fork();
    if (child == 0) {
        alarm(60);
        _exit(test(argument));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static int begin(void **state) {
    static const struct unwind_port port = { map, intern };
    (void)state;
    unwind_init(&port);
    self = unwind_thread_new(1);
    return self == NULL;
}

// ---- what is remembered ----

static void a_walk_is_remembered(void **state) {
    uint32_t numbers[3];
    struct unwind_counts before, after;
    (void)state;
    for (volatile unsigned i = 0; i < 3; i++) {
        before = counts();
        errno = 77;
        numbers[i] = walk();
        assert_int_equal(errno, 77);
        after = counts();
        assert_int_equal(after.walks - before.walks, 1);
        assert_int_equal(after.hits - before.hits, i > 0);
        assert_true(i == 0 || after.frames_walked == before.frames_walked);
        assert_true(i == 0 || after.frames_matched > before.frames_matched);
    }
    assert_int_not_equal(numbers[0], 0);
    assert_int_equal(numbers[1], numbers[0]);
    assert_int_equal(numbers[2], numbers[0]);
    assert_int_equal(wrong, 0);
}

static void callers_are_told_apart(void **state) {
    static uint32_t (*const callers[])(void) = { walk_from_one, walk_from_two };
    uint32_t numbers[2] = { 0, 0 };
    struct unwind_counts before = counts();
    (void)state;
    for (volatile unsigned i = 0; i < 20; i++) {
        uint32_t number = callers[i % 2]();
        assert_true(i < 2 || number == numbers[i % 2]);
        numbers[i % 2] = number;
    }
    assert_int_not_equal(numbers[0], numbers[1]);
    assert_int_equal(counts().hits - before.hits, 18);
    assert_int_equal(wrong, 0);
}

static NOINLINE uint32_t walk_deep_by(unsigned depth, uint32_t (*caller)(void)) {
    uint32_t number = depth == 0 ? caller() : walk_deep_by(depth - 1, caller);
    KEEP_FRAME();
    return number;
}

static void what_is_known_outside_is_not_walked_again(void **state) {
    static uint32_t (*const callers[])(void) = { walk_from_one, walk_from_two };
    struct unwind_counts before = counts(), after = before;
    (void)state;
    for (volatile unsigned i = 0; i < 2; i++) {
        before = counts();
        walk_deep_by(30, callers[i]);
        after = counts();
    }
    assert_int_equal(after.hits, before.hits);
    assert_true(after.frames_walked - before.frames_walked <= 3);
    assert_true(after.frames_matched - before.frames_matched >= 30);
    assert_int_equal(wrong, 0);
}

static void without_memory_it_is_the_same(void **state) {
    struct unwind_counts before = counts();
    uint32_t numbers[2];
    (void)state;
    for (volatile unsigned i = 0; i < 2; i++)
        numbers[i] = walk_by(i == 0 ? self : NULL);
    assert_int_equal(numbers[0], numbers[1]);
    assert_int_equal(counts().walks - before.walks, 2);
    assert_int_equal(wrong, 0);
}

static void too_deep_a_walk_is_cut(void **state) {
    static const unsigned depth[] = { 296, 296, 236, 296, 296, 236 };
    static const uint32_t shape[] = { 0, 0x5555, 0, 0, 0x5555, 0 };
    struct unwind_counts before = counts();
    uint32_t numbers[6];
    (void)state;
    for (volatile unsigned i = 0; i < 6; i++) {
        numbers[i] = walk_deep(depth[i], shape[i]);
        assert_int_equal(counts().too_deep - before.too_deep, depth[i] > UNWIND_MAX_FRAMES);
        before = counts();
        assert_true(i < 3 || numbers[i] == numbers[i - 3]);
    }
    assert_int_equal(wrong, 0);
}

static void a_wrong_number_is_found(void **state) {
    uintptr_t *frame = __builtin_frame_address(0);
    struct unwind_counts before = counts(), after;
    (void)state;
    assert_false(unwind_verify((uintptr_t)(frame + 1), frame[0], 0x7fffffff));
    after = counts();
    assert_int_equal(after.mismatches - before.mismatches, 1);
    assert_int_equal(after.verified - before.verified, 1);
}

// ---- what runs out ----

static void a_walk_without_number_is_not_remembered(void **state) {
    uint32_t number[3];
    (void)state;
    for (volatile unsigned i = 0; i < 3; i++) {
        numbers_fail = i == 0;
        number[i] = walk_deep(5, 0x1f);
    }
    assert_int_equal(number[0], 0);
    assert_int_not_equal(number[1], 0);
    assert_int_equal(number[2], number[1]);
    assert_int_equal(wrong, 0);
}

static void the_memory_is_bounded(void **state) {
    struct unwind_counts before = counts();
    uint32_t shape = 1;
    (void)state;
    for (unsigned i = 0; i < 200000 && counts().restarts == before.restarts; i++) {
        shape = shape * 1664525 + 1013904223;
        walk_deep(12, shape >> 16);
    }
    assert_true(counts().restarts > before.restarts);
    before = counts();
    for (volatile unsigned i = 0; i < 100; i++)
        walk_deep(12, i % 10);
    assert_true(counts().hits - before.hits >= 85);
    assert_int_equal(wrong, 0);
}

static int walk_with_maps(int maps) {
    uint32_t shape = 1;
    maps_left = maps;
    unwind_forget(0, UINTPTR_MAX);
    self = unwind_thread_new(2);
    for (unsigned i = 0; i < 3000; i++) {
        shape = shape * 1664525 + 1013904223;
        if (walk_deep(i % 30, shape >> 20) == 0)
            return 1;
    }
    return wrong != 0;
}

static void memory_may_run_out_anywhere(void **state) {
    (void)state;
    for (int maps = 0; maps < 24; maps++)
        assert_in_child(walk_with_maps, maps);
}

// ---- what changes ----

static void what_is_forgotten_is_walked_anew(void **state) {
    (void)state;
    for (volatile unsigned i = 0; i < 6; i++) {
        struct unwind_counts before = counts();
        if (i == 3)
            unwind_forget((uintptr_t)walk, (uintptr_t)walk + 100);
        walk();
        if (i > 0)
            assert_int_equal(counts().hits - before.hits, i != 3);
    }
    assert_int_equal(wrong, 0);
}

/// Whether a walk of a memory for `stack_high` was known already; it is given back at the end.
static NOINLINE bool is_known_to(uintptr_t stack_high) {
    struct unwind_thread *mine = self;
    struct unwind_counts before = counts(), after;
    self = unwind_thread_new(stack_high);
    walk();
    after = counts();
    unwind_thread_release(self);
    self = mine;
    return after.hits > before.hits;
}

static void a_recycled_stack_is_known(void **state) {
    static const uintptr_t high[] = { 11, 11, 12, 12, 11, 11 };
    static const bool known[] = { false, true, false, true, false, true };
    (void)state;
    for (volatile unsigned i = 0; i < 6; i++)
        assert_int_equal(is_known_to(high[i]), known[i]);
    unwind_thread_release(NULL);
    assert_int_equal(wrong, 0);
}

// ---- forks ----

static atomic_bool over;

static void *forget_for_ever(void *unused) {
    while (!over)
        unwind_forget(1, 2);
    return unused;
}

static int walk_in_child(int depth) {
    unwind_after_fork();
    unwind_forget(1, 2); // would wait for ever for a thread that is not there
    return walk_deep((unsigned)depth, 0) == 0 || wrong != 0;
}

static void a_child_is_not_held_up(void **state) {
    pthread_t thread;
    (void)state;
    pthread_create(&thread, NULL, forget_for_ever, NULL);
    for (int i = 0; i < 60; i++)
        assert_in_child(walk_in_child, i);
    over = true;
    pthread_join(thread, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_walk_is_remembered),
        cmocka_unit_test(callers_are_told_apart),
        cmocka_unit_test(what_is_known_outside_is_not_walked_again),
        cmocka_unit_test(without_memory_it_is_the_same),
        cmocka_unit_test(too_deep_a_walk_is_cut),
        cmocka_unit_test(a_wrong_number_is_found),
        cmocka_unit_test(a_walk_without_number_is_not_remembered),
        cmocka_unit_test(memory_may_run_out_anywhere),
        cmocka_unit_test(the_memory_is_bounded),
        cmocka_unit_test(what_is_forgotten_is_walked_anew),
        cmocka_unit_test(a_recycled_stack_is_known),
        cmocka_unit_test(a_child_is_not_held_up),
    };
    if (begin(NULL) != 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
