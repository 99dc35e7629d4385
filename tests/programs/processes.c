// Programs that make others: forks, spawns, execs, demons. usage: processes MODE [ARGUMENT...]
#define _GNU_SOURCE
#include "ramlens.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static void touch(int times, size_t size) {
    for (int i = 0; i < times; i++) {
        void *volatile block = malloc(size);
        free(block);
    }
}

static void wait_for(pid_t child) {
    int status;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        exit(20);
}

/// The child frees what its parent allocated and allocates blocks of its own.
static void mode_fork(void) {
    void *ours = malloc(1001);
    touch(10, 1000);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        touch(2000, 2000);
        free(ours);
        exit(0); // through its exit handlers
    }
    wait_for(child);
    touch(10, 3000);
    free(ours);
}

static volatile int stop;

static void *allocate_on(void *unused) {
    (void)unused;
    while (!stop) {
        pthread_mutex_t m; // the recorder's own locks are busy, too
        touch(3, 500);
        pthread_mutex_init(&m, NULL);
        pthread_mutex_destroy(&m);
    }
    return NULL;
}

/// Forks while other threads allocate: a child must not find anything held by a thread that it does not have.
static void mode_storm(int forks) {
    pthread_t threads[3];
    for (int i = 0; i < 3; i++)
        pthread_create(&threads[i], NULL, allocate_on, NULL);
    for (int i = 0; i < forks; i++) {
        pid_t child = fork();
        if (child == 0) {
            touch(300, 2000);
            pthread_mutex_t m;
            pthread_mutex_init(&m, NULL);
            pthread_mutex_destroy(&m);
            pthread_t t;
            stop = 1;
            pthread_create(&t, NULL, allocate_on, NULL);
            pthread_join(t, NULL);
            exit(0);
        }
        wait_for(child);
    }
    stop = 1;
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
}

static void mode_spawn(void) {
    char *const arguments[] = { "true", NULL };
    pid_t child;
    touch(10, 1000);
    if (posix_spawnp(&child, "true", NULL, NULL, arguments, environ) != 0)
        exit(3);
    wait_for(child);
    child = vfork();
    if (child == 0) {
        execvp("true", arguments);
        _exit(1);
    }
    wait_for(child);
    if (system("exit 7") != 7 << 8)
        exit(4);
    FILE *f = popen("echo from the shell", "r");
    char line[64];
    if (f == NULL || fgets(line, sizeof line, f) == NULL || pclose(f) != 0)
        exit(5);
    fputs(line, stdout);
    touch(10, 3000);
}

/// As demons begin: no parent, no terminal, no folder, no descriptors.
static void mode_demon(const char *done) {
    touch(10, 1000);
    pid_t child = fork();
    if (child != 0) {
        wait_for(child);
        return;
    }
    setsid();
    if (fork() != 0)
        _exit(0);
    if (chdir("/") != 0)
        _exit(1);
    close_range(0, ~0u, 0);
    touch(50000, 2000); // more than a window of the trace
    close(open(done, O_WRONLY | O_CREAT, 0666));
    exit(0);
}

/// Closes what it does not know, the recorder's descriptor too, and opens its own at the same numbers.
static void mode_close(void) {
    touch(10, 1000);
    close_range(3, ~0u, 0);
    for (int i = 0; i < 300; i++)
        if (open("/dev/null", O_RDWR) != 3 + i)
            exit(6); // somebody else sits there
    touch(100000, 2000);
    for (int i = 0; i < 300; i++)
        if (write(3 + i, "x", 1) != 1)
            exit(7);
}

/// What descriptors are open; those from 100 on are said to be free for tools.
static void mode_descriptors(void) {
    touch(10, 1000);
    for (int i = 0; i < 100; i++)
        if (fcntl(i, F_GETFD) >= 0)
            printf("%d ", i);
    int next = open("/dev/null", O_RDONLY);
    printf("then %d\n", next);
}

int main(int argc, char **argv) {
    const char *mode = argc > 1 ? argv[1] : "";
    if (strcmp(mode, "fork") == 0)
        mode_fork();
    else if (strcmp(mode, "storm") == 0)
        mode_storm(argc > 2 ? atoi(argv[2]) : 1);
    else if (strcmp(mode, "spawn") == 0)
        mode_spawn();
    else if (strcmp(mode, "demon") == 0)
        mode_demon(argc > 2 ? argv[2] : "/dev/null");
    else if (strcmp(mode, "close") == 0)
        mode_close();
    else if (strcmp(mode, "descriptors") == 0)
        mode_descriptors();
    else if (strcmp(mode, "exec") == 0 && argc > 2) {
        touch(10, 3000);
        execvp(argv[2], argv + 2);
        return 126;
    } else
        return 2;
    puts("done");
    return 0;
}
