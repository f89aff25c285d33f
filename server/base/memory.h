/* How much memory the process may take, and whether it is short of it. Knows the control group's limit, the
 * resident set, and two marks; refuses to know what is given up or refused then. Surprising: it looks at the
 * whole process and counts nothing by itself: what a library or the allocator keeps is as real as what we
 * hold. Between two looks, what is about to be taken is counted on top.
 *
 * Above the high mark (nine tenths of the most) the process is short; below the low one (eight tenths) it no
 * longer is. Any one thread. */
#ifndef SERVER_MEMORY_H
#define SERVER_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct memory_guard {
    size_t max;         /* 0: no limit, never short */
    size_t resident;    /* at the last look */
    size_t taken;       /* what was asked for since, as far as it is told */
    uint64_t looked_ns; /* monotonic */
    bool is_short;
};

/* Nine tenths of what the control group allows (version 2 or 1, the least of it and those above it); 0 where
 * there is no limit, or none that can be read. Reads some files of /proc and /sys. */
size_t memory_of_system(void);

/* The resident set, 0 where it cannot be read. Some microseconds. */
size_t memory_resident(void);

/* Takes a look's result. Pure. */
void memory_guard_see(struct memory_guard *guard, size_t resident, uint64_t now_ns);

/* Counts bytes that are about to be taken; false where they do not fit (then nothing is counted). Pure. */
bool memory_guard_take(struct memory_guard *guard, size_t bytes);

size_t memory_high_mark(size_t max);
size_t memory_low_mark(size_t max);

#endif
