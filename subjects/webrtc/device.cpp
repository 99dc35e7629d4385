/// The program under measurement: the device's side of a WebRTC session, phase by phase, with a
/// checkpoint after each. SPDX-License-Identifier: Apache-2.0
///
/// The other peer is a process of its own that this one starts (partner.cpp): two peers in one
/// process share tables, and half of two is not one. Each checkpoint is taken when the program is
/// quiet, so that what lives there does not depend on the moment.
#include "options.h"
#include "partner_process.h"
#include "pool_size.h"
#include "quiet.h"
#include "ramlens.h"
#include "session.h"
#include "stream.h"

#include <chrono>
#include <cstdio>
#include <exception>
#include <memory>
#include <stdexcept>

namespace {

constexpr unsigned quiet_limit_ms = 10000;
constexpr int answer_limit_ms = 20000;
constexpr unsigned long_run_seconds = 60; ///< From here on a run has a second streaming checkpoint.
constexpr unsigned first_look_seconds = 5;

void checkpoint(const char *name, unsigned cycle) {
    if (!wait_until_quiet(quiet_limit_ms))
        std::fprintf(stderr, "device: not quiet at checkpoint %s\n", name);
    ramlens_checkpoint(name, cycle);
}

void start_logger() {
    checkpoint("logger-before", 0);
    rtc::InitLogger(rtc::LogLevel::Warning, [](rtc::LogLevel, const std::string &line) {
        std::fprintf(stderr, "device: %s\n", line.c_str());
    });
    checkpoint("logger-after", 0);
}

// What the plan of the port calls StartNetworking. Gives the number of threads that stay.
unsigned start_networking() {
    rtc::Preload();
    checkpoint("networking", 0);
    return count_threads();
}

void connect(Session &session, SignallingLink &link) {
    link.send(Say::Offer, session.offer());
    std::optional<Message> answer = link.receive(answer_limit_ms);
    if (!answer || answer->say != Say::Answer)
        throw std::runtime_error("the partner went away instead of answering");
    session.accept(answer->text);
    sleep_ms(200);
}

void stream(Session &session, const Options &options, unsigned cycle) {
    Stream stream(session, options);
    if (options.seconds < long_run_seconds) {
        stream.run_until(options.seconds);
        checkpoint("streaming", cycle);
        return;
    }
    stream.run_until(first_look_seconds);
    checkpoint("streaming", cycle);
    stream.run_until(long_run_seconds);
    checkpoint("streaming-60s", cycle);
    stream.run_until(options.seconds);
}

void carry(Session &session, const Options &options, unsigned cycle) {
    if (options.mode != Mode::Flood)
        return stream(session, options, cycle);
    std::printf("flood_cpu_us %llu messages %u\n", flood(session, options), options.messages);
    std::fflush(stdout);
    checkpoint("streaming", cycle);
}

void run_cycle(const Options &options, SignallingLink &link, unsigned cycle, unsigned threads) {
    auto session = std::make_unique<Session>(options);
    checkpoint("created", cycle);
    connect(*session, link);
    checkpoint("connected", cycle);
    carry(*session, options, cycle);
    session->close();
    session.reset();
    link.send(Say::Closed, "");
    if (!wait_until_threads(threads, quiet_limit_ms))
        std::fprintf(stderr, "device: threads of the closed connection are still there\n");
    checkpoint("closed", cycle);
}

void stop_networking() {
    if (rtc::Cleanup().wait_for(std::chrono::seconds(10)) != std::future_status::ready)
        throw std::runtime_error("libdatachannel did not clean up within 10 s");
    wait_until_threads(1, quiet_limit_ms);
    checkpoint("cleanup", 0);
}

void run(const Options &options) {
    // First: a fork before there are threads and locks is the simple kind.
    PartnerProcess partner(options.partner, !options.dtls_server);
    set_pool_size(options.threads);
    checkpoint("start", 0);
    start_logger();
    unsigned threads = start_networking();
    for (unsigned cycle = 1; cycle <= options.cycles; cycle++)
        run_cycle(options, partner.link(), cycle, threads);
    stop_networking();
}

} // namespace

int main(int argc, char **argv) {
    try {
        Options options = parse_options(argc, argv);
        if (options.help)
            std::fputs(options_usage, stdout);
        else
            run(options);
        return 0;
    } catch (const std::invalid_argument &wrong) {
        std::fprintf(stderr, "device: %s\n%s", wrong.what(), options_usage);
        return 2;
    } catch (const std::exception &problem) {
        std::fprintf(stderr, "device: %s\n", problem.what());
        // Static objects go when main returns; threads that use them must not be left.
        rtc::Cleanup().wait_for(std::chrono::seconds(5));
        return 1;
    }
}
