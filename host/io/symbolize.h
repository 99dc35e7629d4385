/// Addresses to names: function, source file, line, through inlined calls.
///
/// A **symbolizer** reads the files of the modules that a trace names. It believes only files that are
/// the very ones that ran (build id) and reads only as much of them as the addresses asked for need:
/// the ranges of all units, the functions of units that are hit, the inlined calls and call sites of
/// functions that are hit. Everything it returns is cached, and lives and stays at its place until
/// the arena is cleared, so pointers may be kept and compared; equal strings have equal pointers.
///
/// elfutils reads ELF and DWARF: 32 and 64 bits, any byte order and machine, DWARF 2 to 5, compressed
/// (zlib), split (.dwo) and separate debug information, found by `.gnu_debuglink` and by build id under
/// /usr/lib/debug. Nothing is fetched from a network: symbolizer_open() takes DEBUGINFOD_URLS out of
/// the environment. Not thread safe.
#ifndef RAMLENS_SYMBOLIZE_H
#define RAMLENS_SYMBOLIZE_H

#include "arena.h"
#include "err.h"
#include "str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// One step of the way from a return address outward.
struct frame {
    struct str
            function;   ///< For people: "rtc::Channel::send(...)", see demangle.h; "" when unknown.
    struct str linkage; ///< Name of the function in the symbol table, less clone suffixes such as
                        ///< ".cold"; tells overloads apart; "" when unknown.
    struct str
            file; ///< Source path as the compiler noted it, "." and ".." resolved; "" when unknown.
    uint32_t line; ///< Of the call; 0 when unknown.
    uint32_t
            ordinal; ///< Number of the call instruction among all calls of its out-of-line function,
    ///< from 1, by address; the same for all frames of one address. 0 when unknown.
    bool inlined;   ///< The function was inlined into the next frame's.
    bool has_debug; ///< The address lies in code that was built with debug information.
};

/// How much of a module can be named.
enum symbol_quality {
    SYMBOLS_WITH_LINES, ///< It has debug information (perhaps not for all of its code).
    SYMBOLS_ONLY,       ///< It has a symbol table: functions, no lines.
    SYMBOLS_NONE,       ///< It is stripped, or not a file (the kernel's vdso).
    SYMBOLS_NO_FILE,    ///< Its file is missing or cannot be read.
    SYMBOLS_OTHER_FILE  ///< Its file is not the one that ran: rebuilt or updated since.
};

struct symbolizer;

/// A symbolizer without modules. Its results live in `a`, which must outlive it.
struct symbolizer *symbolizer_open(struct arena *a);

/// Closes all files. Frames that were returned stay valid.
void symbolizer_close(struct symbolizer *s);

/// Opens the module at `path` if its build id is `build_id` (of length 0: whatever it is). Always
/// stores a number for symbolizer_frames() and a quality; the same module asked twice has the same
/// number. False with a message for qualities NO_FILE and OTHER_FILE; then its addresses have no
/// names. `err` is filled too, though true is returned, when debug information is there but unreadable.
/// Cost: reads the symbol table and the ranges of all units.
bool symbolizer_module(struct symbolizer *s, struct str path, const uint8_t *build_id,
        size_t build_id_len, uint32_t *module, enum symbol_quality *quality, struct err *err);

/// The frames at `vaddr` of the module: an address as in its file, that is, less the load address. The
/// innermost inlined call comes first, the out-of-line function last. With `return_address` the frames
/// are those of the call before it. Gives at least one frame, whose strings may be empty, and at most
/// 64 (of deeper nesting the innermost ones and the out-of-line function). Cost: a hash probe when it was asked before; else a few
/// microseconds, more for the first address of a unit or a function.
size_t symbolizer_frames(struct symbolizer *s, uint32_t module, uint64_t vaddr, bool return_address,
        const struct frame **out);

struct elf_file;

/// Opens the relocatable object `elf` as a module of its own, for symbolizer_declaration() and symbolizer_line(): `(*addresses)[i]` is where section `i`
/// is taken to lie. False when it has no debug information. Follow with symbolizer_close_object(). Cost: a copy of the object's bytes until then.
bool symbolizer_open_object(struct symbolizer *s, const struct elf_file *elf, uint32_t *module,
        const uint64_t **addresses);

/// Closes the object that was opened last, with all that was read of it but the names it gave.
void symbolizer_close_object(struct symbolizer *s);

/// The source file that declares the variable at `vaddr` (of a thread-local one: its distance from the
/// beginning of the image that each thread copies) or the function that begins there, and the line; "" and 0 when unknown. Cost: reads all
/// units of the module when first asked, then a hash probe.
struct str symbolizer_declaration(struct symbolizer *s, uint32_t module, uint64_t vaddr,
        bool is_thread_local, uint32_t *line);

/// The same for the thread-local variable with that symbol, as dwarf_thread_locals_find() finds it: for objects, whose thread-local
/// variables have no address, and where symbolizer_declaration() finds none. Cost: reads all units when first asked.
struct str symbolizer_thread_declaration(
        struct symbolizer *s, uint32_t module, struct str symbol, uint32_t *line);

/// The source file and line of the code at `vaddr`, as the line table has it: of assembly, which declares nothing. "" and 0 when
/// unknown. Cost: reads the lines of one unit.
struct str symbolizer_line(struct symbolizer *s, uint32_t module, uint64_t vaddr, uint32_t *line);

#endif
