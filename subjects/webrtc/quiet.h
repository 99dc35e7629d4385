/// Waiting until the program does nothing, so that a checkpoint has one answer.
/// SPDX-License-Identifier: Apache-2.0
#ifndef SUBJECT_WEBRTC_QUIET_H
#define SUBJECT_WEBRTC_QUIET_H

/// Waits until the process has used next to no processor time for three windows of 30 ms in a row;
/// usrsctp's timer thread, which wakes every 10 ms, stays below that. False when `limit_ms` pass
/// first: the program is slowed down so much (an emulator, a busy tool) that its timers alone look
/// like work. Allocates nothing.
bool wait_until_quiet(unsigned limit_ms);

/// How many threads the process has now; 0 if the system does not say. Allocates nothing.
unsigned count_threads();

/// Waits until at most `most` threads are left, and then for quiet. False after `limit_ms`.
bool wait_until_threads(unsigned most, unsigned limit_ms);

void sleep_ms(unsigned ms);

#endif
