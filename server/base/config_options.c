/* The table of options and the texts of their values. */
#include "server/base/config_options.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)
#define GIB ((size_t)1 << 30)

static const char *const format_words[] = {"logfmt", "json", NULL};
static const char *const fleet_words[] = {"auto", "off", NULL};
static const char *const aggregate_words[] = {"last", "mean", NULL};
static const char *const level_words[] = {"debug", "info", "warn", "error", NULL};

#define FIELD(name) offsetof(struct config, name)

const struct option options[] = {
    {"listen", OPTION_LISTEN, FIELD(listen_host), "127.0.0.1:8080", 0, 0, NULL,
     "address and port to listen on; port 0: any free one"},
    {"store", OPTION_PATH, FIELD(store_path), "tstrm.db", 0, 0, NULL,
     "SQLite file; created when absent"},
    {"weights", OPTION_PATH, FIELD(weights_path), "builtin", 0, 0, NULL,
     "file of shared weights (tstrm pretrain), or builtin"},
    {"fleet", OPTION_CHOICE, FIELD(fleet), "auto", 0, 0, fleet_words,
     "whether the shared weights learn from the series here, in the background", .live = true},
    {"backup-dir", OPTION_PATH, FIELD(backup_dir), "", 0, 0, NULL,
     "folder that POST /v1/admin/backup writes into; without it there are no backups"},
    {"config", OPTION_PATH, FIELD(config_path), "", 0, 0, NULL,
     "file of \"name = value\" lines, # begins a comment"},
    {"api-keys", OPTION_PATH, FIELD(api_keys_path), "", 0, 0, NULL,
     "file of keys, a line each: name, scopes, hash (--new-key makes one); without it no key is asked "
     "for; read again at a reload", .live = true},
    {"tls-cert", OPTION_PATH, FIELD(tls_cert_path), "", 0, 0, NULL,
     "file of the certificate and its chain (PEM), for TLS; read again at a reload"},
    {"tls-key", OPTION_PATH, FIELD(tls_key_path), "", 0, 0, NULL,
     "file of the certificate's private key (PEM, no password); read again at a reload"},
    {"insecure", OPTION_SWITCH, FIELD(insecure), "false", 0, 0, NULL,
     "allow listening on an address that other machines reach with neither keys nor TLS"},
    {"host-names", OPTION_TEXT, FIELD(host_names), "", 0, 0, NULL,
     "names between commas by which browsers reach the daemon, through a proxy say; *: any", .live = true},
    {"workers", OPTION_COUNT, FIELD(workers), "0", 0, 256, NULL,
     "threads that fit; 0: usable cores less one"},
    {"log-format", OPTION_CHOICE, FIELD(log_format), "logfmt", 0, 0, format_words,
     "form of the log on standard error", .live = true},
    {"log-level", OPTION_CHOICE, FIELD(log_level), "info", 0, 0, level_words,
     "least severity that is logged", .live = true},
    {"drain-delay", OPTION_DURATION, FIELD(drain_delay_ms), "5s", 0, 600000, NULL,
     "after SIGTERM: how long to answer as not ready before the listener closes", .live = true},
    {"connections-max", OPTION_COUNT, FIELD(connections_max), "1024", 1, 65536, NULL,
     "open connections"},
    {"body-bytes-max", OPTION_BYTES, FIELD(body_bytes_max), "16MiB", KIB, GIB, NULL,
     "size of one request's body", .live = true},
    {"inflight-bytes-max", OPTION_BYTES, FIELD(inflight_bytes_max), "256MiB", KIB, 64 * GIB, NULL,
     "size of the bodies of all requests together", .live = true},
    {"memory-max", OPTION_BYTES, FIELD(memory_max), "0", 0, 1024 * GIB, NULL,
     "memory of the process, near which it gives up its caches and then refuses what makes it grow; 0: nine "
     "tenths of its control group's limit, where there is one", .live = true},
    {"client-connections-max", OPTION_COUNT, FIELD(client_connections_max), "0", 0, 65536, NULL,
     "open connections of one client (address, or IPv6 network of 64 bits); 0: three quarters of "
     "connections-max, and of loopback addresses any number", .live = true},
    {"client-inflight-bytes-max", OPTION_BYTES, FIELD(client_inflight_bytes_max), "0", 0, 64 * GIB, NULL,
     "size of the bodies of one client's requests together; 0: three quarters of inflight-bytes-max, "
     "likewise", .live = true},
    {"client-requests-max", OPTION_COUNT, FIELD(client_requests_max), "0", 0, 1000000, NULL,
     "requests of one client in a second; 0: any number", .live = true},
    {"points-per-body-max", OPTION_COUNT, FIELD(points_per_body_max), "500000", 1, 10000000, NULL,
     "points in one request", .live = true},
    {"series-max", OPTION_COUNT, FIELD(series_max), "100000", 1, 10000000, NULL, "series", .live = true},
    {"jobs-queue-max", OPTION_COUNT, FIELD(jobs_queue_max), "10000", 1, 1000000, NULL,
     "fits that wait for a worker"},
    {"fit-budget", OPTION_DURATION, FIELD(fit_budget_ms), "1m", 0, 86400000, NULL,
     "CPU time of one fit, after which it fails; 0: no limit"},
    {"fit-stall", OPTION_DURATION, FIELD(fit_stall_ms), "1m", 0, 86400000, NULL,
     "time without any progress after which a fit is given up and its worker replaced; 0: never",
     .live = true},
    {"forecast-cache-bytes", OPTION_BYTES, FIELD(forecast_cache_bytes), "64MiB", 0, 64 * GIB, NULL,
     "memory for finished forecasts; 0: no cache"},
    {"record-percent", OPTION_COUNT, FIELD(record_percent), "10", 0, 100, NULL,
     "share of one core for forecasts that nobody asked for, so that there is one to score at every step"},
    {"ingest-match", OPTION_TEXT, FIELD(ingest_match), "", 0, 0, NULL,
     "metrics of other systems' agents to keep, selectors between semicolons: {job=\"a\"};up; none: all",
     .live = true},
    {"ingest-series-max", OPTION_COUNT, FIELD(ingest_series_max), "1000", 0, 10000000, NULL,
     "series that other systems' agents may create", .live = true},
    {"ingest-frequency", OPTION_DURATION, FIELD(ingest_frequency_ms), "1m", 1000, 86400000, NULL,
     "step of the series that other systems' agents create", .live = true},
    {"ingest-aggregate", OPTION_CHOICE, FIELD(ingest_aggregate), "last", 0, 0, aggregate_words,
     "how the samples of one step become its value in those series", .live = true},
};
const size_t options_n = sizeof options / sizeof *options;
_Static_assert(sizeof options / sizeof *options <= CONFIG_OPTIONS_MAX,
               "origin[] has a place for each");

