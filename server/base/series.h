/* The vocabulary that store, registry and service share: points, a series' settings, a job. Values
 * only, no behaviour beyond defaults. Surprising: settings hold what the user said ("auto", "infer"),
 * never what was worked out from it, so that working out again later cannot be confused with a wish. */
#ifndef SERVER_SERIES_H
#define SERVER_SERIES_H

#include "core/calendar.h"
#include "core/model.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SERIES_ID_MAX 200 /* bytes of UTF-8 */
#define SERIES_LABELS_MAX 32
#define SERIES_LABEL_NAME_MAX 64
#define SERIES_LABEL_VALUE_MAX 256
#define SERIES_SEASONS_MAX 4
#define SERIES_ZONE_MAX 63

struct point {
    int64_t t; /* UTC ms */
    double v;  /* NaN = missing */
};

struct series_label {
    char name[SERIES_LABEL_NAME_MAX + 1];
    char value[SERIES_LABEL_VALUE_MAX + 1];
};

enum fit_policy {
    FIT_AUTO,  /* the daemon decides (train/policy.h) */
    FIT_EVERY, /* after every fit_every new points */
    FIT_OFF,   /* only when asked */
};

/* How several points of one step become its value. */
enum aggregate {
    AGGREGATE_NONE, /* a step has one point, at its time */
    AGGREGATE_LAST,
    AGGREGATE_MEAN,
    AGGREGATE_SUM,
    AGGREGATE_MIN,
    AGGREGATE_MAX,
};

/* "" for none, "last", "mean", … */
const char *aggregate_name(enum aggregate aggregate);
/* False where no aggregate has that name ("" has none). */
__attribute__((warn_unused_result)) bool aggregate_parse(const char *name, enum aggregate *ret);

struct series_settings {
    struct trm_freq freq; /* both fields 0: infer from the timestamps */
    uint32_t season[SERIES_SEASONS_MAX];
    uint32_t season_n;    /* 0: auto */
    uint32_t horizon;     /* default horizon of a forecast; 0: by frequency */
    double min, max;      /* NaN: none */
    bool integer;
    enum trm_kind model;  /* the shared networks, or one of its own */
    enum fit_policy fit;
    uint32_t fit_every;
    enum aggregate aggregate;
    uint32_t retention;   /* points kept at least, the newest; 0: all */
    char zone[SERIES_ZONE_MAX + 1]; /* IANA name of the time zone whose days count; "": UTC */
    uint32_t label_n;
    struct series_label *labels; /* owned by whoever owns the settings; sorted by name, names unique */
};

/* Longest period that a list of seasons may have at a position: the main one comes first, longer ones after
 * it, which have to be seen once only. */
static inline uint32_t series_season_max(size_t position)
{
    return position == 0 ? TRM_SEASON_MAX : TRM_CONTEXT_MAX;
}

/* infer, auto, no bounds, FIT_AUTO, no labels. */
void series_settings_init(struct series_settings *settings);
/* Frees the labels; settings may be zeroed memory. */
void series_settings_done(struct series_settings *settings);
/* Deep copy into uninitialised *ret; false when out of memory (*ret untouched). */
__attribute__((warn_unused_result)) bool series_settings_copy(const struct series_settings *from,
                                                              struct series_settings *ret);

enum job_state { JOB_PENDING, JOB_RUNNING, JOB_SUCCEEDED, JOB_FAILED, JOB_CANCELLED };

/* "pending", "running", … */
const char *job_state_name(enum job_state state);

enum job_kind { JOB_FIT, JOB_BACKTEST };

/* "fit", "backtest". */
const char *job_kind_name(enum job_kind kind);

#define JOB_ID_MAX 32
#define JOB_ERROR_MAX 320
/* Longest result of each kind, in bytes. */
#define JOB_FIT_RESULT_MAX 1536
#define JOB_BACKTEST_RESULT_MAX (64 << 10)

/* A job as it is stored and shown. The two texts belong to whoever owns the row. */
struct job_row {
    char id[JOB_ID_MAX + 1]; /* 16 lower-case hex digits */
    int64_t series_key;
    enum job_kind kind;
    bool full;               /* full fit; else incremental */
    enum job_state state;
    int64_t created_at, started_at, finished_at; /* UTC ms; 0 = not yet */
    char *request; /* JSON object text of what was asked, malloc; NULL: nothing more than the rest */
    char *result;  /* JSON object text, malloc; NULL: none */
    char error[JOB_ERROR_MAX + 1];   /* words, or "" */
};

/* 1 to SERIES_ID_MAX bytes of valid UTF-8 without control characters (below U+0020, U+007F to U+009F),
 * not "." or "..". Returns 0, or -1 with *err saying which byte is wrong. */
struct err;
__attribute__((warn_unused_result)) int series_id_check(const char *id, size_t id_n, struct err *err);

#endif
