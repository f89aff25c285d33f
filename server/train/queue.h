/* Who is next: the tasks that wait for a worker. Knows classes (enum pool_priority), clients within a class,
 * and what a class that waits is owed; refuses to know threads, clocks and what a task does. Surprising: a
 * class is not merely behind those above it. While it waits it earns a share of the CPU time that they use,
 * and once it has earned what one of its tasks costs, that task goes first: nobody's flood, however
 * endless, brings the lowest class to a halt.
 *
 * Within a class clients take turns, one task each; within a client first come, first served. Push, take and
 * remove cost O(1), whatever waits and whoever asks: clients are found by a hash with a random factor.
 *
 * One thread at a time (the pool holds its lock). */
#ifndef SERVER_TRAIN_QUEUE_H
#define SERVER_TRAIN_QUEUE_H

#include "server/train/pool.h"

struct queue;

/* For at most task_max tasks at once. NULL when out of memory. */
struct queue *queue_new(size_t task_max);
/* The tasks are not touched. Accepts NULL. */
void queue_free(struct queue *queue);

size_t queue_n(const struct queue *queue);

/* There must be room. With task->resumes it goes before its client's other tasks. */
void queue_push(struct queue *queue, struct pool_task *task);
/* The next one, or NULL. */
struct pool_task *queue_take(struct queue *queue);
/* A task that waits is taken out. */
void queue_remove(struct queue *queue, struct pool_task *task);

/* A task that was taken has run for so long: what its class costs, what it has earned those below that
 * wait, and, where it was let ahead, what its class has used up of what it had earned. */
void queue_spent(struct queue *queue, const struct pool_task *task, uint64_t cpu_ns);

/* Earned of a second of CPU time of the classes above, one in …; 0: the class waits for nobody. */
extern const unsigned queue_share[POOL_PRIORITIES];
/* What a task is taken to cost at least and at most before it has run. */
#define QUEUE_COST_MIN_NS INT64_C(1000000)
#define QUEUE_COST_MAX_NS INT64_C(1000000000)
/* Debt that is remembered: a task that ran for a minute does not silence its class for half an hour. */
#define QUEUE_DEBT_MAX_NS INT64_C(5000000000)

#endif
