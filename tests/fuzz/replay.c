// Runs a fuzz target over kept inputs, without a fuzzer: link it with one. usage: fuzz_X
// FILE_OR_FOLDER...
#include "input.h"

#include <dirent.h>
#include <stdlib.h>

enum { INPUT_MAX = 1 << 20 };

static unsigned replayed;

static void replay_file(const char *path) {
    static uint8_t input[INPUT_MAX];
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        return;
    size_t size = fread(input, 1, sizeof input, f);
    fclose(f);
    uint8_t *exact = malloc(size + 1); // so that a sanitizer sees a read beyond its end
    if (exact == NULL)
        abort();
    for (size_t i = 0; i < size; i++)
        exact[i] = input[i];
    (void)LLVMFuzzerTestOneInput(exact, size);
    free(exact);
    replayed++;
}

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        DIR *folder = opendir(argv[i]);
        if (folder == NULL) {
            replay_file(argv[i]);
            continue;
        }
        for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
            char path[4096];
            snprintf(path, sizeof path, "%s/%s", argv[i], entry->d_name);
            if (entry->d_name[0] != '.')
                replay_file(path);
        }
        closedir(folder);
    }
    printf("%u passed, 0 failed\n", replayed);
    return replayed > 0 ? 0 : 1;
}
