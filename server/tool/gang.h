/* Threads that stay, for work that comes in thousands of short rounds. Knows threads and that each has room
 * for a shard of its own; refuses to know what a round computes. Surprising: unlike a crew (crew.h) its
 * threads sleep between rounds, because starting them anew would cost as much as a step of training. */
#ifndef SERVER_TOOL_GANG_H
#define SERVER_TOOL_GANG_H

#include "server/tool/tool.h"

#include "core/pretrain.h"

struct gang;

/* Fewer threads than asked for where some cannot be started. */
int gang_new(size_t threads, const struct trm_thinker_shape *shape, struct gang **ret,
             struct tool_err *err);
void gang_free(struct gang *gang); /* accepts NULL */

/* Calls each(ctx, i, work) once for every i below n and returns when all are done. */
void gang_run(struct gang *gang, size_t n,
              void (*each)(void *ctx, size_t i, struct trm_pretrain_work *work), void *ctx);

/* Mean loss per supervision step of examples from .. to - 1, NaN where it is not finite; the same for every
 * number of threads. */
void gang_loss(struct gang *gang, const float *weights, const struct trm_example_set *set, size_t from,
               size_t to, double *ret_loss);

#endif
