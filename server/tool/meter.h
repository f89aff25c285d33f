/* What a run costs. Knows the clocks and the processors' energy counters; refuses to know the run.
 * Surprising: energy is NaN where the counters cannot be read (they usually need root), never guessed. */
#ifndef SERVER_TOOL_METER_H
#define SERVER_TOOL_METER_H

#include <stdint.h>

#define METER_PACKAGES_MAX 16

struct meter {
    double wall, cpu, joules; /* seconds and joules, of all sittings */
    double wall_from, cpu_from;
    uint64_t energy_from[METER_PACKAGES_MAX];
};

/* Zero, or what earlier sittings cost, to be gone on with from now. */
void meter_start(struct meter *meter, double wall, double cpu, double joules);
/* Adds what was spent since the last look. Energy counters wrap within minutes to hours: look often. */
void meter_look(struct meter *meter);

#endif
