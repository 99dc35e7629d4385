# libdatachannel and what it carries: libjuice, usrsctp, libsrtp, plog. Its build finds mbedTLS as the target MbedTLS::MbedTLS.

list(PREPEND CMAKE_MODULE_PATH ${CMAKE_CURRENT_LIST_DIR})
set(BUILD_SHARED_LIBS OFF CACHE BOOL "" FORCE)
set(USE_MBEDTLS ON CACHE BOOL "" FORCE)
set(NO_WEBSOCKET ON CACHE BOOL "" FORCE)
set(NO_EXAMPLES ON CACHE BOOL "" FORCE)
set(NO_TESTS ON CACHE BOOL "" FORCE)
# Both peers live on this machine and bind to 127.0.0.1, which libjuice leaves out by default.
set(ENABLE_LOCALHOST_ADDRESS ON CACHE BOOL "" FORCE)
add_subdirectory(${DATACHANNEL_SRC} libdatachannel EXCLUDE_FROM_ALL)
