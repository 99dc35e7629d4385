/// See dwarf_attributes.h.
#include "dwarf_attributes.h"

#include <dwarf.h>

bool dwarf_fixed_address(Dwarf_Die *die, uint64_t *address, bool *is_thread_local) {
    Dwarf_Attribute attribute;
    Dwarf_Op *ops = NULL;
    size_t count = 0;
    if (!dwarf_attr(die, DW_AT_location, &attribute)) {
        return false;
    }
    unsigned form = dwarf_whatform(&attribute);
    bool is_expression = form == DW_FORM_exprloc || form == DW_FORM_block1 ||
                         form == DW_FORM_block2 || form == DW_FORM_block4 || form == DW_FORM_block;
    if (!is_expression || dwarf_getlocation(&attribute, &ops, &count) != 0 || count == 0) {
        return false; // A list: the variable moves.
    }
    if (count == 1 && (ops[0].atom == DW_OP_addrx || ops[0].atom == DW_OP_GNU_addr_index)) {
        Dwarf_Attribute indexed; // clang's DWARF 5: an index into a table of addresses.
        *is_thread_local = false;
        return dwarf_getlocation_attr(&attribute, &ops[0], &indexed) == 0 &&
               dwarf_formaddr(&indexed, address) == 0;
    }
    *is_thread_local = count == 2 && (ops[1].atom == DW_OP_form_tls_address ||
                                             ops[1].atom == DW_OP_GNU_push_tls_address);
    bool is_plain = count == 1 && ops[0].atom == DW_OP_addr;
    *address = ops[0].number;
    return is_plain || *is_thread_local;
}

/// dwarf_decl_file() would stop the program for a unit without a table of files, such as one whose split file has none, and takes the first file of DWARF 5,
/// number 0, for none (dwarf_decl_file.c in elfutils 0.188).
const char *dwarf_declaring_file(Dwarf_Die *die) {
    Dwarf_Attribute attribute;
    Dwarf_Word number = 0;
    Dwarf_Half version = 0;
    Dwarf_Die unit;
    Dwarf_Files *files = NULL;
    size_t count = 0;
    if (!dwarf_attr_integrate(die, DW_AT_decl_file, &attribute) ||
            dwarf_formudata(&attribute, &number) != 0 ||
            !dwarf_cu_die(attribute.cu, &unit, &version, NULL, NULL, NULL, NULL, NULL) ||
            dwarf_getsrcfiles(&unit, &files, &count) != 0 || number >= count ||
            (number == 0 && version < 5)) {
        return NULL;
    }
    return dwarf_filesrc(files, number, NULL, NULL);
}

const char *dwarf_declared_at(Dwarf_Die *die, uint32_t *line) {
    const char *file = dwarf_declaring_file(die);
    int number = 0;
    *line = file && dwarf_decl_line(die, &number) == 0 && number > 0 ? (uint32_t)number : 0;
    return file;
}

bool dwarf_number(Dwarf_Die *die, unsigned name, uint64_t *out) {
    Dwarf_Attribute attribute;
    Dwarf_Word value = 0;
    if (!dwarf_attr_integrate(die, name, &attribute) || dwarf_formudata(&attribute, &value) != 0) {
        return false;
    }
    *out = value;
    return true;
}
