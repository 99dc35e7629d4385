// sources: integrations/linux/unwind*.c
// also: i386
//
// Rules: what a row is compacted to, the table they are kept in, and call frame information that is
// damaged.
#include "unwind_rules.h"

#include <link.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

enum { W = UNWIND_WORD };

/// Opcodes: register bp or sp plus offset, dereference, add.
enum { BREG_BP = 0x70 + UNWIND_BP, BREG_SP = 0x70 + UNWIND_SP, DEREF = 0x06, PLUS = 0x23 };

static struct unwind_row plain_row(void) {
    struct unwind_row row = { .cfa_register = UNWIND_SP, .cfa_value = 2 * W };
    row.kind[UNWIND_RA] = UNWIND_AT_CFA;
    row.value[UNWIND_RA] = -W;
    return row;
}

/// Makes the CFA of `row` the expression in `bytes`, which begin with its length.
static void set_expression(struct unwind_row *row, const uint8_t *bytes) {
    row->cfa_is_expression = true;
    row->cfa_value = (intptr_t)bytes;
    row->module_end = bytes + 1 + bytes[0];
}

static void a_row_becomes_a_rule(void **state) {
    struct unwind_row row = plain_row();
    struct unwind_rule rule = unwind_rule_of(&row);
    (void)state;
    assert_int_equal(unwind_rule_kind(rule), UNWIND_CFA_SP);
    assert_int_equal(unwind_rule_n(rule), 2 * W);
    assert_int_equal(unwind_rule_bp(rule), UNWIND_BP_SAME);
    row.cfa_register = UNWIND_BP;
    row.cfa_value = -100 * W;
    row.kind[UNWIND_BP] = UNWIND_AT_CFA;
    row.value[UNWIND_BP] = -16384 * W;
    rule = unwind_rule_of(&row);
    assert_int_equal(unwind_rule_kind(rule), UNWIND_CFA_BP);
    assert_int_equal((intptr_t)unwind_rule_n(rule), -100 * W);
    assert_int_equal(unwind_rule_bp(rule), UNWIND_BP_AT_CFA);
    assert_int_equal((intptr_t)unwind_rule_k(rule), -16384 * W);
    row.kind[UNWIND_BP] = UNWIND_UNDEFINED;
    assert_int_equal(unwind_rule_bp(unwind_rule_of(&row)), UNWIND_BP_LOST);
}

static void a_realigned_frame_becomes_a_rule(void **state) {
    static const uint8_t cfa[] = { 3, BREG_BP, 0x78, DEREF }; // *(bp - 8)
    static const uint8_t cfa_plus[] = { 6, BREG_SP, 0xf8, 0x00, DEREF, PLUS,
        16 };                                      // *(sp + 120) + 16
    static const uint8_t bp[] = { 2, BREG_BP, 0 }; // at bp
    struct unwind_row row = plain_row();
    struct unwind_rule rule;
    (void)state;
    set_expression(&row, cfa);
    row.kind[UNWIND_BP] = UNWIND_AT_EXPRESSION;
    row.value[UNWIND_BP] = (intptr_t)bp;
    row.module_end = bp + sizeof bp > cfa + sizeof cfa ? bp + sizeof bp : cfa + sizeof cfa;
    rule = unwind_rule_of(&row);
    assert_int_equal(unwind_rule_kind(rule), UNWIND_CFA_AT_BP);
    assert_int_equal((intptr_t)unwind_rule_n(rule), -8);
    assert_int_equal(unwind_rule_bp(rule), UNWIND_BP_AT_BP);
    assert_int_equal(unwind_rule_k(rule), 0);
    row = plain_row();
    set_expression(&row, cfa_plus);
    rule = unwind_rule_of(&row);
    assert_int_equal(unwind_rule_kind(rule), UNWIND_CFA_AT_SP);
    assert_int_equal(unwind_rule_n(rule), 120);
    assert_int_equal(unwind_rule_m(rule), 16);
}

static void assert_slow(const struct unwind_row *row) {
    assert_int_equal(unwind_rule_kind(unwind_rule_of(row)), UNWIND_CFA_SLOW);
}

