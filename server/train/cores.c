/* Affinity and quotas. */
#include "server/train/cores.h"

#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* First line of a file without its newline; false where there is none. */
static bool first_line(const char *path, char *buf, int buf_n)
{
    FILE *file = fopen(path, "re");
    bool found = file && fgets(buf, buf_n, file);

    if (file)
        fclose(file);
    if (found)
        buf[strcspn(buf, "\n")] = '\0';
    return found;
}

/* Whole cores of a quota, UINT_MAX without one ("max", -1, nonsense). */
static unsigned whole_cores(const char *quota, const char *period)
{
    long long quota_us = strtoll(quota, NULL, 10), period_us = strtoll(period, NULL, 10);

    if (quota_us <= 0 || period_us <= 0 || quota_us / period_us >= UINT_MAX)
        return UINT_MAX;
    return quota_us < period_us ? 1 : (unsigned)(quota_us / period_us);
}

static unsigned quota_v2(const char *folder)
{
    char path[PATH_MAX], line[64];

    if (snprintf(path, sizeof path, "%s/cpu.max", folder) >= (int)sizeof path ||
        !first_line(path, line, sizeof line))
        return UINT_MAX;
    const char *period = strchr(line, ' ');
    return period ? whole_cores(line, period) : UINT_MAX;
}

static unsigned quota_v1(const char *folder)
{
    char path[PATH_MAX], quota[64], period[64];

    if (snprintf(path, sizeof path, "%s/cpu.cfs_quota_us", folder) >= (int)sizeof path ||
        !first_line(path, quota, sizeof quota))
        return UINT_MAX;
    if (snprintf(path, sizeof path, "%s/cpu.cfs_period_us", folder) >= (int)sizeof path ||
        !first_line(path, period, sizeof period))
        return UINT_MAX;
    return whole_cores(quota, period);
}

/* The smallest quota of the group and those above it. In a container the group's path may be the
 * host's and not exist here; going up then ends at the mount's root, which is the container's
 * group. */
static unsigned smallest_quota(const char *mount, const char *group,
                               unsigned (*quota)(const char *))
{
    char folder[PATH_MAX];
    unsigned least = UINT_MAX;
    int n = snprintf(folder, sizeof folder, "%s%s", mount, group);

    if (n >= (int)sizeof folder)
        return UINT_MAX;
    for (;;) {
        unsigned here = quota(folder);
        least = here < least ? here : least;
        if (strlen(folder) <= strlen(mount))
            return least;
        *strrchr(folder, '/') = '\0';
    }
}

/* Whether a comma-separated list holds the word. */
static bool lists(const char *list, const char *word)
{
    size_t word_n = strlen(word);

    for (const char *at = list; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
        if (strncmp(at, word, word_n) == 0 && (at[word_n] == '\0' || at[word_n] == ','))
            return true;
    return false;
}

/* One line of /proc/self/cgroup: "0::/path" (v2) or "4:cpu,cpuacct:/path" (v1). */
static unsigned quota_of_line(const char *root, char *line)
{
    char mount[PATH_MAX];
    char *controllers = strchr(line, ':'),
         *group = controllers ? strchr(controllers + 1, ':') : NULL;

    if (!group || group[1] != '/')
        return UINT_MAX;
    *group++ = '\0';
    controllers++;
    if (*controllers == '\0') {
        if (snprintf(mount, sizeof mount, "%s/sys/fs/cgroup", root) >= (int)sizeof mount)
            return UINT_MAX;
        return smallest_quota(mount, group, quota_v2);
    }
    if (!lists(controllers, "cpu") || snprintf(mount, sizeof mount, "%s/sys/fs/cgroup/%s", root,
                                               controllers) >= (int)sizeof mount)
        return UINT_MAX;
    return smallest_quota(mount, group, quota_v1);
}

static unsigned quota_of_cgroups(const char *root)
{
    char path[PATH_MAX], line[PATH_MAX];
    unsigned least = UINT_MAX;

    if (snprintf(path, sizeof path, "%s/proc/self/cgroup", root) >= (int)sizeof path)
        return UINT_MAX;
    FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        unsigned here = quota_of_line(root, line);
        least = here < least ? here : least;
    }
    if (file)
        fclose(file);
    return least;
}

static unsigned affinity(void)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
        return (unsigned)CPU_COUNT(&set);
    return 1;
}

unsigned cores_usable(const char *root)
{
    unsigned cores = affinity(), quota = quota_of_cgroups(root);

    return quota < cores ? quota : cores;
}
