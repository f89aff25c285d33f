/* Making, wiring, running, stopping. The order of stopping is the one surprising thing: first the
 * world is told (/readyz), then nothing new is let in, then what is under way ends, and only when
 * no request, no task and no write is left are pool and store closed. */
#include "server/daemon.h"

#include "server/base/descriptors.h"
#include "server/base/log.h"
#include "server/http/server.h"
#include "server/reload.h"
#include "server/store/backup.h"
#include "server/weights.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* From the end of drain_delay until what is still under way is given up. */
#define STOP_MS 20000
/* How often it is looked whether everything has ended. */
#define LOOK_MS 10
/* How often the service may go on with what waits for its share of the processor. */
#define TICK_MS 1000
/* Tasks of stateless requests besides the fits in the pool's queue. */
#define POOL_EXTRA 1024

enum phase { RUNNING, NOT_READY, STOPPING, STOPPED, GAVE_UP };

struct daemon {
    const struct daemon_options *options;
    const struct config *config;
    uv_loop_t loop;
    bool loop_open;
    struct counters counters;
    struct mailbox *mailbox;
    struct trm_base *base;
    struct store *store;
    struct pool *pool;
    struct service *service;
    struct http_server *http;
    uv_signal_t signals[3];
    uv_timer_t timer, tick;
    size_t signal_n;
    bool timer_open;
    enum phase phase;
    uint64_t stop_by_ms; /* the loop's clock */
    size_t damage_told;  /* of service_damage's list */
    bool failing_told;
    unsigned stuck;      /* workers that hung when last looked at */
    uint64_t failings_told;
};

/* ---- stopping ---- */

static void finish(struct daemon *d, enum phase phase)
{
    d->phase = phase;
    uv_timer_stop(&d->timer);
    uv_timer_stop(&d->tick);
    uv_stop(&d->loop);
}

/* Every LOOK_MS once nothing new is let in. */
static void look(uv_timer_t *timer)
{
    struct daemon *d = timer->data;

    if (service_idle(d->service) && (!d->http || http_server_idle(d->http)))
        finish(d, STOPPED);
    else if (uv_now(&d->loop) >= d->stop_by_ms)
        finish(d, GAVE_UP);
}

static void let_end(struct daemon *d)
{
    service_drain(d->service);
    d->stop_by_ms = uv_now(&d->loop) + STOP_MS;
    uv_timer_start(&d->timer, look, 0, LOOK_MS);
}

static void stop_accepting(uv_timer_t *timer)
{
    struct daemon *d = timer->data;

    if (d->phase == STOPPING)
        return;
    d->phase = STOPPING;
    LOG_INFO("stopping");
    http_server_stop_listening(d->http);
    let_end(d);
}

static void on_stop_signal(uv_signal_t *handle, int number)
{
    struct daemon *d = handle->data;
    bool at_once = d->phase == NOT_READY || number == SIGINT || isatty(STDIN_FILENO);
    uint64_t delay_ms = at_once ? 0 : d->config->drain_delay_ms;

    if (d->phase == STOPPING)
        return;
    d->phase = NOT_READY;
    LOG_INFO("not ready any more", log_text("signal", number == SIGINT ? "SIGINT" : "SIGTERM"),
             log_uint("drain_delay_ms", delay_ms));
    http_server_drain(d->http);
    if (delay_ms == 0)
        stop_accepting(&d->timer);
    else
        uv_timer_start(&d->timer, stop_accepting, delay_ms, 0);
}

/* ---- configuration ---- */

static int prepare(void *ctx, const struct config *then, struct err *err)
{
    struct daemon *d = ctx;

    return http_server_prepare(d->http, then, err);
}

static void adopt(void *ctx)
{
    struct daemon *d = ctx;

    http_server_adopt(d->http);
}

static int read_again(void *ctx, struct config_change *ret, size_t *ret_n, struct err *err)
{
    struct daemon *d = ctx;
    const struct reload_steps steps = {.load = d->options->reload, .load_ctx = d->options->ctx,
                                       .prepare = prepare, .adopt = adopt, .ctx = d};

    return reload(d->options->config, &steps, ret, ret_n, err);
}

static void on_reload_signal(uv_signal_t *handle, int number)
{
    struct config_change changes[CONFIG_OPTIONS_MAX];
    struct err err; /* logged there */
    size_t n;

    (void)number;
    (void)read_again(handle->data, changes, &n, &err);
}

/* What the store has found damaged and nobody has been told of yet: each once. */
static void log_damage(struct daemon *d)
{
    struct damage_view view;

    while (service_damage(d->service, d->damage_told, &view, 1) == 1) {
        d->damage_told++;
        LOG_ERROR("damaged in the store, and left out", log_text("kind", store_damage_name(view.found.kind)),
                  log_text("series", view.id), log_int("from", view.found.from), log_int("until",
                                                                                         view.found.until),
                  log_uint("points", view.found.n), log_text("detail", view.found.words));
    }
}

