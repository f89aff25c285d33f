/* The polled endpoint. From the cheapest answer to the dearest: an entry of the cache that still holds;
 * a tag that the client's If-None-Match names, without any bytes; a forecast computed now. See
 * handlers.h. */
#include "server/http/handlers.h"

#include "server/base/clock.h"
#include "server/http/cached_answer.h"
#include "server/http/forecast_cache.h"
#include "server/http/forecast_writer.h"
#include "server/http/handler_tools.h"
#include "server/http/query.h"
#include "server/http/response.h"

#include <stdio.h>
#include <string.h>

static const unsigned offered[] = {MEDIA_JSON, MEDIA_CSV};

/* Whether the answer is in the cache; the request is answered then. A ?format= is part of the target, so
 * the Accept header alone tells the representation here. */
static bool answer_from_cache(struct request *request, unsigned media)
{
    struct http *http = request->http;
    struct forecast_tag tag;
    struct err err;
    struct forecast_entry *entry =
        forecast_cache_find(http->cache, request->target, request->target_n, media);
    if (entry == NULL ||
        service_forecast_tag(http->service, request_id(request), forecast_entry_ask(entry), &tag,
                             &err) != 0 ||
        !forecast_entry_holds(entry, &tag))
        return false;
    counters_add(http->counters, COUNTER_CACHE_HITS, 1);
    forecast_entry_answer(entry, request, clock_wall_ms());
    return true;
}

static uint64_t mix(uint64_t hash, const void *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        hash = (hash ^ ((const unsigned char *)bytes)[i]) * UINT64_C(1099511628211);
    return hash;
}

/* Says what the bytes depend on: the series' tag in plain numbers, everything else (parameters, form, the
 * series' name, the program's version, the shared weights, the record, why no model answers) as a hash. */
static void make_etag(const struct request *request, const struct forecast_params *params,
                      unsigned media, const struct forecast_tag *tag, char etag[ETAG_MAX])
{
    const char *id = request_id(request);
    uint64_t hash = UINT64_C(14695981039346656037);
    hash = mix(hash, TSTRM_VERSION, sizeof TSTRM_VERSION);
    hash = mix(hash, id, strlen(id) + 1);
    hash = mix(hash, &tag->weights, sizeof tag->weights);
    hash = mix(hash, &tag->why, sizeof tag->why);
    hash = mix(hash, &tag->record, sizeof tag->record);
    hash = mix(hash, params->quantiles, params->quantile_n * sizeof *params->quantiles);
    hash = mix(hash, &params->quantile_n, sizeof params->quantile_n);
    hash = mix(hash, params->intervals, params->interval_n * sizeof *params->intervals);
    hash = mix(hash, &params->trace, sizeof params->trace);
    hash = mix(hash, &params->time, sizeof params->time);
    hash = mix(hash, &media, sizeof media);
    snprintf(etag, ETAG_MAX, "\"%llx-%llx-%llx-%llx-%zx-%016llx\"", (unsigned long long)tag->key,
             (unsigned long long)tag->revision, (unsigned long long)tag->settings_revision,
             (unsigned long long)tag->model_version, tag->horizon, (unsigned long long)hash);
}

static int compute(struct request *request, const struct forecast_params *params, unsigned media,
                   struct forecast_made *made, struct err *err)
{
    struct forecast_answer answer;
    if (service_forecast(request->http->service, request_id(request), &made->ask, &answer, err) != 0)
        return -1;
    int status = media == MEDIA_CSV ? forecast_write_csv(&answer, params, &made->bytes, &made->n, err)
                                    : forecast_write_json(&answer, params, &made->bytes, &made->n, err);
    forecast_answer_done(&answer);
    made->type = media == MEDIA_CSV ? TYPE_CSV : TYPE_JSON;
    return status;
}

static void answer_anew(struct request *request, const struct forecast_params *params,
                        unsigned key_media, unsigned media, struct forecast_made *made)
{
    struct http *http = request->http;
    struct err err;
    if (compute(request, params, media, made, &err) != 0) {
        request_refuse(request, &err);
        return;
    }
    struct forecast_entry *entry =
        forecast_cache_put(http->cache, request->target, request->target_n, key_media, made);
    if (entry != NULL) {
        forecast_entry_answer(entry, request, clock_wall_ms());
        return;
    }
    err_set(&err, ERR_NO_MEMORY, "out of memory");
    request_refuse(request, &err);
}

static int read_params(const struct request *request, struct forecast_params *params,
                       struct forecast_ask *ask, struct err *err)
{
    bool known;
    forecast_params_init(params);
    for (size_t i = 0; i < request->uri.param_n; i++) {
        const struct uri_param *param = &request->uri.param[i];
        if (forecast_params_set(params, param->name, param->value, &known, err) != 0)
            return -1;
    }
    return forecast_params_ask(params, "quantiles", ask, err);
}

void handle_get_forecast(struct request *request)
{
    unsigned key_media = media_by_accept(request->headers.accept, offered, 2), media;
    struct forecast_params params;
    struct forecast_made made = {.bytes = NULL};
    enum coding coding;
    struct err err;
    if (answer_from_cache(request, key_media) || !param_media(request, offered, 2, &media))
        return;
    if (read_params(request, &params, &made.ask, &err) != 0 ||
        service_forecast_tag(request->http->service, request_id(request), &made.ask, &made.tag, &err) !=
            0) {
        request_refuse(request, &err);
        return;
    }
    counters_add(request->http->counters, COUNTER_CACHE_MISSES, 1);
    make_etag(request, &params, media, &made.tag, made.etag);
    if (cached_answer_named(request, made.etag, &coding) &&
        strcmp(request->headers.if_none_match, "*") != 0)
        cached_answer_not_modified(request, made.etag, coding,
                                   max_age_until(made.tag.next_point_ms, clock_wall_ms()));
    else
        answer_anew(request, &params, key_media, media, &made);
}