struct unit {
    const char *word;
    size_t factor;
};
/* Largest first: option_format uses the first that divides the value. */
static const struct unit byte_units[] = {
    {"GiB", GIB}, {"MiB", MIB}, {"KiB", KIB}, {"", 1}, {NULL, 0}};
static const struct unit time_units[] = {
    {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}, {NULL, 0}};
static const struct unit plain_units[] = {{"", 1}, {NULL, 0}};

static const struct unit *units_of(enum option_kind kind)
{
    return kind == OPTION_BYTES ? byte_units : kind == OPTION_DURATION ? time_units : plain_units;
}

static bool same_letter(char a, char b)
{
    return a == b || ((a == '-' || a == '_') && (b == '-' || b == '_'));
}

static bool same_name(const char *option, const char *name, size_t name_n)
{
    if (strlen(option) != name_n)
        return false;
    for (size_t i = 0; i < name_n; i++)
        if (!same_letter(option[i], name[i]))
            return false;
    return true;
}

int option_find(const char *name, size_t name_n)
{
    for (size_t i = 0; i < options_n; i++)
        if (same_name(options[i].name, name, name_n))
            return (int)i;
    return -1;
}

bool option_names_file(const struct option *option)
{
    return option->offset == FIELD(config_path);
}

/* Decimal digits and nothing else, up to *ret_end. */
static bool parse_digits(const char *text, const char **ret_end, size_t *ret)
{
    size_t value = 0;

    if (!isdigit((unsigned char)*text))
        return false;
    for (; isdigit((unsigned char)*text); text++)
        if (__builtin_mul_overflow(value, (size_t)10, &value) ||
            __builtin_add_overflow(value, (size_t)(*text - '0'), &value))
            return false;
    *ret_end = text;
    *ret = value;
    return true;
}

static bool set_number(const struct option *option, const char *text, size_t *ret)
{
    const char *word;
    size_t value;

    if (!parse_digits(text, &word, &value))
        return false;
    const struct unit *unit = units_of(option->kind);
    while (unit->word && strcasecmp(unit->word, word) != 0)
        unit++;
    bool bare_zero = value == 0 && *word == '\0';
    if (!bare_zero && (!unit->word || __builtin_mul_overflow(value, unit->factor, &value)))
        return false;
    if (value < option->min || value > option->max)
        return false;
    *ret = value;
    return true;
}

static bool set_choice(const char *const *words, const char *text, unsigned *ret)
{
    for (unsigned i = 0; words[i]; i++)
        if (strcmp(words[i], text) == 0) {
            *ret = i;
            return true;
        }
    return false;
}

static bool set_switch(const char *text, bool *ret)
{
    bool on = strcmp(text, "true") == 0 || strcmp(text, "1") == 0;

    if (!on && strcmp(text, "false") != 0 && strcmp(text, "0") != 0)
        return false;
    *ret = on;
    return true;
}

static bool set_text(const char *text, size_t least, size_t most, char *ret)
{
    size_t n = strlen(text);

    if (n < least || n > most)
        return false;
    memcpy(ret, text, n + 1);
    return true;
}

