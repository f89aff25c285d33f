/* Files of the kernel, and two comparisons. See memory.h. */
#include "server/base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH_BYTES 4096
/* Version 1 says "none" by a number near 2^63. */
#define NONE_FROM ((unsigned long long)1 << 60)

/* ---- the control group's limit ---- */

/* 0: no such file, or no limit in it ("max"). */
static unsigned long long read_limit(const char *folder, const char *group, const char *file)
{
    char path[2 * PATH_BYTES];
    unsigned long long limit = 0;

    snprintf(path, sizeof path, "%s%s/%s", folder, group, file);
    FILE *from = fopen(path, "re");
    if (!from)
        return 0;
    if (fscanf(from, "%llu", &limit) != 1 || limit >= NONE_FROM)
        limit = 0;
    fclose(from);
    return limit;
}

/* The least limit of the group and of those above it; cuts group up. */
static unsigned long long least_limit(const char *folder, char *group, const char *file)
{
    unsigned long long least = 0;

    for (;;) {
        unsigned long long limit = read_limit(folder, group, file);
        if (limit && (!least || limit < least))
            least = limit;
        char *slash = strrchr(group, '/');
        if (!slash)
            return least;
        *slash = '\0';
    }
}

/* A line of /proc/self/cgroup: "0::/a/b", or of version 1 "4:memory:/a/b". */
static unsigned long long limit_of_line(char *line)
{
    line[strcspn(line, "\n")] = '\0';
    char *controllers = strchr(line, ':'), *group = controllers ? strchr(controllers + 1, ':') : NULL;
    if (!group)
        return 0;
    *group++ = '\0';
    if (strcmp(controllers + 1, "memory") == 0)
        return least_limit("/sys/fs/cgroup/memory", group, "memory.limit_in_bytes");
    return controllers[1] == '\0' ? least_limit("/sys/fs/cgroup", group, "memory.max") : 0;
}

size_t memory_of_system(void)
{
    char line[PATH_BYTES];
    unsigned long long least = 0;
    FILE *from = fopen("/proc/self/cgroup", "re");

    while (from && fgets(line, sizeof line, from)) {
        unsigned long long limit = limit_of_line(line);
        if (limit && (!least || limit < least))
            least = limit;
    }
    if (from)
        fclose(from);
    return (size_t)(least - least / 10);
}

/* ---- the resident set ---- */

size_t memory_resident(void)
{
    unsigned long long total, resident = 0;
    FILE *from = fopen("/proc/self/statm", "re");

    if (!from)
        return 0;
    if (fscanf(from, "%llu %llu", &total, &resident) != 2)
        resident = 0;
    fclose(from);
    return (size_t)resident * (size_t)sysconf(_SC_PAGESIZE);
}

/* ---- the guard ---- */

size_t memory_high_mark(size_t max)
{
    return max - max / 10;
}

size_t memory_low_mark(size_t max)
{
    return max - max / 5;
}

void memory_guard_see(struct memory_guard *guard, size_t resident, uint64_t now_ns)
{
    guard->resident = resident;
    guard->taken = 0;
    guard->looked_ns = now_ns;
    if (guard->max == 0 || resident < memory_low_mark(guard->max))
        guard->is_short = false;
    else if (resident > memory_high_mark(guard->max))
        guard->is_short = true;
}

bool memory_guard_take(struct memory_guard *guard, size_t bytes)
{
    size_t held = guard->resident + guard->taken;

    if (guard->max > 0 && (held > guard->max || bytes > guard->max - held))
        return false;
    guard->taken += bytes;
    return true;
}
