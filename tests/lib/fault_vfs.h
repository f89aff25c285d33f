/* A VFS between SQLite and the system's that fails on demand, and that knows what a power cut would leave.
 * Knows files as bytes; refuses to know what is in them. Surprising: a sync does not reach the disk, it only
 * says which bytes a power cut must leave; so a thousand commits take no time.
 *
 * Shared memory (the wal-index) passes through and can fail, but is not part of what a power cut leaves:
 * SQLite
 * makes it anew. Threads: any; one lock. */
#ifndef TESTS_LIB_FAULT_VFS_H
#define TESTS_LIB_FAULT_VFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fault_op { FAULT_READ, FAULT_WRITE, FAULT_SYNC, FAULT_TRUNCATE, FAULT_OPEN, FAULT_DELETE, FAULT_SHM,
               FAULT_OPS };

struct fault {
    enum fault_op op;
    uint64_t nth;   /* the call of this kind that fails, 1 for the next */
    bool for_ever;  /* and all after it */
    int code;       /* what SQLite is told */
    size_t short_n; /* of a write: bytes that are moved all the same */
};

/* From now on every connection goes through it. */
void fault_vfs_install(void);

/* NULL: nothing fails (any more). Counts begin anew. */
void fault_set(const struct fault *fault);

/* Calls since fault_set; and how many of them failed. */
uint64_t fault_calls(enum fault_op op);
uint64_t fault_failed(void);

/* Remembers what is synced, from now on, of files that are opened later. Ends with NULL and 0. The power
 * goes at
 * the nth write, sync, truncation or deletion: everything fails from then on, and `dir` has the files as
 * they may
 * be found: of what was not synced any part, in sectors of 512 bytes. */
void fault_power(const char *dir, uint64_t nth, uint64_t seed);

/* Such calls since fault_power, and whether the power has gone. */
uint64_t fault_power_calls(void);
bool fault_power_gone(void);

#endif
