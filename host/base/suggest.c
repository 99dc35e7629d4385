/// Edit distance with swapped neighbours counted as one edit ("optimal string alignment"), in three
/// rows of the usual table.
#include "suggest.h"

enum { LONGEST = 64 };

static uint32_t least(uint32_t a, uint32_t b) {
    return a < b ? a : b;
}

/// Both lengths are at most LONGEST.
static uint32_t edit_distance(struct str a, struct str b) {
    uint32_t rows[3][LONGEST + 1] = { { 0 } };
    uint32_t *before = rows[0];
    uint32_t *above = rows[1];
    uint32_t *row = rows[2];
    for (uint32_t j = 0; j <= b.len; j++) {
        above[j] = j;
    }
    for (uint32_t i = 1; i <= a.len; i++) {
        row[0] = i;
        for (uint32_t j = 1; j <= b.len; j++) {
            uint32_t change = above[j - 1] + (a.at[i - 1] != b.at[j - 1]);
            row[j] = least(change, least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a.at[i - 1] == b.at[j - 2] && a.at[i - 2] == b.at[j - 1]) {
                row[j] = least(row[j], before[j - 2] + 1);
            }
        }
        uint32_t *spare = before;
        before = above;
        above = row;
        row = spare;
    }
    return above[b.len];
}

void suggest_offer(struct suggest *s, const char *name) {
    struct str candidate = str_from(name);
    if (s->word.len == 0 || s->word.len > LONGEST || candidate.len > LONGEST) {
        return;
    }
    uint32_t allowed = s->word.len < 6 ? 1 : (uint32_t)(s->word.len / 3);
    uint32_t distance = edit_distance(s->word, candidate);
    if (distance > allowed && s->word.len >= 2 && str_starts_with(candidate, s->word)) {
        distance = allowed;
    }
    if (distance <= allowed && (!s->best || distance < s->distance)) {
        s->best = name;
        s->distance = distance;
    }
}
