/// The table of compact rules: made lazily, read without lock, inserted into by one thread at a
/// time.
///
/// An inserter only tries the lock. Who does not get it goes on with the rule it just made, so that
/// neither a signal handler nor a preempted thread can be waited for. Tables grow by copying into
/// one twice as large; the old one stays readable for who still holds it and is not given back (all
/// old tables together are smaller than the current one). Slots of forgotten rules are used again,
/// and a table that fills with them is copied into a spare one of its size, so that a program which
/// loads and unloads modules for ever needs two tables, not ever more.
#include "unwind_rules.h"

#include "unwind.h"

#include <sched.h>

enum { FIRST_BITS = 11, LAST_BITS = 24 };

_Atomic(struct unwind_rule_table *) unwind_rule_table;
static void *(*map_memory)(size_t size);
static atomic_flag inserting = ATOMIC_FLAG_INIT;
static struct unwind_rule_table *spare; ///< The previous table, or NULL; the lock holder's.
static _Atomic uint32_t forgotten;      ///< Counts unwind_rules_forget().

// ---- compacting ----

static bool fits(intptr_t bytes, unsigned bits) {
    intptr_t words = bytes / UNWIND_WORD;
    intptr_t limit = (intptr_t)1 << (bits - 1);
    return bytes % UNWIND_WORD == 0 && words >= -limit && words < limit;
}

static uint32_t words_of(intptr_t bytes) {
    return (uint32_t)(bytes / UNWIND_WORD);
}

/// Reads "register + offset", the start of the expressions that compilers use. False if the first
/// operation is not of register bp or sp.
static bool starts_with_register(struct unwind_reader *r, bool *is_bp, intptr_t *offset) {
    uint64_t op = unwind_read_fixed(r, 1); // DW_OP_breg0 + n
    *is_bp = op == 0x70 + UNWIND_BP;
    *offset = (intptr_t)unwind_read_sleb(r);
    return !r->failed && (*is_bp || op == 0x70 + UNWIND_SP);
}

/// CFA = *(register + n) + m, as written by gcc for realigned frames and by hand in assembly.
static bool compact_cfa_expression(const struct unwind_row *row, struct unwind_rule *rule) {
    struct unwind_expression e = unwind_expression_at((uintptr_t)row->cfa_value, row->module_end);
    struct unwind_reader r = { e.at, e.end, e.end == NULL };
    intptr_t n, m = 0;
    bool is_bp;
    if (!starts_with_register(&r, &is_bp, &n) || unwind_read_fixed(&r, 1) != 0x06) // DW_OP_deref
        return false;
    if (!r.failed && r.at < r.end) {
        if (unwind_read_fixed(&r, 1) != 0x23) // DW_OP_plus_uconst
            return false;
        m = (intptr_t)unwind_read_uleb(&r);
    }
    if (r.failed || r.at != r.end || !fits(n, 29) || !fits(m, 15))
        return false;
    rule->cfa = (is_bp ? UNWIND_CFA_AT_BP : UNWIND_CFA_AT_SP) | words_of(n) << 3;
    rule->saved = words_of(m) << 17;
    return true;
}

static bool compact_cfa(const struct unwind_row *row, struct unwind_rule *rule) {
    if (row->cfa_is_expression)
        return compact_cfa_expression(row, rule);
    if (!fits(row->cfa_value, 29))
        return false;
    if (row->cfa_register == UNWIND_SP)
        rule->cfa = UNWIND_CFA_SP;
    else if (row->cfa_register == UNWIND_BP)
        rule->cfa = UNWIND_CFA_BP;
    else
        return false;
    rule->cfa |= words_of(row->cfa_value) << 3;
    rule->saved = 0;
    return true;
}

/// The saved frame pointer at bp + k, as in frames that realign the stack.
static bool compact_bp_expression(const struct unwind_row *row, struct unwind_rule *rule) {
    struct unwind_expression e =
            unwind_expression_at((uintptr_t)row->value[UNWIND_BP], row->module_end);
    struct unwind_reader r = { e.at, e.end, e.end == NULL };
    intptr_t k;
    bool is_bp;
    if (!starts_with_register(&r, &is_bp, &k) || !is_bp || r.at != r.end || !fits(k, 15))
        return false;
    rule->saved |= UNWIND_BP_AT_BP | (words_of(k) & 0x7fff) << 2;
    return true;
}

