/* The table. See routes.h. */
#include "server/http/routes.h"

#include "server/http/handlers.h"
#include "server/http/kserve.h"
#include "server/http/prom_answer.h"
#include "server/http/prom_params.h"
#include "server/http/problem_agents.h"
#include "server/http/response.h"
#include "server/http/settings_json.h"
#include "server/http/timegpt.h"

/* What a key with the scope read may ask … */
#define GET_ROUTE(path_, class_, params_, handle_)                                                 \
    {.method = METHOD_GET, .path = path_, .class = ROUTE_CLASS_##class_, .params = params_,        \
     .scope = KEY_SCOPE_READ, .handle = handle_}
/* … and what everybody may. */
#define OPEN_ROUTE(path_, class_, params_, handle_)                                                \
    {.method = METHOD_GET, .path = path_, .class = ROUTE_CLASS_##class_, .params = params_,        \
     .scope = KEY_SCOPE_OPEN, .handle = handle_}

#define TIMEGPT_ROUTE(path_, handle_)                                                              \
    {.method = METHOD_POST, .path = path_, .class = ROUTE_CLASS_STATELESS, .body = BODY_BUFFER,    \
     .media = MEDIA_JSON, .params = "", .scope = KEY_SCOPE_READ, .write_problem = timegpt_write_problem,   \
     .handle = handle_}

/* As clients of Prometheus ask: with any parameter, and long queries as a form. */
#define PROM_ROW                                                                                   \
    .class = ROUTE_CLASS_PROMETHEUS, .scope = KEY_SCOPE_READ, .any_params = true,                  \
    .write_problem = prom_write_problem,                                                           \
    .problem_status = prom_problem_status
#define PROM_FORM                                                                                  \
    PROM_ROW, .body = BODY_BUFFER, .media = MEDIA_FORM, .body_max = PROM_FORM_BYTES_MAX,           \
    .body_optional = true

/* Agents say all sorts of things about the type of their lines. */
#define INFLUX_BODY                                                                                \
    .class = ROUTE_CLASS_INGEST, .body = BODY_BUFFER, .media = MEDIA_ANY, .body_optional = true
#define INFLUX_1 .write_problem = influx_1_write_problem, .problem_status = agents_problem_status

