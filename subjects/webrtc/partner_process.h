/// Starts and ends the other peer's process. SPDX-License-Identifier: Apache-2.0
#ifndef SUBJECT_WEBRTC_PARTNER_PROCESS_H
#define SUBJECT_WEBRTC_PARTNER_PROCESS_H

#include "signalling.h"

#include <memory>
#include <string>
#include <sys/types.h>

/// The partner as seen from the device: a child with its own program and a signalling channel to
/// it. It ends when the channel closes, and at the latest when its parent dies.
class PartnerProcess {
  public:
    /// Starts `program`; empty: the file `partner` beside this program's. `passive`: it takes the
    /// DTLS server's side. Throws std::runtime_error when it cannot be started.
    PartnerProcess(const std::string &program, bool passive);

    /// Closes the channel and waits for the child, at most 2 s; then it is killed. No zombie stays.
    ~PartnerProcess();
    PartnerProcess(const PartnerProcess &) = delete;
    PartnerProcess &operator=(const PartnerProcess &) = delete;

    SignallingLink &link() {
        return *channel;
    }

  private:
    pid_t pid;
    std::unique_ptr<SignallingLink> channel;
};

#endif
