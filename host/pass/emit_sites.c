/// `--as sites`.
#include "emit.h"

bool emit_sites(struct emit *e, struct err *err) {
    (void)e;
    return fail(err, NULL, ERR_NO_OFFSET, "not yet");
}
