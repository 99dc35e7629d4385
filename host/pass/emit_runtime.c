/// The runtime's two files as they are in the source tree, so that what is written is complete.
#include "emit.h"

// By the assembler: no generator, and no copy in the repository. The paths are relative to the project's folder.
__asm__(".section .rodata\n"
        "emit_place_h: .incbin \"runtime/ramlens_place.h\"\n"
        ".byte 0\n"
        "emit_place_c: .incbin \"runtime/ramlens_place.c\"\n"
        ".byte 0\n"
        ".previous\n");

extern const char emit_place_h[], emit_place_c[];

void emit_runtime(struct emit *e) {
    if (emit_file(e, "ramlens_place.h")->len > 0) {
        return; // Another form of the same set has them.
    }
    text_add(emit_file(e, "ramlens_place.h"), str_from(emit_place_h));
    text_add(emit_file(e, "ramlens_place.c"), str_from(emit_place_c));
}
