#!/bin/sh
# What `ramlens emit` writes compiles, places what it says that it reaches, and leaves what it says that it does not. Two memories that
# can be told apart stand in for the chip's (pools.c); a test program asks two components for blocks.
. "${0%/*}/common.sh"

src=$root/tests/programs
cc=${CC:-cc}
cxx=${CXX:-c++}
warnings="-Wall -Wextra -Werror"

cat >"$tmp/plan" <<END
default malloc policy
component part
    malloc psram
component cxx
    new psram
stack default 32KB psram
END
printf 'default malloc policy\ndefault new psram\n' >"$tmp/plan-new"

emit() { # FORM [OPTION...]: into $tmp/FORM
    form=$1
    shift
    "$ramlens" emit --as "$form" -f --components "$src/emit_components" -o "$tmp/$form" "$@"
}

# Compiles into $tmp/SIZE-WHAT/; flags behind the source.
compile() { # compiler, source, object, flag...
    compiler=$1 source=$2 object=$3
    shift 3
    # shellcheck disable=SC2086 # flags are words
    $compiler $flag -g -O2 $warnings -I"$src" -c "$source" -o "$object" "$@"
}

c_file() { compile "$cc -std=gnu11" "$@"; }

# The parts as archives, and the program's own object, for one size.
parts() { # folder
    mkdir -p "$1" &&
        c_file "$src/emit_part.c" "$1/part.o" &&
        compile "$cxx -std=c++17" "$src/emit_part_cxx.cpp" "$1/cxx.o" &&
        compile "$cxx -std=c++17" "$src/emit_main.cpp" "$1/main.o" &&
        rm -f "$1"/lib*.a && ar rcs "$1/libpart.a" "$1/part.o" && ar rcs "$1/libcxx.a" "$1/cxx.o"
}

# shellcheck disable=SC2086 # flags are words
link() { # output, file...
    output=$1
    shift
    $cxx $flag -g -o "$output" -Wl,-Map="$output.map" "$@"
}

# Runs with the two memories: $tmp/out.
on_chip() {
    LD_PRELOAD=$bin/pools-$size.so "$@" >"$tmp/out" 2>"$tmp/err"
}

sides() { # WHO: "psram 9 internal 1", the memories of its lines
    awk -v who="$1" '$1 == who { n[$3]++ } END { for (s in n) print s, n[s] }' "$tmp/out" | sort | one_line
}

side() { # WHO WHAT
    awk -v who="$1" -v what="$2" '$1 == who && $2 == what { print $3 }' "$tmp/out"
}

whole_blocks() {
    ! grep broken "$tmp/out"
}

not() {
    ! "$@"
}

build_as pools.so pools -shared -fPIC -O2

