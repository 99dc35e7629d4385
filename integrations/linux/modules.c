// Which code is mapped where: the trace's module records. See recorder.h.
//
// The loader counts what it adds and removes; only when its counts have changed is the list gone through and compared
// with what the trace says.
#include "placed.h"
#include "recorder.h"

#include <elf.h>
#include <link.h>
#include <string.h>

enum { MODULES_MAX = 1024, BUILD_ID_MAX = 32 };

struct module {
    uintptr_t base; ///< Load address: what is added to addresses in the file.
    uintptr_t low;  ///< Mapped range.
    uintptr_t high;
    uint64_t name; ///< Hash of its path.
    uint32_t number;
    bool seen; ///< In the current round.
};

static struct {
    struct module list[MODULES_MAX];
    uint32_t count;
    uint32_t numbers;
    unsigned long long adds; ///< The loader's counts when it was last looked at.
    unsigned long long removals;
    bool looked;
    uint32_t busy; ///< One round at a time; a second caller goes on without.
} modules;

void modules_reset(void) {
    modules.count = 0;
    modules.numbers = 0;
    modules.looked = false;
}

bool modules_known(uintptr_t address) {
    uint32_t count = __atomic_load_n(&modules.count, __ATOMIC_ACQUIRE);
    for (uint32_t i = 0; i < count; i++)
        if (address - modules.list[i].low < modules.list[i].high - modules.list[i].low)
            return true;
    return false;
}

static void find_range(const struct dl_phdr_info *info, struct module *m) {
    m->low = UINTPTR_MAX;
    m->high = 0;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        if (p->p_type != PT_LOAD)
            continue;
        uintptr_t low = info->dlpi_addr + p->p_vaddr;
        m->low = low < m->low ? low : m->low;
        m->high = low + p->p_memsz > m->high ? low + p->p_memsz : m->high;
    }
}

static size_t find_build_id(const struct dl_phdr_info *info, const uint8_t **id) {
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        if (p->p_type != PT_NOTE)
            continue;
        const uint8_t *at = (const uint8_t *)(info->dlpi_addr + p->p_vaddr);
        const uint8_t *end = at + p->p_memsz;
        while ((size_t)(end - at) >= sizeof(ElfW(Nhdr))) {
            ElfW(Nhdr) note;
            memcpy(&note, at, sizeof note);
            const uint8_t *name = at + sizeof note;
            const uint8_t *descriptor = name + ((note.n_namesz + 3) & ~3u);
            if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
                    memcmp(name, "GNU", 4) == 0) {
                *id = descriptor;
                return note.n_descsz < BUILD_ID_MAX ? note.n_descsz : BUILD_ID_MAX;
            }
            at = descriptor + ((note.n_descsz + 3) & ~3u);
            if (at > end || at < name)
                break;
        }
    }
    return 0;
}

static void define(
        struct ramlens_recorder *r, const struct module *m, const struct dl_phdr_info *info) {
    uint8_t body[768];
    const uint8_t *id = body;
    size_t id_bytes = find_build_id(info, &id);
    uint8_t *at = ramlens_wire_put_varint(body, m->number);
    at = ramlens_wire_put_varint(at, m->base);
    at = ramlens_wire_put_varint(at, m->low);
    at = ramlens_wire_put_varint(at, m->high - m->low);
    at = ramlens_wire_put_bytes(at, id_bytes == 0 ? (const uint8_t *)"" : id, id_bytes);
    at = ramlens_wire_put_bytes(at, info->dlpi_name, strnlen(info->dlpi_name, 600));
    ramlens_define(r, RAMLENS_WIRE_MODULE, body, (size_t)(at - body));
}

/// The same for the parent of a placed run.
static void tell_parent(const struct module *m, const struct dl_phdr_info *info) {
    struct ramlens_placed_module told = {
        .base = m->base, .low = m->low, .size = m->high - m->low, .loaded = 1
    };
    const uint8_t *id = told.build_id;
    told.build_id_bytes = (uint32_t)find_build_id(info, &id);
    memcpy(told.build_id, id, told.build_id_bytes);
    strncpy(told.path, info->dlpi_name, sizeof told.path - 1);
    placed_module_loaded(m->number, &told);
}

static uint64_t hash_of(const char *text) {
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (; *text != '\0'; text++)
        h = (h ^ (uint8_t)*text) * UINT64_C(0x100000001b3); // FNV-1a
    return h;
}

static int visit(struct dl_phdr_info *info, size_t size, void *recorder) {
    (void)size;
    modules.adds = info->dlpi_adds;
    modules.removals = info->dlpi_subs;
    struct module m = { .base = info->dlpi_addr, .name = hash_of(info->dlpi_name), .seen = true };
    find_range(info, &m);
    for (uint32_t i = 0; i < modules.count; i++) {
        struct module *known = &modules.list[i];
        if (known->low == m.low && known->high == m.high && known->base == m.base &&
                known->name == m.name) {
            known->seen = true;
            return 0;
        }
    }
    if (modules.count == MODULES_MAX || m.low >= m.high)
        return 0;
    m.number = ++modules.numbers;
    modules.list[modules.count] = m;
    __atomic_store_n(&modules.count, modules.count + 1, __ATOMIC_RELEASE);
    define(recorder, &m, info);
    tell_parent(&m, info);
    return 0;
}

static void drop(struct ramlens_recorder *r, struct ramlens_stacks *stacks, uint32_t index) {
    struct module gone = modules.list[index];
    modules.list[index] = modules.list[modules.count - 1];
    __atomic_store_n(&modules.count, modules.count - 1, __ATOMIC_RELEASE);
    uint8_t body[16];
    uint8_t *at = ramlens_wire_put_varint(body, gone.number);
    ramlens_define(r, RAMLENS_WIRE_UNLOAD, body, (size_t)(at - body));
    placed_module_gone(gone.number);
    ramlens_stacks_forget(stacks, gone.low, gone.high);
    unwind_forget(gone.low, gone.high);
}

static int look(struct dl_phdr_info *info, size_t size, void *changed) {
    (void)size;
    *(bool *)changed = !modules.looked || info->dlpi_adds != modules.adds ||
                       info->dlpi_subs != modules.removals;
    return 1;
}

void modules_refresh(struct ramlens_recorder *r, struct ramlens_stacks *stacks) {
    if (__atomic_exchange_n(&modules.busy, 1, __ATOMIC_ACQUIRE) != 0)
        return;
    bool changed = true;
    dl_iterate_phdr(look, &changed);
    if (changed) {
        for (uint32_t i = 0; i < modules.count; i++)
            modules.list[i].seen = false;
        dl_iterate_phdr(visit, r);
        for (uint32_t i = modules.count; i-- > 0;)
            if (!modules.list[i].seen)
                drop(r, stacks, i);
        modules.looked = true;
    }
    __atomic_store_n(&modules.busy, 0, __ATOMIC_RELEASE);
}
