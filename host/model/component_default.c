/// The built-in component map: the run-time libraries of Linux, which every program has, the recorder, what ramlens emit writes.
/// Kept as text in the users' own grammar, so that it can be shown and copied.
#include "component_default.h"

const char component_default_text[] =
        "component recorder allocator\n"
        "    module libramlens-preload.so*\n"
        "\n"
        "component placement allocator # what a plan is applied by\n"
        "    source */ramlens_place.c */ramlens_place.h */ramlens_targets.c "
        "*/ramlens_targets_cxx.c\n"
        "    source */ramlens_operators.c */ramlens_wrap.c */ramlens_sites.c\n"
        "\n"
        "component libstdc++ transparent # with libgcc, its unwinder\n"
        "    source */include/c++/* */libstdc++-v3/* */libgcc/*\n"
        "    namespace std::* __gnu_cxx::* __cxxabiv1::* \"operator new*\" \"operator delete*\"\n"
        "    archive libstdc++*.a libsupc++*.a libgcc*.a\n"
        "    module libstdc++.so* libgcc_s.so* libc++.so* libc++abi.so* libatomic.so*\n"
        "\n"
        "component libc transparent # with the loader and what the kernel maps\n"
        "    source /usr/include/bits/* /usr/include/*-linux-gnu*/bits/* "
        "/usr/include/*-linux-gnu*/sys/*\n"
        "    source /usr/include/std*.h /usr/include/string*.h /usr/include/pthread.h\n"
        "    archive libc.a libc_nonshared.a libm.a libm-*.a libpthread*.a libdl.a librt.a\n"
        "    module libc.so* libc-*.so libm.so* libm-*.so libmvec.so* libpthread*.so* libdl.so* "
        "libdl-*.so\n"
        "    module librt.so* librt-*.so libresolv*.so* libnss_*.so* libanl*.so* libutil*.so*\n"
        "    module ld-linux*.so* ld-*.so ld.so* ld64.so* ld-musl* libc.musl*\n"
        "    module linux-vdso* linux-gate* \\[vdso]\n";