for size in $sizes; do
    flag=$(flag_of "$size")
    dir=$tmp/$size
    check "the parts compile ($size)" parts "$dir"
    link "$dir/stock" "$dir/main.o" "$dir/libcxx.a" "$dir/libpart.a"
    on_chip "$dir/stock"
    check "without a plan's files everything is internal ($size)" equal "$(sides part) $(sides cxx) $(sides main)" \
        "internal 10 internal 9 internal 4"

    # ---- include
    emit include --program "$dir/stock" "$tmp/plan" >"$tmp/list" 2>"$tmp/warnings"
    check "include: the written files are listed ($size)" equal "$(sed "s,^$tmp/,," "$tmp/list" | one_line)" \
        "include/place-part.h include/ramlens_targets.c include/ramlens_place.h include/ramlens_place.c"
    check "include: a component of operator new alone is not moved, and that is said ($size)" \
        grep -q "warning: include does not reach operator new: nothing of 'cxx' moves by it" "$tmp/warnings"
    check "include: what is reached is counted ($size)" grep -q 'Reached, from 1 objects of part: malloc ' "$tmp/include/place-part.h"
    i=$tmp/include
    mkdir -p "$dir/include"
    check "include: the files compile ($size)" c_file "$i/ramlens_place.c" "$dir/include/place.o"
    check "include: the targets compile ($size)" c_file "$i/ramlens_targets.c" "$dir/include/targets.o"
    runtime="$dir/include/place.o"
    for language in "c gnu11" "c c99" "c++ c++17" "c++ c++20"; do
        # shellcheck disable=SC2086 # two words
        set -- $language
        case $1 in c) compiler=$cc ;; *) compiler=$cxx ;; esac
        check "include: a source compiles under the header as $2 ($size)" compile "$compiler -x $1 -std=$2" \
            "$src/emit_part.c" "$dir/include/part.o" -include "$i/place-part.h"
        check "include: a program of it links as $2 ($size)" link "$dir/include/program" "$dir/main.o" "$dir/libcxx.a" \
            "$dir/include/part.o" "$dir/include/targets.o" "$dir/include/place.o"
        on_chip "$dir/include/program" full
        check "include: malloc and its family are in PSRAM as $2 ($size)" equal "$(sides part)" "internal 1 psram 9"
        check "include: what libc allocates for the component is not reached as $2 ($size)" equal "$(side part strdup)" internal
        check "include: operator new is not reached as $2 ($size)" equal "$(sides cxx)" "internal 9"
        check "include: others' calls are as they were as $2 ($size)" equal "$(sides main)" "internal 4"
        check "include: blocks cross the boundary whole as $2 ($size)" whole_blocks
        check "include: when PSRAM is full comes internal RAM as $2 ($size)" equal "$(side full malloc)" internal
        check "include: without heap_caps functions it runs as $2 ($size)" "$dir/include/program"
    done
    compile "$cc -std=gnu11" "$src/emit_part.c" "$dir/include/off.o" -include "$i/place-part.h" -DRAMLENS_PLACE=0
    check "include: RAMLENS_PLACE=0 leaves the component's object as it was ($size)" equal \
        "$(nm -u "$dir/include/off.o" | one_line)" "$(nm -u "$dir/part.o" | one_line)"

    # ---- objcopy
    emit objcopy --program "$dir/stock" "$tmp/plan" >"$tmp/list" 2>"$tmp/warnings"
    o=$tmp/objcopy
    mkdir -p "$dir/objcopy"
    for part in part cxx; do
        check "objcopy: the names of $part are changed ($size)" objcopy --redefine-syms="$o/$part.syms" "$dir/lib$part.a" \
            "$dir/objcopy/lib$part.a"
    done
    check "objcopy: the targets compile ($size)" c_file "$o/ramlens_targets.c" "$dir/objcopy/targets.o"
    check "objcopy: the operators compile ($size)" c_file "$o/ramlens_targets_cxx.c" "$dir/objcopy/cxx.o" -fexceptions
    check "objcopy: the program links ($size)" link "$dir/objcopy/program" "$dir/main.o" "$dir/objcopy/libcxx.a" \
        "$dir/objcopy/libpart.a" "$dir/objcopy/targets.o" "$dir/objcopy/cxx.o" "$runtime"
    on_chip "$dir/objcopy/program" full
    check "objcopy: malloc and its family are in PSRAM ($size)" equal "$(sides part)" "internal 1 psram 9"
    check "objcopy: each form of operator new is in PSRAM, an inline function kept from elsewhere is not ($size)" equal \
        "$(sides cxx)" "internal 1 psram 8"
    check "objcopy: the inline function is the one ($size)" equal "$(side cxx shared)" internal
    check "objcopy: it is counted as not reached ($size)" grep -q '^# Not reached: 1 references in inline functions' "$o/cxx.syms"
    check "objcopy: what libc allocates is not reached ($size)" equal "$(side part strdup)" internal
    check "objcopy: others' calls are as they were ($size)" equal "$(sides main)" "internal 4"
    check "objcopy: blocks cross the boundary whole ($size)" whole_blocks
    check "objcopy: when PSRAM is full comes internal RAM ($size)" equal "$(sides full)" "internal 2"
    check "objcopy: without heap_caps functions it runs ($size)" "$dir/objcopy/program"
    # The same archives, linked first: now theirs is the copy that is kept, for all.
    link "$dir/objcopy/first" "$dir/objcopy/libcxx.a" -Wl,-u,part_new "$dir/objcopy/libcxx.a" "$dir/main.o" "$dir/objcopy/libcxx.a" \
        "$dir/objcopy/libpart.a" "$dir/objcopy/targets.o" "$dir/objcopy/cxx.o" "$runtime"
    on_chip "$dir/objcopy/first"
    check "objcopy: linked first, the archive's copy is kept and reached ($size)" equal "$(sides cxx)" "psram 9"

    # ---- cxx
    emit cxx --program "$dir/stock" "$tmp/plan-new" >"$tmp/list"
    mkdir -p "$dir/cxx"
    check "cxx: the operators compile ($size)" c_file "$tmp/cxx/ramlens_operators.c" "$dir/cxx/operators.o" -fexceptions
    check "cxx: the program links ($size)" link "$dir/cxx/program" "$dir/main.o" "$dir/libcxx.a" "$dir/libpart.a" \
        "$dir/cxx/operators.o" "$runtime"
    on_chip "$dir/cxx/program" full
    check "cxx: every operator new is in PSRAM ($size)" equal "$(sides cxx) $(side main new) $(side main container)" \
        "psram 9 psram psram"
    check "cxx: malloc is as it was ($size)" equal "$(sides part) $(side main malloc)" "internal 10 internal"
    check "cxx: blocks cross the boundary whole ($size)" whole_blocks
    check "cxx: without heap_caps functions it runs ($size)" "$dir/cxx/program"
    for standard in c++17 c++20; do
        check "cxx: the test of all forms compiles as $standard ($size)" compile "$cxx -std=$standard" "$src/emit_operators.cpp" \
            "$dir/cxx/forms.o" -fno-builtin -Wno-alloc-size-larger-than
        link "$dir/cxx/forms" "$dir/cxx/forms.o" "$dir/cxx/operators.o" "$runtime"
        check "cxx: each form of new and delete does as the standard says, in PSRAM, as $standard ($size)" on_chip "$dir/cxx/forms"
        check "cxx: the same without heap_caps functions, as $standard ($size)" "$dir/cxx/forms"
        # Inside an archive, so that its references can be renamed.
        rm -f "$dir/cxx/libcxx.a"
        ar rcs "$dir/cxx/libcxx.a" "$dir/cxx/forms.o"
        objcopy --redefine-syms="$o/cxx.syms" "$dir/cxx/libcxx.a" "$dir/objcopy/libforms.a"
        link "$dir/objcopy/forms" "$dir/objcopy/libforms.a" "$dir/objcopy/cxx.o" "$runtime"
        check "objcopy: each form of new and delete does as the standard says, in PSRAM, as $standard ($size)" on_chip \
            "$dir/objcopy/forms"
        check "objcopy: the same without heap_caps functions, as $standard ($size)" "$dir/objcopy/forms"
    done
    # What the test has to notice: the library's own operators are not in PSRAM.
    link "$dir/cxx/stock-forms" "$dir/cxx/forms.o"
    check "cxx: the test of all forms notices that they are not replaced ($size)" not on_chip "$dir/cxx/stock-forms"

    # ---- wrap and sites
    emit wrap --program "$dir/stock" "$tmp/plan" >"$tmp/list"
    w=$tmp/wrap
    mkdir -p "$dir/wrap"
    for file in wrap sites; do
        check "wrap: ramlens_$file.c compiles ($size)" c_file "$w/ramlens_$file.c" "$dir/wrap/$file.o" -fexceptions
    done
    archive=$root/build/place/lib/x86_64-linux-gnu/libramlens-place.a
    [ "$size" = i386 ] && archive=$root/build/place/lib/i386-linux-gnu/libramlens-place.a
    for pie in -pie -no-pie; do
        check "wrap: the program links with the runtime as a static library, $pie ($size)" link "$dir/wrap/program" $pie "@$w/wrap.rsp" \
            "$dir/main.o" "$dir/libcxx.a" "$dir/libpart.a" "$dir/wrap/wrap.o" "$dir/wrap/sites.o" "$archive"
        on_chip "$dir/wrap/program" full
        check "wrap: with an empty table all is as without a plan, $pie ($size)" equal "$(sides part) $(sides cxx) $(sides main)" \
            "internal 10 internal 9 internal 4"
        check "sites: the table is made for the linked program, $pie ($size)" emit sites --program "$dir/wrap/program" "$tmp/plan"
        s=$tmp/sites
        objcopy --update-section .ramlens_sites="$s/ramlens_sites.bin" "$dir/wrap/program" "$dir/wrap/filled"
        check "sites: no address changes, $pie ($size)" equal "$(nm "$dir/wrap/filled" | cksum)" "$(nm "$dir/wrap/program" | cksum)"
        on_chip "$dir/wrap/filled" full
        check "sites: malloc and its family are in PSRAM, $pie ($size)" equal "$(sides part)" "internal 1 psram 9"
        check "sites: operator new is, too, but for the inline function, $pie ($size)" equal "$(sides cxx)" "internal 1 psram 8"
        check "sites: calls inside of libc are not reached, $pie ($size)" equal "$(side part strdup)" internal
        check "sites: others' calls are as they were, $pie ($size)" equal "$(sides main)" "internal 4"
        check "sites: blocks cross the boundary whole, $pie ($size)" whole_blocks
        check "sites: when PSRAM is full comes internal RAM, $pie ($size)" equal "$(sides full)" "internal 2"
        check "sites: without heap_caps functions it runs, $pie ($size)" "$dir/wrap/filled"
        c_file "$s/ramlens_sites.c" "$dir/wrap/filled.o"
        link "$dir/wrap/second" $pie "@$w/wrap.rsp" "$dir/main.o" "$dir/libcxx.a" "$dir/libpart.a" "$dir/wrap/wrap.o" \
            "$dir/wrap/filled.o" "$archive"
        on_chip "$dir/wrap/second" full
        check "sites: a second link places the same, $pie ($size)" equal "$(sides part) $(sides cxx)" "internal 1 psram 9 internal 1 psram 8"
    done
    check "sites: a program without the table is refused ($size)" says 2 "*has no section .ramlens_sites*" emit sites \
        --program "$dir/stock" "$tmp/plan"
    emit wrap --room 64 "$tmp/plan" >/dev/null
    c_file "$w/ramlens_sites.c" "$dir/wrap/small.o"
    link "$dir/wrap/small" "@$w/wrap.rsp" "$dir/main.o" "$dir/libcxx.a" "$dir/libpart.a" "$dir/wrap/wrap.o" "$dir/wrap/small.o" "$archive"
    check "sites: a table that does not fit is refused, and how large it must be ($size)" says 2 \
        "*the program has room for 64; emit the form wrap with --room *" emit sites --program "$dir/wrap/small" "$tmp/plan"

    # ---- esp-idf: the C files compile; the CMake lines do their work in a project that has ESP-IDF's two functions
    emit esp-idf "$tmp/plan" >"$tmp/list"
    e=$tmp/esp-idf
    check "esp-idf: the thread set-up compiles for a host ($size)" c_file "$e/ramlens_threads.c" "$dir/threads.o"
    if command -v cmake >/dev/null && command -v ninja >/dev/null; then
        p=$dir/project
        mkdir -p "$p"
        cp "$src"/emit_*.[ch] "$src"/emit_*.cpp "$src"/pools.h "$p/"
        cat >"$p/CMakeLists.txt" <<END
