/* Data sets in files: NAME.jsonl or NAME.jsonl.gz, one JSON object a line. Knows the two kinds of line
 * (train and test, or values alone: a pool) and the rule that cuts a pool into windows; refuses to know
 * forecasts and scores. Surprising: the whole file lies in memory, because results are kept in line
 * order and a set is at most some tens of megabytes. */
#ifndef SERVER_TOOL_SERIES_FILE_H
#define SERVER_TOOL_SERIES_FILE_H

#include "server/tool/tool.h"

#include <stddef.h>
#include <stdint.h>

#define SERIES_FREQ_MAX 8
#define SERIES_LINE_MAX (64u << 20)
#define SERIES_RECORDS_MAX 1000000u

/* One thing to forecast. Missing values are NaN. */
struct record {
    char *id;
    char freq[SERIES_FREQ_MAX];
    uint32_t season;    /* main period in steps, 1 = none */
    uint32_t season2;   /* season2_of, 0 = none */
    uint32_t season_alt; /* as the line has it, 0 = none */
    uint32_t horizon;   /* steps usually asked for */
    double *train;      /* [train_n] */
    size_t train_n;
    double *test;       /* [test_n]; none where a pool was read whole */
    size_t test_n;
    double mase_scale;  /* the line's, or the seasonal error of the past; NaN without any */
    double gift_scale;  /* the line's, or NaN */
};

struct record_list {
    struct record *at;
    size_t n, room;
};

/* Reads a file. windows: how many rolling origins a pool's line is cut into at its end (fewer where it
 * is short, oldest first); 0: a pool's values become train, and test stays empty.
 * On failure *err names the file and the line. The caller frees *ret. */
int series_file_read(const char *path, size_t windows, struct record_list *ret, struct tool_err *err);

/* Accepts a zeroed list. */
void record_list_free(struct record_list *list);

/* n of the records, evenly spread; the rest is freed. Nothing changes where there are not more. */
void record_list_thin(struct record_list *list, size_t n);

/* The longer period that usually goes with a frequency's main one (the week of hourly values); 0: none. */
uint32_t season2_of(const char *freq, uint32_t season);

/* Steps that a pool's series of this frequency is asked for; 0: unknown frequency. */
uint32_t horizon_of(const char *freq);

#endif