static void what_does_not_fit_is_slow(void **state) {
    static const uint8_t other_register[] = { 3, 0x70, 0, DEREF };
    static const uint8_t longer[] = { 4, BREG_BP, 0, DEREF, DEREF };
    static const uint8_t too_long[] = { 3, BREG_BP, 0, DEREF };
    struct unwind_row row = plain_row();
    (void)state;
    row.signal_frame = true;
    assert_slow(&row);
    row = plain_row();
    row.cfa_register = 0;
    assert_slow(&row);
    row = plain_row();
    row.cfa_value = 2 * W + 1;
    assert_slow(&row);
    row = plain_row();
    row.value[UNWIND_RA] = -2 * W;
    assert_slow(&row);
    row = plain_row();
    row.kind[UNWIND_SP] = UNWIND_AT_CFA;
    assert_slow(&row);
    row = plain_row();
    row.kind[UNWIND_BP] = UNWIND_AT_CFA;
    row.value[UNWIND_BP] = -16385 * W;
    assert_slow(&row);
    row = plain_row();
    set_expression(&row, other_register);
    assert_slow(&row);
    set_expression(&row, longer);
    assert_slow(&row);
    set_expression(&row, too_long);
    row.module_end--;
    assert_slow(&row);
}

static void an_undefined_return_address_is_the_end(void **state) {
    struct unwind_row row = plain_row();
    (void)state;
    row.kind[UNWIND_RA] = UNWIND_UNDEFINED;
    assert_int_equal(unwind_rule_kind(unwind_rule_of(&row)), UNWIND_CFA_END);
}

// ---- the table ----

static unsigned maps;
static bool map_fails;

static void *map(size_t size) {
    void *p;
    if (map_fails)
        return NULL;
    maps++;
    p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

enum { PLACES = 6000 };

/// Addresses all over the C library's code around qsort.
static uintptr_t place(unsigned i) {
    return (uintptr_t)qsort + i * 13U;
}

static struct unwind_rule fresh_rule(uintptr_t key) {
    struct unwind_row row;
    struct unwind_rule none = { UNWIND_CFA_NONE, 0 };
    return unwind_row_at(key - 1, &row) ? unwind_rule_of(&row) : none;
}

static unsigned count_wrong(void) {
    unsigned wrong = 0;
    for (unsigned i = 0; i < PLACES; i++) {
        struct unwind_rule kept = unwind_rule_for(place(i)), fresh = fresh_rule(place(i));
        // Where a function's first byte is asked for as a return address, the table says
        // "outermost".
        if (unwind_rule_kind(kept) == UNWIND_CFA_END && unwind_rule_kind(fresh) == UNWIND_CFA_NONE)
            continue;
        wrong += kept.cfa != fresh.cfa || kept.saved != fresh.saved;
    }
    return wrong;
}

static void rules_are_made_without_memory(void **state) {
    (void)state;
    unwind_rules_init(NULL);
    assert_int_equal(count_wrong(), 0);
    map_fails = true;
    unwind_rules_init(map);
    assert_int_equal(count_wrong(), 0);
    map_fails = false;
}

static void the_table_grows_and_keeps(void **state) {
    unsigned before;
    (void)state;
    unwind_rules_init(map);
    assert_int_equal(count_wrong(), 0);
    before = maps;
    assert_true(before > 1);
    assert_int_equal(count_wrong(), 0);
    assert_int_equal(maps, before);
    assert_int_equal(unwind_rule_kind(unwind_rule_for(0)), UNWIND_CFA_NONE);
    assert_int_equal(unwind_rule_kind(unwind_rule_for(1)), UNWIND_CFA_NONE);
    assert_int_equal(unwind_rule_kind(unwind_rule_for(UINTPTR_MAX)), UNWIND_CFA_NONE);
}

/// A rule that is not what it should be, to see whether it is asked for again.
static void spoil(uintptr_t key) {
    struct unwind_rule_table *rules = unwind_rule_table;
    for (uint32_t i = 0; i <= rules->mask; i++) {
        if (rules->slots[i].key == key)
            rules->slots[i].cfa = UNWIND_CFA_END;
    }
}

static void forgetting_is_exact(void **state) {
    uintptr_t low = place(100), high = place(200);
    (void)state;
    for (unsigned i = 0; i < PLACES; i++)
        spoil(place(i));
    unwind_rules_forget(low, high);
    for (unsigned i = 0; i < PLACES; i++) {
        struct unwind_rule rule = unwind_rule_for(place(i)), fresh = fresh_rule(place(i));
        bool forgotten = place(i) > low && place(i) <= high;
        if (unwind_rule_kind(fresh) != UNWIND_CFA_NONE && unwind_rule_kind(fresh) != UNWIND_CFA_END)
            assert_int_equal(unwind_rule_kind(rule) != UNWIND_CFA_END, forgotten);
    }
    unwind_rules_forget(0, UINTPTR_MAX);
    assert_int_equal(count_wrong(), 0);
}

static void forgetting_for_ever_needs_no_more_memory(void **state) {
    unsigned before = 0;
    (void)state;
    for (unsigned round = 0; round < 100; round++) {
        for (unsigned i = 0; i < 500; i++)
            (void)unwind_rule_for(place(round * 37 + i) + round);
        unwind_rules_forget(0, UINTPTR_MAX);
        if (round == 30)
            before = maps;
    }
    assert_int_equal(maps, before);
}

static void *look_up(void *wrong) {
    for (unsigned round = 0; round < 20; round++)
        *(unsigned *)wrong += count_wrong();
    return NULL;
}

static void threads_agree_while_one_forgets(void **state) {
    enum { THREADS = 3 };
    pthread_t threads[THREADS];
    unsigned wrong[THREADS] = { 0 };
    (void)state;
    for (unsigned i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, look_up, &wrong[i]);
    for (unsigned i = 0; i < 300; i++)
        unwind_rules_forget(place(i * 20 % PLACES), place(i * 20 % PLACES + 900));
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(wrong[i], 0);
    }
}

