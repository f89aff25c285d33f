/* The line of series whose next values are to be forecast, and the tasks that do it. See said.h. */
#include "server/service/parts.h"

#include "server/base/clock.h"

#include <stdlib.h>
#include <string.h>

/* Observed values below which nobody is forecast unasked. */
#define OBSERVED_MIN 12

struct saying_item {
    int64_t key, origin;
    uint32_t forgotten_n; /* the entry's then: what its values meant */
    double *values; /* [n], the item's own */
    size_t n, horizon;
    struct series_settings settings; /* without labels */
    struct trm_config config;
    struct trm_widening widening;
    struct model_ref *model; /* a reference, or NULL */
    uint64_t model_version;
    uint8_t *bytes; /* out: what was said; NULL: nothing */
    size_t bytes_n;
};

struct saying_task {
    struct pool_task task; /* first */
    struct service *service;
    struct base_ref *weights;
    struct counters *counters;
    struct saying_item items[SAYING_SERIES_MAX];
    size_t n;
    uint64_t cpu_ns;
};

static void task_free(struct saying_task *task)
{
    for (size_t i = 0; i < task->n; i++) {
        free(task->items[i].values);
        free(task->items[i].bytes);
        model_ref_unref(task->items[i].model);
    }
    base_ref_unref(task->weights);
    free(task);
}

/* ---- on a worker ---- */

static void say(struct saying_task *task, struct saying_item *item)
{
    const struct forecast_ask nothing_more = {.horizon = item->horizon};
    uint8_t bytes[TRM_SAID_BYTES_MAX];
    struct forecast_answer answer = {0};
    struct answer_input input = {
        .settings = &item->settings,
        .base = base_ref_get(task->weights),
        .model = item->model ? model_ref_get(item->model) : NULL,
        .widening = &item->widening,
        .config = item->config,
        .values = item->values,
        .n = item->n,
        .horizon = item->horizon,
    };
    struct err err;

    if (answer_compute(&input, &nothing_more, task->counters, &answer, &err))
        return;
    size_t n = said_encode(answer.forecast, item->values, item->n, answer.config.season,
                           item->model_version, bytes);
    item->bytes = malloc(n);
    if (item->bytes) {
        memcpy(item->bytes, bytes, n);
        item->bytes_n = n;
    }
    forecast_answer_done(&answer);
}

static void run(struct pool_task *pool_task)
{
    struct saying_task *task = (struct saying_task *)pool_task;
    uint64_t start = clock_thread_cpu_ns();

    for (size_t i = 0; i < task->n; i++) {
        pool_beat(pool_task);
        if (!atomic_load_explicit(&pool_task->cancel, memory_order_relaxed))
            say(task, &task->items[i]);
    }
    task->cpu_ns = clock_thread_cpu_ns() - start;
}

/* ---- the line ---- */

static bool make_room(struct saying *saying)
{
    if (saying->n < saying->room)
        return true;
    size_t room = saying->room ? saying->room * 2 : 64;
    int64_t *line = malloc(room * sizeof *line);
    if (!line)
        return false;
    for (size_t i = 0; i < saying->n; i++)
        line[i] = saying->line[(saying->first + i) % saying->room];
    free(saying->line);
    saying->line = line;
    saying->room = room;
    saying->first = 0;
    return true;
}

static int64_t take(struct saying *saying)
{
    int64_t key = saying->line[saying->first];

    saying->first = (saying->first + 1) % saying->room;
    saying->n--;
    return key;
}

void saying_done(struct saying *saying)
{
    free(saying->line);
    saying->line = NULL;
    saying->n = saying->room = 0;
}

/* ---- tasks ---- */

/* Whether the next steps of the entry can be forecast and nobody has done so. */
static bool is_due(struct entry *entry)
{
    struct err err;

    return entry && entry->visible && !entry->deleting && entry->grid_known &&
           history_observed(entry) >= OBSERVED_MIN && history_check_enough(entry, &err) == 0 &&
           said_is_news(&entry->said, window_end(&entry->recent), 1);
}

