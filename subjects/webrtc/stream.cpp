/// Sends at the pace of a clock, or without one.
#include "stream.h"

#include <cerrno>
#include <ctime>
#include <stdexcept>
#include <sys/resource.h>

namespace {

// All rates divide this: 30 and 50 frames, 10 texts a second.
constexpr unsigned ticks_per_second = 150;

unsigned long long now_us() {
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (unsigned long long)t.tv_sec * 1000000 + (unsigned long long)t.tv_nsec / 1000;
}

void sleep_until(unsigned long long us) {
    timespec t = { time_t(us / 1000000), long(us % 1000000) * 1000 };
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, nullptr) == EINTR) {
    }
}

unsigned long long used_us() {
    rusage use;
    getrusage(RUSAGE_SELF, &use);
    return ((unsigned long long)use.ru_utime.tv_sec + (unsigned long long)use.ru_stime.tv_sec) *
                   1000000 +
           (unsigned long long)use.ru_utime.tv_usec + (unsigned long long)use.ru_stime.tv_usec;
}

} // namespace

Stream::Stream(Session &to, const Options &given)
    : session(to), options(given), message(given.message_bytes, rtc::byte(0x5a)),
      begin_us(now_us()) {}

void Stream::run_until(unsigned seconds) {
    for (; tick < seconds * ticks_per_second; tick++) {
        sleep_until(begin_us + tick * 1000000ull / ticks_per_second);
        send_tick(tick);
    }
    sleep_until(begin_us + seconds * 1000000ull);
    session.wait_text(last_text);
}

void Stream::send_tick(unsigned at) {
    double seconds = double(at) / ticks_per_second;
    bool media = options.mode == Mode::Media;
    if (media && at % (ticks_per_second / VideoSource::frames_per_second) == 0)
        session.send_video(video.next(), seconds);
    if (at % (ticks_per_second / AudioSource::packets_per_second) == 0) {
        if (media)
            session.send_audio(audio.next(), seconds);
        else
            session.send_binary(message.data(), message.size());
    }
    if (at % (ticks_per_second / 10) == 0) {
        session.check();
        last_text = "ping " + std::to_string(at);
        session.send_text(last_text);
    }
}

unsigned long long flood(Session &session, const Options &options) {
    unsigned long long before = used_us();
    rtc::binary message(options.message_bytes, rtc::byte(0x5a));
    for (unsigned i = 0; i < options.messages; i++)
        session.send_binary(message.data(), message.size());
    session.send_text("count");
    std::string counted = session.wait_text("counted ");
    unsigned long long used = used_us() - before;
    if (counted != std::to_string(options.messages))
        throw std::runtime_error("the partner counted " + counted + " messages of " +
                                 std::to_string(options.messages));
    return used;
}
