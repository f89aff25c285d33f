/* A stateless request's way, whatever its protocol: read, computed on a worker, written. Knows the order and
 * what is held meanwhile; refuses to know the shapes (each protocol's file has them). Surprising: large
 * bodies and answers are read and written on other threads: a million values take a tenth of a second, and
 * the loop has everybody else to answer. */
#ifndef SERVER_HTTP_STATELESS_RUN_H
#define SERVER_HTTP_STATELESS_RUN_H

#include "server/http/request.h"

/* The client is told when this has passed; what the protocol's clients expect at most. */
#define STATELESS_WAIT_MS 120000
/* A batch gives up before. */
#define STATELESS_BUDGET_MS (STATELESS_WAIT_MS - 10000)

struct stateless_run;

/* One protocol. parse and write run on any thread. */
struct stateless_form {
    /* Reads body[n], into which it may write; sets run->asked and run->batch. */
    int (*parse)(struct stateless_run *run, char *body, size_t n, struct err *err);
    int (*write)(const struct stateless_run *run, char **ret, size_t *ret_n, struct err *err);
    void (*free_asked)(void *asked);
    bool budget; /* what is not computed in time is refused, entry by entry */
};

struct stateless_run {
    const struct stateless_form *form;
    int task;             /* the protocol's own */
    struct zones *zones;
    struct service *service;
    char *body;           /* malloc */
    size_t body_n;
    size_t tree_bytes;    /* charged to the request while its body is a tree */
    void *asked;          /* the protocol's; NULL before the body has been read */
    struct stateless_batch *batch;
    char *answer;         /* malloc; NULL before it is written */
    size_t answer_n;
    struct err err;       /* of what ran last; ERR_NONE: none */
};

/* Takes the request's body and answers or refuses it, now or later. */
void stateless_run_begin(struct request *request, const struct stateless_form *form, int task);

#endif