static bool add(struct saying_task *task, struct entry *entry)
{
    struct window_view view = window_view(&entry->recent);
    const struct trm_model *model = entry_model(task->service, entry);
    struct saying_item *item = &task->items[task->n];

    *item = (struct saying_item){
        .key = entry->key,
        .origin = window_end(&entry->recent),
        .forgotten_n = entry->forgotten_n,
        .values = malloc(view.n * sizeof *view.values),
        .n = view.n,
        .horizon = entry_horizon(entry),
        .settings = entry->settings,
        .model = model ? model_ref_ref(entry->model) : NULL,
        .model_version = model ? entry->model_version : 0,
    };
    item->settings.labels = NULL;
    item->settings.label_n = 0;
    if (!model)
        item->config = entry_config(entry);
    said_align(task->service, entry);
    trm_tally_widening(&entry->said.tally, &item->widening);
    if (!item->values) {
        model_ref_unref(item->model);
        return false;
    }
    memcpy(item->values, view.values, view.n * sizeof *view.values);
    task->n++;
    return true;
}

static void fill(struct saying_task *task)
{
    struct service *service = task->service;
    struct saying *saying = &service->saying;

    while (saying->n > 0 && task->n < SAYING_SERIES_MAX) {
        struct entry *entry = registry_by_key(service->registry, take(saying));
        if (entry)
            entry->saying = false;
        if (is_due(entry) && !add(task, entry))
            return;
    }
}

/* What has been saved up since the last look, and how much of it may be spent. */
static bool has_credit(struct service *service)
{
    struct saying *saying = &service->saying;
    uint64_t now = clock_mono_ns(), share = service->config->record_percent;
    uint64_t since = saying->credited_ns ? now - saying->credited_ns : SAYING_CREDIT_MAX_NS;
    int64_t most = (int64_t)(SAYING_CREDIT_MAX_NS * share / 100);

    since = since > SAYING_CREDIT_MAX_NS ? SAYING_CREDIT_MAX_NS : since;
    saying->credited_ns = now;
    saying->credit_ns += (int64_t)(since * share / 100);
    saying->credit_ns = saying->credit_ns > most ? most : saying->credit_ns;
    return saying->credit_ns > 0;
}

static void deliver(struct message *message);

static void start(struct service *service)
{
    struct err err;

    if (service->saying.task || service->saying.n == 0 || service->draining || !has_credit(service))
        return;
    struct saying_task *task = calloc(1, sizeof *task);
    if (!task)
        return;
    task->task.message.deliver = deliver;
    task->task.run = run;
    task->task.priority = POOL_RECORD;
    task->service = service;
    task->counters = service->counters;
    task->weights = base_ref_ref(service->weights);
    fill(task);
    if (task->n == 0 || pool_submit(service->pool, &task->task, &err)) {
        task_free(task);
        return;
    }
    service->saying.task = task;
    service->task_n++;
}

/* What was said by a model that answers no more would be stored beside the widening of another. */
static void keep(struct service *service, struct entry *entry, const struct saying_item *item)
{
    uint64_t version = entry_model(service, entry) ? entry->model_version : 0;

    if (!item->bytes || item->forgotten_n != entry->forgotten_n || service->draining)
        return;
    if (item->model_version == version)
        said_keep(service, entry, item->origin, item->bytes, item->bytes_n);
    else
        saying_line_up(service, entry);
}

static void deliver(struct message *message)
{
    struct saying_task *task = (struct saying_task *)message;
    struct service *service = task->service;

    service->task_n--;
    if (service->saying.task == task)
        service->saying.task = NULL;
    service->saying.credit_ns -= (int64_t)task->cpu_ns;
    if (task->task.started)
        counters_add(service->counters, COUNTER_WORKER_CPU, task->cpu_ns);
    for (size_t i = 0; i < task->n; i++) {
        struct saying_item *item = &task->items[i];
        struct entry *entry = registry_by_key(service->registry, item->key);
        if (entry)
            keep(service, entry, item);
    }
    task_free(task);
    start(service);
}

void saying_line_up(struct service *service, struct entry *entry)
{
    struct saying *saying = &service->saying;

    if (service->config->record_percent == 0)
        return;
    if (!entry->saying && make_room(saying)) {
        saying->line[(saying->first + saying->n++) % saying->room] = entry->key;
        entry->saying = true;
    }
    start(service);
}

void saying_go_on(struct service *service)
{
    refold_all_owed(service);
    start(service);
}

void saying_hung(struct service *service)
{
    service->saying.task = NULL;
}

void saying_drain(struct service *service)
{
    if (service->saying.task)
        pool_cancel(service->pool, &service->saying.task->task);
}
