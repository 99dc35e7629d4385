/// The size of libdatachannel's thread pool. SPDX-License-Identifier: Apache-2.0
#ifndef SUBJECT_WEBRTC_POOL_SIZE_H
#define SUBJECT_WEBRTC_POOL_SIZE_H

/// Sets how many processors std::thread::hardware_concurrency() reports in this program. To be
/// called before rtc::Preload(): libdatachannel starts that many pool threads, at least 4.
void set_pool_size(unsigned threads);

#endif
