/// `ramlens help`: the overview, a command's long help, man pages, completions.
#include "cmd.h"
#include "page.h"
#include "str.h"

#include <string.h>

static struct page page_of(const struct command *command) {
    return (struct page){
        .program = "ramlens",
        .name = command->name,
        .summary = command->summary,
        .usage = command->usage,
        .example = command->example,
        .text = command->text,
        .exits = command->exits,
        .opts = command->opts,
        .common = cmd_common_opts,
    };
}

void cmd_page(struct text *out, const struct command *command, bool is_long) {
    struct page page = page_of(command);
    (is_long ? page_long : page_short)(out, &page);
}

/// Whether no earlier command has the group of the one at `index`.
static bool is_new_group(const struct command *const *commands, size_t index) {
    for (size_t i = 0; i < index; i++) {
        if (strcmp(commands[i]->group, commands[index]->group) == 0) {
            return false;
        }
    }
    return true;
}

/// What holds for all commands.
static const char about_all[] =
        "Options may stand before and behind operands; -- ends them. A result goes to standard "
        "output, everything else to standard error. Color and progress show on a terminal "
        "only; NO_COLOR is obeyed, and COLUMNS overrides the width.\n";

void cmd_overview(struct text *out, const struct command *const *commands, bool is_long) {
    text_add(out, STR("Usage:\n  ramlens COMMAND [OPTIONS] [OPERANDS]\n"));
    for (size_t i = 0; commands[i]; i++) {
        if (!is_new_group(commands, i)) {
            continue;
        }
        text_printf(out, "\n%s:\n", commands[i]->group);
        for (size_t j = i; commands[j]; j++) {
            if (strcmp(commands[i]->group, commands[j]->group) == 0) {
                text_printf(out, "  %-10s  %s\n", commands[j]->name, commands[j]->summary);
            }
        }
    }
    text_add(out, STR("\n'ramlens COMMAND -h' shows the options of a command on a page,\n"
                      "'ramlens help COMMAND' all there is to say about it.\n"));
    if (is_long) {
        text_add_char(out, '\n');
        text_wrap(out, str_from(about_all), 0, PAGE_COLUMNS);
        text_add(out, STR("\nExit status:\n"));
        text_wrap(out, str_from(page_usual_exits), 2, PAGE_COLUMNS);
    }
}

static const char *const shells[] = { "bash", NULL };

static const struct opt opts[] = {
    { .name = "man", .value = "COMMAND", .help = "print the man page of COMMAND (roff)" },
    { .name = "completion",
            .value = "SHELL",
            .help = "print a completion script",
            .choices = shells },
    { 0 },
};

static void add_completion(struct cmd_context *ctx, struct text *text) {
    size_t count = 0;
    while (ctx->commands[count]) {
        count++;
    }
    struct page *pages = NEW_ARRAY(ctx->arena, struct page, count);
    for (size_t i = 0; i < count; i++) {
        pages[i] = page_of(ctx->commands[i]);
    }
    page_bash(text, pages, count);
}

static int run(struct cmd_context *ctx) {
    struct text text = { .arena = ctx->arena };
    const char *man = opt_value(&ctx->values, "man", NULL);
    const char *name = man ? man : ctx->values.operands[0];
    const struct command *command = name ? cmd_find(ctx->commands, name, &ctx->err) : NULL;
    if (name && !command) {
        return CMD_FAILED;
    }
    if (opt_is_given(&ctx->values, "completion")) {
        add_completion(ctx, &text);
    } else if (man) {
        struct page page = page_of(command);
        page_man(&text, &page);
    } else if (command) {
        cmd_page(&text, command, true);
    } else {
        cmd_overview(&text, ctx->commands, true);
    }
    out_add(ctx->out, text_str(&text));
    return CMD_DONE;
}

const struct command cmd_help = {
    .name = "help",
    .group = CMD_GROUP_ABOUT,
    .summary = "explain a command; man pages and completions",
    .usage = "[OPTIONS] [COMMAND]",
    .example = "ramlens help report\n"
               "ramlens help --man report | man -l -\n"
               "source <(ramlens help --completion bash)",
    .text = "Without a command it lists all commands by task.",
    .opts = opts,
    .most_operands = 1,
    .run = run,
};
