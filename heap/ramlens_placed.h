/// How `ramlens run` and the recorder inside the program that it started talk: one piece of shared memory. SPDX-License-Identifier:
/// Apache-2.0
///
/// The parent fills in the target before the program starts. The program's recorder writes what it learns (modules, call stacks) and asks
/// who owns a stack when it meets it first; the parent answers into a table that needs one load from then on.
///
/// Fixed layout: a 64-bit parent serves 32-bit programs.
#ifndef RAMLENS_PLACED_H
#define RAMLENS_PLACED_H

#include "ramlens_heaps.h"

#include <assert.h>

enum {
    RAMLENS_PLACED_VERSION = 1,
    RAMLENS_PLACED_STACKS = 1 << 20, ///< Numbers of call stacks that can be decided upon.
    RAMLENS_PLACED_MODULES = 2048,
    RAMLENS_PLACED_ASKS = 256,
    RAMLENS_PLACED_OBJECTS = 8, ///< Kinds of kernel objects, numbered as in wire/FORMAT.md.
    RAMLENS_PLACED_BLOCKS = 8,  ///< Blocks behind one.
};

#define RAMLENS_PLACED_MAGIC 0x444c504c /* "LPLD" */

/// What is done with the blocks of a call stack. Values from RAMLENS_PLACED_FIRST on: index into `asks`.
enum {
    RAMLENS_PLACED_UNKNOWN = 0,
    RAMLENS_PLACED_HOST = 1, ///< Only a host has them: the real malloc.
    RAMLENS_PLACED_FIRST = 2,
};

/// How an allocation was asked for, as far as owners and plans tell apart.
enum { RAMLENS_PLACED_CALL, RAMLENS_PLACED_NEW, RAMLENS_PLACED_KINDS };

/// One block of the target behind a kernel object.
struct ramlens_placed_block {
    uint32_t bytes;
    uint32_t running;  ///< 1: freed when the thread's function returns.
    uint32_t is_stack; ///< 1: a thread's stack: esp_pthread_set_cfg() may say otherwise.
    struct ramlens_asks asks;
};

struct ramlens_placed_object {
    uint32_t count;
    struct ramlens_placed_block blocks[RAMLENS_PLACED_BLOCKS];
};

/// A module that the program has mapped, as in the trace's module record.
struct ramlens_placed_module {
    uint64_t base;
    uint64_t low;
    uint64_t size;
    uint32_t loaded; ///< 0 once it is unmapped.
    uint32_t build_id_bytes;
    uint8_t build_id[32];
    char path[640]; ///< Empty for the program itself.
};

/// A call stack, as in the trace's stack record. Stored before its number is used.
struct ramlens_placed_stack {
    uint64_t address;
    uint32_t outer;
    uint32_t reserved;
};

/// Life of the request slot; a futex. The recorder goes from IDLE to ASKED and back from ANSWERED, the parent from ASKED to ANSWERED.
enum { RAMLENS_PLACED_IDLE, RAMLENS_PLACED_ASKED, RAMLENS_PLACED_ANSWERED };

/// The question: what to do with a stack, or, first of all, that a program image begins (its modules and stacks are numbered anew).
enum { RAMLENS_PLACED_ASK_STACK, RAMLENS_PLACED_ASK_IMAGE };

struct ramlens_placed {
    uint32_t magic;
    uint32_t version;
    uint32_t bytes;  ///< Of this struct.
    uint32_t parent; ///< Process id of who answers.

    // What the parent says beforehand.
    struct ramlens_heaps_rules rules;
    struct ramlens_placed_object objects[RAMLENS_PLACED_OBJECTS];
    uint64_t
            occupied_bytes; ///< Taken from the first region beforehand, the program's static data included.
    char target[64];
    char settings[512]; ///< "NAME=VALUE NAME=VALUE".
    char plan[1024];

    // The answers. `asks` grows, an entry is there before a decision names it.
    uint32_t asks_count;
    uint32_t closed; ///< 1: the parent answers no more.
    struct ramlens_asks asks[RAMLENS_PLACED_ASKS];

    // The question.
    uint32_t state;
    uint32_t question;
    uint32_t stack;
    uint32_t kind;
    char program[1024];     ///< Path, of RAMLENS_PLACED_ASK_IMAGE.
    uint32_t pointer_bytes; ///< Likewise.
    uint32_t reserved;

    // What the recorder tells.
    uint32_t
            failed; ///< 1: the target's heaps could not be made in the program; `failed_heap` could not.
    uint32_t failed_heap;
    uint32_t images; ///< Begun so far.
    uint32_t module_count;
    uint64_t
            unanswered; ///< Requests that were decided by the rule of malloc for want of an answer.
    uint64_t host_blocks; ///< Blocks that went to the real malloc, and their bytes.
    uint64_t host_bytes;
    uint64_t waited;  ///< Nanoseconds that threads waited for answers on stacks,
    uint64_t longest; ///< and the longest of these waits.
    struct ramlens_placed_module modules[RAMLENS_PLACED_MODULES];
    uint16_t decisions[RAMLENS_PLACED_KINDS][RAMLENS_PLACED_STACKS];
    struct ramlens_placed_stack stacks[RAMLENS_PLACED_STACKS];
};

// The same in both word sizes.
static_assert(sizeof(struct ramlens_heap_place) == 64 &&
                      offsetof(struct ramlens_heaps_rules, places) % 8 == 0 &&
                      sizeof(struct ramlens_heaps_rules) % 8 == 0,
        "the rules have one layout");
static_assert(offsetof(struct ramlens_placed, occupied_bytes) % 8 == 0 &&
                      offsetof(struct ramlens_placed, unanswered) % 8 == 0 &&
                      offsetof(struct ramlens_placed, modules) % 8 == 0 &&
                      sizeof(struct ramlens_placed_module) == 704 &&
                      offsetof(struct ramlens_placed, stacks) % 8 == 0 &&
                      sizeof(struct ramlens_placed_stack) == 16,
        "64-bit fields stand where a 64-bit compiler would put them");

#endif
