/* The meter. Knows /sys/class/powercap. Surprising: only whole packages are read, since cores and memory
 * below them would be counted twice. */
#include "server/tool/meter.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

static double clock_s(clockid_t clock)
{
    struct timespec at;

    clock_gettime(clock, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static bool read_counter(int package, const char *name, uint64_t *ret)
{
    char path[96];

    snprintf(path, sizeof path, "/sys/class/powercap/intel-rapl:%d/%s", package, name);
    FILE *file = fopen(path, "r");
    if (!file)
        return false;
    bool ok = fscanf(file, "%" SCNu64, ret) == 1;
    fclose(file);
    return ok;
}

/* Microjoules since the last look, NaN without counters. */
static double energy(struct meter *meter)
{
    double sum = 0;
    int package = 0;

    for (uint64_t now, range; package < METER_PACKAGES_MAX; package++) {
        uint64_t *from = &meter->energy_from[package];
        if (!read_counter(package, "energy_uj", &now))
            break;
        if (now < *from && read_counter(package, "max_energy_range_uj", &range))
            sum += (double)range;
        sum += (double)now - (double)*from;
        *from = now;
    }
    return package ? sum : (double)NAN;
}

void meter_start(struct meter *meter, double wall, double cpu, double joules)
{
    *meter = (struct meter){.wall_from = clock_s(CLOCK_MONOTONIC),
                            .cpu_from = clock_s(CLOCK_PROCESS_CPUTIME_ID)};
    (void)energy(meter);
    meter->wall = wall;
    meter->cpu = cpu;
    meter->joules = joules;
}

void meter_look(struct meter *meter)
{
    double wall = clock_s(CLOCK_MONOTONIC), cpu = clock_s(CLOCK_PROCESS_CPUTIME_ID);

    meter->wall += wall - meter->wall_from;
    meter->cpu += cpu - meter->cpu_from;
    meter->joules += energy(meter) / 1e6;
    meter->wall_from = wall;
    meter->cpu_from = cpu;
}
