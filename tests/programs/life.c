// Allocations at odd moments of a program's life: before main, at exit, in signal handlers; and every way to end.
// usage: life MODE [ARGUMENT]
#include "ramlens.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static void *volatile sink;
static const char *mode = "";
static int argument;

static void touch(size_t size) {
    sink = malloc(size);
    free(sink);
}

__attribute__((constructor)) static void before_main(void) {
    touch(111);
}

__attribute__((destructor)) static void after_main(void) {
    touch(444);
    if (strcmp(mode, "exit-in-destructor") == 0)
        _exit(9);
}

static void at_exit(void) {
    touch(333);
}

static void on_signal(int number) {
    (void)number;
    touch(555);
}

// ---- a handler that allocates while the recorder itself is at work

static volatile sig_atomic_t signals;

static unsigned next_random(void) {
    static unsigned state = 1;
    state = state * 1664525u + 1013904223u;
    return state >> 8;
}

/// A call stack that was hardly ever there before: one of two calls at each level.
static __attribute__((noinline)) void somewhere(unsigned path, int depth) {
    if (depth == 0) {
        touch(666);
        return;
    }
    if (path & 1)
        somewhere(path >> 1, depth - 1);
    else
        somewhere(path >> 1, depth - 1);
    __asm__ volatile("" : : : "memory"); // no sibling call
}

static void on_timer(int number) {
    (void)number;
    signals++;
    somewhere(next_random(), 16);
}

/// Locks are made and ended without a pause; the heap is used with the timer held back, because its own functions may not be interrupted by
/// themselves. The hooks of the locks may.
static void under_timer(void) {
    sigset_t held;
    sigemptyset(&held);
    sigaddset(&held, SIGRTMIN);
    struct sigaction action = { .sa_handler = on_timer };
    sigaction(SIGRTMIN, &action, NULL);
    struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN };
    timer_t timer;
    struct itimerspec often = { { 0, 100000 }, { 0, 100000 } };
    if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0 ||
            timer_settime(timer, 0, &often, NULL) != 0)
        exit(3);
    while (signals < argument) {
        for (int i = 0; i < 50; i++) {
            pthread_mutex_t m;
            pthread_mutex_init(&m, NULL);
            pthread_mutex_lock(&m);
            pthread_mutex_unlock(&m);
            pthread_mutex_destroy(&m);
        }
        sigprocmask(SIG_BLOCK, &held, NULL);
        touch(777);
        sigprocmask(SIG_UNBLOCK, &held, NULL);
    }
    timer_delete(timer);
}

static void *other_thread(void *unused) {
    (void)unused;
    for (int i = 0; i < argument; i++)
        touch(888);
    return NULL;
}

/// Blocks that are all in the trace when the program is killed a moment later, in both threads.
static void fill(void) {
    pthread_t t;
    pthread_create(&t, NULL, other_thread, NULL);
    for (int i = 0; i < argument; i++)
        sink = malloc(1000 + i % 7);
    pthread_join(t, NULL);
}

/// A block, then a dot on standard output, until somebody ends it: each dot's block must be in the trace.
static void go_on(void) {
    for (;;) {
        sink = malloc(2000);
        if (write(1, ".", 1) != 1)
            exit(4);
        free(sink);
    }
}

int main(int argc, char **argv) {
    mode = argc > 1 ? argv[1] : "";
    argument = argc > 2 ? atoi(argv[2]) : 0;
    atexit(at_exit);
    touch(222);
    if (strcmp(mode, "return") == 0)
        return argument;
    if (strcmp(mode, "exit") == 0 || strcmp(mode, "exit-in-destructor") == 0)
        exit(argument);
    if (strcmp(mode, "_exit") == 0)
        _exit(argument);
    if (strcmp(mode, "signal") == 0) {
        signal(SIGUSR1, on_signal);
        raise(SIGUSR1);
        return 0;
    }
    if (strcmp(mode, "timer") == 0) {
        under_timer();
        return 0;
    }
    if (strcmp(mode, "go-on") == 0)
        go_on();
    fill();
    if (strcmp(mode, "abort") == 0)
        abort();
    if (strcmp(mode, "kill") == 0)
        kill(getpid(), SIGKILL);
    if (strcmp(mode, "crash") == 0)
        *(volatile int *)1 = 0;
    return 2;
}
