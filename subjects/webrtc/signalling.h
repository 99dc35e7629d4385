/// The local channel over which device and partner exchange descriptions: a stream socket that the
/// device makes before it starts the partner. SPDX-License-Identifier: Apache-2.0
///
/// One message is a byte for its kind, four bytes for the length of its text (host order: both ends
/// are on this machine, of one word size) and the text. Candidates travel inside the descriptions,
/// so there is one message each way a connection.
#ifndef SUBJECT_WEBRTC_SIGNALLING_H
#define SUBJECT_WEBRTC_SIGNALLING_H

#include <optional>
#include <string>

/// What a message says. The values are what travels.
enum class Say : char {
    Offer = 'o',  ///< Text: the device's description with all its candidates.
    Answer = 'a', ///< Text: the partner's.
    Closed = 'c', ///< The device has closed its peer; no text.
};

struct Message {
    Say say;
    std::string text;
};

/// One end of the channel; owns the descriptor. Used by one thread at a time.
class SignallingLink {
  public:
    static constexpr int forever = -1; ///< A time limit for receive().

    explicit SignallingLink(int fd);
    ~SignallingLink();
    SignallingLink(const SignallingLink &) = delete;
    SignallingLink &operator=(const SignallingLink &) = delete;

    /// Sends one message; throws std::runtime_error when the other end is gone.
    void send(Say say, const std::string &text);

    /// The next message, or nothing when the other end was closed. Throws std::runtime_error when
    /// `limit_ms` pass without a whole message, or when what arrives is no message.
    std::optional<Message> receive(int limit_ms);

  private:
    bool read_all(void *out, size_t size, int limit_ms);
    const int fd;
};

#endif
