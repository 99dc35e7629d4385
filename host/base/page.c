/// Help pages, man pages and completions out of the tables. Nothing here knows a command.
#include "page.h"

#include "str.h"

#include <ctype.h>
#include <string.h>

const char page_usual_exits[] = "0  done\n"
                                "1  done, and the answer is \"no\"\n"
                                "2  not done; a message says why";

enum {
    HELP_COLUMN_MOST = 28, ///< Where the help of options starts at the latest.
    HELP_GAP = 3,
};

/// "-o, --output FILE", with room for the letter where there is none.
static void add_flags(struct text *out, const struct opt *opt) {
    if (opt->letter) {
        text_printf(out, "-%c, --%s", opt->letter, opt->name);
    } else {
        text_printf(out, "    --%s", opt->name);
    }
    if (opt->value) {
        text_printf(out, " %s", opt->value);
    }
}

static size_t flags_len(const struct opt *opt) {
    return strlen("-x, --") + strlen(opt->name) + (opt->value ? 1 + strlen(opt->value) : 0);
}

/// Column at which the help of all options of the page starts.
static size_t help_column(const struct page *page) {
    const struct opt *const tables[] = { page->opts, page->common };
    size_t column = 0;
    for (size_t i = 0; i < 2; i++) {
        for (const struct opt *opt = tables[i]; opt && opt->name; opt++) {
            size_t wanted = 2 + flags_len(opt) + HELP_GAP;
            column = wanted > column && wanted <= HELP_COLUMN_MOST ? wanted : column;
        }
    }
    return column;
}

/// What follows the help line: the legal values, whether it may be repeated.
static void add_remarks(struct text *out, const struct opt *opt) {
    for (size_t i = 0; opt->choices && opt->choices[i]; i++) {
        text_printf(out, "%s%s", i ? ", " : " (", opt->choices[i]);
    }
    text_add(out, str_from(opt->choices ? ")" : ""));
    text_add(out, str_from(opt->many ? "; may be repeated" : ""));
}

static void add_option(struct text *out, const struct opt *opt, size_t column, bool is_long) {
    struct text help = { .arena = out->arena };
    struct text wrapped = { .arena = out->arena };
    size_t used = 2 + flags_len(opt);
    text_add(&help, str_from(opt->help));
    add_remarks(&help, opt);
    text_wrap(&wrapped, text_str(&help), (unsigned)column, PAGE_COLUMNS);
    text_fill(out, ' ', 2);
    add_flags(out, opt);
    // The first wrapped line goes behind the flags if these leave room, else below them.
    if (used + HELP_GAP <= column) {
        text_add(out, (struct str){ wrapped.at + used, wrapped.len - used });
    } else {
        text_add_char(out, '\n');
        text_add(out, text_str(&wrapped));
    }
    if (is_long && opt->more) {
        text_wrap(out, str_from(opt->more), (unsigned)column, PAGE_COLUMNS);
        text_add_char(out, '\n');
    }
}

static void add_options(
        struct text *out, const char *title, const struct opt *opts, size_t column, bool is_long) {
    if (opts && opts->name) {
        text_printf(out, "\n%s:\n", title);
        for (; opts->name; opts++) {
            add_option(out, opts, column, is_long);
        }
    }
}

static void add_page(struct text *out, const struct page *page, bool is_long) {
    size_t column = help_column(page);
    text_add(out, STR("Example:\n"));
    text_wrap(out, str_from(page->example), 2, PAGE_COLUMNS);
    text_printf(out, "\n%s %s: %s\n\nUsage:\n  %s %s %s\n", page->program, page->name,
            page->summary, page->program, page->name, page->usage);
    if (is_long && page->text) {
        text_add_char(out, '\n');
        text_wrap(out, str_from(page->text), 0, PAGE_COLUMNS);
    }
    add_options(out, "Options", page->opts, column, is_long);
    add_options(out, "Options of every command", page->common, column, is_long);
    if (is_long) {
        text_add(out, STR("\nExit status:\n"));
        text_wrap(out, str_from(page->exits ? page->exits : page_usual_exits), 2, PAGE_COLUMNS);
    }
}

void page_short(struct text *out, const struct page *page) {
    add_page(out, page, false);
}

void page_long(struct text *out, const struct page *page) {
    add_page(out, page, true);
}

/// Text as roff: a backslash is `\e`, a dash `\-` (else typeset as a hyphen), and a line must not
/// begin with a dot or an apostrophe.
static void add_roff(struct text *out, const char *text) {
    for (const char *at = text; *at; at++) {
        bool line_start = at == text || at[-1] == '\n';
        if (line_start && (*at == '.' || *at == '\'')) {
            text_add(out, STR("\\&"));
        }
        if (*at == '\\') {
            text_add(out, STR("\\e"));
        } else if (*at == '-') {
            text_add(out, STR("\\-"));
        } else {
            text_add_char(out, *at);
        }
    }
}

/// Paragraphs of `text`; runs of lines that begin with a space (or all, if `verbatim`) stay as they
/// are.
static void add_roff_paragraphs(struct text *out, const char *text, bool verbatim) {
    bool is_open = false; // Inside .nf ... .fi
    while (text && *text) {
        const char *end = strchrnul(text, '\n');
        const char *line = arena_printf(out->arena, "%.*s", (int)(end - text), text);
        bool keep = verbatim || line[0] == ' ';
        if (keep != is_open) {
            text_add(out, str_from(keep ? ".PP\n.nf\n" : ".fi\n"));
            is_open = keep;
        }
        if (line[0]) {
            text_add(out, str_from(keep ? "" : ".PP\n"));
            add_roff(out, line);
            text_add_char(out, '\n');
        }
        text = *end ? end + 1 : end;
    }
    text_add(out, str_from(is_open ? ".fi\n" : ""));
}

