/* HTTP/1.1 as RFC 9112 reads it when in doubt: a parser of requests that gives up at the first
 * doubt about where one ends, and one of answers. Knows framing; refuses to know what is asked.
 * Surprising: what the RFC lets a recipient forgive (a line that ends in LF alone, empty lines
 * before a request) is no doubt, for no two parsers can disagree about where such a request ends.
 *
 * A server that answers more requests than this one sees takes bytes for a request that a strict
 * proxy in front of it takes for something else: smuggling. */
#ifndef TESTS_FUZZ_HTTP_STRICT_H
#define TESTS_FUZZ_HTTP_STRICT_H

#include <stdbool.h>
#include <stddef.h>

enum strict_end {
    STRICT_WHOLE,      /* a request, complete */
    STRICT_UNFINISHED, /* its beginning; there may be an answer already */
    STRICT_DOUBT,      /* nobody can say where it ends: at most one answer, then the end of the
                          connection */
    STRICT_NOTHING,    /* no more bytes */
};

struct strict_request {
    enum strict_end end;
    const char *why;         /* of a doubt */
    size_t n;                /* bytes up to its end, when whole */
    bool head;               /* the method is HEAD: its answer has no body */
    bool safe;               /* GET, HEAD or OPTIONS */
    bool last;               /* the connection ends after it, by what it says of itself */
    size_t target, target_n; /* where its target lies */
};

/* What bytes[n], all that was sent, begin with. */
void strict_request(const char *bytes, size_t n, struct strict_request *ret);

struct strict_answer {
    size_t n; /* bytes; 0: not an answer */
    unsigned status;
    size_t body, body_n;  /* where the body lies, as it was sent */
    bool chunked, closes; /* closes: its end is the connection's */
    bool json, gzip;      /* by its headers */
};

/* The answer that bytes[n], all that came until the end of the stream, begin with. */
void strict_answer(const char *bytes, size_t n, bool to_head, struct strict_answer *ret);

/* Takes the frame of chunks off a body, in place. Returns its length; SIZE_MAX: it is not right. */
size_t strict_unchunk(char *bytes, size_t n);

#endif