/* HOST:PORT, or [HOST]:PORT where the host has colons of its own. */
static bool set_listen(const char *text, struct config *config)
{
    const char *host = text, *end, *colon = strrchr(text, ':');
    size_t port;

    if (!colon || !parse_digits(colon + 1, &end, &port) || *end || port > UINT16_MAX)
        return false;
    size_t host_n = (size_t)(colon - text);
    bool bracketed = host_n >= 2 && text[0] == '[' && colon[-1] == ']';
    if (bracketed)
        host++, host_n -= 2;
    if (host_n == 0 || host_n > CONFIG_HOST_MAX || (memchr(host, ':', host_n) && !bracketed))
        return false;
    memcpy(config->listen_host, host, host_n);
    config->listen_host[host_n] = '\0';
    config->listen_port = (uint16_t)port;
    return true;
}

bool option_set(const struct option *option, const char *text, struct config *config)
{
    void *field = (char *)config + option->offset;

    switch (option->kind) {
    case OPTION_PATH:
        return set_text(text, 1, CONFIG_PATH_MAX, field);
    case OPTION_TEXT:
        return set_text(text, 0, CONFIG_TEXT_MAX, field);
    case OPTION_LISTEN:
        return set_listen(text, config);
    case OPTION_COUNT:
    case OPTION_BYTES:
    case OPTION_DURATION:
        return set_number(option, text, field);
    case OPTION_CHOICE:
        return set_choice(option->words, text, field);
    case OPTION_SWITCH:
        return set_switch(text, field);
    }
    return false;
}

/* Writes value in the largest unit that divides it. */
static int format_number(enum option_kind kind, size_t value, char *buf, size_t buf_n)
{
    const struct unit *unit = units_of(kind);

    if (value == 0)
        return snprintf(buf, buf_n, "0");
    while (value % unit->factor)
        unit++;
    return snprintf(buf, buf_n, "%zu%s", value / unit->factor, unit->word);
}

static void expected_number(const struct option *option, const char *what, char *buf)
{
    int n = snprintf(buf, OPTION_TEXT_MAX, "%s ", what);

    n += format_number(option->kind, option->min, buf + n, OPTION_TEXT_MAX - (size_t)n);
    n += snprintf(buf + n, OPTION_TEXT_MAX - (size_t)n, "..");
    format_number(option->kind, option->max, buf + n, OPTION_TEXT_MAX - (size_t)n);
}

static void expected_choice(const char *const *words, char *buf)
{
    int n = 0;

    for (size_t i = 0; words[i]; i++)
        n += snprintf(buf + n, OPTION_TEXT_MAX - (size_t)n, "%s%s", i ? " or " : "", words[i]);
}

void option_expected(const struct option *option, char *buf)
{
    switch (option->kind) {
    case OPTION_PATH:
        snprintf(buf, OPTION_TEXT_MAX, "a path of 1..%d bytes", CONFIG_PATH_MAX);
        break;
    case OPTION_TEXT:
        snprintf(buf, OPTION_TEXT_MAX, "a text of at most %d bytes", CONFIG_TEXT_MAX);
        break;
    case OPTION_LISTEN:
        snprintf(buf, OPTION_TEXT_MAX, "HOST:PORT or [IPV6]:PORT, port 0..65535");
        break;
    case OPTION_COUNT:
        expected_number(option, "an integer", buf);
        break;
    case OPTION_BYTES:
        expected_number(option, "a size", buf);
        break;
    case OPTION_DURATION:
        expected_number(option, "a duration with its unit (ms, s, m or h),", buf);
        break;
    case OPTION_CHOICE:
        expected_choice(option->words, buf);
        break;
    case OPTION_SWITCH:
        snprintf(buf, OPTION_TEXT_MAX, "true or false");
        break;
    }
}

static void format_listen(const struct config *config, char *buf)
{
    bool brackets = strchr(config->listen_host, ':') != NULL;

    snprintf(buf, OPTION_TEXT_MAX, "%s%s%s:%u", brackets ? "[" : "", config->listen_host,
             brackets ? "]" : "", (unsigned)config->listen_port);
}

void option_format(const struct option *option, const struct config *config, char *buf)
{
    const void *field = (const char *)config + option->offset;

    switch (option->kind) {
    case OPTION_PATH:
    case OPTION_TEXT:
        snprintf(buf, OPTION_TEXT_MAX, "%s", (const char *)field);
        break;
    case OPTION_LISTEN:
        format_listen(config, buf);
        break;
    case OPTION_COUNT:
    case OPTION_BYTES:
    case OPTION_DURATION:
        format_number(option->kind, *(const size_t *)field, buf, OPTION_TEXT_MAX);
        break;
    case OPTION_CHOICE:
        snprintf(buf, OPTION_TEXT_MAX, "%s", option->words[*(const unsigned *)field]);
        break;
    case OPTION_SWITCH:
        snprintf(buf, OPTION_TEXT_MAX, "%s", *(const bool *)field ? "true" : "false");
        break;
    }
}

int option_take(int row, const char *text, enum config_source source, unsigned line,
                const char *from, struct config *config, struct err *err)
{
    char expected[OPTION_TEXT_MAX];

    if (!option_set(&options[row], text, config)) {
        option_expected(&options[row], expected);
        return err_set(err, ERR_INVALID, "config: %s = \"%.80s\" (from %.80s): expected %.120s",
                       options[row].name, text, from, expected);
    }
    config->origin[row].source = source;
    config->origin[row].line = line;
    return 0;
}
