/// The table of alloc_symbols.h.
#include "alloc_symbols.h"

const struct alloc_symbol alloc_symbols[] = {
    { "malloc", ALLOC_MALLOC, 0 },
    { "calloc", ALLOC_MALLOC, 0 },
    { "realloc", ALLOC_MALLOC, 0 },
    { "reallocarray", ALLOC_MALLOC, 0 },
    { "aligned_alloc", ALLOC_MALLOC, 0 },
    { "memalign", ALLOC_MALLOC, 0 },
    { "posix_memalign", ALLOC_MALLOC, 0 },
    { "free", ALLOC_FREE, 0 },
    { "strdup", ALLOC_LIBC, 0 },
    { "strndup", ALLOC_LIBC, 0 },
    { "_Znw%", ALLOC_NEW, 0 },
    { "_Zna%", ALLOC_NEW, ALLOC_ARRAY },
    { "_Znw%RKSt9nothrow_t", ALLOC_NEW, ALLOC_NOTHROW },
    { "_Zna%RKSt9nothrow_t", ALLOC_NEW, ALLOC_ARRAY | ALLOC_NOTHROW },
    { "_Znw%St11align_val_t", ALLOC_NEW, ALLOC_ALIGNED },
    { "_Zna%St11align_val_t", ALLOC_NEW, ALLOC_ARRAY | ALLOC_ALIGNED },
    { "_Znw%St11align_val_tRKSt9nothrow_t", ALLOC_NEW, ALLOC_ALIGNED | ALLOC_NOTHROW },
    { "_Zna%St11align_val_tRKSt9nothrow_t", ALLOC_NEW,
            ALLOC_ARRAY | ALLOC_ALIGNED | ALLOC_NOTHROW },
    { "_ZdlPv", ALLOC_DELETE, 0 },
    { "_ZdaPv", ALLOC_DELETE, ALLOC_ARRAY },
    { "_ZdlPv%", ALLOC_DELETE, ALLOC_SIZED },
    { "_ZdaPv%", ALLOC_DELETE, ALLOC_ARRAY | ALLOC_SIZED },
    { "_ZdlPvRKSt9nothrow_t", ALLOC_DELETE, ALLOC_NOTHROW },
    { "_ZdaPvRKSt9nothrow_t", ALLOC_DELETE, ALLOC_ARRAY | ALLOC_NOTHROW },
    { "_ZdlPvSt11align_val_t", ALLOC_DELETE, ALLOC_ALIGNED },
    { "_ZdaPvSt11align_val_t", ALLOC_DELETE, ALLOC_ARRAY | ALLOC_ALIGNED },
    { "_ZdlPv%St11align_val_t", ALLOC_DELETE, ALLOC_SIZED | ALLOC_ALIGNED },
    { "_ZdaPv%St11align_val_t", ALLOC_DELETE, ALLOC_ARRAY | ALLOC_SIZED | ALLOC_ALIGNED },
    { "_ZdlPvSt11align_val_tRKSt9nothrow_t", ALLOC_DELETE, ALLOC_ALIGNED | ALLOC_NOTHROW },
    { "_ZdaPvSt11align_val_tRKSt9nothrow_t", ALLOC_DELETE,
            ALLOC_ARRAY | ALLOC_ALIGNED | ALLOC_NOTHROW },
};
const uint32_t alloc_symbol_count = sizeof alloc_symbols / sizeof alloc_symbols[0];

static bool is_named(const char *pattern, struct str name) {
    size_t len = strlen(pattern);
    if (len != name.len) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        bool is_size = pattern[i] == '%' && (name.at[i] == 'j' || name.at[i] == 'm');
        if (pattern[i] != name.at[i] && !is_size) {
            return false;
        }
    }
    return true;
}

uint32_t alloc_symbol_find(struct str name) {
    for (uint32_t i = 0; i < alloc_symbol_count; i++) {
        if (is_named(alloc_symbols[i].name, name)) {
            return i;
        }
    }
    return UINT32_MAX;
}

void alloc_symbol_name(uint32_t symbol, char size, char out[ALLOC_NAME_MAX]) {
    const char *from = alloc_symbols[symbol].name;
    size_t i = 0;
    for (; from[i] != '\0' && i + 1 < ALLOC_NAME_MAX; i++) {
        if (from[i] == '%')
            out[i] = size;
        else
            out[i] = from[i];
    }
    out[i] = '\0';
}
