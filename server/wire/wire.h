/* The vocabulary of the codecs: pieces of the caller's bytes, verdicts, errors that are kept while
 * the reading goes on. Knows bytes and UTF-8; refuses to know any one format, I/O, HTTP, and what a
 * value is for. Surprising: nothing is copied. A slice points into the bytes that were read (or
 * into a codec's scratch) and is valid as long as the codec says, usually during one call of a
 * visitor.
 *
 * All of server/wire: pure functions of their arguments, any thread, no globals. */
#ifndef SERVER_WIRE_WIRE_H
#define SERVER_WIRE_WIRE_H

#include "server/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define WIRE_MUST __attribute__((warn_unused_result))

/* n bytes, not NUL-terminated; at may be NULL where n is 0. */
struct wire_slice {
    const char *at;
    size_t n;
};

/* What a visitor says of what it was shown. */
enum wire_verdict {
    WIRE_TAKEN,
    WIRE_REFUSED, /* this one is wrong, and *err says why: kept, and the reading goes on. The codec
                   * gives the error its place where the visitor left it without one. */
    WIRE_STOP,    /* nothing more can be taken, and *err says why: the codec returns -1 with it */
};

/* Errors of parts of an input whose other parts are good. The caller owns kept[max] (NULL where max
 * is 0) and sets n to 0; the first max errors are kept, n counts all of them. */
struct wire_errors {
    struct err *kept;
    size_t max, n;
};

void wire_errors_add(struct wire_errors *errors, const struct err *err);

/* Compares bytes: < 0, 0, > 0. A slice that begins another comes first. */
int wire_slice_compare(struct wire_slice a, struct wire_slice b);

/* Here, so that the length of a constant text costs nothing. */
static inline bool wire_slice_is(struct wire_slice slice, const char *text)
{
    size_t n = strlen(text);

    return slice.n == n && (n == 0 || memcmp(slice.at, text, n) == 0);
}

/* Whether all of it is UTF-8 (RFC 3629; U+0000 counts as a character). About 0.2 ns a byte of
 * ASCII. */
bool wire_slice_is_utf8(struct wire_slice slice);

/* For messages: at most 40 bytes of the slice with "…" after them where more follow, '?' for each
 * byte that is a control character or not UTF-8, and a NUL. Returns buf. */
#define WIRE_SHOW_MAX 48
const char *wire_show(struct wire_slice slice, char buf[WIRE_SHOW_MAX]);

#endif
