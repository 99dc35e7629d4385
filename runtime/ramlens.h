/// The calls a program makes to ramlens. SPDX-License-Identifier: Apache-2.0
///
/// A program under measurement includes this header and nothing else; it links no library. On Linux
/// the functions behind it live in the recorder that `ramlens record` preloads; on a device they
/// are linked with the firmware. Where neither is present each call is a no-op that costs one load
/// and a branch.
#ifndef RAMLENS_H
#define RAMLENS_H

#ifdef __cplusplus
extern "C" {
#endif

/// The recorder's side of ramlens_checkpoint(). Do not call it directly: the symbol is absent
/// (null) when the program runs without ramlens.
extern void ramlens_runtime_checkpoint(const char *name, unsigned cycle) __attribute__((weak));

/// Names this moment of the run: a **checkpoint**. Reports show what lives here, and the time since
/// the previous checkpoint is a **phase**.
///
/// `name`: 1 to 63 bytes, UTF-8, copied before the call returns. `cycle`: 0 for a moment that occurs
/// once; in a repeated group of phases, the number of the repetition, from 1.
///
/// Call it when the program is quiet (no allocation under way that should count on one side only):
/// other threads are not stopped. Any thread may call it, not a signal handler or interrupt. Costs
/// one record of at most 80 bytes; allocates nothing; never fails.
static inline void ramlens_checkpoint(const char *name, unsigned cycle) {
    if (ramlens_runtime_checkpoint != 0)
        ramlens_runtime_checkpoint(name, cycle);
}

#ifdef __cplusplus
}
#endif
#endif
