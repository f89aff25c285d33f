/* Threads that share out a loop, and the bar that shows how far they are. Knows indices; refuses to
 * know what is done with them. Surprising: nothing is handed back in order, because each index writes
 * to its own place, which keeps results independent of the number of threads. */
#ifndef SERVER_TOOL_CREW_H
#define SERVER_TOOL_CREW_H

#include <stdbool.h>
#include <stddef.h>

#define CREW_MAX 64

struct crew {
    size_t threads;      /* 1..CREW_MAX */
    const char *label;   /* before the bar */
    bool progress;       /* show the bar, on standard error if that is a terminal */
    size_t unit, total;  /* what an index and all of them count for in the bar; 0: 1 and n */
};

/* Calls each(ctx, i) once for every i below n and returns when all are done. Works with fewer threads
 * where some cannot be started. */
void crew_run(const struct crew *crew, size_t n, void (*each)(void *ctx, size_t i), void *ctx);

#endif
