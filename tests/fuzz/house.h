/* The daemon inside a fuzz target: store, pool, service and HTTP server on a loop that the target
 * runs itself. Knows how to start it on a store that was filled beforehand, and how to put that
 * store back; refuses to know what is said to it. Surprising: time is the target's own (the clocks
 * are replaced): it stands at a fixed date and jumps ahead where everybody only waits for a
 * deadline, so that a wait of a minute costs nothing and the same input meets the same time.
 *
 * One house a process; everything on one thread. Failures of its own end the program. */
#ifndef TESTS_FUZZ_HOUSE_H
#define TESTS_FUZZ_HOUSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The wall clock whenever an input begins: 2026-03-15T12:00:00Z. */
#define HOUSE_NOW_MS INT64_C(1773576000000)

/* Everything that came back over one connection, until the house closed it. */
struct house_heard {
    char *bytes; /* the house's, until the next house_talk */
    size_t n;
};

/* How the bytes are sent. */
struct house_pace {
    size_t piece;    /* longest piece; 0: all at once */
    uint32_t seed;   /* not 0: pieces of random lengths up to piece */
    bool half_close; /* the end of the stream follows at once; else when nothing moves any more */
};

/* Starts the house on its first call: a series "a" of 60 daily points with a model, "b c" of two
 * points, and the jobs that made them. Opens a connection, sends the bytes, waits until the
 * connection is closed. */
struct house_heard house_talk(const uint8_t *bytes, size_t n, const struct house_pace *pace);

/* Starts anew on the store as it was at the start, after alter has changed its file. False where
 * the store is refused, in words; the house then stands on the unchanged one. */
bool house_move(void (*alter)(void *ctx, const char *path), void *ctx);

/* Puts the store back as it was at the start, where anything was written since. asked: whether
 * anybody asked for it; what the house writes by itself (forecasts that were said) is put back now
 * and then only. */
void house_tidy(bool asked);

#endif
