// Opens, uses and closes plugins, again and again.
// usage: plugin_host CYCLES PLUGIN...
#include "ramlens.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

static int use(const char *path) {
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        exit(3);
    }
    int (*work)(int) = (int (*)(int))(size_t)dlsym(library, "plugin_work");
    int result = work(2);
    if (dlclose(library) != 0)
        exit(4);
    return result;
}

int main(int argc, char **argv) {
    static char buffer[512];
    setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    int cycles = argc < 3 ? 0 : atoi(argv[1]);
    long sum = 0;
    for (int i = 0; i < cycles; i++) {
        for (int p = 2; p < argc; p++)
            sum += use(argv[p]);
        if (i == 1)
            ramlens_checkpoint("early", 0);
    }
    ramlens_checkpoint("late", 0);
    printf("%ld\n", sum);
    return 0;
}
