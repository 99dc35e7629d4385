/// A chip with its RTOS, read from a file in `targets/`: its memories, what is reserved, the rules
/// of its heap, the price of its kernel objects. Nothing about any chip is in code; docs/targets.md
/// is the manual of the file.
///
/// All sizes are bytes of the target, all addresses the target's. Everything lives as long as the
/// arena given to target_load() and is constant afterwards.
#ifndef RAMLENS_TARGET_H
#define RAMLENS_TARGET_H

#include "arena.h"
#include "err.h"
#include "str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// No such region, request, heap.
#define TARGET_NONE UINT32_MAX

enum {
    TARGET_PRIORITIES = 3,   ///< Of heap capabilities, tried in order.
    TARGET_CLASSES = 4,      ///< At most: sizes of heap that differ in their number of lists.
    TARGET_REGIONS_MAX = 16, ///< At most: regions of a target.
    TARGET_WINDOWS_MAX = 64, ///< At most: addresses at which memories are seen.
};

struct target_words {
    const struct str *at;
    uint32_t count;
};

/// Something the user may choose, and what was chosen.
struct target_parameter {
    struct str name;             ///< As in the option NAME=VALUE.
    struct str about;            ///< A few words; may be empty.
    struct str *values;          ///< Name of each value.
    struct target_words *others; ///< Other ways to write each value; NULL for a number.
    uint32_t value_count;
    uint32_t chosen;     ///< Index into `values`.
    uint32_t by_default; ///< What it would be, had the user not said.
    struct str
            price; ///< What one pays for the value that leaves most memory; "": it is no choice, or not known.
    bool is_setting; ///< One of many that are rarely chosen: said only when it was.
    bool is_number;  ///< Any number from `least` to `most`; `values` has the chosen one alone.
    uint64_t least;
    uint64_t most;
    uint64_t default_number;
};

/// A named bit, or a named set of bits, of what a heap offers and a request asks for.
struct target_capability {
    struct str name;
    uint32_t mask;
};

/// A range of a region that is no heap (reserved), or that a heap has only from some moment (lent).
struct target_range {
    struct str name;  ///< One word, for programs.
    struct str about; ///< For people.
    struct str
            until; ///< Lent ranges: the moment from which a heap has it. Empty: reserved for ever.
    struct str source; ///< Where the numbers come from: the comment of the line in the file.
    uint64_t start;
    uint64_t bytes;
};

/// One heap, as the target's RTOS registers it: reserved ranges are cut out, neighbours are joined.
struct target_heap {
    struct str name;                    ///< Name the target gives this kind of heap.
    struct str source;                  ///< Comment of its line.
    uint32_t region;                    ///< Index of its region.
    uint32_t offers[TARGET_PRIORITIES]; ///< Capability bits by priority.
    uint32_t offers_any;                ///< Union of the above.
    uint64_t start;                     ///< 0 for a carved one, which has no fixed place.
    uint64_t bytes;                     ///< Before static data is taken off.
    bool late;                          ///< Not usable before the main task begins.
    bool added;                         ///< Registered at run time, hence at the head of the list.
    bool carved;         ///< Lies inside another heap: must not be added to its region's sum.
    uint32_t carve_asks; ///< Capability bits by which a carved one's block is asked for.
};

/// Kinds of static data, as bits: what a build can have a linker put somewhere.
enum target_static {
    TARGET_STATIC_CODE = 1,
    TARGET_STATIC_CONSTANT = 2,
    TARGET_STATIC_DATA = 4,
    TARGET_STATIC_ZERO = 8,
};

/// Addresses at which a memory is seen.
struct target_window {
    uint64_t start;
    uint64_t bytes;
    uint32_t memory; ///< Index of a region, or TARGET_REGIONS_MAX + index of a store.
    uint64_t main;   ///< The same bytes' address where they are counted.
    bool is_shared;  ///< Two memories are seen here: it decides before any memory's own addresses.
    struct str *sections; ///< Globs of the output sections that are there; none: any section.
    uint32_t section_count;
};

/// A memory without a heap: flash, ROM.
struct target_store {
    struct str name;  ///< One word: `flash`.
    struct str about; ///< For people.
    struct str source;
    uint64_t start;
    uint64_t bytes;
    uint32_t holds;   ///< Bits of enum target_static.
    struct str price; ///< What lying here costs; "" not known.
};

/// One memory. Its reserved ranges and its heaps (carved ones aside) fill it to the byte.
struct target_region {
    struct str name;  ///< One word: `internal`, `psram`.
    struct str about; ///< For people.
    uint64_t start;
    uint64_t bytes;
    struct target_range *reserved; ///< By address.
    uint32_t reserved_count;
    struct target_range *lent; ///< In file order; parts of heaps, not to be added to the sum.
    uint32_t lent_count;
    uint64_t reserved_bytes; ///< Sum of `reserved`.
    uint64_t heap_bytes;     ///< Sum of its heaps: bytes - reserved_bytes.
    uint32_t main_heap;      ///< Index of its largest heap; TARGET_NONE when it has none.
    struct str price;        ///< What lying here costs; "" nothing.
    uint32_t holds;          ///< Static data that a build can put here: bits of enum target_static.
};

