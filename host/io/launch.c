// See launch.h.
#include "launch.h"

#include "elf_program.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef RAMLENS_LIBDIR
#    define RAMLENS_LIBDIR "/usr/local/lib/ramlens"
#endif

/// The loader puts the right folder of each word size in place of $LIB: a program of either size, and what it executes, find theirs.
#define PRELOAD_FILE "/$LIB/libramlens-preload.so"

const char *launch_preload_folder(struct arena *a, struct err *err) {
    char self[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    self[length < 0 ? 0 : length] = '\0';
    char *slash = strrchr(self, '/');
    if (slash != NULL)
        *slash = '\0';
    const char *const candidates[] = { arena_printf(a, "%s/preload", self), RAMLENS_LIBDIR };
    for (size_t i = 0; i < sizeof candidates / sizeof candidates[0]; i++) {
        if (access(arena_printf(a, "%s/lib", candidates[i]), R_OK) != 0)
            continue;
        if (strpbrk(candidates[i], " :") == NULL)
            return candidates[i];
        fail(err, candidates[i], ERR_NO_OFFSET,
                "holds the recorder, but the loader takes no path with a space or colon; move "
                "ramlens");
        return NULL;
    }
    fail(err, candidates[0], ERR_NO_OFFSET,
            "has no recorder; build it with 'make' or install ramlens");
    return NULL;
}

/// Whether `path` can be executed; else errno says why not.
static bool is_program(const char *path) {
    struct stat status;
    if (stat(path, &status) != 0)
        return false;
    if (S_ISDIR(status.st_mode)) {
        errno = EISDIR;
        return false;
    }
    return access(path, X_OK) == 0;
}

/// Looks for `program` in the folders of PATH; an empty one is the current folder. `*reason` receives why the best candidate will
/// not do.
static const char *find_on_path(struct arena *a, const char *program, int *reason) {
    const char *path = getenv("PATH");
    *reason = ENOENT;
    for (const char *at = path == NULL ? "/usr/bin:/bin" : path;; at++) {
        size_t length = strcspn(at, ":");
        const char *candidate =
                arena_printf(a, "%.*s%s%s", (int)length, at, length == 0 ? "" : "/", program);
        if (is_program(candidate))
            return candidate;
        if (errno == EACCES)
            *reason = EACCES;
        at += length;
        if (*at == '\0')
            return NULL;
    }
}

const char *launch_find(struct arena *a, const char *program, struct err *err) {
    int reason = 0;
    if (strchr(program, '/') != NULL) {
        if (is_program(program))
            return program;
        reason = errno;
    } else if (*program != '\0') {
        const char *found = find_on_path(a, program, &reason);
        if (found != NULL)
            return found;
    }
    if (reason == ENOENT && strchr(program, '/') == NULL)
        fail(err, program, ERR_NO_OFFSET, "cannot be started: it is in no folder of PATH");
    else
        fail(err, program, ERR_NO_OFFSET, "cannot be started: %s", strerror(reason));
    return NULL;
}

/// Whether the recorder for programs of `bits` is there; the loader would tell the program's standard error that it is not.
static bool has_recorder(struct arena *a, unsigned bits, struct err *err) {
    static const char *const places[2][2] = { { "lib/i386-linux-gnu", "lib32" },
        { "lib/x86_64-linux-gnu", "lib64" } };
    const char *preload = launch_preload_folder(a, err);
    if (preload == NULL)
        return false;
    for (int i = 0; i < 2; i++)
        if (access(arena_printf(a, "%s/%s/libramlens-preload.so", preload, places[bits == 64][i]),
                    R_OK) == 0)
            return true;
    return fail(err, preload, ERR_NO_OFFSET,
            "has no recorder for %u-bit programs; build it with 'make runtime'", bits);
}

bool launch_check(struct arena *a, const char *program, struct err *err) {
    struct elf_program p;
    struct err ignored;
    // What may be executed need not be readable; and a script's interpreter is what gets the recorder.
    if (!elf_program_read(a, program, &p, &ignored))
        return true;
    if (p.kind == ELF_PROGRAM_SCRIPT) {
        program = arena_printf(a, "%.*s", STR_ARG(p.interpreter));
        if (!elf_program_read(a, program, &p, &ignored))
            return true;
    }
    const char *obstacle = elf_program_obstacle(&p);
    if (obstacle != NULL)
        return fail(err, program, ERR_NO_OFFSET, "%s", obstacle);
    return p.kind != ELF_PROGRAM_DYNAMIC || has_recorder(a, p.class_bits, err);
}

static volatile sig_atomic_t child;

static void pass_on(int signal) {
    if (child > 0)
        kill((pid_t)child, signal);
}

/// Its coming is what interrupts who waits.
static void come(int signal) {
    (void)signal;
}

struct saved_signals {
    struct sigaction interrupt, quit, terminate, hangup, child;
};

static void guard_signals(struct saved_signals *saved) {
    struct sigaction ignore = { .sa_handler = SIG_IGN };
    struct sigaction forward = { .sa_handler = pass_on };
    sigaction(SIGINT, &ignore, &saved->interrupt);
    sigaction(SIGQUIT, &ignore, &saved->quit);
    sigaction(SIGTERM, &forward, &saved->terminate);
    sigaction(SIGHUP, &forward, &saved->hangup);
    struct sigaction notice = { .sa_handler = come };
    sigaction(SIGCHLD, &notice, &saved->child);
}

static void restore_signals(const struct saved_signals *saved) {
    sigaction(SIGINT, &saved->interrupt, NULL);
    sigaction(SIGQUIT, &saved->quit, NULL);
    sigaction(SIGTERM, &saved->terminate, NULL);
    sigaction(SIGHUP, &saved->hangup, NULL);
    sigaction(SIGCHLD, &saved->child, NULL);
}

static void set_number(const char *name, long value) {
    char digits[24];
    (void)snprintf(digits, sizeof digits, "%ld", value);
    setenv(name, digits, 1);
}

static bool begins_as_elf(const char *path) {
    char first[4] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? 0 : read(fd, first, sizeof first);
    if (fd >= 0)
        close(fd);
    return got == (ssize_t)sizeof first && memcmp(first, "\177ELF", sizeof first) == 0;
}

/// Runs a script that does not name its interpreter, as shells and execvp() do.
static void execute_by_shell(const struct launch *l, const char *program) {
    size_t count = 0;
    while (l->argv[count] != NULL)
        count++;
    char **words = calloc(count + 2, sizeof *words);
    char *script = strdup(program);
    if (words != NULL && script != NULL) {
        static char shell[] = "sh";
        words[0] = shell;
        words[1] = script;
        for (size_t i = 1; i < count; i++)
            words[i + 1] = l->argv[i];
        execv("/bin/sh", words);
    }
    free(script);
    free(words);
}

/// In the child: becomes the program. Writes errno to `report` when that fails.
static _Noreturn void become(
        const struct launch *l, const char *program, const char *preload, int report) {
    const char *before = getenv("LD_PRELOAD");
    char *value = NULL;
    int reason = ENOMEM;
    int length = before == NULL || *before == '\0'
                         ? asprintf(&value, "%s" PRELOAD_FILE, preload)
                         : asprintf(&value, "%s" PRELOAD_FILE ":%s", preload, before);
    if (length > 0) {
        setenv("LD_PRELOAD", value, 1);
        setenv("RAMLENS_TRACE", l->trace, 1);
        set_number("RAMLENS_PID", (long)getpid());
        set_number("RAMLENS_CHILDREN", l->children ? 1 : 0);
        if (l->place != NULL)
            setenv("RAMLENS_PLACE", l->place, 1);
        else
            unsetenv("RAMLENS_PLACE");
        execv(program, l->argv);
        reason = errno;
        if (reason == ENOEXEC && !begins_as_elf(program))
            execute_by_shell(l, program);
    }
    ssize_t wrote = write(report, &reason, sizeof reason);
    _exit(wrote == (ssize_t)sizeof reason ? 127 : 126);
}

static bool wait_for(struct launch *l, int report, const char *program, struct err *err) {
    int reason = 0;
    ssize_t got;
    do
        got = read(report, &reason, sizeof reason);
    while (got < 0 && errno == EINTR);
    while (l->serve != NULL && got == 0 && waitpid((pid_t)child, &l->status, WNOHANG) == 0)
        l->serve(l->self);
    while (waitpid((pid_t)child, &l->status, 0) < 0 && errno == EINTR) {
    }
    if (got == (ssize_t)sizeof reason)
        return fail(err, program, ERR_NO_OFFSET, "cannot be started: %s", strerror(reason));
    return true;
}

bool launch_run(struct arena *a, struct launch *l, struct err *err) {
    const char *preload = launch_preload_folder(a, err);
    const char *program = preload == NULL ? NULL : launch_find(a, l->argv[0], err);
    int ends[2];
    if (program == NULL)
        return false;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return fail(err, program, ERR_NO_OFFSET, "cannot be started: %s", strerror(errno));
    struct saved_signals saved;
    guard_signals(&saved);
    pid_t pid = fork();
    if (pid == 0) {
        restore_signals(&saved);
        become(l, program, preload, ends[1]);
    }
    child = pid;
    close(ends[1]);
    bool done =
            pid < 0 ? fail(err, program, ERR_NO_OFFSET, "cannot be started: %s", strerror(errno))
                    : wait_for(l, ends[0], program, err);
    close(ends[0]);
    child = 0;
    restore_signals(&saved);
    return done;
}
