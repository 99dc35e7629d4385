// Runs a program and notes what it and the processes it waited for cost.
//
// usage: cpu /OUTPUT PROGRAM ARGUMENT...      or, where only a program's name can be given:
//        BENCH_PARTNER_OUTPUT=... BENCH_PARTNER=... cpu ARGUMENT...
//
// In the second form an argument that is the parent's process id becomes this one's, as a child that
// looks after its parent expects. OUTPUT, an absolute path, receives one line: processor time (user
// and system) in microseconds, the largest resident set of one process in KiB, and wall clock time in
// microseconds. Exits as the program does.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long microseconds(struct timeval t) {
    return (long long)t.tv_sec * 1000000 + t.tv_usec;
}

static long long now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (long long)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int note(const char *path, long long wall) {
    struct rusage use;
    getrusage(RUSAGE_CHILDREN, &use);
    FILE *out = fopen(path, "w");
    if (out == NULL)
        return -1;
    fprintf(out, "%lld %ld %lld\n", microseconds(use.ru_utime) + microseconds(use.ru_stime),
            use.ru_maxrss, wall);
    return fclose(out);
}

/// The arguments, with this process in the place of its parent.
static void stand_for_parent(char **arguments) {
    static char own[16], parent[16];
    snprintf(own, sizeof own, "%ld", (long)getpid());
    snprintf(parent, sizeof parent, "%ld", (long)getppid());
    for (; *arguments != NULL; arguments++)
        if (strcmp(*arguments, parent) == 0)
            *arguments = own;
}

int main(int argc, char **argv) {
    const char *path = NULL;
    char **command = argv;
    if (argc > 1 && argv[1][0] == '/') {
        path = argv[1];
        command = argv + 2;
    } else {
        path = getenv("BENCH_PARTNER_OUTPUT");
        command[0] = getenv("BENCH_PARTNER");
        stand_for_parent(argv + 1);
    }
    if (path == NULL || command[0] == NULL) {
        fputs("usage: cpu /OUTPUT PROGRAM ARGUMENT...\n", stderr);
        return 2;
    }
    long long before = now();
    pid_t child = fork();
    if (child == 0) {
        execvp(command[0], command);
        perror(command[0]);
        _exit(127);
    }
    int status;
    if (child < 0 || waitpid(child, &status, 0) != child || note(path, now() - before) != 0) {
        perror("cpu");
        return 2;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
