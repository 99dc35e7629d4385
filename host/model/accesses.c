// See accesses.h.
#include "accesses.h"

#include "hash.h"
#include "map64.h"
#include "trial.h"

/// Of one site in the DHAT run.
struct joined {
    uint64_t bytes, accesses;
};

/// The innermost name of a function: "send" of "rtc::Channel<int>::send(int)".
static struct str last_name(struct str function) {
    size_t end = 0;
    int depth = 0;
    while (end < function.len && !(depth == 0 && function.at[end] == '(')) {
        depth += function.at[end] == '<';
        depth -= function.at[end] == '>' && depth > 0;
        end++;
    }
    size_t at = end;
    for (depth = 0; at > 0; at--) {
        depth += function.at[at - 1] == '>';
        depth -= function.at[at - 1] == '<' && depth > 0;
        if (depth == 0 && (function.at[at - 1] == ':' || function.at[at - 1] == ' '))
            break;
    }
    struct str name = { function.at + at, end - at };
    for (size_t i = 0; i < name.len; i++)
        if (name.at[i] == '<')
            name.len = i;
    return name;
}

static uint64_t key_of(struct str file, uint32_t line) {
    return hash_str(line, file);
}

struct joiner {
    const struct owners *o;
    struct map64 first; ///< File and line to the first site there + 1.
    uint32_t *next;     ///< By site: another one there + 1.
    struct joined *sites;
};

static void index_sites(struct arena *a, struct joiner *j) {
    j->next = NEW_ARRAY(a, uint32_t, j->o->site_count + 1);
    j->sites = NEW_ARRAY(a, struct joined, j->o->site_count + 1);
    for (uint32_t i = 0; i < j->o->site_count; i++) {
        const struct site *s = &j->o->sites[i];
        if (s->file.len == 0)
            continue;
        uint64_t *first = map64_put(&j->first, a, key_of(str_base_name(s->file), s->line), NULL);
        j->next[i] = (uint32_t)*first;
        *first = i + 1;
    }
}

/// The first site at that place: of several the first of the function; where inlining hides the function, the only one there. Its number + 1.
static uint32_t site_at(struct joiner *j, const struct dhat_frame *f) {
    const uint64_t *first =
            f->file.len != 0 ? map64_find(&j->first, key_of(f->file, f->line)) : NULL;
    if (first == NULL)
        return 0;
    for (uint32_t n = (uint32_t)*first; n != 0; n = j->next[n - 1]) {
        const struct site *s = &j->o->sites[n - 1];
        if (str_equal(str_base_name(s->file), f->file) && s->line == f->line &&
                str_equal(last_name(s->function), last_name(f->function)))
            return n;
    }
    return j->next[*first - 1] == 0 ? (uint32_t)*first : 0;
}

static void join_place(
        struct joiner *j, const struct dhat *d, const struct dhat_place *p, struct accesses *out) {
    out->bytes += p->bytes;
    out->accesses += p->accesses;
    for (uint32_t i = 0; i < p->frame_count; i++) {
        uint32_t site = site_at(j, &d->frames[p->frames[i]]);
        if (site == 0)
            continue;
        // One line may ask more than once: which of its sites it is DHAT does not say, so all of them have it.
        struct str function = j->o->sites[site - 1].function;
        for (uint32_t n = site; n != 0; n = j->next[n - 1]) {
            if (!str_equal(j->o->sites[n - 1].function, function))
                continue;
            j->sites[n - 1].bytes += p->bytes;
            j->sites[n - 1].accesses += p->accesses;
        }
        out->joined_bytes += p->bytes;
        out->joined_accesses += p->accesses;
        return;
    }
}

static bool check_program(
        const char *path, const struct dhat *d, const struct trace_image *image, struct err *err) {
    struct str program = d->command;
    for (size_t i = 0; i < program.len; i++)
        if (program.at[i] == ' ')
            program.len = i;
    if (str_equal(str_base_name(program), str_base_name(image->path)))
        return true;
    return fail(err, path, ERR_NO_OFFSET, "a DHAT run of '%.*s', but the trace is of '%.*s'",
            STR_ARG(str_base_name(program)), STR_ARG(str_base_name(image->path)));
}

static void fill_lots(struct joiner *j, struct lots *l, struct accesses *out) {
    double accesses = 0;
    for (size_t i = 0; i < l->list.len; i++) {
        struct lot *lot = &l->list.at[i];
        const struct joined *s = &j->sites[lot->site];
        out->lot_bytes += lot->bytes;
        lot->has_accesses = s->bytes > 0;
        if (!lot->has_accesses)
            continue;
        lot->accesses =
                (uint64_t)((double)s->accesses / (double)s->bytes * (double)lot->bytes + 0.5);
        out->known_bytes += lot->bytes;
        accesses += (double)lot->accesses;
    }
    out->mean = out->known_bytes > 0 ? accesses / (double)out->known_bytes : 0;
}

static void fill_weights(struct arena *a, const struct lots *l, struct accesses *out) {
    out->weights = NEW_ARRAY(a, uint32_t, l->ask_count + 1);
    for (uint32_t i = 0; i < l->ask_count; i++) {
        if (l->by_ask[i] == 0)
            continue;
        const struct lot *lot = &l->list.at[l->by_ask[i] - 1];
        double each = lot->has_accesses && lot->bytes > 0
                              ? (double)lot->accesses / (double)lot->bytes
                              : out->mean;
        double weight = each * (1 << TRIAL_WEIGHT_SHIFT) + 0.5;
        out->weights[i] = weight < UINT32_MAX ? (uint32_t)weight : UINT32_MAX;
    }
}

bool accesses_join(struct arena *a, const char *path, const struct dhat *d,
        const struct trace_image *image, struct lots *l, struct accesses *out, struct err *err) {
    struct joiner j = { .o = l->owners };
    *out = (struct accesses){ .bytes = 0 };
    if (!check_program(path, d, image, err))
        return false;
    index_sites(a, &j);
    for (uint32_t i = 0; i < d->place_count; i++)
        join_place(&j, d, &d->places[i], out);
    if (out->joined_bytes == 0)
        return fail(err, path, ERR_NO_OFFSET,
                "no place of this DHAT run is a site of the trace; both need a program with debug "
                "information, and the same build");
    fill_lots(&j, l, out);
    fill_weights(a, l, out);
    return true;
}
