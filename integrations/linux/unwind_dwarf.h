/// Call frame information of the running program: from an address in code to its row.
///
/// A *row* says, for one address, how the caller's frame is found: the canonical frame address
/// (CFA, the stack pointer's value in the caller just before the call) and, for each register,
/// where the caller's value is. Rows come from the `.eh_frame` section of the module that holds the
/// address, as described in the DWARF 5 standard, section 6.4, and in the Linux Standard Base,
/// "Exception Frames".
///
/// Only called when a rule is made or a frame needs the slow way, so it is written for
/// completeness. Every read is checked against the module's mapped range, every loop against a
/// bound. Nothing allocates, locks or sets errno; all of it is async-signal-safe.
#ifndef RAMLENS_UNWIND_DWARF_H
#define RAMLENS_UNWIND_DWARF_H

#include <stdbool.h>
#include <stdint.h>

/// DWARF numbers of the registers that matter by name, and how many there are: general registers
/// and the return address. From the System V ABI's processor supplements.
#if defined(__x86_64__) && defined(__LP64__)
enum { UNWIND_BP = 6, UNWIND_SP = 7, UNWIND_RA = 16, UNWIND_REGISTERS = 17 };
#elif defined(__i386__)
enum { UNWIND_BP = 5, UNWIND_SP = 4, UNWIND_RA = 8, UNWIND_REGISTERS = 9 };
#else
#    error "the unwinder knows x86-64 and i386"
#endif

enum { UNWIND_WORD = sizeof(uintptr_t) };

/// How the caller's value of a register is found.
enum unwind_rule_of_register {
    UNWIND_UNSET,         ///< Not mentioned: unchanged, except that the stack pointer is the CFA.
    UNWIND_SAME,          ///< Unchanged.
    UNWIND_UNDEFINED,     ///< Lost; for the return address: this is the outermost frame.
    UNWIND_AT_CFA,        ///< In memory at CFA + value.
    UNWIND_IS_CFA,        ///< CFA + value itself.
    UNWIND_IN_REGISTER,   ///< In register number `value`.
    UNWIND_AT_EXPRESSION, ///< In memory at the result of the expression at address `value`.
    UNWIND_IS_EXPRESSION, ///< The result of the expression at address `value`.
};

/// A run of DWARF operations inside a module.
struct unwind_expression {
    const uint8_t *at;  ///< First operation.
    const uint8_t *end; ///< Behind the last; NULL means "no expression".
};

/// The row of one address. An expression's address points to its length (unsigned LEB128), as in
/// the file; unwind_expression_at() opens it.
struct unwind_row {
    uint8_t kind[UNWIND_REGISTERS];   ///< enum unwind_rule_of_register.
    intptr_t value[UNWIND_REGISTERS]; ///< Offset in bytes, register number or address.
    bool cfa_is_expression;           ///< Then `cfa_value` is an address.
    uint8_t cfa_register;             ///< CFA = this register + cfa_value.
    intptr_t cfa_value;               ///< Bytes, or the address of an expression.
    bool signal_frame; ///< The frame is the kernel's: its caller was interrupted, not calling.
    const uint8_t *module_end; ///< No expression extends beyond it.
};

/// Finds the row for the instruction at `address`. False when no loaded module covers it or what
/// the module says about it cannot be understood; the caller's walk ends there. Takes a binary
/// search in the module's table (or a scan of its frames where it has none).
bool unwind_row_at(uintptr_t address, struct unwind_row *row);

/// Whether a function's entry begins exactly at `address`. No call returns there: it is where a
/// context made by hand (makecontext) starts, and such a frame is the outermost one of its stack.
bool unwind_function_starts_at(uintptr_t address);

/// Opens the expression whose length stands at `address`; `.end` is NULL when it does not fit
/// before `module_end`.
struct unwind_expression unwind_expression_at(uintptr_t address, const uint8_t *module_end);

/// For functions that may read bytes which AddressSanitizer guards: other modules', other frames'.
#define UNWIND_READS_ANYTHING __attribute__((no_sanitize_address))

/// A bounded cursor over bytes of a module. Reading beyond the end yields 0 and sets `failed` for
/// good.
struct unwind_reader {
    const uint8_t *at;
    const uint8_t *end;
    bool failed;
};

uint64_t unwind_read_fixed(
        struct unwind_reader *r, unsigned size); ///< Little endian, 1 to 8 bytes.
uint64_t unwind_read_uleb(struct unwind_reader *r);
int64_t unwind_read_sleb(struct unwind_reader *r);

#endif
