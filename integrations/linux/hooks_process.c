// Hooks of the calls that change which code is mapped or what the thread is called.
//
// dlopen is not hooked: the loader searches by the caller's run path, and the caller would be this library. New modules are found
// when a call stack first meets them.
#include "hooks.h"
#include "operators.h"
#include "real.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <sys/prctl.h>

HOOK int dlclose(void *library) {
    if (real.dlclose == NULL)
        real_resolve();
    int result = real.dlclose(library);
    operators_forget();
    recorder_modules_refresh();
    return result;
}

HOOK int prctl(int option, ...) {
    unsigned long a[4];
    va_list arguments;
    va_start(arguments, option);
    for (int i = 0; i < 4; i++)
        a[i] = va_arg(arguments, unsigned long);
    va_end(arguments);
    static int (*function)(int, ...);
    if (function == NULL)
        function = (int (*)(int, ...))(uintptr_t)dlsym(RTLD_NEXT, "prctl");
    int result = function(option, a[0], a[1], a[2], a[3]);
    if (option == PR_SET_NAME && result == 0)
        recorder_rename_self((const char *)a[0]);
    return result;
}
