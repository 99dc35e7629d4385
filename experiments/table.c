/// The table of the experiments: reads what run.sh left in its folder, writes tables, JSON and the page.
///
///     table --states FILE --claims FILE --folder DIR --targets DIR --occupied N --seconds N --runs N [--page FILE] [--columns N]
///     table --free-at JSON STATE CHECKPOINT     one figure out of a replay's JSON, for the shell
///
/// Exit code 0: done, all checks pass; 1: a check failed; 2: not done.
#include "conf.h"
#include "file.h"
#include "write.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WIDE = 150 }; ///< Columns of a file.

struct given {
    struct results_options options;
    const char *claims, *page;
    uint64_t columns;
};

static bool take(struct given *g, const char *name, const char *value, struct err *err) {
    const struct {
        const char *name;
        const char **text;
        uint64_t *number;
    } known[] = {
        { "--states", &g->options.states, NULL },
        { "--folder", &g->options.folder, NULL },
        { "--targets", &g->options.targets, NULL },
        { "--target", &g->options.target, NULL },
        { "--claims", &g->claims, NULL },
        { "--page", &g->page, NULL },
        { "--occupied", NULL, &g->options.occupied_bytes },
        { "--seconds", NULL, &g->options.seconds },
        { "--runs", NULL, &g->options.runs },
        { "--columns", NULL, &g->columns },
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(known[i].name, name) != 0)
            continue;
        if (known[i].text != NULL)
            *known[i].text = value;
        else if (!conf_parse_number(str_from(value), known[i].number))
            return fail(err, NULL, ERR_NO_OFFSET, "%s takes a number, not '%s'", name, value);
        return true;
    }
    return fail(err, NULL, ERR_NO_OFFSET, "unknown option %s", name);
}

static bool write_files(const struct answers *w, const struct given *g, struct err *err) {
    struct arena *a = w->results->a;
    struct file_writer json;
    struct text text = { .arena = a }, page = { .arena = a };
    if (!file_create(&json, arena_printf(a, "%s/experiments.json", g->options.folder), true, err))
        return false;
    static struct out out;
    out_open(&out, fileno(json.stream));
    write_json(w, &out);
    out_flush(&out);
    if (!file_commit(&json, err))
        return false;
    write_text(w, (unsigned)g->columns, &text);
    if (!file_write(arena_printf(a, "%s/experiments.txt", g->options.folder), text_str(&text), true,
                err))
        return false;
    (void)fwrite(text.at, 1, text.len, stdout);
    write_page(w, &page);
    return g->page == NULL || file_write(g->page, text_str(&page), true, err);
}

static int make(struct arena *a, const struct given *g, struct err *err) {
    static struct results results;
    struct claims claims;
    struct checks checks;
    if (g->options.states == NULL || g->options.folder == NULL || g->claims == NULL ||
            g->options.runs == 0) {
        fail(err, NULL, ERR_NO_OFFSET, "--states, --claims, --folder and --runs are needed");
        return 2;
    }
    if (!results_read(a, &g->options, &results, err) ||
            !claims_judge(a, g->claims, &results, &claims, err))
        return 2;
    checks_make(&results, &checks);
    const struct answers answers = { &results, &claims, &checks };
    if (!write_files(&answers, g, err))
        return 2;
    return checks.failed == 0 ? 0 : 1;
}

static int free_at(struct arena *a, char *const *words, struct err *err) {
    uint64_t bytes;
    if (!results_free_at(a, words[0], words[1], words[2], &bytes, err))
        return 2;
    printf("%" PRIu64 "\n", bytes);
    return 0;
}

int main(int argc, char **argv) {
    struct arena a = { 0 };
    struct err err = { 0 };
    struct given g = { .columns = WIDE, .options = { .target = "esp32p4", .targets = "targets" } };
    int code = 2;
    if (argc == 5 && strcmp(argv[1], "--free-at") == 0) {
        code = free_at(&a, argv + 2, &err);
    } else {
        bool good = true;
        for (int i = 1; i < argc && good; i += 2)
            good = i + 1 < argc ? take(&g, argv[i], argv[i + 1], &err)
                                : fail(&err, NULL, ERR_NO_OFFSET, "%s needs a value", argv[i]);
        if (good)
            code = make(&a, &g, &err);
    }
    if (code == 2) {
        char message[sizeof(err.file) + sizeof(err.text) + 64];
        err_format(&err, message, sizeof(message));
        (void)fprintf(stderr, "experiments: %s\n", message);
    }
    arena_clear(&a);
    return code;
}