cmake_minimum_required(VERSION 3.18)
project(app C CXX)
set(CMAKE_C_FLAGS "$flag -std=gnu11")
set(CMAKE_CXX_FLAGS "$flag -std=c++17")
add_library(part STATIC emit_part.c)
add_library(cxx STATIC emit_part_cxx.cpp)
add_library(main STATIC emit_main.cpp)
target_link_libraries(main INTERFACE cxx part)
function(idf_component_get_property variable component property)
    set(\${variable} \${component} PARENT_SCOPE)
endfunction()
function(idf_build_get_property variable property)
    set(\${variable} part cxx main PARENT_SCOPE)
endfunction()
include($e/ramlens.cmake)
file(WRITE \${CMAKE_BINARY_DIR}/empty.cpp "")
add_executable(app \${CMAKE_BINARY_DIR}/empty.cpp)
target_link_libraries(app main "-u main")
END
        sed -i 's/"-u main"/-Wl,-umain/' "$p/CMakeLists.txt"
        check "esp-idf: a project with ramlens.cmake configures ($size)" cmake -G Ninja -S "$p" -B "$p/build"
        check "esp-idf: and builds ($size)" cmake --build "$p/build"
        on_chip "$p/build/app" full
        check "esp-idf: its components' blocks are in PSRAM ($size)" equal "$(sides part) $(side cxx new) $(side cxx container)" \
            "internal 1 psram 9 psram "
        check "esp-idf: others' calls are as they were ($size)" equal "$(sides main)" "internal 4"
    else
        skip "esp-idf: a project with ramlens.cmake builds ($size)" "no cmake and ninja here"
    fi

    # ---- a block freed on the other side, under a checker
    c_file "$i/ramlens_place.c" "$dir/asan-place.o" -fsanitize=address
    for form in include objcopy cxx; do
        case $form in
        include) set -- "$dir/libcxx.a" "$dir/include/part.o" "$dir/include/targets.o" ;;
        objcopy) set -- "$dir/objcopy/libcxx.a" "$dir/objcopy/libpart.a" "$dir/objcopy/targets.o" "$dir/objcopy/cxx.o" ;;
        cxx) set -- "$dir/libcxx.a" "$dir/libpart.a" "$dir/cxx/operators.o" ;;
        esac
        [ "$form" = include ] && c_file "$src/emit_part.c" "$dir/include/part.o" -include "$i/place-part.h"
        link "$dir/$form/asan" -fsanitize=address "$dir/main.o" "$@" "$dir/asan-place.o"
        # AddressSanitizer brings its own version of the one operator that is left to the C++ library.
        mismatch=1 && [ "$form" = cxx ] && mismatch=0
        check "$form: blocks freed on the other side are right for AddressSanitizer ($size)" env \
            ASAN_OPTIONS=alloc_dealloc_mismatch=$mismatch "$dir/$form/asan"
        if command -v valgrind >/dev/null && [ "$size" = x86_64 ]; then
            check "$form: and for valgrind ($size)" valgrind -q --error-exitcode=9 --leak-check=full --show-mismatched-frees=no \
                "$dir/$form/program"
        fi
    done