const struct route routes[] = {
    GET_ROUTE("/v1/series/{id}/forecast", FORECAST, "horizon levels quantiles trace time format",
              handle_get_forecast),
    {.method = METHOD_POST, .path = "/v1/series/{id}/points", .scope = KEY_SCOPE_WRITE,
     .class = ROUTE_CLASS_POINTS,
     .body = BODY_POINTS, .media = MEDIA_JSON | MEDIA_CSV | MEDIA_NDJSON, .params = "create",
     .handle = handle_post_points},
    {.method = METHOD_POST, .path = "/v1/points", .scope = KEY_SCOPE_WRITE,
     .class = ROUTE_CLASS_POINTS, .body = BODY_BATCH,
     .media = MEDIA_JSON | MEDIA_NDJSON, .params = "create", .handle = handle_post_batch},
    {.method = METHOD_POST, .path = "/api/v1/write", .scope = KEY_SCOPE_WRITE,
     .params = "", .handle = handle_remote_write,
     .class = ROUTE_CLASS_INGEST, .body = BODY_BUFFER, .media = MEDIA_REMOTE_WRITE,
     .write_problem = text_write_problem, .problem_type = TYPE_TEXT, .problem_status = agents_problem_status},
    {.method = METHOD_POST, .path = "/write", .scope = KEY_SCOPE_WRITE,
     .params = "db rp precision consistency u p",
     .handle = handle_influx_write, INFLUX_BODY, INFLUX_1},
    {.method = METHOD_POST, .path = "/api/v2/write", .scope = KEY_SCOPE_WRITE,
     .params = "org orgID bucket precision",
     .handle = handle_influx_write, INFLUX_BODY, .write_problem = influx_2_write_problem,
     .problem_status = agents_problem_status},
    {.method = METHOD_POST, .path = "/query", .scope = KEY_SCOPE_WRITE,
     .params = "q db u p epoch chunked chunk_size pretty rp params", .handle = handle_influx_query,
     INFLUX_BODY, .body_max = SETTINGS_BYTES_MAX, INFLUX_1},
    {.method = METHOD_GET, .path = "/query", .scope = KEY_SCOPE_READ,
     .params = "q db u p epoch chunked chunk_size pretty rp params", .handle = handle_influx_query,
     .class = ROUTE_CLASS_INGEST, INFLUX_1},
    {.method = METHOD_GET, .path = "/ping", .scope = KEY_SCOPE_OPEN,
     .params = "", .handle = handle_influx_ping,
     .class = ROUTE_CLASS_INGEST, INFLUX_1},
    GET_ROUTE("/v1/series/{id}/points", POINTS, "start end limit time format", handle_get_points),
    GET_ROUTE("/v1/series/{id}/anomalies", RECORD, "level start end limit time format", handle_get_anomalies),
    GET_ROUTE("/v1/series/{id}/record", RECORD, "level start end limit time format", handle_get_record),
    GET_ROUTE("/v1/series", SERIES, "prefix label* limit cursor time format", handle_list_series),
    {.method = METHOD_PUT, .path = "/v1/series/{id}", .scope = KEY_SCOPE_WRITE,
     .class = ROUTE_CLASS_SERIES,
     .body = BODY_BUFFER, .media = MEDIA_JSON, .body_max = SETTINGS_BYTES_MAX, .params = "time",
     .handle = handle_put_series},
    GET_ROUTE("/v1/series/{id}", SERIES, "time", handle_get_series),
    {.method = METHOD_DELETE, .path = "/v1/series/{id}", .scope = KEY_SCOPE_WRITE,
     .class = ROUTE_CLASS_SERIES, .params = "",
     .handle = handle_delete_series},
    {.method = METHOD_POST, .path = "/v1/forecast", .scope = KEY_SCOPE_READ,
     .class = ROUTE_CLASS_STATELESS,
     .body = BODY_BUFFER, .media = MEDIA_JSON, .params = "", .handle = handle_post_forecast},
    {.method = METHOD_POST, .path = "/v1/series/{id}/fit", .scope = KEY_SCOPE_WRITE,
     .class = ROUTE_CLASS_FIT,
     .body = BODY_BUFFER, .media = MEDIA_JSON, .body_optional = true,
     .body_max = SETTINGS_BYTES_MAX, .params = "time", .handle = handle_post_fit},
    GET_ROUTE("/v1/series/{id}/checkpoints", SERIES, "time", handle_list_checkpoints),
    {.method = METHOD_POST, .path = "/v1/series/{id}/checkpoints/{version}/restore", .scope = KEY_SCOPE_ADMIN,
     .class = ROUTE_CLASS_SERIES, .params = "time", .handle = handle_restore_checkpoint},
    {.method = METHOD_POST, .path = "/v1/series/{id}/backtest", .scope = KEY_SCOPE_WRITE,
     .class = ROUTE_CLASS_FIT,
     .body = BODY_BUFFER, .media = MEDIA_JSON, .body_optional = true,
     .body_max = SETTINGS_BYTES_MAX, .params = "time", .handle = handle_post_backtest},
    GET_ROUTE("/v1/series/{id}/ahead", FORECAST, "ahead threshold direction horizon time",
              handle_get_ahead),
    GET_ROUTE("/v1/jobs", JOBS, "series state limit cursor time format", handle_list_jobs),
    GET_ROUTE("/v1/jobs/{id}", JOBS, "time", handle_get_job),
    GET_ROUTE("/v1/jobs/{id}/events", JOBS, "time", handle_get_job_events),
    {.method = METHOD_DELETE, .path = "/v1/jobs/{id}", .scope = KEY_SCOPE_WRITE,
     .class = ROUTE_CLASS_JOBS, .params = "time",
     .handle = handle_cancel_job},
    GET_ROUTE("/v1/fleet", FLEET, "time", handle_get_fleet),
    {.method = METHOD_POST, .path = "/v1/fleet/fit", .scope = KEY_SCOPE_ADMIN,
     .class = ROUTE_CLASS_FLEET,
     .body = BODY_BUFFER, .media = MEDIA_JSON, .body_optional = true,
     .body_max = SETTINGS_BYTES_MAX, .params = "time", .handle = handle_post_fleet_fit},
    {.method = METHOD_DELETE, .path = "/v1/fleet", .scope = KEY_SCOPE_ADMIN,
     .class = ROUTE_CLASS_FLEET, .params = "time",
     .handle = handle_delete_fleet},
    {.method = METHOD_POST, .path = "/v1/admin/backup", .scope = KEY_SCOPE_ADMIN,
     .class = ROUTE_CLASS_ADMIN,
     .body = BODY_BUFFER, .media = MEDIA_JSON, .body_optional = true,
     .body_max = SETTINGS_BYTES_MAX, .params = "", .handle = handle_post_backup},
    {.method = METHOD_GET, .path = "/v1/admin/stats", .class = ROUTE_CLASS_ADMIN, .scope = KEY_SCOPE_ADMIN,
     .params = "time", .handle = handle_get_stats},

    /* As clients of TimeGPT ask. */
    TIMEGPT_ROUTE("/v2/forecast", handle_timegpt_forecast),
    TIMEGPT_ROUTE("/v2/cross_validation", handle_timegpt_cross_validation),
    TIMEGPT_ROUTE("/v2/anomaly_detection", handle_timegpt_anomaly),
    TIMEGPT_ROUTE("/v2/online_anomaly_detection", handle_timegpt_online_anomaly),
    TIMEGPT_ROUTE("/v2/historic_forecast", handle_timegpt_historic),
    TIMEGPT_ROUTE("/model_params", handle_timegpt_post_params),
    {.method = METHOD_GET, .path = "/model_params", .scope = KEY_SCOPE_READ,
     .class = ROUTE_CLASS_STATELESS, .params = "model freq",
     .write_problem = timegpt_write_problem, .handle = handle_timegpt_get_params},
    {.method = METHOD_GET, .path = "/validate_api_key", .class = ROUTE_CLASS_STATELESS,
     .scope = KEY_SCOPE_READ, .params = "", .write_problem = timegpt_write_problem,
     .handle = handle_timegpt_key},
    {.method = METHOD_POST, .path = "/validate_api_key", .scope = KEY_SCOPE_READ,
     .class = ROUTE_CLASS_STATELESS,
     .body = BODY_BUFFER, .media = MEDIA_JSON, .body_optional = true, .body_max = SETTINGS_BYTES_MAX,
     .params = "", .write_problem = timegpt_write_problem, .handle = handle_timegpt_key},
    {.method = METHOD_GET, .path = "/v2/models", .class = ROUTE_CLASS_STATELESS, .scope = KEY_SCOPE_READ,
     .params = "", .write_problem = timegpt_write_problem, .handle = handle_timegpt_models},

    /* As KServe's clients ask. */
    {.method = METHOD_POST, .path = "/v1/timeseries/forecast", .scope = KEY_SCOPE_READ,
     .class = ROUTE_CLASS_STATELESS,
     .body = BODY_BUFFER, .media = MEDIA_JSON, .params = "", .write_problem = kserve_write_problem,
     .handle = handle_kserve_forecast},
    {.method = METHOD_GET, .path = "/v1/timeseries/models", .class = ROUTE_CLASS_STATELESS,
     .scope = KEY_SCOPE_READ, .params = "", .write_problem = kserve_write_problem,
     .handle = handle_kserve_models},
    OPEN_ROUTE("/v2/health/live", HEALTH, "", handle_kserve_live),
    OPEN_ROUTE("/v2/health/ready", HEALTH, "", handle_kserve_ready),

    {.method = METHOD_GET, .path = "/api/v1/query", PROM_ROW,
     .params = "query time timeout limit lookback_delta stats",
     .handle = handle_prom_query},
    {.method = METHOD_POST, .path = "/api/v1/query", PROM_FORM, .params = "",
     .handle = handle_prom_query},
    {.method = METHOD_GET, .path = "/api/v1/query_range", PROM_ROW,
     .params = "query start end step timeout limit lookback_delta stats",
     .handle = handle_prom_query_range},
    {.method = METHOD_POST, .path = "/api/v1/query_range", PROM_FORM, .params = "",
     .handle = handle_prom_query_range},
    {.method = METHOD_GET, .path = "/api/v1/labels", PROM_ROW,
     .params = "match[]* start end limit", .handle = handle_prom_labels},
    {.method = METHOD_POST, .path = "/api/v1/labels", PROM_FORM, .params = "",
     .handle = handle_prom_labels},
    {.method = METHOD_GET, .path = "/api/v1/series", PROM_ROW,
     .params = "match[]* start end limit", .handle = handle_prom_series},
    {.method = METHOD_POST, .path = "/api/v1/series", PROM_FORM, .params = "",
     .handle = handle_prom_series},
    {.method = METHOD_GET, .path = "/api/v1/query_exemplars", PROM_ROW,
     .params = "query start end", .handle = handle_prom_exemplars},
    {.method = METHOD_POST, .path = "/api/v1/query_exemplars", PROM_FORM, .params = "",
     .handle = handle_prom_exemplars},
    {.method = METHOD_GET, .path = "/api/v1/label/{name}/values", PROM_ROW,
     .params = "match[]* start end limit", .handle = handle_prom_label_values},
    {.method = METHOD_GET, .path = "/api/v1/metadata", PROM_ROW,
     .params = "metric limit", .handle = handle_prom_metadata},
    {.method = METHOD_GET, .path = "/api/v1/status/buildinfo", PROM_ROW,
     .params = "", .handle = handle_prom_buildinfo},
    {.method = METHOD_GET, .path = "/api/v1/rules", PROM_ROW,
     .params = "", .handle = handle_prom_rules},
    {.method = METHOD_GET, .path = "/api/v1/alerts", PROM_ROW,
     .params = "", .handle = handle_prom_alerts},
    OPEN_ROUTE("/livez", HEALTH, "", handle_livez),
    OPEN_ROUTE("/readyz", HEALTH, "", handle_readyz),
    OPEN_ROUTE("/healthz", HEALTH, "", handle_readyz),
    OPEN_ROUTE("/-/healthy", HEALTH, "", handle_livez),
    OPEN_ROUTE("/-/ready", HEALTH, "", handle_readyz),
    {.method = METHOD_POST, .path = "/-/reload", .scope = KEY_SCOPE_ADMIN,
     .class = ROUTE_CLASS_ADMIN, .params = "",
     .handle = handle_post_reload},
    {.method = METHOD_GET, .path = "/metrics", .class = ROUTE_CLASS_METRICS, .scope = KEY_SCOPE_METRICS,
     .params = "", .handle = handle_metrics},
    OPEN_ROUTE("/openapi.json", DOCS, "", handle_openapi),
    OPEN_ROUTE("/", DOCS, "", handle_index),
};
const size_t routes_n = sizeof routes / sizeof *routes;
