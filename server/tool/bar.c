/* The bar. Knows its width and escape codes. Surprising: the time left is guessed from the whole run so
 * far, which swings less than the newest rate. */
#include "server/tool/bar.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define BAR_WIDTH 30
#define REDRAW_NS 100000000u

static uint64_t now_ns(void)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    return (uint64_t)at.tv_sec * 1000000000u + (uint64_t)at.tv_nsec;
}

void bar_start(struct bar *bar, const char *label, size_t begun, size_t total, bool show)
{
    *bar = (struct bar){.label = label,
                        .total = total,
                        .begun = begun,
                        .shown = show && total > 0 && isatty(STDERR_FILENO),
                        .started_ns = now_ns()};
}

void bar_show(struct bar *bar, size_t done)
{
    if (!bar->shown)
        return;
    uint64_t now = now_ns();
    if (now - bar->drawn_ns < REDRAW_NS && done < bar->total)
        return;
    size_t filled = BAR_WIDTH * done / bar->total;
    double gone = (double)(now - bar->started_ns) / 1e9, rate = (double)(done - bar->begun) / gone;

    fprintf(stderr, "\r%-22s [", bar->label);
    for (size_t i = 0; i < BAR_WIDTH; i++)
        fputc(i < filled ? '#' : '.', stderr);
    fprintf(stderr, "] %zu/%zu %.4g/s", done, bar->total, rate);
    if (rate > 0)
        fprintf(stderr, " %4.0f s left ", (double)(bar->total - done) / rate);
    bar->drawn_ns = now;
}

void bar_clear(struct bar *bar)
{
    if (bar->shown)
        fputs("\r\033[K", stderr);
}
