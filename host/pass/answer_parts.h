/// Private to the files answer*.c: static data of an answer.
#ifndef RAMLENS_ANSWER_PARTS_H
#define RAMLENS_ANSWER_PARTS_H

#include "answer.h"

/// Opens the program and the linker's map beside it (or the one that was named). No map, or a program that is not the one that ran, is
/// no failure.
bool answer_read_link_map(struct answer *w, const struct answer_options *o, struct err *err);

/// Reads the device's program and archives, as far as given, and lets the component map know of them. Needs the target, and comes before
/// `map.count` is relied on.
bool answer_open_files(struct answer *w, const struct answer_options *o, struct err *err);

/// Static data from all that there is (static_account.h). Needs the target.
bool answer_read_statics(struct answer *w, const struct answer_options *o, struct err *err);

#endif
