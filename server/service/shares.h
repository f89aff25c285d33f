/* How much of a bounded queue each client holds, and how much it may. Knows clients as numbers; refuses to
 * know what waits. Surprising: no client has a fixed share. Each may hold as much as is still free, so that
 * one alone fills half of the queue, two a third each, n of them 1/(n + 1) each, and whoever comes next
 * always finds room. After Choudhury and Hahne, "Dynamic queue length thresholds for shared-memory packet
 * switches" (1998), with alpha = 1. The loop's thread. */
#ifndef SERVER_SERVICE_SHARES_H
#define SERVER_SERVICE_SHARES_H

#include "server/base/siphash.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHARES_BUCKETS 1024

struct share {
    struct share *chain;
    uint64_t client;
    size_t n; /* > 0 */
};

struct shares {
    struct siphash_key secret;
    struct share *buckets[SHARES_BUCKETS];
};

void shares_init(struct shares *shares, const struct siphash_key *secret);
void shares_done(struct shares *shares);

/* What the client holds. */
size_t shares_of(const struct shares *shares, uint64_t client);
/* One more. False when out of memory (nothing changed). */
__attribute__((warn_unused_result)) bool shares_take(struct shares *shares, uint64_t client);
/* One less; there was one. */
void shares_give(struct shares *shares, uint64_t client);

/* Whether a client that holds own may have one more of a queue with so many places, taken_n of them taken.
 * In the background (nobody waits) it may hold half as much: what is left is for who asks. */
bool shares_allow(size_t own, size_t taken_n, size_t max, bool background);

#endif
