/* One step of unfolding, which each coding has its own of: private to inflater.c and its unfold_*.c. */
#ifndef SERVER_HTTP_UNFOLD_H
#define SERVER_HTTP_UNFOLD_H

#include "server/base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct unfold_step {
    const unsigned char *in; /* moved behind what was read */
    size_t in_n;
    unsigned char *out;
    size_t out_max, out_n;   /* room, and how much of it is filled */
    bool ended;              /* the stream is complete */
};

struct unfold {
    void *(*open)(void); /* NULL when out of memory */
    /* Reads some, writes some. Returns 0, or -1 with *err. */
    int (*step)(void *state, struct unfold_step *step, struct err *err);
    void (*close)(void *state); /* never NULL */
};

extern const struct unfold unfold_gzip, unfold_zstd;

#endif