/* The store's state where it has changed since the last look, also where it has changed back. */
static void log_health(struct daemon *d)
{
    struct store_stats stats;
    struct err err = {.msg = "a write failed for the disk's sake, for less than a second"};
    bool failing = store_ready(d->store, &err) != 0;

    store_stats(d->store, &stats);
    if (stats.failings > d->failings_told)
        LOG_ERROR("not ready", log_text("error", err.msg));
    if (!failing && (d->failing_told || stats.failings > d->failings_told))
        LOG_INFO("ready again");
    d->failing_told = failing;
    d->failings_told = stats.failings;
}

static void log_workers(struct daemon *d)
{
    struct pool_stats stats;

    pool_stats(d->pool, &stats);
    if (stats.stuck > d->stuck)
        LOG_ERROR("workers hang; what they did was given up", log_uint("hanging", stats.stuck),
                  log_uint("working", stats.workers - stats.stuck));
    else if (stats.stuck < d->stuck)
        LOG_INFO("workers came back", log_uint("hanging", stats.stuck));
    d->stuck = stats.stuck;
}

static void on_tick(uv_timer_t *timer)
{
    struct daemon *d = timer->data;

    service_tick(d->service);
    log_damage(d);
    if (d->phase == RUNNING)
        log_health(d);
    log_workers(d);
}

/* ---- starting ---- */

static int open_loop(struct daemon *d, struct err *err)
{
    int rc = uv_loop_init(&d->loop);

    if (rc < 0)
        return err_set(err, ERR_NO_MEMORY, "event loop: %s", uv_strerror(rc));
    d->loop_open = true;
    rc = uv_timer_init(&d->loop, &d->timer);
    if (rc < 0)
        return err_set(err, ERR_NO_MEMORY, "timer: %s", uv_strerror(rc));
    uv_timer_init(&d->loop, &d->tick); /* never fails where the other has not */
    d->timer.data = d->tick.data = d;
    d->timer_open = true;
    return mailbox_new(&d->loop, &d->mailbox, err);
}

static int catch_signal(struct daemon *d, int number, uv_signal_cb on_signal, struct err *err)
{
    uv_signal_t *handle = &d->signals[d->signal_n];
    int rc = uv_signal_init(&d->loop, handle);

    if (rc < 0)
        return err_set(err, ERR_NO_MEMORY, "signal %d: %s", number, uv_strerror(rc));
    d->signal_n++;
    handle->data = d;
    rc = uv_signal_start(handle, on_signal, number);
    if (rc < 0)
        return err_set(err, ERR_INTERNAL, "signal %d: %s", number, uv_strerror(rc));
    return 0;
}

static int catch_signals(struct daemon *d, struct err *err)
{
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file at its limit (ulimit -f) is a full disk, not the end */
    if (catch_signal(d, SIGTERM, on_stop_signal, err) ||
        catch_signal(d, SIGINT, on_stop_signal, err) ||
        catch_signal(d, SIGHUP, on_reload_signal, err))
        return -1;
    return 0;
}

/* Rather told at the start than at the first backup. */
static int check_backup_dir(const struct config *config, struct err *err)
{
    struct stat st;

    if (config->backup_dir[0] == '\0')
        return 0;
    if (stat(config->backup_dir, &st) < 0)
        return err_set(err, ERR_INVALID, "backup-dir %.200s: %s", config->backup_dir, strerror(errno));
    if (!S_ISDIR(st.st_mode))
        return err_set(err, ERR_INVALID, "backup-dir %.200s is not a folder", config->backup_dir);
    return 0;
}

/* After the store has been opened, so that no other daemon on it can be at it. */
static void sweep_backups(const struct config *config)
{
    size_t n = config->backup_dir[0] ? backup_sweep(config->backup_dir) : 0;

    if (n > 0)
        LOG_INFO("removed what a killed backup left", log_text("folder", config->backup_dir),
                 log_uint("files", n));
}

static int open_store(struct daemon *d, struct err *err)
{
    struct store_options options = {.path = d->config->store_path};

    return store_open(&options, d->mailbox, &d->store, err);
}

static int start_pool(struct daemon *d, struct err *err)
{
    struct pool_options options = {
        .workers = (unsigned)d->config->workers,
        .queue_max = d->config->jobs_queue_max + POOL_EXTRA,
    };

    return pool_new(&options, d->mailbox, &d->pool, err);
}

static int start_service(struct daemon *d, struct err *err)
{
    struct service_deps deps = {
        .config = d->config,
        .counters = &d->counters,
        .store = d->store,
        .pool = d->pool,
        .base = d->base,
        .mailbox = d->mailbox,
    };

    if (service_new(&deps, &d->service, err) || service_boot(d->service, err) ||
        store_start(d->store, err))
        return -1;
    service_resume(d->service);
    log_damage(d);
    uv_timer_start(&d->tick, on_tick, TICK_MS, TICK_MS);
    return 0;
}

