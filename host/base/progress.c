/// The progress line.
#include "progress.h"

#include "human.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static uint64_t now_us(void) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void progress_start(
        struct progress *p, int fd, enum term_when when, const char *label, uint64_t total_bytes) {
    struct term term = term_of(fd, TERM_NEVER);
    *p = (struct progress){ .fd = fd, .label = label, .total = total_bytes };
    p->is_enabled = when == TERM_ALWAYS || (when == TERM_AUTO && term.is_terminal);
    p->columns = term.columns;
    p->start_us = p->is_enabled ? now_us() : 0;
    p->next_us = p->start_us + (when == TERM_ALWAYS ? 0 : PROGRESS_DELAY_US);
}

/// ", 2.5 s left" as far as the pace so far tells; "" when it does not.
static struct human time_left(const struct progress *p, uint64_t done, uint64_t spent_us) {
    struct human out = { "" };
    if (p->total && done && done < p->total) {
        double left_us = (double)spent_us * ((double)(p->total - done) / (double)done);
        if (left_us < 1e12) {
            uint64_t left_s = (uint64_t)(left_us / 1e6) + 1; // Whole seconds: it is a guess.
            (void)snprintf(
                    out.text, sizeof(out.text), ", %.20s left", human_time(left_s * 1000000).text);
        }
    }
    return out;
}

static void draw(struct progress *p, uint64_t done, uint64_t now) {
    char line[300];
    char share[40] = "";
    uint64_t spent_us = now > p->start_us ? now - p->start_us : 1;
    double rate = (double)done / (double)spent_us * 1e6; // A double: the product may not fit.
    rate = rate < 1e18 ? rate : 1e18;
    if (p->total) {
        (void)snprintf(share, sizeof(share), "%s of ",
                human_percent(done < p->total ? done : p->total, p->total).text);
    }
    int len = snprintf(line, sizeof(line), "%.150s: %s%s, %s/s%s", p->label, share,
            human_bytes(p->total ? p->total : done).text, human_bytes((uint64_t)rate).text,
            time_left(p, done, spent_us).text);
    if (len > 0) {
        // One column less than there are: a full line would wrap and could not be erased.
        int most = (int)p->columns - 1 < len ? (int)p->columns - 1 : len;
        (void)dprintf(p->fd, "\r%.*s\033[K", most, line);
        p->is_drawn = true;
    }
}

void progress_update(struct progress *p, uint64_t done_bytes) {
    if (!p->is_enabled) {
        return;
    }
    uint64_t now = now_us();
    if (now >= p->next_us) {
        p->next_us = now + PROGRESS_STEP_US;
        draw(p, done_bytes, now);
    }
}

void progress_finish(struct progress *p) {
    if (p->is_drawn) {
        (void)dprintf(p->fd, "\r\033[K");
    }
    p->is_drawn = false;
    p->is_enabled = false;
}
