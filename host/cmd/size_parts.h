/// Private to the files of `ramlens size`: what was asked, what was read, and the forms of the answer.
#ifndef RAMLENS_SIZE_PARTS_H
#define RAMLENS_SIZE_PARTS_H

#include "cmd.h"
#include "footprint.h"
#include "frame_sizes.h"
#include "memory_use.h"
#include "size_table.h"
#include "static_types.h"
#include "target.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/// A memory and what it holds.
struct size_memory {
    uint32_t memory;       ///< Index into footprint.memories.
    struct memory_use use; ///< What runs or lies there, initial values of data included.
    uint64_t
            reserved; ///< Of a target's region: its caches, ROM data and the like; no program has them. Else 0.
};

struct size_answer {
    struct footprint footprint;
    struct target target;
    bool has_target;
    struct component_map components;
    struct filter filter;
    struct size_options options;
    struct size_table table;
    struct size_memory *memories; ///< Those that hold something, and all RAM of a target.
    uint32_t memory_count;
    uint64_t elsewhere;        ///< With a target: what is linked to where it has no memory.
    struct static_types types; ///< Of `wants_types`.
    struct frame_sizes frames; ///< Of `wants_frames`.
    bool wants_types;          ///< --holes.
    bool wants_frames;         ///< --stacks.
    bool is_linked;            ///< A program or a map is among the files.
    bool is_object;            ///< An object or archive is.
    bool has_roots;            ///< Something is known to stay: bounds mean something.
    bool is_partial;           ///< Some file could not be read: the exit code is 1.
};

/// The tables of --holes and --stacks.
void size_structs(struct cmd_context *ctx, struct size_answer *s, struct text *out);
void size_stacks(struct cmd_context *ctx, struct size_answer *s, struct text *out);
/// The same as "holes" and "stacks", "frames" of the document; nothing where they were not asked for.
void size_structs_json(struct cmd_context *ctx, struct size_answer *s, json_t *root);

/// For people, on `ctx->out`.
void size_text(struct cmd_context *ctx, struct size_answer *s);
/// `ramlens.size/1`, docs/size.schema.json.
void size_json(struct cmd_context *ctx, struct size_answer *s);
/// RFC 4180: a line of names, then a line for each row, then those beyond the limit.
void size_csv(struct cmd_context *ctx, struct size_answer *s);

/// "map, symbols": how a row is known. In the arena.
const char *size_known(struct arena *a, uint8_t known);
/// The value of a key for people: names demangled, "-" for none. In the arena.
struct str size_shown(struct arena *a, enum size_key key, struct str value);

#endif
