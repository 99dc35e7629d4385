/// The types of static variables, from debug information: what structs lose by their layout, and which variables are stacks of tasks.
///
/// A hole in a struct costs as often as the struct lies in memory. So structs are ranked by bytes really lost: those that no member
/// covers, times the instances among static variables (in arrays and in other structs, too), for each memory by itself. What the
/// program allocates later is not in it.
#ifndef RAMLENS_STATIC_TYPES_H
#define RAMLENS_STATIC_TYPES_H

#include "arena.h"
#include "footprint.h"
#include "str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// A struct, class or union in one memory.
struct struct_hole {
    struct str name;   ///< "rtc::Channel"; "" for one without a name.
    struct str source; ///< File of its declaration; "" when unknown.
    uint32_t line;
    uint32_t
            memory; ///< Index into footprint.memories.list; MEMORY_NONE before linking or when in none.
    bool is_writable; ///< Of data, not of constants. Before linking all there is to tell memories apart.
    uint64_t bytes;      ///< Of one instance, as is all down to spare_bits.
    uint64_t hole_bytes; ///< Between members.
    uint64_t tail_bytes; ///< Behind the last.
    uint32_t holes;
    uint64_t spare_bits; ///< Of bytes that bit-fields use in part; not counted as lost.
    uint64_t instances;  ///< Static ones; alternatives of unions included.
    uint64_t
            lost_bytes; ///< Of all of them: hole and tail times instances, less what heirs and alternatives of unions use.
    uint32_t item; ///< Index into footprint.items: the variable that loses most by it.
};

/// Why a variable is taken for a stack, or what belongs to one.
enum task_stack_by {
    TASK_STACK_BY_TYPE, ///< Its elements' type is that of stacks.
    TASK_STACK_BY_NAME, ///< Its name sounds like it, and it is large enough: a guess.
    TASK_STACK_CONTROL  ///< Its type is that of a task's control block.
};

struct task_stack {
    uint32_t item;     ///< Index into footprint.items.
    struct str type;   ///< Of an element; "" when unknown.
    uint64_t elements; ///< Of an array; else 1.
    enum task_stack_by by;
};

/// Which variables are stacks of tasks; globs. Lists end with NULL.
struct task_stack_rules {
    const char *const *types;
    const char *const *controls;
    const char *const *names;
    uint64_t least_bytes; ///< Of one found by its name alone.
};
/// What FreeRTOS and Zephyr call them (FreeRTOS-Kernel include/FreeRTOS.h and portable/*/portmacro.h, zephyr include/zephyr/kernel/thread.h), names with
/// "stack" in them, and 256 bytes, less than which no task runs in.
extern const struct task_stack_rules task_stack_usual;

struct static_types {
    struct {
        struct struct_hole *at;
        size_t len, room;
    } holes; ///< Of structs that lose something; most lost bytes first.
    struct {
        struct task_stack *at;
        size_t len, room;
    } stacks;                ///< Most bytes first.
    uint64_t lost_bytes;     ///< Sum of all holes.
    uint64_t variable_bytes; ///< Of the static variables that debug information knows.
    uint32_t variables;
    uint32_t
            unknown; ///< Of those, variables whose types are not known to their end: they may lose more than is said.
    uint32_t without_debug; ///< Programs and objects that say nothing of types.
};

/// Reads the debug information of all programs and objects of `f`. Items that a linker drops (duplicate, dropped) are not
/// counted, nor are thread-local variables of objects, whose place is not known before linking. Results live in `a`. Cost: linear
/// in the debug information.
void static_types_read(struct arena *a, struct footprint *f, const struct task_stack_rules *rules,
        struct static_types *out);

#endif