static bool compact_bp(const struct unwind_row *row, struct unwind_rule *rule) {
    intptr_t k = row->value[UNWIND_BP];
    switch (row->kind[UNWIND_BP]) {
    case UNWIND_UNSET:
    case UNWIND_SAME:
        rule->saved |= UNWIND_BP_SAME;
        return true;
    case UNWIND_UNDEFINED:
        rule->saved |= UNWIND_BP_LOST;
        return true;
    case UNWIND_AT_CFA:
        rule->saved |= UNWIND_BP_AT_CFA | (words_of(k) & 0x7fff) << 2;
        return fits(k, 15);
    case UNWIND_AT_EXPRESSION:
        return compact_bp_expression(row, rule);
    default:
        return false;
    }
}

struct unwind_rule unwind_rule_of(const struct unwind_row *row) {
    struct unwind_rule rule = { UNWIND_CFA_SLOW, 0 };
    struct unwind_rule slow = rule;
    if (row->signal_frame)
        return slow;
    if (row->kind[UNWIND_RA] == UNWIND_UNDEFINED)
        return (struct unwind_rule){ UNWIND_CFA_END, 0 };
    if (row->kind[UNWIND_RA] != UNWIND_AT_CFA || row->value[UNWIND_RA] != -UNWIND_WORD)
        return slow;
    if (row->kind[UNWIND_SP] != UNWIND_UNSET)
        return slow;
    return compact_cfa(row, &rule) && compact_bp(row, &rule) ? rule : slow;
}

// ---- the table ----

void unwind_rules_init(void *(*map)(size_t size)) {
    map_memory = map;
}

static struct unwind_rule_table *new_table(uint32_t bits) {
    size_t slots = (size_t)1 << bits;
    struct unwind_rule_table *table;
    if (map_memory == NULL || bits > LAST_BITS)
        return NULL;
    table = map_memory(sizeof *table + slots * sizeof table->slots[0]);
    if (table == NULL)
        return NULL;
    table->shift = 32 - bits;
    table->mask = (uint32_t)(slots - 1);
    return table;
}

/// Writes a rule into the first slot that is free or given up. Only by who holds the lock, with a
/// free slot left, and when the key is not in the table.
static void put(struct unwind_rule_table *table, uintptr_t key, struct unwind_rule rule) {
    for (uint32_t i = unwind_rule_start(table, key);; i++) {
        struct unwind_rule_slot *slot = &table->slots[i & table->mask];
        uintptr_t found = atomic_load_explicit(&slot->key, memory_order_relaxed);
        if (found > UNWIND_KEY_GONE)
            continue;
        table->used += found == UNWIND_KEY_FREE;
        // The words must not become visible under the slot's former key: it is GONE or FREE by now,
        // and a reader that saw the former one checks the key again behind the words (release order
        // makes it see GONE if it saw one of them).
        atomic_store_explicit(&slot->cfa, rule.cfa, memory_order_release);
        atomic_store_explicit(&slot->saved, rule.saved, memory_order_release);
        atomic_store_explicit(&slot->key, key, memory_order_release);
        return;
    }
}

static uint32_t count_live(const struct unwind_rule_table *table) {
    uint32_t live = 0;
    for (uint32_t i = 0; i <= table->mask; i++) {
        const struct unwind_rule_slot *slot = &table->slots[i];
        live += atomic_load_explicit(&slot->key, memory_order_relaxed) > UNWIND_KEY_GONE;
    }
    return live;
}

/// Frees all slots of a table that is no longer current. A reader that still searches it finds
/// less, but nothing wrong.
static void clean(struct unwind_rule_table *table) {
    for (uint32_t i = 0; i <= table->mask; i++)
        atomic_store_explicit(&table->slots[i].key, UNWIND_KEY_FREE, memory_order_release);
    table->used = 0;
}