/// Second-level lists that a heap has, by its size.
struct target_class {
    uint32_t lists; ///< A power of two.
    uint64_t up_to; ///< Largest heap, less its descriptor; UINT64_MAX in the last.
};

/// Constants of a heap; heap_cost.h computes with them.
struct target_allocator {
    bool first_fit; ///< FreeRTOS's heap_4.c and heap_5.c: no classes, no control block. Else ESP-IDF's TLSF.
    uint32_t alignment;          ///< Of payloads, a power of two.
    uint32_t header_bytes;       ///< Before each used block.
    uint32_t least_bytes;        ///< Smallest payload.
    uint32_t ends_bytes;         ///< First header and end sentinel of a heap.
    uint32_t descriptor_bytes;   ///< At the start of a heap.
    uint32_t record_bytes;       ///< Of the RTOS's list of heaps, for each heap.
    uint32_t control_bytes;      ///< Fixed part of the control block,
    uint32_t control_row_bytes;  ///< for each first-level row,
    uint32_t control_list_bytes; ///< for each list.
    bool rounds_block; ///< A block is as large as its size class; false: only the search rounds up.
    uint32_t poisoning;    ///< 0 none, 1 light, 2 comprehensive: canaries around each block.
    uint32_t poison_bytes; ///< What they take.
    uint32_t class_count;
    struct target_class classes[TARGET_CLASSES]; ///< By ascending `up_to`.
};

/// What the target's malloc asks the heaps for.
struct target_malloc {
    uint64_t up_to;      ///< Largest request that asks for `small`.
    uint32_t small_asks; ///< Capability bits.
    uint32_t large_asks;
    uint32_t again_asks; ///< Second try after a failure.
};

/// Requests that must not share a cache line with anything: their blocks are aligned and rounded to it.
struct target_lines_rule {
    uint32_t asks;   ///< Capability bits of which any makes a request one of them; 0: no such rule.
    uint32_t strips; ///< Of these, those that ask for nothing else.
    uint32_t external_asks;  ///< A request with these goes to external memory and its lines,
    uint32_t external_drops; ///< without these bits.
    uint32_t internal_bytes; ///< A line of internal memory.
    uint32_t external_bytes;
};

/// A way to insist on a memory: the words a plan may use.
struct target_request {
    struct str name;
    uint32_t asks; ///< Capability bits.
};

/// A library that insists on a memory whatever the rule of malloc, unless a plan says otherwise.
struct target_insistence {
    struct str component;
    struct str source; ///< Comment of its line: the option that says so.
    uint32_t request;  ///< Index into `requests`.
};

/// Who asks for a block of a kernel object.
enum target_memory {
    TARGET_MALLOC, ///< Plain malloc: the rule decides.
    TARGET_SYSTEM, ///< The kernel, by its own request.
    TARGET_STACK,  ///< A thread's stack; its size and place are the plan's.
};

/// A block behind a kernel object.
struct target_block {
    struct str name;
    struct str source;
    uint64_t bytes; ///< Asked of the allocator; for a stack the target's default.
    enum target_memory memory;
    bool running; ///< Freed when the thread's function returns; the rest when it is joined.
};

/// A kernel object and all its blocks, those of the objects it holds included.
struct target_object {
    struct str name;
    struct str source;
    bool lazy; ///< A statically initialised one costs nothing before its first use.
    struct target_block *blocks;
    uint32_t block_count;
};

/// A task that the RTOS starts by itself; a host run has none of them.
struct target_task {
    struct str name;
    struct str source;
    uint64_t stack_bytes;
    uint32_t count;
    bool always; ///< False: only when the program uses what it serves.
};

/// What a line of a project's configuration says about a parameter.
struct target_kconfig {
    struct str symbol;  ///< Without CONFIG_. IDF_VERSION is the release in the file's head.
    struct str value;   ///< For which it counts; "" for any.
    uint32_t parameter; ///< Index into `parameters`.
    struct str sets;    ///< The parameter's value; "" for the symbol's own.
    struct str source;  ///< Comment of its line.
};

/// An option of the project's configuration that costs memory.
struct target_option {
    struct str symbol; ///< Without CONFIG_.
    struct str about;  ///< For people: "receive buffers of the Wi-Fi driver".
    struct str source; ///< Comment of its line.
    uint64_t by_default;
    bool is_switch;     ///< Its values are y (1) and n (0).
    int64_t each_bytes; ///< Of `region`, for each unit of its value; negative: what it frees.
    uint32_t region;    ///< Index into `regions`.
    uint64_t least;     ///< Smallest value it takes; of a switch 0.
    struct str needs;   ///< Symbol that must be set, and not to n, for it to count; "" none.
    struct str unless;  ///< Symbol that must not be set; "" none.
    struct target_words
            of; ///< Globs of components, or of archives' base names: a program without any of them holds nothing for it. None: every program does.
    struct str price; ///< What one pays for a smaller value; "" not known.
};

