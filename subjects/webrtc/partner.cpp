/// The other peer, as a browser that watches: takes what the device sends, reports reception,
/// answers on the data channel. Not measured. SPDX-License-Identifier: Apache-2.0
///
/// Started by the device as `partner passive|active PARENT`, with the signalling channel as
/// descriptor 3; ends when that closes or when the process PARENT ends.
#include "signalling.h"

#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <mutex>
#include <rtc/rtc.hpp>
#include <sys/prctl.h>
#include <unistd.h>
#include <vector>

namespace {

constexpr int link_fd = 3;
constexpr auto gathering_limit = std::chrono::seconds(10);
constexpr auto ice_limit = std::chrono::milliseconds(500);

// Makes an offer of either side into one of the active side, in each media section.
void choose_active(std::string &offer) {
    const std::string either = "a=setup:actpass", active = "a=setup:active";
    for (size_t at = 0; (at = offer.find(either, at)) != std::string::npos; at += active.size())
        offer.replace(at, either.size(), active);
}

/// One connection with the device.
class Viewer {
  public:
    explicit Viewer(bool passive);
    ~Viewer();

    /// Takes the device's offer; gives the answer.
    std::string answer(std::string offer);

  private:
    void watch_track(std::shared_ptr<rtc::Track> track);
    void watch_channel(std::shared_ptr<rtc::DataChannel> opened);

    const bool passive;
    std::unique_ptr<rtc::PeerConnection> peer;
    std::vector<std::shared_ptr<rtc::Track>> tracks;
    std::shared_ptr<rtc::DataChannel> channel;
    unsigned long long counted = 0; ///< Binary messages; one thread at a time delivers.

    std::mutex lock;
    std::condition_variable changed;
    bool gathered = false, reachable = false;
};

Viewer::Viewer(bool passive_) : passive(passive_) {
    rtc::Configuration configuration;
    configuration.bindAddress = "127.0.0.1";
    peer = std::make_unique<rtc::PeerConnection>(configuration);
    peer->onGatheringStateChange([this](rtc::PeerConnection::GatheringState state) {
        std::lock_guard hold(lock);
        gathered = state == rtc::PeerConnection::GatheringState::Complete;
        changed.notify_all();
    });
    peer->onIceStateChange([this](rtc::PeerConnection::IceState state) {
        std::lock_guard hold(lock);
        reachable = reachable || state == rtc::PeerConnection::IceState::Connected ||
                    state == rtc::PeerConnection::IceState::Completed;
        changed.notify_all();
    });
    peer->onTrack([this](std::shared_ptr<rtc::Track> track) { watch_track(std::move(track)); });
    peer->onDataChannel(
            [this](std::shared_ptr<rtc::DataChannel> opened) { watch_channel(std::move(opened)); });
}

Viewer::~Viewer() {
    peer->close();
    if (channel)
        channel->resetCallbacks();
    for (const auto &track : tracks)
        track->resetCallbacks();
    peer.reset();
}

void Viewer::watch_track(std::shared_ptr<rtc::Track> track) {
    // Answers each sender report with a receiver report.
    track->setMediaHandler(std::make_shared<rtc::RtcpReceivingSession>());
    track->onMessage([](const rtc::binary &) {}, [](const std::string &) {});
    tracks.push_back(std::move(track));
}

void Viewer::watch_channel(std::shared_ptr<rtc::DataChannel> opened) {
    channel = std::move(opened);
    channel->onMessage([this](const rtc::binary &) { counted++; },
            [this](const std::string &text) {
                channel->send(text == "count" ? "counted " + std::to_string(counted) : text);
            });
}

// The device offers either side of DTLS (actpass) and this end chooses. As the passive one it is
// the server, and it answers only when it can already receive: ICE lets its checks reach the device
// before the device has the answer. The device's first DTLS message then finds somebody, and the
// connect is a clean one. As the active one it speaks first, as soon as it can.
std::string Viewer::answer(std::string offer) {
    if (passive)
        choose_active(offer);
    peer->setRemoteDescription(rtc::Description(offer, rtc::Description::Type::Offer));
    std::unique_lock hold(lock);
    changed.wait_for(hold, gathering_limit, [this] { return gathered; });
    if (passive)
        changed.wait_for(hold, ice_limit, [this] { return reachable; });
    return std::string(peer->localDescription().value());
}

void serve(bool passive) {
    SignallingLink link(link_fd);
    std::unique_ptr<Viewer> viewer;
    while (std::optional<Message> message = link.receive(SignallingLink::forever)) {
        viewer.reset();
        if (message->say != Say::Offer)
            continue;
        viewer = std::make_unique<Viewer>(passive);
        link.send(Say::Answer, viewer->answer(std::move(message->text)));
    }
}

} // namespace

int main(int argc, char **argv) {
    if (argc != 3)
        return 2;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != std::atoi(argv[2]))
        return 0; // It ended before the line above.
    rtc::InitLogger(rtc::LogLevel::Error, [](rtc::LogLevel, const std::string &line) {
        std::fprintf(stderr, "partner: %s\n", line.c_str());
    });
    try {
        serve(std::strcmp(argv[1], "passive") == 0);
    } catch (const std::exception &problem) {
        std::fprintf(stderr, "partner: %s\n", problem.what());
        _exit(1);
    }
    _exit(0); // Nobody waits for its threads.
}
