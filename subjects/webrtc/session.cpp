/// The device's peer, put together as an application on a device does it: H.264 and Opus tracks
/// with packetizer, sender reports and NACK responder, one data channel.
#include "session.h"

#include <chrono>
#include <stdexcept>

using namespace std::chrono_literals;

namespace {

constexpr auto patience = 20s;
constexpr size_t window_high = 1024 * 1024; ///< Bytes under way at which a sender waits ...
constexpr size_t window_low = 256 * 1024;   ///< ... and goes on.

constexpr uint8_t video_payload_type = 96, audio_payload_type = 111;
constexpr uint32_t video_ssrc = 42, audio_ssrc = 43;
constexpr char cname[] = "device";

rtc::Configuration local_configuration() {
    rtc::Configuration configuration;
    configuration.bindAddress = "127.0.0.1";
    // Otherwise the offer is made as soon as the first track or channel is there.
    configuration.disableAutoNegotiation = true;
    return configuration;
}

} // namespace

Session::Session(const Options &given) : options(given) {
    peer = std::make_shared<rtc::PeerConnection>(local_configuration());
    watch_peer();
    if (options.mode == Mode::Media) {
        add_video();
        add_audio();
    }
    add_channel();
}

Session::~Session() {
    close();
}

void Session::watch_peer() {
    peer->onGatheringStateChange([this](rtc::PeerConnection::GatheringState state) {
        std::lock_guard hold(lock);
        gathered = state == rtc::PeerConnection::GatheringState::Complete;
        changed.notify_all();
    });
    peer->onStateChange([this](rtc::PeerConnection::State state) {
        std::lock_guard hold(lock);
        failed = failed || state == rtc::PeerConnection::State::Failed ||
                 state == rtc::PeerConnection::State::Disconnected;
        closed = closed || state == rtc::PeerConnection::State::Closed;
        changed.notify_all();
    });
}

void Session::count_open() {
    std::lock_guard hold(lock);
    open++;
    changed.notify_all();
}

void Session::add_video() {
    rtc::Description::Video description("video", rtc::Description::Direction::SendOnly);
    description.addH264Codec(video_payload_type);
    description.addSSRC(video_ssrc, cname, "stream", "video");
    video = peer->addTrack(description);
    auto rtp = std::make_shared<rtc::RtpPacketizationConfig>(
            video_ssrc, cname, video_payload_type, rtc::H264RtpPacketizer::ClockRate);
    auto chain = std::make_shared<rtc::H264RtpPacketizer>(
            rtc::NalUnit::Separator::LongStartSequence, rtp);
    chain->addToChain(std::make_shared<rtc::RtcpSrReporter>(rtp));
    chain->addToChain(std::make_shared<rtc::RtcpNackResponder>(options.nack_packets));
    video->setMediaHandler(chain);
    video->onOpen([this] { count_open(); });
    to_open++;
}

void Session::add_audio() {
    rtc::Description::Audio description("audio", rtc::Description::Direction::SendOnly);
    description.addOpusCodec(audio_payload_type);
    description.addSSRC(audio_ssrc, cname, "stream", "audio");
    audio = peer->addTrack(description);
    auto rtp = std::make_shared<rtc::RtpPacketizationConfig>(
            audio_ssrc, cname, audio_payload_type, rtc::OpusRtpPacketizer::DefaultClockRate);
    auto chain = std::make_shared<rtc::OpusRtpPacketizer>(rtp);
    chain->addToChain(std::make_shared<rtc::RtcpSrReporter>(rtp));
    chain->addToChain(std::make_shared<rtc::RtcpNackResponder>(options.nack_packets));
    audio->setMediaHandler(chain);
    audio->onOpen([this] { count_open(); });
    to_open++;
}

void Session::add_channel() {
    channel = peer->createDataChannel("control");
    channel->setBufferedAmountLowThreshold(window_low);
    channel->onBufferedAmountLow([this] {
        std::lock_guard hold(lock);
        changed.notify_all();
    });
    channel->onMessage([](const rtc::binary &) {},
            [this](std::string message) {
                std::lock_guard hold(lock);
                text = std::move(message);
                changed.notify_all();
            });
    channel->onOpen([this] { count_open(); });
    to_open++;
}

// `done` is asked with the lock held.
template <typename Done> void Session::wait_for(const char *what, Done done) {
    std::unique_lock hold(lock);
    bool in_time = changed.wait_for(hold, patience, [&] { return failed || closed || done(); });
    if (failed || closed)
        throw std::runtime_error(std::string("the connection was lost while waiting for ") + what);
    if (!in_time)
        throw std::runtime_error(std::string("waited 20 s in vain for ") + what);
}

std::string Session::offer() {
    peer->setLocalDescription(rtc::Description::Type::Offer);
    wait_for("candidates", [this] { return gathered; });
    return std::string(peer->localDescription().value());
}

void Session::accept(const std::string &answer) {
    peer->setRemoteDescription(rtc::Description(answer, rtc::Description::Type::Answer));
    wait_for("the channel and the tracks to open", [this] { return open == to_open; });
}

void Session::send_video(rtc::binary frame, double seconds) {
    video->sendFrame(std::move(frame), rtc::FrameInfo(std::chrono::duration<double>(seconds)));
}

void Session::send_audio(rtc::binary packet, double seconds) {
    audio->sendFrame(std::move(packet), rtc::FrameInfo(std::chrono::duration<double>(seconds)));
}

void Session::send_text(const std::string &message) {
    channel->send(message);
}

void Session::send_binary(const rtc::byte *data, size_t size) {
    if (channel->bufferedAmount() > window_high)
        wait_for("the partner to take messages",
                [this] { return channel->bufferedAmount() <= window_low; });
    channel->send(data, size);
}

std::string Session::wait_text(const std::string &prefix) {
    wait_for("the partner's reply", [&] { return text.compare(0, prefix.size(), prefix) == 0; });
    std::lock_guard hold(lock);
    return text.substr(prefix.size());
}

void Session::check() {
    std::lock_guard hold(lock);
    if (failed || closed)
        throw std::runtime_error("the connection was lost");
}

void Session::close() {
    if (!peer)
        return;
    peer->close();
    {
        // The partner takes part in an orderly end; a dead one is waited for only so long.
        std::unique_lock hold(lock);
        changed.wait_for(hold, 5s, [this] { return closed; });
    }
    channel->resetCallbacks();
    channel.reset();
    video.reset();
    audio.reset();
    peer.reset();
}
