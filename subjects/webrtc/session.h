/// One connection of the device: the peer, its tracks and its data channel.
/// SPDX-License-Identifier: Apache-2.0
#ifndef SUBJECT_WEBRTC_SESSION_H
#define SUBJECT_WEBRTC_SESSION_H

#include "options.h"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <rtc/rtc.hpp>
#include <string>

/// The steps are called in order by one thread: construct, offer, accept, then sends, then close.
/// Each waits for what it starts and throws std::runtime_error with the reason when that fails or
/// takes longer than 20 s.
class Session {
  public:
    /// Creates the peer, the tracks (in media mode) and the channel; makes no network traffic.
    explicit Session(const Options &options);
    ~Session();
    Session(const Session &) = delete;
    Session &operator=(const Session &) = delete;

    /// Sets the local description, gathers candidates and gives the whole offer.
    std::string offer();

    /// Takes the partner's answer and waits until the channel and every track are open.
    void accept(const std::string &answer);

    /// Sends one video frame or audio packet that is due `seconds` after the stream's begin.
    void send_video(rtc::binary frame, double seconds);
    void send_audio(rtc::binary packet, double seconds);

    /// Sends on the data channel. send_binary() waits while more than 1 MiB is under way.
    void send_text(const std::string &text);
    void send_binary(const rtc::byte *data, size_t size);

    /// Waits until the partner's last text begins with `prefix`; gives the rest of it.
    std::string wait_text(const std::string &prefix);

    /// Throws std::runtime_error when the connection has been lost.
    void check();

    /// Closes and destroys the peer. Its threads may still be at it when this returns.
    void close();

  private:
    void add_video();
    void add_audio();
    void add_channel();
    void watch_peer();
    void count_open();
    template <typename Done> void wait_for(const char *what, Done done);

    const Options &options;
    std::shared_ptr<rtc::PeerConnection> peer;
    std::shared_ptr<rtc::Track> video, audio;
    std::shared_ptr<rtc::DataChannel> channel;

    // What the peer's threads report; guarded by `lock`, told by `changed`.
    std::mutex lock;
    std::condition_variable changed;
    bool gathered = false, failed = false, closed = false;
    unsigned open = 0, to_open = 0;
    std::string text; ///< The last one that came.
};

#endif
