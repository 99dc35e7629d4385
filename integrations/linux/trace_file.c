// The port's memory, clock and lock on Linux, and the trace file.
//
// Blocks are written in place, in a shared mapping of the file: what a killed program recorded is in the page cache
// already, and nothing is copied. The file grows by windows of WINDOW_BYTES whose space is allocated first, so that a full disk is
// an answer of fallocate and not a SIGBUS later. A window is unmapped when its last block is closed.
//
// Only direct system calls: errno stays as it is, and nothing here can come back into the hooks.
#include "ramlens_port.h"
#include "recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#if defined(__x86_64__) || defined(__i386__)
#    include <cpuid.h>
#    include <x86intrin.h>
#endif

enum {
    WINDOW_BYTES = 64 * RAMLENS_WIRE_BLOCK_BYTES,
    WINDOW_BLOCKS = WINDOW_BYTES / RAMLENS_WIRE_BLOCK_BYTES,
    WINDOWS_MAX =
            4096, ///< Mapped at a time: one for each thread that holds an old block open, at worst.
};

static struct {
    int fd;
    const char *path;
    ino_t inode; ///< What `fd` must refer to.
    dev_t device;
    uint64_t size;      ///< Of the file.
    uint8_t *window;    ///< Newest.
    uint32_t next;      ///< Next block of the newest window.
    uint64_t map_bytes; ///< Memory of the recorder.
    uint32_t pause;     ///< Attempts to skip after one that failed.
    bool ending;        ///< The run is: the block kept back may be used.
    /// Mapped windows and how many of their blocks are not done yet.
    struct {
        uint8_t *at;
        uint32_t undone;
    } windows[WINDOWS_MAX];
} file = { .fd = -1 };

// ---- system calls that leave errno alone

static long call(long number, long a, long b, long c, long d, long e, long f) {
    int saved = errno;
    long result = syscall(number, a, b, c, d, e, f);
    if (result == -1)
        result = -errno;
    errno = saved;
    return result;
}

static void *map_pages(size_t size, int protection, int flags, int fd, uint64_t offset) {
#ifdef SYS_mmap2
    long p = call(SYS_mmap2, 0, (long)size, protection, flags, fd, (long)(offset / 4096));
#else
    long p = call(SYS_mmap, 0, (long)size, protection, flags, fd, (long)offset);
#endif
    return (unsigned long)p > -4096UL ? NULL : (void *)p;
}

// ---- lock

static uint32_t lock_word; // 0 free, 1 held, 2 held and waited for

// Of who holds the lock. A signal handler that allocates must not find its own thread inside.
static uint64_t lock_signals;

enum { KERNEL_SIGNAL_SET_BYTES = 8 };

