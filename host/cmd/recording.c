// See recording.h.
#include "recording.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

const char *recording_make_file(struct cmd_context *ctx, const char *path) {
    struct stat status;
    if (stat(path, &status) == 0 &&
            (!S_ISREG(status.st_mode) || !opt_is_given(&ctx->values, "force"))) {
        fail(&ctx->err, path, ERR_NO_OFFSET, "%s",
                S_ISREG(status.st_mode) ? "exists; -f replaces it"
                                        : "is not a regular file; a trace needs one");
        return NULL;
    }
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    char *absolute = fd < 0 ? NULL : realpath(path, NULL);
    if (absolute == NULL) {
        fail(&ctx->err, path, ERR_NO_OFFSET, "cannot be written: %s", strerror(errno));
        return NULL;
    }
    close(fd);
    const char *kept = arena_printf(ctx->arena, "%s", absolute);
    free(absolute);
    return kept;
}

int recording_end_as(int status) {
    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    struct rlimit none = { 0, 0 };
    setrlimit(RLIMIT_CORE, &none); // the program's own core file is the one of interest
    signal(WTERMSIG(status), SIG_DFL);
    raise(WTERMSIG(status));
    return 128 + WTERMSIG(status);
}

/// Whether a trace cannot even begin at `path`: the recorder takes space by the quarter of a mebibyte.
static bool has_no_room(const char *path) {
    enum { LEAST = 1 << 18 };
    struct statvfs place;
    struct rlimit limit;
    return (statvfs(path, &place) == 0 && (uint64_t)place.f_bavail * place.f_frsize < LEAST) ||
           (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur < LEAST);
}

void recording_warn_empty(struct cmd_context *ctx, const struct launch *l) {
    if (has_no_room(l->trace))
        cmd_warn(ctx, "nothing was recorded: no room for %s; make some, or choose another place",
                l->trace);
    else
        cmd_warn(ctx,
                "nothing was recorded: '%s' did not load the recorder (it starts a static program, "
                "one of "
                "another machine, or drops LD_PRELOAD) or brings a malloc of its own",
                l->argv[0]);
}
