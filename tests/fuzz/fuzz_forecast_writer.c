/* A forecast's answer, written directly, read back by jansson: every number to 9 digits, every
 * level under its name, no field twice; and as CSV a line a step with as many columns as the
 * header. The numbers are any bytes. */
#include "server/http/forecast_writer.h"
#include "tests/fuzz/bite.h"
#include "tests/fuzz/fuzz.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define HORIZON_MAX 6

struct made {
    struct forecast_answer answer;
    struct trm_forecast forecast;
    struct forecast_params params;
    char id[256];
    double median[HORIZON_MAX], quantiles[TRM_QUANTILES_MAX * HORIZON_MAX],
        said[HORIZON_MAX * TRM_SAID_LEVELS];
};

static bool make_params(struct made *made, struct bites *from)
{
    double some[4];
    struct forecast_ask ask;
    struct err err;
    forecast_params_init(&made->params);
    made->params.time = bite_byte(from) & 1 ? TIME_MS : TIME_RFC3339;
    for (size_t i = 0; i < 4; i++)
        some[i] = (double)(1 + bite_below(from, 65000)) / 65001;
    if (forecast_params_quantiles(&made->params, some, bite_below(from, 5), "q", &err) != 0)
        return false;
    for (size_t i = 0; i < 4; i++)
        some[i] *= 100;
    if (forecast_params_intervals(&made->params, some, bite_below(from, 5), "i", &err) != 0 ||
        forecast_params_ask(&made->params, "q", &ask, &err) != 0)
        return false;
    memcpy(made->answer.levels, ask.levels, sizeof ask.levels);
    made->answer.level_n = made->forecast.level_n = ask.level_n;
    return true;
}

static void fill(double *at, size_t n, struct bites *from)
{
    for (size_t i = 0; i < n; i++)
        at[i] = bite_double(from);
}

static bool make(struct made *made, struct bites *from)
{
    *made = (struct made){0};
    if (!make_params(made, from))
        return false;
    made->forecast.horizon = 1 + bite_below(from, HORIZON_MAX);
    made->forecast.median = made->median;
    made->forecast.quantiles = made->quantiles;
    made->forecast.said = made->said;
    made->forecast.answered_by = TRM_BY_CONSENSUS;
    made->answer.id = bite_text(from, made->id);
    made->answer.freq.ms = 86400000;
    made->answer.has_time = bite_byte(from) & 1;
    made->answer.grid = (struct trm_grid){.freq = made->answer.freq};
    made->answer.first_step = (int64_t)bite_below(from, 65000);
    made->answer.issued_at = made->answer.first_step * 86400000;
    made->answer.forecast = &made->forecast;
    bite_text(from, made->answer.why);
    fill(made->median, made->forecast.horizon, from);
    fill(made->quantiles, made->forecast.horizon * made->forecast.level_n, from);
    return true;
}

static void require_numbers(const json_t *list, const double *values, size_t n)
{
    FUZZ_REQUIRE(json_array_size(list) == n);
    for (size_t i = 0; i < n; i++) {
        const json_t *read = json_array_get(list, i);
        FUZZ_REQUIRE(isfinite(values[i]) ? json_is_number(read) : json_is_null(read));
        if (isfinite(values[i]))
            FUZZ_REQUIRE(fabs(json_number_value(read) - values[i]) <= 6e-9 * fabs(values[i]));
    }
}

static void check_json(const struct made *made)
{
    char *text;
    size_t n, H = made->forecast.horizon;
    struct err err;
    const char *name;
    json_t *list;
    json_error_t why;
    FUZZ_REQUIRE(forecast_write_json(&made->answer, &made->params, &text, &n, &err) == 0);
    json_t *root = json_loadb(text, n, JSON_REJECT_DUPLICATES, &why);
    if (root == NULL)
        fprintf(stderr, "%s: %.*s\n", why.text, (int)n, text);
    FUZZ_REQUIRE(root != NULL);
    require_numbers(json_object_get(root, "median"), made->median, H);
    json_t *quantiles = json_object_get(root, "quantiles"),
           *intervals = json_object_get(root, "intervals");
    FUZZ_REQUIRE(json_object_size(quantiles) == made->params.quantile_n);
    FUZZ_REQUIRE(json_object_size(intervals) == made->params.interval_n);
    json_object_foreach(quantiles, name, list)
    {
        size_t i = 0;
        while (i < made->params.quantile_n &&
               fabs(made->params.quantiles[i] - strtod(name, NULL)) > 1e-9)
            i++;
        FUZZ_REQUIRE(i < made->params.quantile_n);
        const double *values = forecast_quantile(&made->answer, made->params.quantiles[i]);
        FUZZ_REQUIRE(values != NULL);
        require_numbers(list, values, H);
    }
    json_t *times = json_object_get(root, "timestamps");
    FUZZ_REQUIRE(made->answer.has_time ? json_array_size(times) == H : !json_is_array(times));
    json_decref(root);
    free(text);
}

static size_t columns(const char *line)
{
    size_t n = 1;
    for (; *line != '\n'; line++)
        n += *line == ',';
    return n;
}

static void check_csv(const struct made *made)
{
    char *text;
    size_t n, lines = 0;
    struct err err;
    FUZZ_REQUIRE(forecast_write_csv(&made->answer, &made->params, &text, &n, &err) == 0);
    size_t width = 2 + made->params.quantile_n + 2 * made->params.interval_n;
    for (const char *at = text; *at != '\0'; at = strchr(at, '\n') + 1, lines++)
        FUZZ_REQUIRE(strchr(at, '\n') != NULL && columns(at) == width);
    FUZZ_REQUIRE(lines == 1 + made->forecast.horizon);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static struct made made;
    struct bites from = {bytes, n};
    if (!make(&made, &from))
        return 0;
    check_json(&made);
    check_csv(&made);
    return 0;
}