static void add_roff_options(struct text *out, const char *title, const struct opt *opts) {
    if (!opts || !opts->name) {
        return;
    }
    text_printf(out, ".SH %s\n", title);
    for (; opts->name; opts++) {
        struct text help = { .arena = out->arena };
        text_add(out, STR(".TP\n.B "));
        if (opts->letter) {
            text_printf(out, "\\-%c, ", opts->letter);
        }
        text_add(out, STR("\\-\\-"));
        add_roff(out, opts->name);
        if (opts->value) {
            text_printf(out, " \\fI%s\\fR", opts->value);
        }
        text_add_char(out, '\n');
        text_add(&help, str_from(opts->help));
        add_remarks(&help, opts);
        add_roff(out, help.at);
        text_add(out, STR("\n"));
        if (opts->more) {
            text_add(out, STR(".IP\n"));
            add_roff(out, opts->more);
            text_add_char(out, '\n');
        }
    }
}

void page_man(struct text *out, const struct page *page) {
    text_add(out, STR(".TH "));
    for (const char *at = arena_printf(out->arena, "%s-%s", page->program, page->name); *at; at++) {
        text_printf(out, "%c", toupper((unsigned char)*at));
    }
    text_printf(out, " 1\n.SH NAME\n%s\\-%s \\- ", page->program, page->name);
    add_roff(out, page->summary);
    text_printf(out, "\n.SH SYNOPSIS\n.B %s %s\n", page->program, page->name);
    add_roff(out, page->usage);
    text_add(out, STR("\n.SH EXAMPLE\n"));
    add_roff_paragraphs(out, page->example, true);
    if (page->text) {
        text_add(out, STR(".SH DESCRIPTION\n"));
        add_roff_paragraphs(out, page->text, false);
    }
    add_roff_options(out, "OPTIONS", page->opts);
    add_roff_options(out, "OPTIONS OF EVERY COMMAND", page->common);
    text_add(out, STR(".SH EXIT STATUS\n"));
    add_roff_paragraphs(out, page->exits ? page->exits : page_usual_exits, true);
}

/// The options of both tables as words for `compgen -W`.
static void add_bash_options(struct text *out, const struct page *page) {
    const struct opt *const tables[] = { page->opts, page->common };
    for (size_t i = 0; i < 2; i++) {
        for (const struct opt *opt = tables[i]; opt && opt->name; opt++) {
            text_printf(out, " --%s", opt->name);
            if (opt->letter) {
                text_printf(out, " -%c", opt->letter);
            }
        }
    }
}

/// A case for each option whose values are known (those called COMMAND are): what may follow it.
static void add_bash_choices(struct text *out, const struct page *page) {
    const struct opt *const tables[] = { page->opts, page->common };
    for (size_t i = 0; i < 2; i++) {
        for (const struct opt *opt = tables[i]; opt && opt->name; opt++) {
            bool is_command = opt->value && strcmp(opt->value, "COMMAND") == 0;
            if (!opt->choices && !is_command) {
                continue;
            }
            text_printf(out, "        %s:--%s", page->name, opt->name);
            if (opt->letter) {
                text_printf(out, "|%s:-%c", page->name, opt->letter);
            }
            text_add(out, STR(") values="));
            text_add(out, is_command ? STR("$commands") : STR("'"));
            for (size_t j = 0; opt->choices && opt->choices[j]; j++) {
                text_printf(out, "%s%s", j ? " " : "", opt->choices[j]);
            }
            text_add(out, is_command ? STR(" ;;\n") : STR("' ;;\n"));
        }
    }
}

void page_bash(struct text *out, const struct page *pages, size_t count) {
    const char *program = pages[0].program;
    text_printf(out, "# Completion of %s for bash.\n_%s()\n{\n", program, program);
    text_add(out, STR("    local word=${COMP_WORDS[COMP_CWORD]} "
                      "before=${COMP_WORDS[COMP_CWORD-1]}\n"
                      "    local command=${COMP_WORDS[1]} options='' values=''\n"
                      "    local commands='"));
    for (size_t i = 0; i < count; i++) {
        text_printf(out, "%s%s", i ? " " : "", pages[i].name);
    }
    text_add(out, STR("'\n    COMPREPLY=()\n"
                      "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
                      "        mapfile -t COMPREPLY < <(compgen -W \"$commands\" -- \"$word\")\n"
                      "        return\n    fi\n"
                      "    case $command:$before in\n"));
    for (size_t i = 0; i < count; i++) {
        add_bash_choices(out, &pages[i]);
    }
    text_add(out, STR("    esac\n    case $command in\n"));
    for (size_t i = 0; i < count; i++) {
        text_printf(out, "        %s) options='", pages[i].name);
        add_bash_options(out, &pages[i]);
        text_add(out, STR("' ;;\n"));
    }
    text_printf(out,
            "    esac\n"
            "    if [ -n \"$values\" ]; then\n"
            "        mapfile -t COMPREPLY < <(compgen -W \"$values\" -- \"$word\")\n"
            "    elif [ \"${word:0:1}\" = - ]; then\n"
            "        mapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$word\")\n"
            "    else\n"
            "        mapfile -t COMPREPLY < <(compgen -f -- \"$word\")\n"
            "    fi\n"
            "}\ncomplete -o filenames -F _%s %s\n",
            program, program);
}