void ramlens_port_lock(void) {
    const uint64_t all = UINT64_MAX;
    uint64_t before = 0;
    call(SYS_rt_sigprocmask, SIG_SETMASK, (long)&all, (long)&before, KERNEL_SIGNAL_SET_BYTES, 0, 0);
    uint32_t expected = 0;
    if (!__atomic_compare_exchange_n(
                &lock_word, &expected, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        while (__atomic_exchange_n(&lock_word, 2, __ATOMIC_ACQUIRE) != 0)
            call(SYS_futex, (long)&lock_word, FUTEX_WAIT_PRIVATE, 2, 0, 0, 0);
    lock_signals = before;
}

void ramlens_port_unlock(void) {
    uint64_t before = lock_signals;
    if (__atomic_exchange_n(&lock_word, 0, __ATOMIC_RELEASE) == 2)
        call(SYS_futex, (long)&lock_word, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0);
    call(SYS_rt_sigprocmask, SIG_SETMASK, (long)&before, 0, KERNEL_SIGNAL_SET_BYTES, 0, 0);
}

// ---- clock

static struct {
    unsigned shift;    ///< Counter cycles to parts of a tick.
    bool counter;      ///< The processor's counter is usable.
    uint64_t per_part; ///< Nanoseconds, without the counter.
} ticks = { 0, false, 4 };

uint64_t trace_clock_nanoseconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t); // vdso: does not fail, does not touch errno
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

#if defined(__x86_64__) || defined(__i386__)
static bool counter_is_steady(void) {
    unsigned a, b, c, d;
    return __get_cpuid(0x80000007, &a, &b, &c, &d) != 0 && (d & 1u << 8) != 0;
}

static uint64_t counter_read(void) {
    return __rdtsc();
}
#else
static bool counter_is_steady(void) {
    return false;
}

static uint64_t counter_read(void) {
    return 0;
}
#endif

uint64_t ramlens_port_time(void) {
    if (__builtin_expect(ticks.counter, 1))
        return counter_read() >> ticks.shift;
    return trace_clock_nanoseconds() / ticks.per_part;
}

static uint64_t counter_rate; // cycles a second, measured over a moment: only to choose the shift

/// Chooses the largest tick of at most a microsecond. Takes 50 microseconds.
void trace_clock_init(void) {
    if (!counter_is_steady())
        return;
    uint64_t from = trace_clock_nanoseconds();
    uint64_t begin = counter_read();
    uint64_t now;
    do
        now = trace_clock_nanoseconds();
    while (now - from < 50000);
    counter_rate = (counter_read() - begin) * 1000000000u / (now - from);
    ticks.shift = 0;
    while (counter_rate / RAMLENS_WIRE_PARTS >> (ticks.shift + 1) >= 1000000)
        ticks.shift++;
    ticks.counter = true;
}

uint64_t trace_clock_rate(void) {
    uint64_t rate = ticks.counter ? counter_rate >> ticks.shift : 1000000000u / ticks.per_part;
    return rate / RAMLENS_WIRE_PARTS;
}

// ---- memory

void *ramlens_port_map(size_t size) {
    void *p = map_pages(
            size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p != NULL)
        __atomic_add_fetch(&file.map_bytes, size, __ATOMIC_RELAXED);
    return p;
}

uint64_t trace_file_map_bytes(void) {
    return __atomic_load_n(&file.map_bytes, __ATOMIC_RELAXED);
}

// ---- blocks

static bool check_descriptor(void);

/// The limit `which` of this process; the highest number when it cannot be told.
static uint64_t limit_of(int which) {
    struct {
        uint64_t now, most;
    } limit;
    return call(SYS_prlimit64, 0, which, 0, (long)&limit, 0, 0) == 0 ? limit.now : UINT64_MAX;
}

/// Gives the file `size` bytes of real space. Where the file system cannot allocate, zeros are written.
static bool grow_file(uint64_t offset, uint32_t size) {
    // A file longer than the limit would bring a signal that ends the program.
    if (!check_descriptor() || offset + size > limit_of(RLIMIT_FSIZE))
        return false;
#ifdef __x86_64__
    long result = call(SYS_fallocate, file.fd, 0, (long)offset, size, 0, 0);
#else
    long result = call(
            SYS_fallocate, file.fd, 0, (long)(uint32_t)offset, (long)(offset >> 32), (long)size, 0);
#endif
    if (result != -EOPNOTSUPP)
        return result == 0;
    static const uint8_t zeros[RAMLENS_WIRE_BLOCK_BYTES];
    for (uint32_t done = 0; done < size; done += sizeof zeros) {
        int saved = errno;
        ssize_t wrote = pwrite64(file.fd, zeros, sizeof zeros, (off64_t)(offset + done));
        errno = saved;
        if (wrote != (ssize_t)sizeof zeros)
            return false;
    }
    return true;
}

static bool map_window(void) {
    uint32_t slot = 0;
    while (slot < WINDOWS_MAX && file.windows[slot].at != NULL)
        slot++;
    if (slot == WINDOWS_MAX || !grow_file(file.size, WINDOW_BYTES))
        return false;
    uint8_t *at = map_pages(
            WINDOW_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, file.fd, file.size);
    if (at == NULL)
        return false;
    file.windows[slot].at = at;
    file.windows[slot].undone = WINDOW_BLOCKS;
    file.window = at;
    file.next = 0;
    file.size += WINDOW_BYTES;
    return true;
}

/// Where there was no room, the next attempts are not made: each event that is lost would wait for the system's no.
static bool open_window(void) {
    enum { PAUSE = 64 };
    if (file.pause > 0 && !file.ending) {
        file.pause--;
        return false;
    }
    bool done = map_window();
    file.pause = done ? 0 : PAUSE;
    return done;
}

static uint8_t *take_from_window(void) {
    return file.window + (size_t)file.next++ * RAMLENS_WIRE_BLOCK_BYTES;
}

/// The last block of a window is kept until the next window is there, so that blocks stand in the order in which they are taken. When
/// the disk is full it waits for the end of the run, which says what was lost.
static uint8_t *take_block(void) {
    if (file.fd < 0)
        return NULL;
    if (file.window == NULL)
        return open_window() ? take_from_window() : NULL;
    if (file.next < WINDOW_BLOCKS - 1)
        return take_from_window();
    uint8_t *last = file.next == WINDOW_BLOCKS ? NULL : take_from_window();
    if (open_window())
        return last != NULL ? last : take_from_window();
    if (last != NULL && !file.ending)
        file.next--; // keep it
    return file.ending ? last : NULL;
}

uint8_t *ramlens_port_block_take(size_t *size) {
    *size = RAMLENS_WIRE_BLOCK_BYTES;
    uint8_t *block = take_block();
    if (*recorder_alive != RECORDER_OFF)
        *recorder_alive = block == NULL ? RECORDER_FULL : RECORDER_ON;
    return block;
}

// NOLINTNEXTLINE(readability-non-const-parameter): as the port has it
void ramlens_port_block_done(uint8_t *block, size_t size) {
    (void)size;
    for (uint32_t i = 0; i < WINDOWS_MAX; i++) {
        uint8_t *at = __atomic_load_n(&file.windows[i].at, __ATOMIC_ACQUIRE);
        if (at == NULL || block < at || block >= at + WINDOW_BYTES)
            continue;
        if (__atomic_sub_fetch(&file.windows[i].undone, 1, __ATOMIC_ACQ_REL) != 0)
            return;
        call(SYS_munmap, (long)at, WINDOW_BYTES, 0, 0, 0, 0);
        __atomic_store_n(&file.windows[i].at, NULL, __ATOMIC_RELEASE);
        return;
    }
}

void trace_file_ending(void) {
    file.ending = true;
}

/// End of the last block that an earlier image of this process wrote.
static uint64_t used_size(uint64_t size) {
    uint8_t head[4];
    for (; size >= RAMLENS_WIRE_BLOCK_BYTES; size -= RAMLENS_WIRE_BLOCK_BYTES) {
        off64_t at = (off64_t)(size - RAMLENS_WIRE_BLOCK_BYTES);
        if (pread64(file.fd, head, sizeof head, at) != (ssize_t)sizeof head || head[0] != 0)
            break;
    }
    return size;
}

/// Opens the trace on a descriptor out of the way: a low one could be one that the program counts on.
static int open_high(void) {
    enum { HIGH = 200 };
    int fd = open(file.path, O_RDWR | O_CREAT | O_CLOEXEC | O_LARGEFILE, 0666);
    int high = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, HIGH);
    if (high < 0 && fd >= 0)
        high = fcntl(fd, F_DUPFD_CLOEXEC, (int)limit_of(RLIMIT_NOFILE) - 1);
    if (high < 0)
        return fd;
    close(fd);
    return high;
}

/// Makes sure that the descriptor is still ours: programs close what they do not know.
static bool check_descriptor(void) {
    struct stat now;
    int saved = errno;
    if (fstat(file.fd, &now) != 0 || now.st_ino != file.inode || now.st_dev != file.device)
        file.fd = open_high();
    errno = saved;
    return file.fd >= 0;
}

bool trace_file_open(const char *path) {
    int saved = errno;
    for (uint32_t i = 0; i < WINDOWS_MAX; i++)
        file.windows[i].at = NULL;
    file.window = NULL;
    file.pause = 0;
    file.ending = false;
    file.path = path;
    file.fd = open_high();
    struct stat now;
    bool usable = file.fd >= 0 && fstat(file.fd, &now) == 0;
    if (usable) {
        file.inode = now.st_ino;
        file.device = now.st_dev;
        file.size = used_size(
                (uint64_t)now.st_size / RAMLENS_WIRE_BLOCK_BYTES * RAMLENS_WIRE_BLOCK_BYTES);
        usable = open_window();
    }
    errno = saved;
    return usable;
}