done

# ---- esp-idf: configuration, and the files under a chip's compiler with ESP-IDF's headers stood in for
printf 'default malloc psram\ndefault new psram\nstack default 32KB psram\nkernel psram\ncomponent part\n    malloc psram only\n    new internal only\n' \
    >"$tmp/plan-all"
emit esp-idf "$tmp/plan-all" >"$tmp/list" 2>"$tmp/warnings"
check "esp-idf: default malloc psram becomes the threshold 0" grep -qx 'CONFIG_SPIRAM_MALLOC_ALWAYSINTERNAL=0' "$e/sdkconfig.ramlens"
check "esp-idf: the default stack's size is set" grep -qx 'CONFIG_PTHREAD_TASK_STACK_SIZE_DEFAULT=32768' "$e/sdkconfig.ramlens"
check "esp-idf: what nothing can do is said" grep -q "warning: 'kernel psram' is not reached" "$tmp/warnings"
mkdir -p "$tmp/esp"
cat >"$tmp/esp/esp_pthread.h" <<'END'
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
typedef struct {
    size_t stack_size;
    size_t prio;
    bool inherit_cfg;
    const char *thread_name;
    int pin_to_core;
    uint32_t stack_alloc_caps;
} esp_pthread_cfg_t;
esp_pthread_cfg_t esp_pthread_get_default_config(void);
int esp_pthread_set_cfg(const esp_pthread_cfg_t *cfg);
END
: >"$tmp/esp/esp_heap_caps.h"
for each in "gcc -m32" "gcc -m64" "riscv64-unknown-elf-gcc -march=rv32imafc -mabi=ilp32f"; do
    command -v "${each%% *}" >/dev/null || continue
    for file in "$e"/ramlens_*.c; do
        # shellcheck disable=SC2086 # words
        check "esp-idf: $(basename "$file") compiles by $each" $each -std=gnu17 -O2 $warnings -ffreestanding -fexceptions -DESP_PLATFORM \
            -I"$tmp/esp" -c "$file" -o "$tmp/esp/object.o"
    done
