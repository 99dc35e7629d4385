/// fork and exec, with the environment as it is: a recorder that is preloaded into the device is
/// loaded into the partner too and keeps out of the way there by itself.
#include "partner_process.h"

#include "quiet.h"

#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

constexpr int partner_fd = 3; ///< Where the partner finds its end of the channel.
constexpr unsigned patience_ms = 2000;

std::string beside_this_program() {
    char path[PATH_MAX];
    ssize_t size = readlink("/proc/self/exe", path, sizeof path);
    if (size <= 0 || size == ssize_t(sizeof path))
        throw std::runtime_error("cannot tell where this program lies; use --partner");
    std::string program(path, size_t(size));
    return program.substr(0, program.rfind('/') + 1) + "partner";
}

// In the child, between fork and exec: nothing here may allocate.
[[noreturn]] void become_partner(
        int fd, const char *program, const char *role, const char *parent) {
    // dup2 onto itself would leave close-on-exec set.
    int moved = fd == partner_fd ? dup(fd) : fd;
    if (moved >= 0 && dup2(moved, partner_fd) >= 0)
        execl(program, program, role, parent, static_cast<char *>(nullptr));
    _exit(127);
}

} // namespace

PartnerProcess::PartnerProcess(const std::string &given, bool passive) {
    const std::string program = given.empty() ? beside_this_program() : given;
    if (access(program.c_str(), X_OK) != 0)
        throw std::runtime_error("partner " + program + ": " + std::strerror(errno));
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        throw std::runtime_error(std::string("socketpair: ") + std::strerror(errno));
    char parent[16];
    std::snprintf(parent, sizeof parent, "%d", int(getpid()));
    pid = fork();
    if (pid == 0)
        become_partner(ends[1], program.c_str(), passive ? "passive" : "active", parent);
    close(ends[1]);
    channel = std::make_unique<SignallingLink>(ends[0]);
    if (pid < 0)
        throw std::runtime_error(std::string("fork: ") + std::strerror(errno));
}

PartnerProcess::~PartnerProcess() {
    channel.reset();
    for (unsigned waited = 0; waited < patience_ms; waited += 5) {
        pid_t ended = waitpid(pid, nullptr, WNOHANG);
        if (ended == pid || (ended < 0 && errno == ECHILD))
            return;
        sleep_ms(5);
    }
    kill(pid, SIGKILL);
    while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
}
