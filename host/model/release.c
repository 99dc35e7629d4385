// See release.h.
#include "release.h"

enum { NUMBERS = 3, MOST = 1000 };

static bool is_before_release(struct str words) {
    return str_starts_with(words, STR("dev")) || str_starts_with(words, STR("beta")) ||
           str_starts_with(words, STR("rc"));
}

/// Where the last "-..." of `s` begins; its length when there is none.
static size_t last_dash(struct str s) {
    for (size_t i = s.len; i > 0; i--)
        if (s.at[i - 1] == '-')
            return i - 1;
    return s.len;
}

uint32_t release_find(const struct target_parameter *p, struct str release) {
    for (;;) {
        uint32_t value = target_find_value(p, release);
        size_t dash = last_dash(release);
        if (value != TARGET_NONE || dash == release.len ||
                is_before_release((struct str){ release.at + dash + 1, release.len - dash - 1 }))
            return value;
        release.len = dash;
    }
}

/// "v5.4.3-dirty" as 5004003; 0 when it begins with no number.
static uint32_t order_of(struct str s) {
    uint32_t numbers[NUMBERS] = { 0 };
    uint32_t count = 0;
    for (size_t i = s.len && s.at[0] == 'v'; i < s.len && count < NUMBERS; i++) {
        if (s.at[i] == '.')
            count++;
        else if (s.at[i] < '0' || s.at[i] > '9' || numbers[count] >= MOST / 10)
            break;
        else
            numbers[count] = numbers[count] * 10 + (uint32_t)(s.at[i] - '0');
    }
    return (numbers[0] * MOST + numbers[1]) * MOST + numbers[2];
}

/// Whether `one` is nearer to `wanted` than `best`; 0 is none.
static bool is_nearer(uint32_t one, uint32_t best, uint32_t wanted) {
    if (one == 0 || best == 0)
        return one != 0;
    if ((one <= wanted) != (best <= wanted))
        return one <= wanted;
    return one <= wanted ? one > best : one < best;
}

uint32_t release_nearest(const struct target_parameter *p, struct str release) {
    uint32_t wanted = order_of(release);
    uint32_t best = 0, value = TARGET_NONE;
    for (uint32_t i = 0; wanted && i < p->value_count; i++)
        for (uint32_t k = 0; k <= p->others[i].count; k++) {
            uint32_t order = order_of(k == 0 ? p->values[i] : p->others[i].at[k - 1]);
            if (is_nearer(order, best, wanted)) {
                best = order;
                value = i;
            }
        }
    return value;
}
