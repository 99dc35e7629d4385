/// Which standard container holds how much in which class, at each checkpoint and at its highest.
///
/// Requested bytes, of whatever kind: what the program asked for while a container's own code (model/containers.h) stood between the request
/// and the owner. A class is that of the owner's function; a function of no class stands for itself.
#ifndef RAMLENS_CONTAINER_TABLE_H
#define RAMLENS_CONTAINER_TABLE_H

#include "arena.h"
#include "estimates.h"
#include "ledger.h"
#include "map64.h"
#include "str.h"
#include "vec.h"

#include <stdbool.h>
#include <stdint.h>

struct container_amount {
    uint64_t bytes, blocks;
};

struct container_row {
    struct str owner; ///< Class; of a row that is wanted and holds nothing the glob.
    struct str type;
    uint32_t component;
    bool wanted;
    struct container_amount live;
    struct container_amount peak; ///< When its bytes were highest.
    struct container_amount *at;  ///< By checkpoint.
};

/// Start with container_table_init(), let the run tell its changes, then container_table_finish().
struct container_table {
    VEC(struct container_row) rows; ///< After finish: those that are wanted, then by peak.
    uint32_t checkpoint_count;
    struct arena *a; ///< Private, as is the rest.
    struct owners *owners;
    uint32_t *row_of_stack; ///< Row + 1; 0: not looked at yet; NO_ROW: no container.
    struct map64 index;     ///< Hash of class, type and component to row + 1.
    VEC(struct container_amount)
    copies;               ///< Of all rows at each checkpoint, one checkpoint behind the other.
    VEC(uint32_t) copied; ///< Rows that there were.
};

void container_table_init(struct container_table *t, struct arena *a, struct owners *owners);

/// To be told of each change of the ledger, and at each checkpoint. Constant time; the first block of a stack costs a look at its frames.
void container_table_born(struct container_table *t, const struct block *b);
void container_table_gone(struct container_table *t, const struct block *b);
void container_table_checkpoint(struct container_table *t);

/// After the run: rows that are wanted are marked, or added with zeros.
void container_table_finish(
        struct container_table *t, const struct estimate_holder *wanted, uint32_t wanted_count);

#endif
