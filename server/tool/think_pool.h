/* Thinks that are lent to whoever needs one for a series. Knows how many there are and where they lie;
 * refuses to know what is thought. Surprising: none is made before it is needed, so a crew of one pays for
 * one. */
#ifndef SERVER_TOOL_THINK_POOL_H
#define SERVER_TOOL_THINK_POOL_H

#include "core/think.h"

struct think_pool;

/* base is borrowed. NULL without memory. */
struct think_pool *think_pool_new(const struct trm_base *base, size_t horizon_max);
void think_pool_free(struct think_pool *pool); /* accepts NULL; all must have come back */

/* Any thread. NULL without memory. */
struct trm_think *think_pool_take(struct think_pool *pool);
void think_pool_give(struct think_pool *pool, struct trm_think *think);

#endif
