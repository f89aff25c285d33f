/* The command line of tstrm evaluate. Knows getopt and ranges. Surprising: options may stand between
 * the files, as GNU's getopt has it. */
#include "server/tool/evaluate.h"

#include "server/tool/crew.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#define COUNT_MAX 1000000000

static const char help[] =
    "usage: tstrm evaluate FILE... [OPTION]...\n"
    "\n"
    "Forecasts every line of the data sets (NAME.jsonl or NAME.jsonl.gz) and scores the answers. A line\n"
    "has id, freq, season, and train and test; or values: then its end is cut into windows.\n"
    "\n"
    "  --method NAME      forecast (default) or snaive\n"
    "  --limit N          only N lines of each set, evenly spread\n"
    "  --truncate N       show the forecaster only the last N points of train\n"
    "  --horizon-cap N    ask for and score only the first N steps\n"
    "  --windows N        rolling origins of a line with values (3)\n"
    "  --gift             scale by gift_scale where a line has one\n"
    "  --by-step          MASE after each supervision step too\n"
    "  --forecasts DIR    write DIR/NAME.jsonl, one forecast a line\n"
    "  --json FILE        append one JSON line a set, with 90% bootstrap intervals\n"
    "  --threads N        (2)\n"
    "  --no-progress      no bar on a terminal\n";

enum option_code {
    OPT_METHOD = 256,
    OPT_LIMIT,
    OPT_TRUNCATE,
    OPT_HORIZON_CAP,
    OPT_WINDOWS,
    OPT_GIFT,
    OPT_BY_STEP,
    OPT_FORECASTS,
    OPT_JSON,
    OPT_THREADS,
    OPT_NO_PROGRESS,
    OPT_HELP,
};

static const struct option table[] = {
    {"method", required_argument, NULL, OPT_METHOD},
    {"limit", required_argument, NULL, OPT_LIMIT},
    {"truncate", required_argument, NULL, OPT_TRUNCATE},
    {"horizon-cap", required_argument, NULL, OPT_HORIZON_CAP},
    {"windows", required_argument, NULL, OPT_WINDOWS},
    {"gift", no_argument, NULL, OPT_GIFT},
    {"by-step", no_argument, NULL, OPT_BY_STEP},
    {"forecasts", required_argument, NULL, OPT_FORECASTS},
    {"json", required_argument, NULL, OPT_JSON},
    {"threads", required_argument, NULL, OPT_THREADS},
    {"no-progress", no_argument, NULL, OPT_NO_PROGRESS},
    {"help", no_argument, NULL, OPT_HELP},
    {NULL, 0, NULL, 0},
};

void evaluate_print_help(FILE *to)
{
    fputs(help, to);
}

static int read_count(const char *name, long max, size_t *ret, struct tool_err *err)
{
    char *end;

    errno = 0;
    long value = strtol(optarg, &end, 10);
    if (errno || end == optarg || *end || value < 1 || value > max)
        return tool_fail(err, "%s is not a whole number from 1 to %ld: %s", name, max, optarg);
    *ret = (size_t)value;
    return 0;
}

static int read_method(const char *name, struct evaluate_options *options, struct tool_err *err)
{
    options->terms.method = name;
    if (method_choose(name, &options->question))
        return tool_fail(err, "there is no method %s: %s", name, method_names());
    return 0;
}

static int take(int code, struct evaluate_options *options, struct tool_err *err)
{
    switch (code) {
    case OPT_METHOD: return read_method(optarg, options, err);
    case OPT_LIMIT: return read_count("--limit", COUNT_MAX, &options->terms.limit, err);
    case OPT_TRUNCATE: return read_count("--truncate", COUNT_MAX, &options->terms.truncate, err);
    case OPT_HORIZON_CAP:
        return read_count("--horizon-cap", TRM_HORIZON_MAX, &options->terms.horizon_cap, err);
    case OPT_WINDOWS: return read_count("--windows", 1000, &options->windows, err);
    case OPT_THREADS: return read_count("--threads", CREW_MAX, &options->threads, err);
    case OPT_GIFT: options->terms.gift = true; return 0;
    case OPT_BY_STEP: options->by_step = true; return 0;
    case OPT_FORECASTS: options->forecasts = optarg; return 0;
    case OPT_JSON: options->json = optarg; return 0;
    case OPT_NO_PROGRESS: options->progress = false; return 0;
    case OPT_HELP: options->help = true; return 0;
    default: return -1;
    }
}

static int complain(int code, const char *word, struct tool_err *err)
{
    return tool_fail(err, code == ':' ? "%s needs a value" : "unknown option %s (--help lists them)", word);
}

int evaluate_options_parse(int argc, char **argv, struct evaluate_options *ret, struct tool_err *err)
{
    struct evaluate_options options = {.threads = 2, .windows = EVALUATE_WINDOWS, .progress = true};
    int code;

    if (read_method("forecast", &options, err))
        return -1;
    opterr = 0;
    while ((code = getopt_long(argc, argv, ":", table, NULL)) != -1) {
        if (code == '?' || code == ':')
            return complain(code, argv[optind - 1], err);
        if (take(code, &options, err))
            return -1;
    }
    options.files = argv + optind;
    options.file_n = (size_t)(argc - optind);
    if (options.file_n == 0 && !options.help)
        return tool_fail(err, "no file is named (--help says more)");
    options.question.truncate = options.terms.truncate;
    options.question.horizon_cap = options.terms.horizon_cap;
    options.question.steps = options.by_step;
    *ret = options;
    return 0;
}
