/* The bodies of TimeGPT's and KServe's clients: what is accepted becomes forecasts within their limits, whose
 * values lie within the list that came, and what is refused says so in words. */
#include "server/http/kserve.h"
#include "server/http/stateless_json.h"
#include "server/http/timegpt.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

static void check_windows(const struct timegpt_request *request, const struct stateless_batch *batch)
{
    size_t values_n = request->first[request->series_n];
    FUZZ_REQUIRE(batch->n == request->window_n && batch->n >= 1 && batch->n <= TIMEGPT_FORECASTS_MAX);
    FUZZ_REQUIRE(batch->ask.horizon >= 1 && batch->ask.horizon <= TRM_HORIZON_MAX);
    FUZZ_REQUIRE(batch->ask.level_n <= TRM_QUANTILES_MAX && values_n <= TIMEGPT_VALUES_MAX);
    for (size_t i = 0; i < batch->n; i++) {
        const struct timegpt_window *window = &request->window[i];
        const struct stateless_item *item = &batch->items[i];
        size_t end = request->first[window->series] + window->origin;
        FUZZ_REQUIRE(window->series < request->series_n && window->used >= 1);
        FUZZ_REQUIRE(window->used <= batch->ask.horizon && item->n >= 1 && item->n <= TRM_CONTEXT_MAX);
        FUZZ_REQUIRE(item->values >= batch->values && item->values + item->n == batch->values + end);
        FUZZ_REQUIRE(end <= request->first[window->series + 1]);
        FUZZ_REQUIRE(request->task == TIMEGPT_FORECAST ||
                     end + window->used <= request->first[window->series + 1]);
    }
}

static void try_timegpt(enum timegpt_task task, const uint8_t *bytes, size_t n)
{
    struct timegpt_request *request;
    struct stateless_batch *batch;
    struct err err = {.code = ERR_NONE};
    char *body = malloc(n == 0 ? 1 : n); /* it is written into */
    if (body == NULL)
        exit(1);
    memcpy(body, bytes, n);
    if (timegpt_parse(task, body, n, &request, &batch, &err) == 0) {
        check_windows(request, batch);
        timegpt_request_free(request);
        stateless_batch_free(batch);
    } else {
        FUZZ_REQUIRE(err.code != ERR_NONE && err.msg[0] != '\0');
    }
    free(body);
}

static void try_kserve(const uint8_t *bytes, size_t n)
{
    struct kserve_request *request;
    struct stateless_batch *batch;
    struct err err = {.code = ERR_NONE};
    if (kserve_parse((const char *)bytes, n, &request, &batch, &err) != 0) {
        FUZZ_REQUIRE(err.code != ERR_NONE && err.msg[0] != '\0');
        return;
    }
    FUZZ_REQUIRE(batch->n >= 1 && batch->n <= STATELESS_SERIES_MAX);
    for (size_t i = 0; i < batch->n; i++)
        FUZZ_REQUIRE(batch->items[i].n >= 1 && batch->items[i].n <= STATELESS_VALUES_MAX);
    kserve_request_free(request);
    stateless_batch_free(batch);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    for (int task = TIMEGPT_FORECAST; task <= TIMEGPT_HISTORIC; task++)
        try_timegpt((enum timegpt_task)task, bytes, n);
    try_kserve(bytes, n);
    return 0;
}
