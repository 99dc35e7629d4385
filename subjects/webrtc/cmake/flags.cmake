# How everything is compiled, in the stock build and in every state.

set(WORD_SIZE 32 CACHE STRING "32 (the measured build) or 64")
set(OPTIMISE -O2 CACHE STRING "the compiler's optimisation, -O2 where measured")
option(FRAME_POINTERS "Keep frame pointers; people's own builds mostly do not" ON)

# Sibling calls would hide call sites. Sections per symbol let the linker drop what nothing uses, as
# ESP-IDF's link does: static data is then what a device's image would have.
set(common -g ${OPTIMISE} -m${WORD_SIZE} -fno-optimize-sibling-calls -ffunction-sections -fdata-sections)
if(FRAME_POINTERS)
    list(APPEND common -fno-omit-frame-pointer)
else()
    list(APPEND common -fomit-frame-pointer)
endif()
list(JOIN common " " common)
# C++ locks call the pthread init functions, as with the Espressif toolchain's libstdc++; by default
# glibc's are initialised statically and nobody sees them come and go.
set(locks_by_call "-D_GTHREAD_USE_MUTEX_INIT_FUNC -D_GTHREAD_USE_RECURSIVE_MUTEX_INIT_FUNC")
string(APPEND locks_by_call " -D_GTHREAD_USE_COND_INIT_FUNC")
set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
set(CMAKE_C_FLAGS "${common}")
set(CMAKE_CXX_FLAGS "${common} ${locks_by_call}")
# The build type's own flags would come later on the command line and win.
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-DNDEBUG")
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-DNDEBUG")
set(CMAKE_EXE_LINKER_FLAGS "-Wl,--gc-sections")
set(CMAKE_CXX_STANDARD 17)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
# The pool has as many threads as --threads says, whatever the machine (pool_size.cpp).
set(device_link_options -Wl,--wrap=_ZNSt6thread20hardware_concurrencyEv)
