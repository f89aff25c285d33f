/* The daemon's parts in one process with the test, and a client of theirs on loopback sockets that
 * allocates nothing. Knows how to ask while memory is refused; refuses to know what is asked.
 * Surprising: client and loop are one thread: the request lies in the socket before the loop turns,
 * so that a round is the same each time. */
#ifndef TESTS_HTTP_HOUSE_H
#define TESTS_HTTP_HOUSE_H

#include "server/http/server.h"
#include "tests/server/service_fixture.h"

#define HOUSE_ANSWER_MAX ((size_t)1 << 20)

struct house {
    struct fixture f;
    struct http_server *http;
    uv_timer_t beat; /* the loop turns at least as often as this */
};

struct house_answer {
    unsigned status; /* 0: the connection was closed before there was a whole answer */
    size_t n;
    char text[HOUSE_ANSWER_MAX]; /* the body, as it came */
};

void house_open(struct house *house);
void house_close(struct house *house);

/* Sends the request, which closes its connection, and turns the loop until the answer has come;
 * where `threads` are named (tests/lib/failing.h), with their nth allocation and the n - 1 after it
 * refused: either until the answer has come or, where it does not come, for a while. Returns how
 * many were refused. */
size_t house_ask_failing(struct house *house, const char *request, size_t request_n,
                         unsigned threads, size_t nth, size_t n, struct house_answer *ret);

/* The same with all the memory there is. method, target: "PUT /v1/series/a"; headers: lines, each
 * with its end, or NULL; body may be NULL. */
void house_ask(struct house *house, const char *line, const char *headers, const char *body,
               struct house_answer *ret);

/* Writes the request's bytes; returns their number. */
size_t house_request(const char *line, const char *headers, const char *body, size_t body_n,
                     char *ret, size_t ret_n);

#endif
