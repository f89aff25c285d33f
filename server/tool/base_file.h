/* Weights files. Knows how a damaged one and a foreign one are told apart in words; refuses to know their
 * bytes (core/base.h). */
#ifndef SERVER_TOOL_BASE_FILE_H
#define SERVER_TOOL_BASE_FILE_H

#include "server/tool/tool.h"

#include "core/base.h"

/* The caller frees *ret with trm_base_free. */
int base_file_read(const char *path, struct trm_base **ret, struct tool_err *err);

/* ret_identity may be NULL. */
int base_file_write(const char *path, const struct trm_base *base, uint64_t *ret_identity,
                    struct tool_err *err);

#endif
