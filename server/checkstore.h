/* `tstrmd --check-store`: a store or a backup verified without serving it, for people. */
#ifndef SERVER_CHECKSTORE_H
#define SERVER_CHECKSTORE_H

#include "server/base/err.h"

/* Prints what is in the file and every damage to stdout. Returns 0 when it is whole, or -1 with
 * *err: it cannot be read, or is damaged. Never writes to it. */
__attribute__((warn_unused_result)) int check_store(const char *path, struct err *err);

#endif
