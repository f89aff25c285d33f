/* Classes hold rings of lanes, a lane for each client that has a task waiting in the class; lanes come from
 * one array that was allocated with the queue, so that nothing here can run out of memory later. */
#include "server/train/queue.h"

#include <assert.h>
#include <stdlib.h>
#include <unistd.h>

#define BUCKETS_LOG2 12

struct pool_lane {
    uint64_t client;
    enum pool_priority priority;
    struct pool_task *first, *last;
    struct pool_lane *before, *after; /* in the ring of its class */
    struct pool_lane *chain;          /* in its bucket, or among the free */
};

struct class {
    struct pool_lane *turn; /* whose turn it is, or NULL */
    size_t n;
    int64_t earned_ns; /* while waiting; less than 0: owed */
    int64_t cost_ns;   /* of its last task */
};

struct queue {
    struct class classes[POOL_PRIORITIES];
    size_t n;
    uint64_t factor; /* of the hash; odd */
    struct pool_lane *buckets[1 << BUCKETS_LOG2];
    struct pool_lane *free; /* lanes that were used … */
    size_t used_n;          /* … of the first so many */
    size_t lane_n;
    struct pool_lane lanes[];
};

const unsigned queue_share[POOL_PRIORITIES] = {
    [POOL_LONG_ANSWER] = 4, [POOL_FIRST_FIT] = 4, [POOL_FIT] = 4,   [POOL_BACKTEST] = 8,
    [POOL_REFIT] = 16,      [POOL_RECORD] = 32,   [POOL_FLEET] = 32};

struct queue *queue_new(size_t task_max)
{
    struct queue *queue = calloc(1, sizeof *queue + task_max * sizeof queue->lanes[0]);

    if (!queue)
        return NULL;
    queue->lane_n = task_max;
    if (getentropy(&queue->factor, sizeof queue->factor) < 0)
        queue->factor = UINT64_C(0x9e3779b97f4a7c15);
    queue->factor |= 1;
    for (size_t i = 0; i < POOL_PRIORITIES; i++)
        queue->classes[i].cost_ns = QUEUE_COST_MIN_NS;
    return queue;
}

void queue_free(struct queue *queue)
{
    free(queue);
}

size_t queue_n(const struct queue *queue)
{
    return queue->n;
}

/* ---- lanes ---- */

static struct pool_lane **bucket_of(struct queue *queue, uint64_t client, enum pool_priority priority)
{
    uint64_t mixed = (client ^ client >> 32) * POOL_PRIORITIES + priority;

    return &queue->buckets[mixed * queue->factor >> (64 - BUCKETS_LOG2)];
}

/* Behind all others of its class: before the one whose turn it is. */
static void join_ring(struct class *class, struct pool_lane *lane)
{
    if (!class->turn) {
        class->turn = lane->before = lane->after = lane;
        return;
    }
    lane->after = class->turn;
    lane->before = class->turn->before;
    lane->before->after = lane->after->before = lane;
}

static void leave_ring(struct class *class, struct pool_lane *lane)
{
    lane->before->after = lane->after;
    lane->after->before = lane->before;
    if (class->turn == lane)
        class->turn = lane->after == lane ? NULL : lane->after;
}

static struct pool_lane *lane_open(struct queue *queue, uint64_t client, enum pool_priority priority)
{
    struct pool_lane **bucket = bucket_of(queue, client, priority), *lane = *bucket;

    while (lane && (lane->client != client || lane->priority != priority))
        lane = lane->chain;
    if (lane)
        return lane;
    lane = queue->free;
    if (lane) {
        queue->free = lane->chain;
    } else {
        assert(queue->used_n < queue->lane_n);
        lane = &queue->lanes[queue->used_n++];
    }
    *lane = (struct pool_lane){.client = client, .priority = priority, .chain = *bucket};
    *bucket = lane;
    join_ring(&queue->classes[priority], lane);
    return lane;
}

