/// The device program's command line: one table, one loop.
#include "options.h"

#include <cstdlib>
#include <cstring>
#include <stdexcept>

const char options_usage[] =
        "usage: device [--mode media|data-only|flood] [--cycles N] [--seconds N]\n"
        "              [--messages N] [--message-bytes N] [--threads N] [--nack-packets N]\n"
        "              [--dtls client|server] [--partner PROGRAM]\n";

namespace {

[[noreturn]] void reject(const char *name, const char *value, const std::string &takes) {
    throw std::invalid_argument(std::string(name) + " takes " + takes + ", not '" + value + "'");
}

struct Number {
    const char *name;
    unsigned Options::*field;
    unsigned least, most;
};

// libdatachannel's pool never has fewer than 4 threads. The data channel's own limit of a message
// is 256 KiB; below 16 bytes framing would be all there is.
constexpr Number numbers[] = {
    { "--cycles", &Options::cycles, 1, 10000 },
    { "--seconds", &Options::seconds, 1, 86400 },
    { "--messages", &Options::messages, 1, 100000000 },
    { "--message-bytes", &Options::message_bytes, 16, 65536 },
    { "--threads", &Options::threads, 4, 64 },
    { "--nack-packets", &Options::nack_packets, 1, 65535 },
};

bool take_number(Options &options, const char *name, const char *value) {
    for (const Number &n : numbers) {
        if (std::strcmp(n.name, name) != 0)
            continue;
        char *end;
        unsigned long given = std::strtoul(value, &end, 10);
        if (*value < '0' || *value > '9' || *end != '\0' || given < n.least || given > n.most)
            reject(name, value,
                    "a number from " + std::to_string(n.least) + " to " + std::to_string(n.most));
        options.*n.field = unsigned(given);
        return true;
    }
    return false;
}

void take_mode(Options &options, const char *value) {
    if (std::strcmp(value, "media") == 0)
        options.mode = Mode::Media;
    else if (std::strcmp(value, "data-only") == 0)
        options.mode = Mode::DataOnly;
    else if (std::strcmp(value, "flood") == 0)
        options.mode = Mode::Flood;
    else
        reject("--mode", value, "media, data-only or flood");
}

void take_dtls(Options &options, const char *value) {
    options.dtls_server = std::strcmp(value, "server") == 0;
    if (!options.dtls_server && std::strcmp(value, "client") != 0)
        reject("--dtls", value, "client or server");
}

void take(Options &options, const char *name, const char *value) {
    if (std::strcmp(name, "--mode") == 0)
        take_mode(options, value);
    else if (std::strcmp(name, "--dtls") == 0)
        take_dtls(options, value);
    else if (std::strcmp(name, "--partner") == 0)
        options.partner = value;
    else if (!take_number(options, name, value))
        throw std::invalid_argument(std::string("unknown option ") + name);
}

} // namespace

Options parse_options(int argc, char **argv) {
    Options options;
    for (int i = 1; i < argc; i += 2) {
        if (std::strcmp(argv[i], "--help") == 0 || std::strcmp(argv[i], "-h") == 0) {
            options.help = true;
            return options;
        }
        if (i + 1 == argc)
            throw std::invalid_argument(std::string(argv[i]) + " needs a value");
        take(options, argv[i], argv[i + 1]);
    }
    return options;
}
