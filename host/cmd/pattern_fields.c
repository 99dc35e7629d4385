// See pattern_fields.h.
#include "pattern_fields.h"

#include "device_pattern.h"
#include "suggest.h"

#include <ctype.h>

/// In small letters, as people write a capability.
static char *small_letters(struct arena *a, struct str s) {
    char *copy = NEW_ARRAY(a, char, s.len + 1);
    for (size_t i = 0; i < s.len; i++)
        copy[i] = (char)tolower((unsigned char)s.at[i]);
    return copy;
}

/// The capability of the target that was most likely meant, for a message; "" when none is near.
static const char *nearest_capability(
        struct cmd_context *ctx, const struct target *t, struct str word) {
    struct suggest near = { .word = str_from(small_letters(ctx->arena, word)) };
    for (uint32_t i = 0; i < t->capability_count; i++)
        suggest_offer(&near, small_letters(ctx->arena, t->capabilities[i].name));
    return near.best ? arena_printf(ctx->arena, "; {%s} is near", near.best) : "";
}

bool pattern_fields_check(struct cmd_context *ctx, const struct import_found *f) {
    for (uint32_t i = 0; f->has_fit && i < opt_count(&ctx->values, "free"); i++) {
        struct device_pattern p;
        struct str word;
        struct str source = str_from(opt_value_at(&ctx->values, "free", i));
        if (!device_pattern_parse(ctx->arena, source, &p, &ctx->err))
            return false;
        for (uint32_t k = 0; (word = device_pattern_capability(&p, k)).len > 0; k++)
            if (!target_find_capability(f->fit.target, word))
                cmd_warn(ctx,
                        "pattern '%.*s': target '%.*s' has no capability '%.*s': its figures "
                        "are not used%s",
                        STR_ARG(source), STR_ARG(f->fit.target->name), STR_ARG(word),
                        nearest_capability(ctx, f->fit.target, word));
    }
    return true;
}
