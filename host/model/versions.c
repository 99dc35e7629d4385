// See versions.h.
#include "versions.h"

#include "conf.h"

bool versions_read(struct arena *a, const char *path, struct versions *out, struct err *err) {
    struct conf c;
    if (!conf_read(a, path, &c, err))
        return false;
    uint32_t count = 0;
    for (const struct conf_line *l = c.lines; l != NULL; l = l->next)
        count++;
    *out = (struct versions){ .list = NEW_ARRAY(a, struct version, count + 1) };
    for (const struct conf_line *l = c.lines; l != NULL; l = l->next) {
        struct version *v = &out->list[out->count++];
        v->component = l->words[0];
        if (!conf_word(&c, l, 1, "the component's version", &v->version, err))
            return false;
        v->origin = conf_words(a, l, 2);
    }
    return true;
}
