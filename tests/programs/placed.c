// A program whose blocks lie where a chip would have them: it looks at what it is given. Prints "done" and exits with 0 when all is well;
// else says what is not and aborts.
//
//   calls            every C form: content, zeros, alignment, usable size, errno
//   fill             takes all there is, gives it back, takes again
//   stress N         N threads with random calls; blocks must not overlap and must keep their bytes
//   signals N        a timer's handler allocates and frees while the program does
//   fork             a child uses and frees what it has inherited
//   hosted           a thread that is all run-time library (by a component map) and main hand blocks to each other
//   objects          kernel objects and threads: created, ended, joined, detached
//   caps             ESP-IDF's calls
//   become PROGRAM…  executes another program
//   wait             tells that it is ready, waits for a line, allocates
#include "ramlens.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXPECT(what)                                                                               \
    do {                                                                                           \
        if (!(what)) {                                                                             \
            fprintf(stderr, "line %d: not so: %s\n", __LINE__, #what);                             \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

static void paint(void *p, size_t size, unsigned seed) {
    for (size_t i = 0; i < size; i++)
        ((uint8_t *)p)[i] = (uint8_t)(seed * 31 + i * 7);
}

static bool is_painted(const void *p, size_t size, unsigned seed) {
    for (size_t i = 0; i < size; i++)
        if (((const uint8_t *)p)[i] != (uint8_t)(seed * 31 + i * 7))
            return false;
    return true;
}

static bool is_zero(const void *p, size_t size) {
    for (size_t i = 0; i < size; i++)
        if (((const uint8_t *)p)[i] != 0)
            return false;
    return true;
}

// ---- every form

static volatile size_t huge = SIZE_MAX; // no constant: compilers know what is too much

static void calls(void) {
    size_t word = sizeof(void *) == 4 ? 4 : 16;
    ramlens_checkpoint("calls", 0);
    char *a = malloc(100);
    EXPECT(a != NULL && (uintptr_t)a % word == 0 && malloc_usable_size(a) >= 100);
    paint(a, 100, 1);
    free(a);
    char *z = calloc(10, 10);
    EXPECT(z != NULL && is_zero(z, 100)); // most likely what was painted
    paint(z, 100, 2);
    z = realloc(z, 40);
    EXPECT(is_painted(z, 40, 2));
    z = realloc(z, 3000);
    EXPECT(is_painted(z, 40, 2));
    paint(z, 3000, 3);
    z = realloc(z, 100000); // to the other memory, by the rule of malloc
    EXPECT(is_painted(z, 3000, 3));
    z = realloc(z, 50);
    EXPECT(is_painted(z, 50, 3));
    EXPECT(realloc(z, 0) == NULL);
    void *none = malloc(0), *none_either = calloc(0, 5);
    EXPECT(none != NULL && none_either != NULL && none != none_either);
    none = realloc(none, 8);
    EXPECT(none != NULL);
    free(none);
    free(none_either);
    free(NULL);
    for (size_t alignment = 8; alignment <= 4096; alignment *= 2) {
        void *p = aligned_alloc(alignment, 200), *q = memalign(alignment, 100), *r = NULL;
        EXPECT(p != NULL && (uintptr_t)p % alignment == 0);
        EXPECT(q != NULL && (uintptr_t)q % alignment == 0);
        EXPECT(posix_memalign(&r, alignment, 300) == 0 && (uintptr_t)r % alignment == 0);
        paint(p, 200, 4);
        p = realloc(p, 400);
        EXPECT(is_painted(p, 200, 4));
        free(p);
        free(q);
        free(r);
    }
    void *page = valloc(10), *pages = pvalloc(5000), *unchanged = page;
    EXPECT((uintptr_t)page % 4096 == 0 && (uintptr_t)pages % 4096 == 0);
    EXPECT(malloc_usable_size(pages) >= 8192);
    EXPECT(posix_memalign(&unchanged, 3, 10) == EINVAL && unchanged == page);
    free(page);
    free(pages);
    errno = 0;
    EXPECT(malloc(huge) == NULL && errno == ENOMEM);
    errno = 0;
    EXPECT(calloc(huge / 2, 3) == NULL && errno == ENOMEM);
    char *b = malloc(64);
    paint(b, 64, 5);
    errno = 0;
    EXPECT(realloc(b, huge / 2) == NULL && errno == ENOMEM && is_painted(b, 64, 5));
    errno = 4711;
    free(b);
    EXPECT(errno == 4711);
    ramlens_checkpoint("done", 0);
}

static void fill(void) {
    enum { MOST = 4096 };
    static void *blocks[MOST];
    size_t first = 0;
    for (int round = 0; round < 3; round++) {
        size_t count = 0;
        ramlens_checkpoint("empty", (unsigned)round + 1);
        for (size_t size = 100000; size >= 1000; size /= 10) {
            errno = 0;
            while (count < MOST && (blocks[count] = malloc(size)) != NULL) {
                memset(blocks[count], 0xa5, 100);
                count++;
            }
            EXPECT(count < MOST && errno == ENOMEM);
        }
        ramlens_checkpoint("full", (unsigned)round + 1);
        EXPECT(count > 300 && (round == 0 || count == first));
        first = count;
        while (count > 0)
            free(blocks[--count]);
    }
    ramlens_checkpoint("empty", 4);
}

// ---- many threads

struct live {
    char *p;
    size_t size;
    unsigned seed;
};

static int by_address(const void *a, const void *b) {
    const struct live *x = a, *y = b;
    return x->p < y->p ? -1 : x->p > y->p;
}

enum { SLOTS = 200, ROUNDS = 20000, THREADS_MOST = 16 };
static struct live lives[THREADS_MOST][SLOTS];

static unsigned next_random(unsigned *state) {
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static void *churn(void *number) {
    unsigned thread = (unsigned)(uintptr_t)number, state = thread * 77 + 1;
    for (int i = 0; i < ROUNDS; i++) {
        struct live *l = &lives[thread][next_random(&state) % SLOTS];
        unsigned size = 1 + next_random(&state) % (next_random(&state) % 50 == 0 ? 40000 : 500);
        unsigned what = next_random(&state) % 8;
        EXPECT(l->p == NULL || is_painted(l->p, l->size, l->seed));
        if (l->p != NULL && what < 3) {
            char *moved = realloc(l->p, size);
            EXPECT(moved != NULL && is_painted(moved, l->size < size ? l->size : size, l->seed));
            l->p = moved;
        } else {
            free(l->p);
            l->p = what == 3 ? calloc(1, size) : what == 4 ? aligned_alloc(32, size) : malloc(size);
            EXPECT(l->p != NULL && (what != 3 || is_zero(l->p, size)));
        }
        l->size = size;
        l->seed = next_random(&state);
        paint(l->p, size, l->seed);
    }
    return NULL;
}

static void stress(unsigned count) {
    pthread_t threads[THREADS_MOST];
    EXPECT(count <= THREADS_MOST);
    ramlens_checkpoint("before", 0);
    for (unsigned i = 0; i < count; i++)
        EXPECT(pthread_create(&threads[i], NULL, churn, (void *)(uintptr_t)i) == 0);
    for (unsigned i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    static struct live all[THREADS_MOST * SLOTS];
    size_t n = 0;
    for (unsigned t = 0; t < count; t++)
        for (int i = 0; i < SLOTS; i++)
            if (lives[t][i].p != NULL)
                all[n++] = lives[t][i];
    qsort(all, n, sizeof *all, by_address);
    for (size_t i = 0; i < n; i++) {
        EXPECT(is_painted(all[i].p, all[i].size, all[i].seed));
        EXPECT(i == 0 || all[i - 1].p + all[i - 1].size <= all[i].p);
    }
    ramlens_checkpoint("full", 0);
    for (size_t i = 0; i < n; i++)
        free(all[i].p);
    ramlens_checkpoint("after", 0);
}

// ---- signals

static void *volatile handed;     // from the program to the handler
static void *volatile given_back; // and the other way
static volatile sig_atomic_t handled;

static void on_alarm(int signal) {
    (void)signal;
    int saved = errno;
    void *p = __atomic_exchange_n(&handed, NULL, __ATOMIC_ACQ_REL);
    if (p != NULL && handled % 2 == 0) {
        p = realloc(p, 300);
        EXPECT(is_painted(p, 20, 9));
    }
    free(p);
    char *q = malloc(50);
    paint(q, 50, 8);
    free(__atomic_exchange_n(&given_back, q, __ATOMIC_ACQ_REL));
    handled++;
    errno = saved;
}

static void signals(int count) {
    signal(SIGALRM, on_alarm);
    struct itimerval often = { { 0, 50 }, { 0, 50 } }, never = { { 0, 0 }, { 0, 0 } };
    sigset_t alarms;
    sigemptyset(&alarms);
    sigaddset(&alarms, SIGALRM);
    ramlens_checkpoint("before", 0);
    setitimer(ITIMER_REAL, &often, NULL);
    while (handled < count) {
        char *p = malloc(100 + (size_t)handled % 100);
        paint(p, 20, 9);
        free(__atomic_exchange_n(&handed, p, __ATOMIC_ACQ_REL));
        char *q = __atomic_exchange_n(&given_back, NULL, __ATOMIC_ACQ_REL);
        EXPECT(q == NULL || is_painted(q, 50, 8));
        // It may be the host's block, and the host's allocator must not be interrupted by the handler's use of it.
        sigprocmask(SIG_BLOCK, &alarms, NULL);
        q = realloc(q, 70);
        free(q);
        sigprocmask(SIG_UNBLOCK, &alarms, NULL);
    }
    setitimer(ITIMER_REAL, &never, NULL);
    free(handed);
    free(given_back);
    ramlens_checkpoint("after", 0);
}

// ---- other processes

static void forked(void) {
    char *a = malloc(100), *b = malloc(200), *c = malloc(300);
    paint(a, 100, 1);
    paint(b, 200, 2);
    ramlens_checkpoint("before", 0);
    pid_t child = fork();
    if (child == 0) {
        free(a);
        b = realloc(b, 5000);
        EXPECT(is_painted(b, 200, 2));
        EXPECT(malloc_usable_size(c) >= 300);
        char *d = malloc(1000);
        memset(d, 1, 1000);
        free(b);
        free(c);
        free(d);
        _exit(7);
    }
    int status;
    EXPECT(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 7);
    EXPECT(is_painted(a, 100, 1) && is_painted(b, 200, 2));
    EXPECT(system("exit 3") == 3 << 8);
    free(a);
    free(b);
    free(c);
    ramlens_checkpoint("after", 0);
}

static void wait_for_line(void) {
    char line[16];
    void *p = malloc(10);
    puts("ready");
    fflush(stdout);
    EXPECT(fgets(line, sizeof line, stdin) != NULL);
    for (int i = 1; i < 100; i++)
        p = realloc(p, (size_t)i * 10);
    free(p);
    free(calloc(5, 5)); // a stack that nobody has asked about
}

// ---- what only a host has

static void *passed[4];

__attribute__((noinline)) void *host_thread(void *unused) {
    passed[0] = malloc(100); // the host's
    paint(passed[0], 100, 1);
    passed[1] = realloc(passed[1], 500); // the chip's before
    EXPECT(is_painted(passed[1], 200, 2));
    free(passed[2]);
    return unused;
}

static void hosted(void) {
    pthread_t thread;
    passed[1] = malloc(200);
    paint(passed[1], 200, 2);
    passed[2] = malloc(300);
    ramlens_checkpoint("before", 0);
    pthread_create(&thread, NULL, host_thread, NULL);
    pthread_join(thread, NULL);
    passed[0] = realloc(passed[0], 400); // the chip's from now on
    EXPECT(is_painted(passed[0], 100, 1));
    free(passed[0]);
    free(passed[1]);
    ramlens_checkpoint("after", 0);
}

// ---- kernel objects

static void *nothing(void *unused) {
    return unused;
}

static void *detach_self(void *ended) {
    pthread_detach(pthread_self());
    sem_post(ended);
    return NULL;
}

static void objects(void) {
    static pthread_mutex_t lazy = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_t m;
    pthread_cond_t c;
    pthread_rwlock_t rw;
    sem_t s;
    pthread_key_t key;
    pthread_t t;
    pthread_attr_t detached;
    ramlens_checkpoint("none", 0);
    pthread_mutex_init(&m, NULL);
    ramlens_checkpoint("mutex", 0);
    pthread_cond_init(&c, NULL);
    ramlens_checkpoint("condition", 0);
    pthread_rwlock_init(&rw, NULL);
    ramlens_checkpoint("rwlock", 0);
    sem_init(&s, 0, 0);
    ramlens_checkpoint("semaphore", 0);
    pthread_key_create(&key, NULL);
    ramlens_checkpoint("key", 0);
    pthread_mutex_lock(&lazy);
    pthread_mutex_unlock(&lazy);
    ramlens_checkpoint("lazy", 0);
    pthread_mutex_destroy(&lazy);
    pthread_key_delete(key);
    pthread_rwlock_destroy(&rw);
    pthread_cond_destroy(&c);
    pthread_mutex_destroy(&m);
    ramlens_checkpoint("semaphore-only", 0);
    pthread_create(&t, NULL, nothing, NULL);
    usleep(20000); // its function has returned
    ramlens_checkpoint("thread-over", 0);
    pthread_join(t, NULL);
    ramlens_checkpoint("joined", 0);
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    pthread_create(&t, &detached, nothing, NULL);
    usleep(20000);
    ramlens_checkpoint("detached-over", 0);
    pthread_create(&t, NULL, detach_self, &s);
    sem_wait(&s);
    usleep(20000);
    pthread_create(&t, NULL, nothing, NULL);
    usleep(20000);
    ramlens_checkpoint("before-detach", 0);
    pthread_detach(t);
    ramlens_checkpoint("after-detach", 0);
    sem_destroy(&s);
    ramlens_checkpoint("all-gone", 0);
}

// ---- ESP-IDF's calls

enum { CAP_8BIT = 1 << 2, CAP_SPIRAM = 1 << 10, CAP_INTERNAL = 1 << 11 };
struct config {
    size_t stack_size, prio;
    bool inherit;
    const char *name;
    int core;
    uint32_t caps;
};
extern void *heap_caps_malloc(size_t, uint32_t) __attribute__((weak));
extern void *heap_caps_calloc(size_t, size_t, uint32_t) __attribute__((weak));
extern void *heap_caps_realloc(void *, size_t, uint32_t) __attribute__((weak));
extern void *heap_caps_aligned_alloc(size_t, size_t, uint32_t) __attribute__((weak));
extern void *heap_caps_aligned_calloc(size_t, size_t, size_t, uint32_t) __attribute__((weak));
extern void *heap_caps_malloc_prefer(size_t, size_t, ...) __attribute__((weak));
extern void *heap_caps_calloc_prefer(size_t, size_t, size_t, ...) __attribute__((weak));
extern void *heap_caps_realloc_prefer(void *, size_t, size_t, ...) __attribute__((weak));
extern void heap_caps_free(void *) __attribute__((weak));
extern size_t heap_caps_get_free_size(uint32_t) __attribute__((weak));
extern size_t heap_caps_get_largest_free_block(uint32_t) __attribute__((weak));
extern size_t heap_caps_get_minimum_free_size(uint32_t) __attribute__((weak));
extern struct config esp_pthread_get_default_config(void) __attribute__((weak));
extern int esp_pthread_set_cfg(const struct config *) __attribute__((weak));

static void *make_grandchild(void *unused) {
    pthread_t t;
    pthread_create(&t, NULL, nothing, NULL);
    pthread_join(t, NULL);
    return unused;
}

static void caps(bool placed) {
    const uint32_t psram = CAP_SPIRAM | CAP_8BIT, internal = CAP_INTERNAL | CAP_8BIT;
    EXPECT(heap_caps_malloc != NULL);
    ramlens_checkpoint("caps", 0);
    size_t before = heap_caps_get_free_size(psram),
           internal_before = heap_caps_get_free_size(internal);
    char *p = heap_caps_malloc(1000, psram);
    EXPECT(p != NULL);
    if (placed) {
        EXPECT(before - heap_caps_get_free_size(psram) >= 1000);
        EXPECT(heap_caps_get_free_size(internal) == internal_before);
        EXPECT(heap_caps_get_largest_free_block(psram) > 30 << 20);
        EXPECT(heap_caps_get_minimum_free_size(psram) <= before - 1000);
    }
    paint(p, 1000, 1);
    p = heap_caps_realloc(p, 1500, internal); // to the other memory
    EXPECT(is_painted(p, 1000, 1));
    EXPECT(!placed || heap_caps_get_free_size(psram) == before);
    heap_caps_free(p);
    char *z = heap_caps_calloc(10, 10, internal);
    EXPECT(z != NULL && is_zero(z, 100));
    free(z); // free is the same
    p = heap_caps_aligned_alloc(64, 100, psram);
    EXPECT((uintptr_t)p % 64 == 0);
    heap_caps_free(p);
    p = heap_caps_aligned_calloc(128, 10, 10, psram);
    EXPECT((uintptr_t)p % 128 == 0 && is_zero(p, 100));
    heap_caps_free(p);
    // More than internal RAM has: the second try serves it.
    p = heap_caps_malloc_prefer(700000, 2, internal, psram);
    EXPECT(p != NULL);
    p = heap_caps_realloc_prefer(p, 800000, 2, internal, psram);
    EXPECT(p != NULL);
    heap_caps_free(p);
    p = heap_caps_calloc_prefer(1, 70, 2, psram, internal);
    EXPECT(is_zero(p, 70));
    heap_caps_free(p);
    if (placed) {
        EXPECT(heap_caps_malloc(700000, internal) == NULL);
        EXPECT(heap_caps_malloc(10, 0) == NULL);
        EXPECT(heap_caps_get_free_size(internal) == internal_before);
    }
    struct config config = esp_pthread_get_default_config();
    EXPECT(config.stack_size == 3072 && config.prio == 5);
    config.stack_size = 100;
    EXPECT(esp_pthread_set_cfg(&config) == 0x102);
    config.stack_size = 50000;
    config.caps = psram;
    config.inherit = true;
    EXPECT(esp_pthread_set_cfg(&config) == 0);
    pthread_t t;
    pthread_create(&t, NULL, make_grandchild, NULL);
    pthread_join(t, NULL);
    ramlens_checkpoint("done", 0);
}

int main(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "";
    int number = argc > 2 ? atoi(argv[2]) : 0;
    if (strcmp(what, "calls") == 0)
        calls();
    else if (strcmp(what, "fill") == 0)
        fill();
    else if (strcmp(what, "stress") == 0)
        stress((unsigned)number);
    else if (strcmp(what, "signals") == 0)
        signals(number);
    else if (strcmp(what, "fork") == 0)
        forked();
    else if (strcmp(what, "hosted") == 0)
        hosted();
    else if (strcmp(what, "objects") == 0)
        objects();
    else if (strcmp(what, "caps") == 0)
        caps(number != 0);
    else if (strcmp(what, "wait") == 0)
        wait_for_line();
    else if (strcmp(what, "become") == 0)
        free(malloc(10)), execv(argv[2], argv + 2);
    else
        return 2;
    puts("done");
    return 0;
}
