/* The shared weights that the daemon answers with: those it was built with, or a file's. Knows files; refuses
 * to know the format (core/base.h). */
#ifndef SERVER_WEIGHTS_H
#define SERVER_WEIGHTS_H

#include "core/base.h"
#include "server/base/err.h"

/* path "builtin": the embedded ones. Returns 0, or -1 with *err naming the file and what is wrong with it.
 * The caller frees *ret with trm_base_free. */
__attribute__((warn_unused_result)) int weights_load(const char *path, struct trm_base **ret,
                                                     struct err *err);

#endif
