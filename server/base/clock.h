/* The two clocks. Everything that needs time takes it as an argument from a caller near these.
 * clock_wall_ms is UTC milliseconds since 1970, may jump; clock_mono_ns never goes back. Any thread. */
#ifndef SERVER_CLOCK_H
#define SERVER_CLOCK_H

#include <stdint.h>

int64_t clock_wall_ms(void);
uint64_t clock_mono_ns(void);

#endif