done
mkdir -p "$tmp/only"
for size in $sizes; do
    flag=$(flag_of "$size")
    dir=$tmp/$size
    emit objcopy "$tmp/plan-all" >/dev/null
    for file in place targets; do c_file "$o/ramlens_$file.c" "$tmp/only/$file.o"; done
    c_file "$o/ramlens_targets_cxx.c" "$tmp/only/cxx.o" -fexceptions
    objcopy --redefine-syms="$o/part.syms" "$dir/cxx/libcxx.a" "$tmp/only/libforms.a"
    link "$tmp/only/forms" "$tmp/only/libforms.a" "$tmp/only/cxx.o" "$tmp/only/targets.o" "$tmp/only/place.o"
    on_chip "$tmp/only/forms"
    check "objcopy: an 'only' place has new-handlers and std::bad_alloc; what fails here is the memory alone ($size)" not grep -q \
        'outcome(form, much)' "$tmp/out"
done

# ---- the command itself
check "emit: --as is asked for" says 2 "ramlens emit: --as says what to write: *" "$ramlens" emit "$tmp/plan"
printf 'component prat\n    malloc psram\n' >"$tmp/wrong"
check "emit: an unknown component is named, with the nearest" says 2 "*wrong:1: unknown component 'prat', did you mean 'part'*" \
    emit include "$tmp/wrong"
