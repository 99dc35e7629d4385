/// Quiet is read off the process's own clock and thread count: no library has to be asked, and the
/// looking leaves no block behind that a recorder would see.
#include "quiet.h"

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <unistd.h>

namespace {

constexpr unsigned window_ms = 30;
constexpr unsigned quiet_windows = 3;
constexpr uint64_t quiet_us = 900; ///< Of processor time a window: 3 % of it.

uint64_t clock_us(clockid_t clock) {
    timespec t;
    clock_gettime(clock, &t);
    return uint64_t(t.tv_sec) * 1000000 + uint64_t(t.tv_nsec) / 1000;
}

} // namespace

void sleep_ms(unsigned ms) {
    timespec rest = { time_t(ms / 1000), long(ms % 1000) * 1000000 };
    while (nanosleep(&rest, &rest) != 0 && errno == EINTR) {
    }
}

bool wait_until_quiet(unsigned limit_ms) {
    uint64_t end = clock_us(CLOCK_MONOTONIC) + uint64_t(limit_ms) * 1000;
    unsigned quiet = 0;
    while (quiet < quiet_windows) {
        if (clock_us(CLOCK_MONOTONIC) >= end)
            return false;
        uint64_t before = clock_us(CLOCK_PROCESS_CPUTIME_ID);
        sleep_ms(window_ms);
        uint64_t used = clock_us(CLOCK_PROCESS_CPUTIME_ID) - before;
        quiet = used <= quiet_us ? quiet + 1 : 0;
    }
    return true;
}

unsigned count_threads() {
    char text[4096];
    int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ssize_t size = read(fd, text, sizeof text - 1);
    close(fd);
    if (size <= 0)
        return 0;
    text[size] = '\0';
    const char *line = std::strstr(text, "\nThreads:");
    return line ? unsigned(std::strtoul(line + 9, nullptr, 10)) : 0;
}

bool wait_until_threads(unsigned most, unsigned limit_ms) {
    uint64_t end = clock_us(CLOCK_MONOTONIC) + uint64_t(limit_ms) * 1000;
    while (count_threads() > most) {
        if (clock_us(CLOCK_MONOTONIC) >= end)
            return false;
        sleep_ms(10);
    }
    return wait_until_quiet(limit_ms);
}
