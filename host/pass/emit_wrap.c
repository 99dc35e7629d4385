/// `--as wrap`.
#include "emit.h"

bool emit_wrap(struct emit *e, struct err *err) {
    (void)e;
    return fail(err, NULL, ERR_NO_OFFSET, "not yet");
}
