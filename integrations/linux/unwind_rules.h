/// Compact unwinding rules, one per return address, made when first needed and kept for all
/// threads.
///
/// A *key* names a place in code: the address of the instruction to look up, plus one. For a frame
/// that called, that is its return address itself (the call ends at return address - 1); for a
/// frame that a signal interrupted it is its instruction pointer + 1.
///
/// The table is insert-only for its readers: a look-up takes no lock, waits for nobody and may run
/// in a signal handler in the middle of an insertion. It grows with the number of distinct keys;
/// memory comes from the port's map. A rule that cannot be stored is simply made again at the next
/// look-up.
#ifndef RAMLENS_UNWIND_RULES_H
#define RAMLENS_UNWIND_RULES_H

#include "unwind_dwarf.h"

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/// How the CFA is found. All but SP and BP need a read or more.
enum unwind_cfa {
    UNWIND_CFA_NONE,  ///< No usable rule: the walk is cut.
    UNWIND_CFA_END,   ///< The outermost frame.
    UNWIND_CFA_SLOW,  ///< See unwind_slow.h.
    UNWIND_CFA_SP,    ///< sp + n.
    UNWIND_CFA_BP,    ///< bp + n.
    UNWIND_CFA_AT_SP, ///< *(sp + n) + m.
    UNWIND_CFA_AT_BP, ///< *(bp + n) + m: frames that realign the stack.
};

/// Where the caller's frame pointer register is.
enum unwind_saved_bp {
    UNWIND_BP_SAME,   ///< Still in the register.
    UNWIND_BP_AT_CFA, ///< At CFA + k.
    UNWIND_BP_AT_BP,  ///< At bp + k: frames that realign the stack.
    UNWIND_BP_LOST,   ///< Not known.
};

/// A rule in eight bytes; all offsets in words. The return address is at CFA - word always; what
/// does not fit is UNWIND_CFA_SLOW.
struct unwind_rule {
    uint32_t cfa;   ///< Bits 0-2 enum unwind_cfa, 3-31 n, signed.
    uint32_t saved; ///< Bits 0-1 enum unwind_saved_bp, 2-16 k, 17-31 m, both signed.
};

static inline enum unwind_cfa unwind_rule_kind(struct unwind_rule rule) {
    return (enum unwind_cfa)(rule.cfa & 7);
}

/// n in bytes, as an unsigned number to add.
static inline uintptr_t unwind_rule_n(struct unwind_rule rule) {
    return (uintptr_t)((intptr_t)((int32_t)rule.cfa >> 3) * UNWIND_WORD);
}

static inline enum unwind_saved_bp unwind_rule_bp(struct unwind_rule rule) {
    return (enum unwind_saved_bp)(rule.saved & 3);
}

static inline uintptr_t unwind_rule_k(struct unwind_rule rule) {
    return (uintptr_t)((intptr_t)((int32_t)(rule.saved << 15) >> 17) * UNWIND_WORD);
}

static inline uintptr_t unwind_rule_m(struct unwind_rule rule) {
    return (uintptr_t)((intptr_t)((int32_t)rule.saved >> 17) * UNWIND_WORD);
}

/// Sets where memory comes from. `map` as in struct unwind_port; NULL: keep no rules.
void unwind_rules_init(void *(*map)(size_t size));

/// The rule for a key. A nanosecond or two when it is in the table, some microseconds when it is
/// made.
static inline struct unwind_rule unwind_rule_for(uintptr_t key);

/// Drops the rules with low < key <= high, that is for code in [low, high). Waits for a thread that
/// is inserting; not for signal handlers.
void unwind_rules_forget(uintptr_t low, uintptr_t high);

/// In the child of a fork: gives up the insertion that another thread of the parent may have been
/// in.
void unwind_rules_after_fork(void);

/// Compacts a row; never fails (UNWIND_CFA_SLOW covers the rest). For the table and for tests.
struct unwind_rule unwind_rule_of(const struct unwind_row *row);

// ---- the table, visible only so that a look-up can be inlined ----

/// `key`: 0 free, 1 given up (may be filled again), else the key. The rule's words are written
/// before the key and checked after: a reader that finds its key unchanged behind them has read its
/// rule.
struct unwind_rule_slot {
    _Atomic uintptr_t key;
    _Atomic uint32_t cfa;
    _Atomic uint32_t saved;
};

struct unwind_rule_table {
    uint32_t shift; ///< Of a hash, to an index.
    uint32_t mask;  ///< Number of slots - 1.
    uint32_t used;  ///< Slots not free; written by the inserter.
    struct unwind_rule_slot slots[];
};

enum { UNWIND_KEY_FREE = 0, UNWIND_KEY_GONE = 1 };

extern _Atomic(struct unwind_rule_table *) unwind_rule_table;

/// The way of a key that the table does not hold: makes the rule and tries to insert it.
struct unwind_rule unwind_rule_make(uintptr_t key);

/// Where the search for a key starts: Fibonacci hashing, the high bits of a product (Knuth, The Art
/// of Computer Programming, volume 3, section 6.4).
static inline uint32_t unwind_rule_start(const struct unwind_rule_table *table, uintptr_t key) {
    return (uint32_t)((uint32_t)key * 0x9e3779b1U) >> table->shift;
}

static inline struct unwind_rule unwind_rule_for(uintptr_t key) {
    struct unwind_rule_table *table =
            atomic_load_explicit(&unwind_rule_table, memory_order_acquire);
    if (table == NULL)
        return unwind_rule_make(key);
    for (uint32_t i = unwind_rule_start(table, key);; i++) {
        struct unwind_rule_slot *slot = &table->slots[i & table->mask];
        uintptr_t found = atomic_load_explicit(&slot->key, memory_order_acquire);
        if (found == key) {
            struct unwind_rule rule;
            rule.cfa = atomic_load_explicit(&slot->cfa, memory_order_acquire);
            rule.saved = atomic_load_explicit(&slot->saved, memory_order_acquire);
            if (atomic_load_explicit(&slot->key, memory_order_relaxed) == key)
                return rule;
        }
        if (found == UNWIND_KEY_FREE)
            return unwind_rule_make(key);
    }
}

#endif
