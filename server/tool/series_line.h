/* One line of a data set. See series_file.h, which is the door to it. */
#ifndef SERVER_TOOL_SERIES_LINE_H
#define SERVER_TOOL_SERIES_LINE_H

#include "server/tool/series_file.h"

/* Appends what the text holds: one record, or the windows of a pool's series (none where it is too
 * short). The message of *err does not name the file: the caller knows it. */
int series_line_read(const char *text, size_t windows, struct record_list *list, struct tool_err *err);

#endif
