// See device_text.h. A piece that was cut waits here for the one that has the rest of its line.
#include "device_text.h"

#include "device_lines.h"
#include "scan.h"

#include <string.h>

void device_text_init(
        struct device_text *d, struct arena *a, const struct device_listener *listener) {
    memset(d, 0, sizeof *d);
    d->arena = a;
    d->listener = listener;
}

bool device_text_add_pattern(struct device_text *d, struct str pattern, struct err *err) {
    struct device_pattern parsed;
    if (!device_pattern_parse(d->arena, pattern, &parsed, err))
        return false;
    *vec_push(d->arena, &d->patterns) = parsed;
    return true;
}

/// Fills what every event has.
static struct device_event event_of(const struct serial_piece *p) {
    return (struct device_event){ .line = p->line,
        .offset = p->offset,
        .has_time = p->has_time,
        .time_ms = p->time_ms,
        .text = p->text,
        .tag = p->tag };
}

static bool try_patterns(
        const struct device_text *d, const struct serial_piece *p, struct device_event *e) {
    for (size_t i = 0; i < d->patterns.len; i++) {
        if (!device_pattern_match(&d->patterns.at[i], p->text, &e->match))
            continue;
        e->type = DEVICE_FREE;
        e->match.pattern = (uint32_t)i;
        return true;
    }
    return false;
}

/// Reads a piece by itself. Whether its last number or name might have gone on behind its end.
static bool read_piece(
        const struct device_text *d, const struct serial_piece *p, struct device_event *e) {
    *e = event_of(p);
    bool goes_on = device_line_read(p, d->in_task_list, e);
    if ((e->type == DEVICE_NOTHING || e->type == DEVICE_BROKEN) && try_patterns(d, p, e))
        goes_on = e->match.ends_open;
    return goes_on;
}

static bool says_something(const struct device_event *e) {
    return e->type != DEVICE_NOTHING && e->type != DEVICE_BROKEN;
}

static void tell(struct device_text *d, const struct device_event *e) {
    if (says_something(e))
        d->counts.read++;
    else
        *(e->type == DEVICE_BROKEN ? &d->counts.broken : &d->counts.nothing) += 1;
    d->counts.mended += e->is_mended;
    d->listener->event(d->listener->self, e);
}

/// The half that waits finds no rest: it says nothing, or not what it seems to.
static void give_up(struct device_text *d) {
    struct device_event e;
    if (d->waits == 0)
        return;
    d->waits = 0;
    if (read_piece(d, &d->half, &e) && says_something(&e)) {
        e.type = DEVICE_BROKEN;
        e.reason = "cut where a number or name may go on";
    }
    tell(d, &e);
}

/// Keeps a piece of which the rest may come.
static void keep_half(struct device_text *d, const struct serial_piece *p) {
    give_up(d);
    d->half = *p;
    memcpy(d->half_text, p->text.at, p->text.len);
    d->half.text.at = d->half_text;
    serial_piece_parse(&d->half);
    d->waits = DEVICE_TEXT_PATIENCE;
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// Whether the halves meet inside of a number that could be any: only a region of heap_init has numbers of fixed width.
static bool splits_a_number(
        const struct device_text *d, const struct serial_piece *p, const struct device_event *e) {
    return e->type != DEVICE_HEAP && e->type != DEVICE_SEGMENT && d->half.text.len > 0 &&
           is_digit(d->half.text.at[d->half.text.len - 1]) && is_digit(p->text.at[0]);
}

/// Tries `p` as the rest of the half that waits; whether it was.
static bool mend(struct device_text *d, const struct serial_piece *p) {
    struct serial_piece whole = d->half;
    struct device_event e;
    memcpy(d->joined, d->half.text.at, d->half.text.len);
    memcpy(d->joined + d->half.text.len, p->text.at, p->text.len);
    whole.text = (struct str){ d->joined, d->half.text.len + p->text.len };
    serial_piece_parse(&whole);
    bool goes_on = read_piece(d, &whole, &e);
    if (!says_something(&e) || (goes_on && p->is_cut))
        return false;
    d->waits = 0;
    if (splits_a_number(d, p, &e)) {
        e.type = DEVICE_BROKEN;
        e.reason = "another line stood inside of a number";
    }
    e.is_mended = e.type != DEVICE_BROKEN;
    tell(d, &e);
    return true;
}

/// Whether a piece that reads well may still be the end of a line: it begins with a name, and the half that waits would be the name's beginning.
static bool may_lack_its_head(const struct device_text *d, const struct device_event *e) {
    return d->half.level == 0 && e->type == DEVICE_TASK;
}

void device_text_take(struct device_text *d, const struct serial_piece *piece) {
    struct device_event e;
    if (piece->is_of_monitor) {
        d->counts.monitor++;
        return;
    }
    bool goes_on = read_piece(d, piece, &e);
    if (d->waits > 0 && piece->level == 0 && (!says_something(&e) || may_lack_its_head(d, &e)) &&
            mend(d, piece))
        return;
    if (d->waits > 0 && --d->waits == 0) {
        d->waits = 1;
        give_up(d);
    }
    if (piece->is_cut && (goes_on || !says_something(&e))) {
        keep_half(d, piece);
        return;
    }
    d->in_task_list = e.type == DEVICE_TASK || (e.type == DEVICE_KNOWN && piece->level == 0) ||
                      (d->in_task_list && piece->level != 0);
    tell(d, &e);
}

void device_text_finish(struct device_text *d) {
    give_up(d);
}