printf 'default malloc policy\n' >"$tmp/nothing"
printf 'target esp32p5\ncomponent part\n    malloc psram\n' >"$tmp/elsewhere"
check "emit: a plan for another chip is refused" says 2 "*elsewhere:1: the plan was made for target 'esp32p5', not for 'esp32p4'*" \
    emit include "$tmp/elsewhere"
check "emit: a plan that moves nothing is refused for headers" says 2 "*moves no component's malloc*" emit include "$tmp/nothing"
check "emit: and for names" says 2 "*moves nothing of a component*" emit objcopy "$tmp/nothing"
check "emit: and for operators" says 2 "*leaves operator new to the target's rule*" emit cxx "$tmp/nothing"
check "emit: a program without the linker's map is refused" says 2 "*is needed to count: link with -Wl,-Map=*" emit include \
    --program /bin/true "$tmp/plan"
rm -rf "$tmp/include"
emit include "$tmp/plan" >/dev/null
check "emit: the same again writes nothing new and is no error" "$ramlens" emit --as include --components "$src/emit_components" \
    -o "$tmp/include" "$tmp/plan"
echo "mine" >"$tmp/include/place-part.h"
check "emit: a file with other content is kept" says 2 "*place-part.h: is there already, with other content; -f overwrites it*" \
    "$ramlens" emit --as include --components "$src/emit_components" -o "$tmp/include" "$tmp/plan"
check "emit: -f overwrites it" emit include "$tmp/plan"
check "emit: what cannot be a folder is named" says 2 "*is no folder and cannot be made one*" "$ramlens" emit --as include \
    --components "$src/emit_components" -o "$tmp/plan" "$tmp/plan"
finish
