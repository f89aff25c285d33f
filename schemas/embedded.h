/* Files inside the binary. Knows names and bytes; refuses to know what is in them. Surprising: a zero
 * byte, not counted in bytes_n, follows the bytes, so that text can be used as a C string. The arrays
 * are written at build time by embed.py, one generated header for each set (schemas/embedded_sql.h). */
#ifndef SCHEMAS_EMBEDDED_H
#define SCHEMAS_EMBEDDED_H

#include <stddef.h>

struct embedded_file {
    const char *name; /* without its folder: "0001_series.sql" */
    const unsigned char *bytes;
    size_t bytes_n;
};

#endif