static void lane_close(struct queue *queue, struct pool_lane *lane)
{
    struct pool_lane **link = bucket_of(queue, lane->client, lane->priority);

    while (*link != lane)
        link = &(*link)->chain;
    *link = lane->chain;
    leave_ring(&queue->classes[lane->priority], lane);
    lane->chain = queue->free;
    queue->free = lane;
}

/* ---- tasks ---- */

static void link_first(struct pool_lane *lane, struct pool_task *task)
{
    task->before = NULL;
    task->next = lane->first;
    if (lane->first)
        lane->first->before = task;
    else
        lane->last = task;
    lane->first = task;
}

static void link_last(struct pool_lane *lane, struct pool_task *task)
{
    task->next = NULL;
    task->before = lane->last;
    if (lane->last)
        lane->last->next = task;
    else
        lane->first = task;
    lane->last = task;
}

void queue_push(struct queue *queue, struct pool_task *task)
{
    struct pool_lane *lane = lane_open(queue, task->client, task->priority);

    if (task->resumes)
        link_first(lane, task);
    else
        link_last(lane, task);
    task->lane = lane;
    queue->classes[task->priority].n++;
    queue->n++;
}

void queue_remove(struct queue *queue, struct pool_task *task)
{
    struct pool_lane *lane = task->lane;
    struct class *class = &queue->classes[lane->priority];

    if (task->before)
        task->before->next = task->next;
    else
        lane->first = task->next;
    if (task->next)
        task->next->before = task->before;
    else
        lane->last = task->before;
    task->next = task->before = NULL;
    task->lane = NULL;
    queue->n--;
    if (--class->n == 0 && class->earned_ns > 0) /* nothing is earned by not waiting */
        class->earned_ns = 0;
    if (!lane->first)
        lane_close(queue, lane);
}

/* The lowest class that has earned a task, or the highest that waits; POOL_PRIORITIES: none does. */
static size_t next_class(const struct queue *queue, bool *ret_ahead)
{
    for (size_t i = POOL_PRIORITIES; i-- > 1;)
        if (queue->classes[i].n && queue->classes[i].earned_ns >= queue->classes[i].cost_ns) {
            *ret_ahead = true;
            return i;
        }
    *ret_ahead = false;
    for (size_t i = 0; i < POOL_PRIORITIES; i++)
        if (queue->classes[i].n)
            return i;
    return POOL_PRIORITIES;
}

struct pool_task *queue_take(struct queue *queue)
{
    bool ahead;
    size_t at = next_class(queue, &ahead);

    if (at == POOL_PRIORITIES)
        return NULL;
    struct class *class = &queue->classes[at];
    struct pool_lane *lane = class->turn;
    struct pool_task *task = lane->first;
    class->turn = lane->after;
    task->paid_ns = ahead ? class->cost_ns : 0;
    class->earned_ns -= task->paid_ns;
    queue_remove(queue, task);
    return task;
}

static int64_t within(int64_t v, int64_t low, int64_t high)
{
    return v < low ? low : v > high ? high : v;
}

void queue_spent(struct queue *queue, const struct pool_task *task, uint64_t cpu_ns)
{
    struct class *class = &queue->classes[task->priority];
    int64_t spent = within((int64_t)cpu_ns, 0, INT64_MAX / 4);

    if (task->paid_ns)
        class->earned_ns =
            within(class->earned_ns - (spent - task->paid_ns), -QUEUE_DEBT_MAX_NS, INT64_MAX / 4);
    class->cost_ns = within(spent, QUEUE_COST_MIN_NS, QUEUE_COST_MAX_NS);
    for (size_t i = (size_t)task->priority + 1; i < POOL_PRIORITIES; i++)
        if (queue->classes[i].n && queue_share[i])
            queue->classes[i].earned_ns =
                within(queue->classes[i].earned_ns + spent / queue_share[i], -QUEUE_DEBT_MAX_NS,
                       INT64_MAX / 4);
}
