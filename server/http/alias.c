/* Two tables. The names are those of pandas' "Offset aliases" (both the spellings before and after 2.2), of
 * polars' durations, and of the Frequency enumeration in KServe's time series API. See alias.h. */
#include "server/http/alias.h"

#include <stddef.h>
#include <string.h>

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define WEEK (7 * DAY)

static const struct {
    const char *name;
    struct trm_freq freq;
    uint32_t season;
} pandas[] = {
    {"ms", {.ms = 1}, 0},          {"L", {.ms = 1}, 0},
    {"s", {.ms = SECOND}, 0},      {"S", {.ms = SECOND}, 0},
    {"min", {.ms = MINUTE}, 0},    {"T", {.ms = MINUTE}, 0},      {"m", {.ms = MINUTE}, 0},
    {"h", {.ms = HOUR}, 0},        {"H", {.ms = HOUR}, 0},
    {"D", {.ms = DAY}, 0},         {"d", {.ms = DAY}, 0},
    {"B", {.ms = DAY}, 5},         {"C", {.ms = DAY}, 5},
    {"W", {.ms = WEEK}, 0},        {"w", {.ms = WEEK}, 0},
    {"M", {.months = 1}, 0},       {"ME", {.months = 1}, 0},      {"MS", {.months = 1}, 0},
    {"BM", {.months = 1}, 0},      {"BME", {.months = 1}, 0},     {"BMS", {.months = 1}, 0},
    {"CBM", {.months = 1}, 0},     {"CBME", {.months = 1}, 0},    {"CBMS", {.months = 1}, 0},
    {"mo", {.months = 1}, 0},
    {"Q", {.months = 3}, 0},       {"QE", {.months = 3}, 0},      {"QS", {.months = 3}, 0},
    {"BQ", {.months = 3}, 0},      {"BQE", {.months = 3}, 0},     {"BQS", {.months = 3}, 0},
    {"q", {.months = 3}, 0},
    {"Y", {.months = 12}, 0},      {"YE", {.months = 12}, 0},     {"YS", {.months = 12}, 0},
    {"A", {.months = 12}, 0},      {"AS", {.months = 12}, 0},     {"BA", {.months = 12}, 0},
    {"BAS", {.months = 12}, 0},    {"BY", {.months = 12}, 0},     {"BYE", {.months = 12}, 0},
    {"BYS", {.months = 12}, 0},    {"y", {.months = 12}, 0},
};

static const struct {
    const char *letter, *word;
    struct trm_freq freq;
} kserve[] = {
    {"S", "second", {.ms = SECOND}},  {"T", "minute", {.ms = MINUTE}},    {"H", "hour", {.ms = HOUR}},
    {"D", "day", {.ms = DAY}},        {"W", "week", {.ms = WEEK}},        {"M", "month", {.months = 1}},
    {"Q", "quarter", {.months = 3}},  {"Y", "year", {.months = 12}},
};

/* Anchors are weekdays ("W-MON"), months ("QS-OCT") or, for weeks of a month, more; letters in any case. */
static bool is_anchor(const char *text)
{
    if (*text == '\0')
        return true;
    return text[0] == '-' && strlen(text) == 4 &&
           strspn(text + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 3;
}

/* The count before the alias, 1 where there is none; 0: too large or none at all. */
static int64_t count_of(const char *text, size_t digits)
{
    int64_t count = 0;
    if (digits == 0)
        return 1;
    if (digits > 6)
        return 0;
    for (size_t i = 0; i < digits; i++)
        count = count * 10 + (text[i] - '0');
    return count;
}

bool alias_of_pandas(const char *text, struct alias *ret)
{
    size_t digits = strspn(text, "0123456789");
    int64_t count = count_of(text, digits);
    const char *name = text + digits;
    size_t name_n = strcspn(name, "-");
    if (count == 0 || !is_anchor(name + name_n))
        return false;
    for (size_t i = 0; i < sizeof pandas / sizeof *pandas; i++) {
        if (strlen(pandas[i].name) != name_n || memcmp(pandas[i].name, name, name_n) != 0)
            continue;
        struct trm_freq freq = {.ms = pandas[i].freq.ms * count,
                                .months = (int32_t)(pandas[i].freq.months * count)};
        if (freq.months > 1200 || freq.ms > 36525 * DAY)
            return false;
        *ret = (struct alias){.freq = freq, .season = count == 1 ? pandas[i].season : 0};
        return true;
    }
    return false;
}

bool alias_of_kserve(const char *text, struct trm_freq *ret)
{
    for (size_t i = 0; i < sizeof kserve / sizeof *kserve; i++)
        if (strcmp(text, kserve[i].letter) == 0 || strcmp(text, kserve[i].word) == 0) {
            *ret = kserve[i].freq;
            return true;
        }
    return false;
}
