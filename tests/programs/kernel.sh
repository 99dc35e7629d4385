#!/bin/sh
# Kernel objects: what the thread library and C++ make of them is recorded once, with its end, and what is abandoned is known.
. "${0%/*}/common.sh"

kernel() { # trace, checkpoint: live objects in the order of the table, then the abandoned
    for object in mutex cond rwlock sem thread key barrier abandoned; do
        printf '%s ' "$(live "$1" "$2" $object)"
    done
}

build kernel
for size in $sizes; do
    record "$tmp/kernel.rlt" "$bin/kernel-$size"
    check "the program with every kind of kernel object runs ($size)" equal $? 0
    check "creation, first use and end of each kernel object are events ($size)" same \
        "$(sed "s/HOLDER/$([ "$size" = i386 ] && echo 4112 || echo 4128)/" tests/programs/kernel.expected)" \
        "$(events "$tmp/kernel.rlt" mutex end)"
    check "nothing is lost or out of order ($size)" whole "$tmp/kernel.rlt"
    # The mutex that was only tried is static and stays.
    check "all kinds are counted while they live ($size)" same "1 0 2 1 0 1 1 0 " \
        "$(kernel "$tmp/kernel.rlt" all-live)"
    check "none is counted after its end ($size)" same "1 0 0 0 0 0 0 0 " \
        "$(kernel "$tmp/kernel.rlt" none-live)"
    check "what could not be made is not counted ($size)" same "1 0 0 0 0 0 0 0 " \
        "$(kernel "$tmp/kernel.rlt" failed)"
    check "locks in freed blocks are abandoned, each time ($size)" same "2 4 6" \
        "$(live "$tmp/kernel.rlt" abandoned:1 abandoned) $(live "$tmp/kernel.rlt" abandoned:2 abandoned) $(live "$tmp/kernel.rlt" abandoned:3 abandoned)"
    check "a lock destroyed in time is not abandoned ($size)" same "1 0 0 0 0 0 0 6 " \
        "$(kernel "$tmp/kernel.rlt" end)"
done

build locks_cpp
build_as locks_cpp_calls locks_cpp -D_GTHREAD_USE_MUTEX_INIT_FUNC \
    -D_GTHREAD_USE_RECURSIVE_MUTEX_INIT_FUNC -D_GTHREAD_USE_COND_INIT_FUNC
for size in $sizes; do
    record "$tmp/static.rlt" "$bin/locks_cpp-$size"
    check "std::mutex counts from its first use and is lost with its block ($size)" same \
        "1 0 0 0 0 0 0 2 " "$(kernel "$tmp/static.rlt" shared)"
    check "std::shared_mutex in a freed block is abandoned ($size)" same \
        "1 0 0 0 0 0 0 3 " "$(kernel "$tmp/static.rlt" condition)"
    check "std::condition_variable and std::thread leave nothing ($size)" same \
        "1 0 0 0 0 0 0 3 " "$(kernel "$tmp/static.rlt" "done")"
    check "nothing is lost or out of order with C++ locks ($size)" whole "$tmp/static.rlt"
    record "$tmp/calls.rlt" "$bin/locks_cpp_calls-$size"
    check "initialised by call, std::mutex is created and destroyed ($size)" same \
        "1 0 0 0 0 0 0 0 " "$(kernel "$tmp/calls.rlt" shared)"
    check "std::shared_mutex has no destroy even then ($size)" same \
        "1 0 0 0 0 0 0 1 " "$(kernel "$tmp/calls.rlt" condition)"
    check "the static std::mutex is destroyed at exit ($size)" same \
        "0 0 0 0 0 0 0 1 " "$(kernel "$tmp/calls.rlt" end)"
done

finish
