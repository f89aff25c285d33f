/* How many cores this process may really use. Knows the scheduler's affinity and the CPU quotas of
 * cgroup v1 and v2, of every group up to the root; refuses to know what the cores are for.
 * Surprising: a quota is rounded down (1.5 cores are one), because using it up puts the whole
 * process to sleep, the loop that answers requests included. */
#ifndef SERVER_TRAIN_CORES_H
#define SERVER_TRAIN_CORES_H

/* At least 1. root: "" for this machine, or a folder that stands for "/" (tests). Reads some small
 * files; what cannot be read limits nothing. Any thread. */
unsigned cores_usable(const char *root);

#endif