/* One line about what strangers can do, where there are any. */
static void warn_exposed(const struct daemon *d)
{
    bool keys = http_server_keys(d->http) >= 0, tls = http_server_has_tls(d->http);

    if (config_host_is_loopback(d->config->listen_host) || (keys && tls))
        return;
    LOG_WARN(keys  ? "keys without TLS: whoever sits on the way can read them and all data; --tls-cert and "
                     "--tls-key, or a proxy that has them, end that"
             : tls ? "TLS without keys: whoever reaches this address may read, write and delete everything; "
                     "--api-keys ends that"
                   : "neither keys nor TLS: whoever reaches this address may read, write and delete "
                     "everything; --api-keys and --tls-cert end that");
}

static void log_start(struct daemon *d)
{
    struct service_stats stats;
    char address[CONFIG_HOST_MAX + 16], identity[17];
    bool v6 = strchr(d->config->listen_host, ':') != NULL;

    snprintf(identity, sizeof identity, "%016" PRIx64, d->base->identity);
    LOG_INFO("shared weights", log_text("name", d->base->name), log_text("identity", identity),
             log_text("from", d->config->weights_path), log_uint("networks", d->base->network_n),
             log_uint("parameters", d->base->network_n * d->base->parameters));
    service_stats(d->service, &stats);
    snprintf(address, sizeof address, v6 ? "[%s]:%u" : "%s:%u", d->config->listen_host,
             (unsigned)http_server_port(d->http));
    LOG_INFO("listening", log_text("address", address), log_text("store", d->config->store_path),
             log_uint("series", stats.series_n), log_uint("models", stats.models_n),
             log_uint("unfinished_jobs", stats.jobs[JOB_PENDING]),
             log_uint("workers", stats.pool.workers), log_bool("tls", http_server_has_tls(d->http)),
             log_bool("keys", http_server_keys(d->http) >= 0));
    warn_exposed(d);
}

/* Rather said at the start than found out when they are needed. */
static void fit_descriptors(const struct config *config)
{
    descriptors_raise();
    size_t fit = descriptors_for_connections(config->connections_max);
    if (fit < config->connections_max)
        LOG_WARN("connections-max does not fit the limit of open files (ulimit -n, LimitNOFILE=)",
                 log_uint("connections_max", config->connections_max), log_uint("used", fit),
                 log_uint("open_files", config->connections_max + DESCRIPTORS_RESERVED));
}

static int start(struct daemon *d, struct err *err)
{
    counters_init(&d->counters);
    fit_descriptors(d->config);
    if (check_backup_dir(d->config, err) ||
        weights_load(d->config->weights_path, &d->base, err) || open_loop(d, err) ||
        catch_signals(d, err) || open_store(d, err) || start_pool(d, err) ||
        start_service(d, err) ||
        http_server_new(&d->loop, d->config, d->service, &d->counters, &d->http, err))
        return -1;
    http_server_on_reload(d->http, read_again, d);
    sweep_backups(d->config);
    log_start(d);
    return 0;
}

/* ---- the end ---- */

static void close_handles(struct daemon *d)
{
    for (size_t i = 0; i < d->signal_n; i++)
        uv_close((uv_handle_t *)&d->signals[i], NULL);
    if (!d->timer_open)
        return;
    uv_close((uv_handle_t *)&d->timer, NULL);
    uv_close((uv_handle_t *)&d->tick, NULL);
}

/* Everything that was started, the last first. A start that failed half-way ends here too. */
static void end(struct daemon *d)
{
    http_server_free(d->http);
    if (d->pool)
        pool_stop(d->pool);
    if (d->mailbox)
        mailbox_drain(d->mailbox);
    store_close(d->store);
    if (d->mailbox)
        mailbox_drain(d->mailbox);
    service_free(d->service);
    pool_free(d->pool);
    mailbox_free(d->mailbox);
    trm_base_free(d->base);
    if (!d->loop_open)
        return;
    close_handles(d);
    uv_run(&d->loop, UV_RUN_DEFAULT);
    uv_loop_close(&d->loop);
}

/* Runs the loop until everything has ended. A disk or a client that hangs is left behind: what is
 * durable is safe. */
static void run(struct daemon *d)
{
    uv_run(&d->loop, UV_RUN_DEFAULT);
    if (d->phase != GAVE_UP)
        return;
    LOG_ERROR("did not stop in time");
    _exit(EXIT_FAILED);
}

enum exit_code daemon_run(const struct daemon_options *options)
{
    struct daemon d = {.options = options, .config = options->config};
    struct err err;

    if (start(&d, &err)) {
        LOG_ERROR("cannot start", log_text("error", err.msg));
        if (d.service) { /* fits of the last run may have begun again */
            let_end(&d);
            run(&d);
        }
        end(&d);
        return EXIT_FAILED;
    }
    run(&d);
    end(&d);
    LOG_INFO("stopped");
    return EXIT_CLEAN;
}
