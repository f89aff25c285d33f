/* Files read and written whole. Knows how a file is replaced so that a crash leaves the old or the new one,
 * never half of either; refuses to know what is in them. */
#ifndef SERVER_TOOL_WHOLE_FILE_H
#define SERVER_TOOL_WHOLE_FILE_H

#include "server/tool/tool.h"

#include <stddef.h>

/* At most max bytes, never none, into memory of the caller's to free. -1: *err names the file. */
int whole_file_read(const char *path, size_t max, unsigned char **ret, size_t *ret_n,
                    struct tool_err *err);

/* Writes path.tmp, waits until it is on the disk, and renames it to path. */
int whole_file_write(const char *path, const void *bytes, size_t n, struct tool_err *err);

#endif
