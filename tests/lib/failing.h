/* Memory that is refused on demand, in every allocation of a test's process: of the program, of
 * libmicrohttpd, SQLite, jansson, libuv, zlib and libc itself. Knows threads by what they were
 * started for; refuses to know what is tested. Surprising: it is malloc, defined in the test's own
 * program, in front of libc's or the sanitizer's.
 *
 * * Link failing_dep; with FAILING_TRACE=1 in the environment every refusal shows where it
 * happened. */
#ifndef TESTS_LIB_FAILING_H
#define TESTS_LIB_FAILING_H

#include <stdbool.h>
#include <stddef.h>

enum failing_thread {
    FAILING_LOOP = 1,   /* the one that called failing_init */
    FAILING_WORKER = 2, /* those of the pool */
    FAILING_STORE = 4,  /* the store's */
};

/* The calling thread is the loop's. */
void failing_init(void);

/* Refuses the nth allocation of the named threads from here on (1: the next one) and the n - 1
 * after it. */
void failing_arm(unsigned threads, size_t nth, size_t n);

/* No more refusals; how many there were. */
size_t failing_disarm(void);

/* From one round of a sweep to the next: ALLOC_STRIDE (1: every allocation there is), or else
 * usual, and more where a sanitizer makes rounds slow. */
size_t failing_stride(size_t usual);

#endif
