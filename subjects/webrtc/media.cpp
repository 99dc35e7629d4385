/// Makes the frames. 60 frames of a group: 36,000 bytes for the key frame on average and 59 times
/// 3,648 for the others are 251,232 bytes in 2 s, 1.005 Mbit/s.
#include "media.h"

namespace {

// Bytes 1 to 255: without zeros no start code appears inside a NAL unit.
void append_noise(rtc::binary &out, Noise &noise, size_t count) {
    out.reserve(out.size() + count);
    for (size_t i = 0; i < count; i++)
        out.push_back(std::byte(1 + noise.below(255)));
}

// One NAL unit (ITU-T H.264, 7.3.1 and annex B): start code, header byte, payload.
void append_unit(rtc::binary &out, Noise &noise, uint8_t header, size_t payload) {
    for (uint8_t b : { uint8_t(0), uint8_t(0), uint8_t(0), uint8_t(1), header })
        out.push_back(std::byte(b));
    append_noise(out, noise, payload);
}

// nal_ref_idc and nal_unit_type of a unit, as encoders for real-time use write them.
constexpr uint8_t sequence_set = 0x67, picture_set = 0x68, key_slice = 0x65, slice = 0x41;

} // namespace

uint32_t Noise::next() {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

rtc::binary VideoSource::next() {
    rtc::binary frame;
    if (number++ % frames_per_group == 0) {
        append_unit(frame, noise, sequence_set, 22);
        append_unit(frame, noise, picture_set, 5);
        append_unit(frame, noise, key_slice, 33000 + noise.below(3000) + noise.below(3000));
    } else {
        size_t size = 1400 + noise.below(1500) + noise.below(1500) + noise.below(1500);
        append_unit(frame, noise, slice, size);
    }
    return frame;
}

rtc::binary AudioSource::next() {
    rtc::binary packet;
    append_noise(packet, noise, 80 + noise.below(41) + noise.below(41));
    return packet;
}