// ---- damage ----

/// The search table of this program, and the end of the segment that holds it and the entries.
static uint8_t *table;
static uint8_t *segment_end;

static int find_table(struct dl_phdr_info *info, size_t size, void *unused) {
    (void)size;
    (void)unused;
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        if (info->dlpi_phdr[i].p_type == PT_GNU_EH_FRAME)
            table = (uint8_t *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
    }
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        uintptr_t start = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
        uintptr_t end = start + info->dlpi_phdr[i].p_filesz;
        if (info->dlpi_phdr[i].p_type == PT_LOAD && start <= (uintptr_t)table &&
                end > (uintptr_t)table)
            segment_end = (uint8_t *)end;
    }
    return 1; // the program itself comes first
}

static void write_enabled(bool enabled) {
    uintptr_t low = (uintptr_t)table & ~(uintptr_t)4095;
    mprotect((void *)low, (uintptr_t)segment_end - low, PROT_READ | (enabled ? PROT_WRITE : 0));
}

/// Looks up some of this program's functions; what comes out does not matter, that it ends does.
static unsigned look_around(void) {
    unsigned found = 0;
    struct unwind_row row;
    for (unsigned i = 0; i < 8; i++)
        found += unwind_row_at((uintptr_t)a_row_becomes_a_rule + i * 500, &row) &&
                 unwind_rule_of(&row).cfa != UNWIND_CFA_NONE;
    return found;
}

/// Bytes of the search table, and of the entries behind it, one after the other. Only those of this
/// module matter to the code under test, and nothing else of this program unwinds.
static void damaged_information_does_no_harm(void **state) {
    static const uint8_t damages[] = { 0x00, 0xff, 0x80, 0x7f, 0x0a, 0x0f };
    unsigned sound;
    (void)state;
    dl_iterate_phdr(find_table, NULL);
    write_enabled(true);
    sound = look_around();
    assert_true(sound > 4);
    for (uint8_t *byte = table; byte < segment_end; byte++) {
        uint8_t whole = *byte;
        for (unsigned d = 0; d < sizeof damages; d++) {
            *byte = damages[d];
            look_around();
        }
        *byte = whole;
    }
    assert_int_equal(look_around(), sound);
    write_enabled(false);
}

/// Without its table the same rows are found entry by entry.
static void a_missing_table_is_done_without(void **state) {
    uint8_t encoding = table[3];
    unsigned sound = look_around();
    (void)state;
    write_enabled(true);
    table[3] = 0xff;
    assert_int_equal(look_around(), sound);
    table[3] = encoding;
    write_enabled(false);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_becomes_a_rule),
        cmocka_unit_test(a_realigned_frame_becomes_a_rule),
        cmocka_unit_test(what_does_not_fit_is_slow),
        cmocka_unit_test(an_undefined_return_address_is_the_end),
        cmocka_unit_test(rules_are_made_without_memory),
        cmocka_unit_test(the_table_grows_and_keeps),
        cmocka_unit_test(forgetting_is_exact),
        cmocka_unit_test(forgetting_for_ever_needs_no_more_memory),
        cmocka_unit_test(threads_agree_while_one_forgets),
        cmocka_unit_test(damaged_information_does_no_harm),
        cmocka_unit_test(a_missing_table_is_done_without),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
