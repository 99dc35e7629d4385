/// Threads from their creation to the moment at which a target has their memory back.
///
/// A thread's end is not that moment: a joinable one's stack and control block live until it is joined, and those of a detached one until the
/// idle task comes by. Here that is the next kernel object's event or checkpoint a millisecond after the end, or later.
#ifndef RAMLENS_THREADS_H
#define RAMLENS_THREADS_H

#include "recorder.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct thread_life;

/// Of a thread about to be created under `number`; NULL without memory, which is accepted below.
struct thread_life *threads_new(uint32_t number, bool detached);
/// The creation has failed, and its end is noted: notes that its memory is free.
void threads_failed(struct thread_life *life, uint32_t number, struct call_site site);
/// The thread of `number` is `handle`. Said by whom it comes to first, its creator or itself; by its creator perhaps when it has ended.
void threads_started(struct thread_life *life, uint32_t number, pthread_t handle);
/// Its function has returned, and its end is noted.
void threads_ended(struct thread_life *life);

/// The thread that can still be joined or detached under `handle`; to be called before that is done, since the handle may be another's after.
struct thread_life *threads_find(pthread_t handle);
/// It was joined: notes that its memory is free.
void threads_joined(struct thread_life *life, struct call_site site);
/// It was detached: notes the same if it has ended.
void threads_detached(struct thread_life *life, struct call_site site);

/// Notes which detached threads' memory is free by now, on the entered thread. One load when there is none.
void threads_reclaim(struct recorder_thread *t);

#endif
