/* The bar that shows how far a long job is. Knows the terminal and the clock; refuses to know the job.
 * Surprising: where standard error is no terminal it draws nothing at all, so that logs stay readable. */
#ifndef SERVER_TOOL_BAR_H
#define SERVER_TOOL_BAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bar {
    const char *label;
    size_t total, begun; /* begun: what was already done when it started, not counted in the rate */
    bool shown;
    uint64_t started_ns, drawn_ns;
};

void bar_start(struct bar *bar, const char *label, size_t begun, size_t total, bool show);
/* Draws at most ten times a second, and the last state. One thread at a time. */
void bar_show(struct bar *bar, size_t done);
/* Gives the line back. */
void bar_clear(struct bar *bar);

#endif
