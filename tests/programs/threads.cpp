// Threads that come and go. usage: threads churn N | crowd N | named | stacks | local | c11 | left
#include "ramlens.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <pthread.h>
#include <string>
#include <sys/prctl.h>
#include <thread>
#include <threads.h>
#include <unistd.h>
#include <vector>

namespace {

void *volatile sink;

void *one_block(void *) {
    sink = std::malloc(1234);
    std::free(sink);
    return nullptr;
}

/// Each thread gets a block from its predecessor and leaves one to its successor.
void *hand_over(void *block) {
    std::free(block);
    return std::malloc(4321);
}

void churn(int count) {
    void *block = nullptr;
    ramlens_checkpoint("before", 0);
    for (int i = 0; i < count; i++) {
        pthread_t t;
        if (pthread_create(&t, nullptr, hand_over, block) != 0 || pthread_join(t, &block) != 0)
            std::abort();
    }
    std::free(block);
    ramlens_checkpoint("after", 0);
}

pthread_barrier_t gate;

void *wait_at_gate(void *) {
    void *block = std::malloc(100);
    pthread_barrier_wait(&gate);
    pthread_barrier_wait(&gate); // the checkpoint is between
    std::free(block);
    return nullptr;
}

void crowd(int count) {
    std::vector<pthread_t> threads(count);
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 65536);
    pthread_barrier_init(&gate, nullptr, count + 1);
    ramlens_checkpoint("before", 0);
    for (pthread_t &t : threads)
        if (pthread_create(&t, &small, wait_at_gate, nullptr) != 0)
            std::abort();
    pthread_barrier_wait(&gate);
    ramlens_checkpoint("crowd", 0);
    pthread_barrier_wait(&gate);
    for (pthread_t &t : threads)
        pthread_join(t, nullptr);
    ramlens_checkpoint("after", 0);
    pthread_barrier_destroy(&gate);
    pthread_attr_destroy(&small);
}

void named() {
    std::thread([] {
        pthread_setname_np(pthread_self(), "by-pthread");
        one_block(nullptr);
    }).join();
    std::thread([] {
        prctl(PR_SET_NAME, "by-prctl");
        one_block(nullptr);
    }).join();
    prctl(PR_SET_NAME, "the-main-one");
    one_block(nullptr);
}

void stacks() {
    ramlens_checkpoint("stacks", 0);
    for (size_t size : { size_t(65536), size_t(1) << 20 }) {
        pthread_attr_t a;
        pthread_t t;
        pthread_attr_init(&a);
        pthread_attr_setstacksize(&a, size);
        pthread_create(&t, &a, one_block, nullptr);
        pthread_join(t, nullptr);
        pthread_attr_destroy(&a);
    }
    pthread_t t;
    pthread_create(&t, nullptr, one_block, nullptr);
    pthread_join(t, nullptr);
    pthread_attr_t bad;
    pthread_attr_init(&bad);
    pthread_attr_setstacksize(&bad, size_t(-1) & ~size_t(65535)); // more than there is
    if (pthread_create(&t, &bad, one_block, nullptr) == 0)
        std::abort();
    ramlens_checkpoint("done", 0);
}

// ---- what belongs to a thread and goes with it

struct Local {
    std::string *text = nullptr;
    ~Local() {
        delete text;
        sink = std::malloc(333); // memory in a destructor of the thread
        std::free(sink);
    }
};
thread_local Local local;
pthread_key_t key;

void end_key(void *value) {
    long round = reinterpret_cast<long>(value);
    sink = std::malloc(555);
    std::free(sink);
    if (round > 1) // once more: destructors may set the value again
        pthread_setspecific(key, reinterpret_cast<void *>(round - 1));
}

void *use_locals(void *) {
    local.text = new std::string(500, 'x');
    pthread_setspecific(key, reinterpret_cast<void *>(3L));
    return nullptr;
}

void locals() {
    pthread_key_create(&key, end_key);
    ramlens_checkpoint("before", 0);
    for (int i = 0; i < 10; i++) {
        pthread_t t;
        pthread_create(&t, nullptr, use_locals, nullptr);
        pthread_join(t, nullptr);
    }
    ramlens_checkpoint("after", 0);
}

// ---- threads that no pthread_create of the program made

__attribute__((noinline)) int c11_work(void *) {
    sink = std::malloc(777);
    std::free(sink);
    return 0;
}

void c11() {
    ramlens_checkpoint("before", 0);
    thrd_t t;
    if (thrd_create(&t, c11_work, nullptr) != thrd_success || thrd_join(t, nullptr) != thrd_success)
        std::abort();
    ramlens_checkpoint("after", 0);
}

/// Ends that are no return: pthread_exit, cancellation; and threads that still run when the program ends.
void *leave_by_exit(void *) {
    std::string deep(600, 'x'); // freed while the stack is unwound
    sink = &deep;
    pthread_exit(nullptr);
}

void *wait_for_ever(void *) {
    std::string deep(700, 'x');
    sink = &deep;
    for (;;)
        pause();
}

void left() {
    pthread_t t;
    ramlens_checkpoint("before", 0);
    pthread_create(&t, nullptr, leave_by_exit, nullptr);
    pthread_join(t, nullptr);
    pthread_create(&t, nullptr, wait_for_ever, nullptr);
    pthread_cancel(t);
    pthread_join(t, nullptr);
    ramlens_checkpoint("after", 0);
    pthread_create(&t, nullptr, wait_for_ever, nullptr);
    pthread_detach(t);
    usleep(20000);
}

} // namespace

int main(int argc, char **argv) {
    static char buffer[512];
    std::setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    std::string what = argc > 1 ? argv[1] : "";
    int count = argc > 2 ? std::atoi(argv[2]) : 0;
    if (what == "churn")
        churn(count);
    else if (what == "crowd")
        crowd(count);
    else if (what == "named")
        named();
    else if (what == "stacks")
        stacks();
    else if (what == "local")
        locals();
    else if (what == "c11")
        c11();
    else if (what == "left")
        left();
    else
        return 2;
    std::puts("done");
    return 0;
}
