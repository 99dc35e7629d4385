/// Framing and time limits of the signalling channel. Knows nothing of WebRTC.
#include "signalling.h"

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

namespace {

constexpr uint32_t longest_text = 64 * 1024; ///< A description has 2 to 4 KB.

std::runtime_error failure(const char *what) {
    return std::runtime_error(std::string("signalling: ") + what);
}

void write_all(int fd, const char *from, size_t size) {
    while (size > 0) {
        ssize_t n = ::send(fd, from, size, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            throw failure("the other end is gone");
        from += n;
        size -= size_t(n);
    }
}

} // namespace

SignallingLink::SignallingLink(int fd_) : fd(fd_) {}

SignallingLink::~SignallingLink() {
    close(fd);
}

void SignallingLink::send(Say say, const std::string &text) {
    std::string bytes(1, char(say));
    auto size = uint32_t(text.size());
    bytes.append(reinterpret_cast<const char *>(&size), sizeof size);
    bytes.append(text);
    write_all(fd, bytes.data(), bytes.size());
}

// False at the end of the stream. The limit counts anew for each piece: pieces follow at once.
bool SignallingLink::read_all(void *out, size_t size, int limit_ms) {
    auto *at = static_cast<char *>(out);
    while (size > 0) {
        pollfd wait = { fd, POLLIN, 0 };
        int ready = poll(&wait, 1, limit_ms);
        if (ready < 0 && errno == EINTR)
            continue;
        if (ready == 0)
            throw failure("no message within the time limit");
        ssize_t n = read(fd, at, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        at += n;
        size -= size_t(n);
    }
    return true;
}

std::optional<Message> SignallingLink::receive(int limit_ms) {
    char head[1 + sizeof(uint32_t)];
    if (!read_all(head, sizeof head, limit_ms))
        return std::nullopt;
    uint32_t size;
    std::memcpy(&size, head + 1, sizeof size);
    if (size > longest_text)
        throw failure("a message of an impossible length");
    Message message{ Say(head[0]), std::string(size, '\0') };
    if (!read_all(message.text.data(), size, limit_ms))
        throw failure("the other end went away within a message");
    return message;
}
