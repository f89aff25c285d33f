/* The clocks. Everything that needs time takes it as an argument from a caller near these.
 * clock_wall_ms is UTC milliseconds since 1970, may jump; clock_mono_ns never goes back;
 * clock_thread_cpu_ns is the CPU time that the calling thread has used. Any thread. */
#ifndef SERVER_CLOCK_H
#define SERVER_CLOCK_H

#include <stdint.h>

int64_t clock_wall_ms(void);
uint64_t clock_mono_ns(void);
uint64_t clock_thread_cpu_ns(void);

#endif
