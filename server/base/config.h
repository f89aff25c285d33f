/* What the daemon was told. Knows every option (one table in config_options.c drives parsing, help,
 * printing and the error texts) and where each value came from: flags > TSTRM_* environment >
 * configuration file > defaults. Refuses to know what an option does. Surprising: an option that
 * nobody knows is an error wherever it stands, the environment included (a mistyped TSTRM_WORKER
 * would otherwise be ignored in silence); only the variables that Kubernetes makes for a service
 * named so (TSTRM_PORT…, TSTRM_SERVICE_HOST) pass. An empty variable counts as unset. */
#ifndef SERVER_CONFIG_H
#define SERVER_CONFIG_H

#include "server/base/err.h"
#include "server/base/log.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define CONFIG_HOST_MAX 255
#define CONFIG_PATH_MAX 4095
/* Longest text of an option that is neither path nor number. */
#define CONFIG_TEXT_MAX 2047
/* Places for options in struct config; the table has at most this many rows. */
#define CONFIG_OPTIONS_MAX 64
/* Longest configuration file, in bytes. */
#define CONFIG_FILE_MAX ((size_t)64 << 10)

/* What the command line asks for besides (or instead of) running; the last one given counts. */
enum config_action {
    CONFIG_RUN,
    CONFIG_HELP,
    CONFIG_VERSION,
    CONFIG_PRINT,       /* --print-config: config_print, exit 0 */
    CONFIG_CHECK,       /* --check-config: loading was the check, exit 0 */
    CONFIG_CHECK_STORE, /* --check-store: read the file at store_path from end to end, exit 0 or 1 */
    CONFIG_HEALTHCHECK, /* ask the daemon at listen_host:listen_port for /readyz, exit 0 or 1 */
};

enum config_fleet { CONFIG_FLEET_AUTO, CONFIG_FLEET_OFF };

/* How points of an agent's series become values; in the order of base/series.h. */
enum config_aggregate { CONFIG_AGGREGATE_LAST, CONFIG_AGGREGATE_MEAN };

enum config_source { CONFIG_FROM_DEFAULT, CONFIG_FROM_FILE, CONFIG_FROM_ENV, CONFIG_FROM_FLAG };

struct config {
    enum config_action action;

    char listen_host[CONFIG_HOST_MAX + 1]; /* without brackets */
    uint16_t listen_port;                  /* 0: any free one */
    char store_path[CONFIG_PATH_MAX + 1];
    char config_path[CONFIG_PATH_MAX + 1]; /* "": no file */
    char weights_path[CONFIG_PATH_MAX + 1]; /* "builtin": the embedded ones */
    char api_keys_path[CONFIG_PATH_MAX + 1]; /* "": no key is asked for */
    char tls_cert_path[CONFIG_PATH_MAX + 1]; /* "": no TLS */
    char tls_key_path[CONFIG_PATH_MAX + 1];  /* set where tls_cert_path is */
    char backup_dir[CONFIG_PATH_MAX + 1]; /* "": no backups */
    enum config_fleet fleet; /* whether the shared weights learn from the series by themselves */
    enum log_format log_format;
    enum log_level log_level;
    bool insecure;

    char host_names[CONFIG_TEXT_MAX + 1]; /* http/browser.h; "": none besides its own */

    size_t workers;        /* 0: usable cores - 1, at least 1 */
    size_t drain_delay_ms; /* between "not ready" and closing the listener */
    size_t connections_max;
    size_t body_bytes_max;     /* one request's body, decompressed */
    size_t inflight_bytes_max; /* bodies of all requests together */
    size_t memory_max;         /* of the process; 0: the control group's limit (base/memory.h) */
    size_t client_connections_max;    /* of one client; 0: http/client_shares.h */
    size_t client_inflight_bytes_max; /* … */
    size_t client_requests_max;       /* of one client in a second; 0: any number */
    size_t points_per_body_max;
    size_t series_max;
    size_t jobs_queue_max;       /* tasks waiting for a worker */
    size_t fit_budget_ms;        /* CPU time of one fit; 0: no limit */
    size_t fit_stall_ms;         /* without progress, after which a task hangs; 0: never */
    size_t forecast_cache_bytes; /* 0: no cache */
    char ingest_match[CONFIG_TEXT_MAX + 1]; /* selectors (wire/selector.h); "": all metrics */
    size_t ingest_series_max;    /* series that other systems' agents may create; 0: none */
    size_t ingest_frequency_ms;  /* step of those series */
    enum config_aggregate ingest_aggregate;
    size_t record_percent;       /* of one core, for forecasts that nobody asked for; 0: none */

    struct {
        enum config_source source;
        unsigned line;            /* in the file */
    } origin[CONFIG_OPTIONS_MAX]; /* by row of the table */
};

/* Reads flags (argv[1..argc-1]), then env (NULL-terminated, as environ), then the file they name.
 * Returns 0, or -1 with *err ERR_INVALID, message "config: workers = \"abc\" (from TSTRM_WORKERS):
 * expected an integer 0..256"; *ret untouched. --help and --version succeed whatever else is wrong.
 * Refuses a host that is not loopback without keys, TLS or `insecure`, where it would run or is checked. */
__attribute__((warn_unused_result)) int config_load(int argc, char *const *argv, char *const *env,
                                                    struct config *ret, struct err *err);

/* An option whose value is another one. */
#define CONFIG_CHANGE_TEXT_MAX 128
struct config_change {
    const char *option;
    char from[CONFIG_CHANGE_TEXT_MAX], to[CONFIG_CHANGE_TEXT_MAX]; /* cut where longer */
    bool adopted; /* false: it takes a restart */
};

/* Makes *now what *then says, as far as that is possible while running (the help marks those options), and
 * lists every option that differs, in the table's order, up to CONFIG_OPTIONS_MAX. Returns how many. The
 * thread that reads *now. */
size_t config_adopt(struct config *now, const struct config *then, struct config_change *ret);

/* The defaults alone. */
void config_defaults(struct config *ret);

/* Every option with range, default and help. */
void config_print_help(FILE *out);

/* Every option as a line of a configuration file, its origin behind it as a comment. */
void config_print(const struct config *config, FILE *out);

/* Whether connecting to it stays on this machine: "localhost", 127.0.0.0/8, ::1. */
bool config_host_is_loopback(const char *host);

#endif
