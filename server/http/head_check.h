/* Whether libmicrohttpd has read a request's head as everybody else does. Knows where the parts of
 * a head lie in memory; refuses to know what they mean. Surprising: it looks at addresses.
 * libmicrohttpd (0.9.75) joins a folded line to the name of the header before it ("Content-Len: 5"
 * and " gth" become Content-Length: 5), takes a line that begins with a colon or a NUL for the end
 * of the head, cuts a text at a NUL, and tells none of it; but it reads a head where it was
 * received, so that what it has passed over is a gap between two parts, and what it has joined lies
 * elsewhere. A version that keeps the parts elsewhere altogether is believed.
 *
 * No allocation; the loop's thread. */
#ifndef SERVER_HTTP_HEAD_CHECK_H
#define SERVER_HTTP_HEAD_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct MHD_Connection;

/* As exchange_access gets them; target_n: length of the whole target, with its query. */
struct request_line {
    const char *method, *url, *version;
    size_t target_n;
};

struct head_check {
    uintptr_t at, until; /* the end of the last part, the end of the head */
    bool known;          /* false: the parts do not lie in one piece */
    bool odd;
};

void head_check_begin(struct head_check *check, struct MHD_Connection *connection,
                      const struct request_line *line);
/* The next header; value may be NULL. */
void head_check_header(struct head_check *check, const char *name, size_t name_n, const char *value,
                       size_t value_n);
/* Whether nothing was passed over or joined. */
bool head_check_end(const struct head_check *check);

#endif
