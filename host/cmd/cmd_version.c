/// `ramlens version`.
#include "cmd.h"
#include "str.h"

static int run(struct cmd_context *ctx) {
    out_add(ctx->out, STR("ramlens " RAMLENS_VERSION "\n"));
    return CMD_DONE;
}

const struct command cmd_version = {
    .name = "version",
    .group = CMD_GROUP_ABOUT,
    .summary = "print the version",
    .usage = "[OPTIONS]",
    .example = "ramlens version",
    .run = run,
};
