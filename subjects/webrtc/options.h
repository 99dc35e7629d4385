/// What the device program can be told on its command line. SPDX-License-Identifier: Apache-2.0
#ifndef SUBJECT_WEBRTC_OPTIONS_H
#define SUBJECT_WEBRTC_OPTIONS_H

#include <string>

enum class Mode {
    Media,    ///< Video, audio and the data channel.
    DataOnly, ///< The data channel alone.
    Flood,    ///< The data channel alone, messages as fast as they go: load, not realism.
};

struct Options {
    Mode mode = Mode::Media;
    unsigned cycles = 1;       ///< Connections made one after the other.
    unsigned seconds = 5;      ///< Of streaming in each; not for flood.
    unsigned messages = 40000; ///< Of a flood.
    unsigned message_bytes = 256;
    unsigned threads = 4; ///< Of libdatachannel's pool.
    unsigned nack_packets =
            512;              ///< That a track keeps for retransmission; libdatachannel's default.
    bool dtls_server = false; ///< See README: the side that stalls when a hello is lost.
    std::string partner;      ///< Program to start; empty: `partner` beside this one.
    bool help = false;
};

/// Throws std::invalid_argument that names the option and what it takes.
Options parse_options(int argc, char **argv);

extern const char options_usage[];

#endif
