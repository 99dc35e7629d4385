/// What a connection carries once it stands. SPDX-License-Identifier: Apache-2.0
#ifndef SUBJECT_WEBRTC_STREAM_H
#define SUBJECT_WEBRTC_STREAM_H

#include "media.h"
#include "session.h"

/// A paced stream: in media mode 30 video frames and 50 audio packets a second; in data-only mode
/// 50 messages a second; in both ten short texts a second, which the partner echoes.
/// It lives on the caller's thread and starts no other.
class Stream {
  public:
    Stream(Session &session, const Options &options);

    /// Goes on until `seconds` after the stream's begin, then waits for the partner's last echo.
    /// May be called again with a later end; what fell due between two calls is sent at once,
    /// as from a camera's queue. Throws std::runtime_error when the connection is lost.
    void run_until(unsigned seconds);

  private:
    void send_tick(unsigned tick);
    Session &session;
    const Options &options;
    VideoSource video;
    AudioSource audio;
    rtc::binary message;
    unsigned tick = 0;
    std::string last_text;
    unsigned long long begin_us;
};

/// Sends the options' messages as fast as they go (at most 1 MiB under way), then waits until the
/// partner has counted them. Throws std::runtime_error when it counted a different number. Gives
/// the processor time, user and system, that this process used meanwhile, in microseconds.
unsigned long long flood(Session &session, const Options &options);

#endif