/// An empty table for the live rules of `old`, with room for as many again.
static struct unwind_rule_table *table_for(const struct unwind_rule_table *old) {
    uint32_t bits = FIRST_BITS;
    if (old != NULL) {
        bits = 32 - old->shift;
        bits += count_live(old) > old->mask / 4;
    }
    if (spare != NULL && spare->shift == 32 - bits) {
        clean(spare);
        return spare;
    }
    return new_table(bits);
}

/// Copies the live rules into a table with room; given-up slots are left behind.
static struct unwind_rule_table *grow(struct unwind_rule_table *old) {
    struct unwind_rule_table *table = table_for(old);
    if (table == NULL)
        return NULL;
    for (uint32_t i = 0; old != NULL && i <= old->mask; i++) {
        struct unwind_rule_slot *slot = &old->slots[i];
        uintptr_t key = atomic_load_explicit(&slot->key, memory_order_relaxed);
        struct unwind_rule rule;
        if (key <= UNWIND_KEY_GONE)
            continue;
        rule.cfa = atomic_load_explicit(&slot->cfa, memory_order_relaxed);
        rule.saved = atomic_load_explicit(&slot->saved, memory_order_relaxed);
        put(table, key, rule);
    }
    spare = old;
    atomic_store_explicit(&unwind_rule_table, table, memory_order_release);
    return table;
}

static bool holds(const struct unwind_rule_table *table, uintptr_t key) {
    for (uint32_t i = unwind_rule_start(table, key);; i++) {
        uintptr_t found =
                atomic_load_explicit(&table->slots[i & table->mask].key, memory_order_relaxed);
        if (found == key || found == UNWIND_KEY_FREE)
            return found == key;
    }
}

/// Keeps a rule if that can be done at once. `before`: value of `forgotten` when the rule was made;
/// a rule made before a module went must not enter after it.
static void insert(uintptr_t key, struct unwind_rule rule, uint32_t before) {
    struct unwind_rule_table *table;
    if (atomic_flag_test_and_set_explicit(&inserting, memory_order_acquire))
        return;
    table = atomic_load_explicit(&unwind_rule_table, memory_order_relaxed);
    if (table == NULL || table->used > table->mask / 2)
        table = grow(table);
    if (table != NULL && before == atomic_load_explicit(&forgotten, memory_order_relaxed) &&
            !holds(table, key))
        put(table, key, rule);
    atomic_flag_clear_explicit(&inserting, memory_order_release);
}

struct unwind_rule unwind_rule_make(uintptr_t key) {
    uint32_t before = atomic_load_explicit(&forgotten, memory_order_acquire);
    struct unwind_rule rule = { UNWIND_CFA_NONE, 0 };
    struct unwind_row row;
    if (key <= UNWIND_KEY_GONE)
        return rule;
    if (unwind_row_at(key - 1, &row))
        rule = unwind_rule_of(&row);
    else if (unwind_function_starts_at(key))
        rule.cfa = UNWIND_CFA_END;
    insert(key, rule, before);
    return rule;
}

static void lock_table(void) {
    while (atomic_flag_test_and_set_explicit(&inserting, memory_order_acquire))
        sched_yield(); // cannot fail on Linux, so errno stays
}

void unwind_rules_forget(uintptr_t low, uintptr_t high) {
    struct unwind_rule_table *table;
    lock_table();
    atomic_fetch_add_explicit(&forgotten, 1, memory_order_relaxed);
    table = atomic_load_explicit(&unwind_rule_table, memory_order_relaxed);
    for (uint32_t i = 0; table != NULL && i <= table->mask; i++) {
        struct unwind_rule_slot *slot = &table->slots[i];
        uintptr_t key = atomic_load_explicit(&slot->key, memory_order_relaxed);
        if (key > UNWIND_KEY_GONE && key > low && key <= high)
            atomic_store_explicit(&slot->key, UNWIND_KEY_GONE, memory_order_release);
    }
    atomic_flag_clear_explicit(&inserting, memory_order_release);
}

void unwind_rules_after_fork(void) {
    atomic_flag_clear_explicit(&inserting, memory_order_release);
}
