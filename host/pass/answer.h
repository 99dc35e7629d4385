/// Everything a report answers from: the run, the chip it is asked about, what the user knows, brought together once.
#ifndef RAMLENS_ANSWER_H
#define RAMLENS_ANSWER_H

#include "arena.h"
#include "component_map.h"
#include "conf.h"
#include "err.h"
#include "footprint_objects.h"
#include "import_log.h"
#include "observed.h"
#include "owners.h"
#include "placement.h"
#include "plan.h"
#include "progress.h"
#include "region_rows.h"
#include "run.h"
#include "sdkconfig.h"
#include "static_account.h"
#include "static_data.h"
#include "symbolize.h"
#include "target.h"
#include "trace.h"
#include "versions.h"

#include <stdbool.h>
#include <stdint.h>

/// What to read. Paths may be NULL where not said otherwise.
struct answer_options {
    const char *
            trace; ///< NULL: there is none, and a run of nothing takes its place, with a checkpoint for each observed figure.
    uint32_t image;         ///< From 1; 0: the last.
    const char *components; ///< Component map; NULL: the built-in one.
    const char *target;     ///< Name or path; NULL: no chip, requested bytes only.
    const char *const *target_folders;
    uint32_t target_folder_count;
    const char *const *target_options; ///< "cache=256K" ...
    uint32_t target_option_count;
    const char *plan;            ///< The state to answer for; NULL: stock.
    const char *observed;        ///< Figures of a device.
    const char *link_map;        ///< Of the program; NULL: PROGRAM.map if it exists.
    const char *device_elf;      ///< The device's linked program; NULL: none.
    const char *device_map;      ///< Its linker's map.
    const char *const *archives; ///< Objects and archives for the device.
    uint32_t archive_count;
    const struct sdkconfig *
            configuration; ///< The project's; its choices are among `target_options`. NULL: not given.
    const struct import_found
            *boot_log; ///< What the device printed, compared with the target; NULL: not given.
};

enum { ANSWER_STATES = 2, ANSWER_STATE = 0, ANSWER_STOCK = 1 };

/// A moment at which the modelled free bytes come down to an observed figure, starting from the figure before. Looked for to the end of
/// the run, since the device's moment need not be this run's.
struct answer_crossing {
    bool wanted; ///< Two observed figures make the question, the later one the lower.
    bool found;
    struct str from; ///< Checkpoint of the figure before.
    struct str to;   ///< Checkpoint of the figure looked for.
    uint64_t time_us;
    int64_t used_bytes; ///< Of the region at which the figure is met.
    int64_t least_free; ///< Lowest modelled free bytes from `from` to the crossing, or to the end.
    struct placement_moment moment; ///< At the crossing.
    struct placement_moment start;  ///< At `from`.
    struct str phase; ///< The checkpoint that follows the crossing; "" after the last.
};

struct answer {
    struct arena *a;
    struct trace trace;
    bool has_trace; ///< False: `trace` is a run of nothing (empty_trace.h).
    const struct trace_image *image;
    struct symbolizer *symbolizer;
    struct component_map map;
    struct owners owners;
    struct run run;
    bool has_target;
    struct target target;
    struct plan plans[ANSWER_STATES];
    struct placement placements[ANSWER_STATES];
    struct placement_moment *moments[ANSWER_STATES]; ///< By checkpoint.
    uint32_t moment_capacity;
    bool *host_only; ///< By component.
    const struct ledger_listener *also;
    const struct run_observer
            *watcher; ///< Told besides of each checkpoint; set before answer_run(), or NULL.
    struct ldmap link_map;
    bool has_link_map;
    struct static_data statics;
    bool has_statics;
    struct err
            statics_problem; ///< Why there are none, or none by the linker's map, though the program could be read; text "" if nothing is wrong.
    struct footprint device; ///< Of `has_device`.
    struct footprint archives; ///< Of `has_archives`.
    bool has_device, has_archives;
    struct footprint_skipped left_out; ///< Members of the archives that are not in `archives`.
    struct static_sources sources;     ///< Of the accounts.
    struct static_account
            accounts[ANSWER_STATES]; ///< Static bytes of the target; with `has_target`.
    struct versions versions;        ///< What the program was built from, by PROGRAM.versions.
    struct conf figures;             ///< What was observed, as written.
    struct observed observed;
    bool has_observed;
    struct answer_crossing
            *crossings; ///< One for each two figures that follow each other in the run and fall.
    uint32_t crossing_count;
    struct answer_crossing crossing; ///< The last of them; not `wanted` when there are none.
};

/// The observed figures of a device's log that was compared with its target, as a file of observed figures; `*count` of them. In `a`.
struct str answer_log_figures(struct arena *a, const struct import_found *log, uint32_t *count);

/// Opens the trace and reads all but its events. False with a message. What only weakens the answer (a module that cannot be read, no
/// link map) is no failure: see answer.owners.problems. `w` must stay where it is.
bool answer_open(
        struct answer *out, struct arena *a, const struct answer_options *options, struct err *err);

/// The account of static bytes with the lines `moves` of a plan (NULL: none) carried out. With a target. In `w->a`.
void answer_account(struct answer *w, const struct plan_statics *moves, struct static_account *out);

/// Goes through the events, once. `also`, which may be NULL, hears of every change besides the chip's model. `progress` may be NULL.
void answer_run(struct answer *w, const struct ledger_listener *also, struct progress *progress);

/// Closes files; the memory is the arena's.
void answer_close(struct answer *w);

/// The table of region `region` at checkpoint `index` in state ANSWER_STATE or ANSWER_STOCK, with what was observed taken in: at a
/// checkpoint with a figure, what it leaves unexplained; at others what the nearest figure before (else after) left.
struct region_table answer_region(
        const struct answer *w, uint32_t index, unsigned state, uint32_t region);

/// Free bytes of the heaps outside the first region that a query for `capability` counts, too (SPM, LP RAM), when nothing of this run is in them.
int64_t answer_outside_free(const struct answer *w, uint32_t capability);

#endif