/// A symbol of the project's configuration that changes memory in a way that this file does not say.
struct target_unmodelled {
    struct str symbol; ///< Without CONFIG_.
    struct str value;  ///< For which it does.
    struct str about;  ///< What it changes, for people.
    struct str source; ///< Comment of its line.
};

struct target {
    struct str name;  ///< One word: `esp32p4`.
    struct str about; ///< For people.
    const char *path; ///< The file.
    struct target_parameter *parameters;
    uint32_t parameter_count;
    struct target_capability *capabilities; ///< Bits first by their name, then sets, in file order.
    uint32_t capability_count;
    struct target_region *regions; ///< In file order.
    uint32_t region_count;
    struct target_heap *heaps; ///< In the order in which a request tries them.
    uint32_t heap_count;
    struct target_allocator allocator;
    struct target_malloc malloc_rule;
    struct target_lines_rule lines_rule;
    struct target_request *requests;
    uint32_t request_count;
    uint32_t system_request; ///< Index into `requests`: what the kernel asks for.
    struct target_insistence *insistences;
    uint32_t insistence_count;
    uint64_t stack_bytes;   ///< Default stack of a thread.
    uint32_t stack_request; ///< Index into `requests`: where it goes by default.
    struct target_object *objects;
    uint32_t object_count;
    struct target_task *tasks;
    uint32_t task_count;
    struct target_store *stores; ///< In file order.
    uint32_t store_count;
    struct target_window *
            windows; ///< Of regions and stores: their own addresses, aliases, and windows that two share.
    uint32_t window_count;
    struct str *
            internal_sections; ///< Globs of input sections that their authors keep in internal RAM.
    uint32_t internal_section_count;
    struct target_kconfig *kconfig; ///< In file order.
    uint32_t kconfig_count;
    struct target_option *options; ///< In file order.
    uint32_t option_count;
    struct target_unmodelled *unmodelled; ///< In file order.
    uint32_t unmodelled_count;
};

/// Reads a target. `name` is a path when it holds a slash or names a file here, else a name to look
/// for in `folders` (paths, in order). `options` are `NAME=VALUE` words that choose parameters; the
/// last of several for one parameter counts.
///
/// False with one message: the file is missing (the names there are), breaks the grammar, does not
/// add up (a byte of a region is in nothing or in two things), a parameter or value is unknown (the
/// choices there are), or the choice is one that the target refuses. Cost: linear in the file, but
/// for the square of the number of its ranges.
bool target_load(struct arena *a, const char *name, const char *const *folders,
        uint32_t folder_count, const char *const *options, uint32_t option_count,
        struct target *out, struct err *err);

/// The value chosen for `parameter`, by its first name; empty when there is no such parameter.
struct str target_choice(const struct target *t, const char *parameter);

/// Index of the value of `p` that `word` writes, by its name or another way; TARGET_NONE when there is none.
uint32_t target_find_value(const struct target_parameter *p, struct str word);

/// All choices in one line, `idf=v5.5.1 revision=<3 …`, for a report's head; settings only where they differ from their
/// default. In the arena.
const char *target_choices(struct arena *a, const struct target *t);

/// Index of the region of that name, or TARGET_NONE.
uint32_t target_find_region(const struct target *t, struct str name);

/// Index of the region that is seen at `address`, by its own addresses or an alias; TARGET_NONE. `*main` (may be NULL): the same byte's address
/// where it is counted; of no region `address` itself.
uint32_t target_region_at(const struct target *t, uint64_t address, uint64_t *main);
/// Whether static data of `kind` (one bit of enum target_static) can be put into the region or store of that name.
bool target_can_hold(const struct target *t, struct str memory, uint32_t kind);
/// Index of the request of that name, or TARGET_NONE.
uint32_t target_find_request(const struct target *t, struct str name);
/// The object of that name, or NULL.
const struct target_object *target_find_object(const struct target *t, struct str name);
/// Stacks of the tasks that the RTOS always starts, in bytes.
uint64_t target_task_bytes(const struct target *t);
/// Bits of the capability or set of that name, letters of either case; 0 when there is none.
uint32_t target_find_capability(const struct target *t, struct str name);

/// Whether a device's free-size query for capability bits `asked` counts this heap: it offers all
/// of them, at whatever priority (ESP-IDF components/heap/heap_caps.c, heap_caps_match).
bool target_heap_has(const struct target_heap *heap, uint32_t asked);
/// Whether it is one: of a kind that offers anything. What offers nothing is memory that only a linker fills.
bool target_heap_serves(const struct target_heap *heap);

#endif
