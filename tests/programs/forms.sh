#!/bin/sh
# Every way to ask for memory in C and C++ is recorded as what it is: the events of small programs, one by one.
. "${0%/*}/common.sh"

# Sizes that the C++ ABI sets by the word size: an exception object has a header, an array of objects with a destructor its count.
expected() { # name, size
    case $2 in
    x86_64) header=128 pointer=8 ;;
    *) header=96 pointer=4 ;;
    esac
    sed -e "s/COUNTED/$((20 + pointer))/" -e "s/THROWN-INT/$((header + 4))/" \
        -e "s/THROWN-EMPTY/$((header + 1))/" -e "s/BAD-ALLOC/$((header + pointer))/" "tests/programs/$1.expected"
}

# One program: its output and exit code are those of a run without the recorder, its events those of the list.
try() { # program, expected list, first checkpoint, what it shows
    for size in $sizes; do
        program=$bin/$1-$size
        trace=$tmp/$1-$size.rlt
        "$program" >"$tmp/plain" 2>&1
        plain=$?
        record "$trace" "$program"
        check "$1 ends as without the recorder ($size)" equal $? $plain
        check "$1 prints what it prints without the recorder ($size)" cmp "$tmp/plain" "$tmp/out"
        check "$4 ($size)" same "$(expected "$2" "$size")" "$(events "$trace" "$3" "done")"
        check "nothing is lost or out of order in $1 ($size)" whole "$trace"
    done
}

build c_calls
try c_calls c_calls realloc "each call of the malloc family is an event"

build cpp_forms
try cpp_forms cpp_forms by-name "each form of new and delete is an event of its form"
build new_handler
try new_handler new_handler without-handler "each attempt of operator new is an event, new-handlers work"

# The standard operators inside the program: only the malloc below them is seen, with the same sizes.
build_as cpp_static cpp_forms -static-libstdc++ -static-libgcc
for size in $sizes; do
    record "$tmp/static.rlt" "$bin/cpp_static-$size"
    check "a program with its own copy of libstdc++ runs ($size)" equal $? 0
    check "nothing is lost or out of order with a static libstdc++ ($size)" whole "$tmp/static.rlt"
    check "operators of a static libstdc++ show as their mallocs ($size)" equal \
        "$(events "$tmp/static.rlt" by-name "done" | grep -c ' \(malloc\|aligned_alloc\) ')" \
        "$(grep -c ' \(new\|new\[\]\|malloc\) ' tests/programs/cpp_forms.expected)"
done

build_as own_new_inside own_new -DOWN_NEW=1 -Wno-sized-deallocation
try own_new_inside own_new_inside forms "operators of the program's own are called, what they ask for is recorded"
build_as libown_new.so own_new -DOWN_NEW=2 -Wno-sized-deallocation -shared -fPIC
sizes_here=$sizes
for sizes in $sizes_here; do # each with its own library
    build_as own_new_library own_new -DOWN_NEW=0 "$bin/libown_new-$sizes.so" "-Wl,-rpath,$bin"
done
sizes=$sizes_here
try own_new_library own_new_library forms "operators of a library are called, what they ask for is recorded"

finish
