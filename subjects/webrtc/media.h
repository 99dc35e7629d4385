/// Encoded frames as a camera and a microphone would deliver them: real sizes and structure, noise
/// for content. SPDX-License-Identifier: Apache-2.0
///
/// Video is H.264 at 30 frames a second, a key frame every 2 s, 1.0 Mbit/s: the usual setting for
/// 1280x720. Audio is Opus in packets of 20 ms at 48 kbit/s. Sizes vary as encoders' do and come
/// from a fixed seed by integer arithmetic: each run and each word size sends the same bytes.
#ifndef SUBJECT_WEBRTC_MEDIA_H
#define SUBJECT_WEBRTC_MEDIA_H

#include <cstdint>
#include <rtc/rtc.hpp>

/// A small generator (xorshift); its sequence is part of what makes runs alike.
class Noise {
  public:
    explicit Noise(uint32_t seed) : state(seed) {}
    uint32_t next();
    uint32_t below(uint32_t bound) {
        return next() % bound;
    }

  private:
    uint32_t state; ///< Never 0.
};

class VideoSource {
  public:
    static constexpr unsigned frames_per_second = 30;
    static constexpr unsigned frames_per_group = 60; ///< From one key frame to the next.

    /// The next frame: NAL units with long start codes, as H264RtpPacketizer is told to expect.
    /// Allocates the frame, which the caller owns.
    rtc::binary next();

  private:
    Noise noise{ 0x4d595df4u };
    unsigned number = 0;
};

class AudioSource {
  public:
    static constexpr unsigned packets_per_second = 50;

    /// The next packet: one Opus frame.
    rtc::binary next();

  private:
    Noise noise{ 0x2545f491u };
};

#endif
