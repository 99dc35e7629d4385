/// `plan`, in parts: private to cmd_plan.c and the plan_*.c files.
#ifndef RAMLENS_PLAN_PARTS_H
#define RAMLENS_PLAN_PARTS_H

#include "accesses.h"
#include "answer_static_moves.h"
#include "choose.h"
#include "cmd.h"
#include "lots.h"
#include "plan_write.h"
#include "replay_setup.h"

#include <jansson.h>

struct plan_work {
    struct cmd_context *ctx;
    struct replay_setup setup;
    struct plan base; ///< What the user's lines say, stacks moved if asked.
    struct plan stock;
    struct lots lots;
    struct trial_bench bench;
    struct choose choose;
    const char *dhat; ///< Path; NULL: none.
    struct accesses accesses;
    struct str goal;   ///< In the words of the command line.
    struct str region; ///< As the user said it.
    bool moves_stacks, moves_statics;
    struct static_moves
            statics;      ///< What a linker could put elsewhere, and no line of the user's decides.
    const char *update;   ///< Path of the file to be rewritten; NULL: none.
    struct str kept;      ///< Its text; "" without one. A line for stacks is in it already.
    struct str file;      ///< The text of the plan.
    struct plan plan;     ///< Read from it.
    struct replay replay; ///< Of it, with cells.
    struct plan_rewritten rewritten;
};

/// The goal of the command line into `w->choose` and `w->bench`. False with a message.
bool plan_goal(struct plan_work *w);

/// The text of the plan, read back and replayed, then with what it promises in its head. False with a message.
bool plan_draft_make(struct plan_work *w);

/// The line of a plan that `rule` is, without what stands below it: "class rtc::Track psram". In the arena.
const char *plan_rule_words(const struct plan_work *w, const struct lot_rule *rule);

/// What is known of the lots that move by a step, and what is not, one line each. In the arena.
struct str plan_evidence(const struct plan_work *w, const struct choose_step *s);
/// One line: why it moves.
struct str plan_reason_of(const struct plan_work *w, const struct choose_step *s);

enum { PLAN_STATIC_LEAST = 512 }; ///< Bytes that a line for static data must win.

/// A line for static data into a plan's text, if it is worth one.
void plan_static_add(struct plan_work *w, struct conf *c, const struct static_move *move);
/// What could go by such lines, or goes.
void plan_statics_text(const struct plan_work *w, struct text *out);
json_t *plan_statics_json(const struct plan_work *w);

void plan_text(struct plan_work *w, struct text *out);
void plan_json(struct plan_work *w);

/// A row of what stays in internal memory, for both outputs.
struct plan_stay {
    uint32_t component;
    uint64_t kernel, stack, heap[LEDGER_KIND_COUNT];
    uint64_t cost; ///< Of all of these, headers and rounding included.
};

/// By component, largest first, at the checkpoint that the goal speaks of; those that hold nothing left out. Returns their number.
uint32_t plan_stays(struct plan_work *w, struct plan_stay **out);

#endif
