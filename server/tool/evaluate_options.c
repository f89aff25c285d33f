/* The command line of tstrm evaluate. Knows getopt and ranges. Surprising: options may stand between
 * the files, as GNU's getopt has it. */
#include "server/tool/evaluate.h"

#include "server/tool/argument.h"
#include "server/tool/crew.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#define COUNT_MAX 1000000000
#define HELP_WIDTH 96

static const char help[] =
    "usage: tstrm evaluate FILE... [OPTION]...\n"
    "\n"
    "Forecasts every line of the data sets (NAME.jsonl or NAME.jsonl.gz) and scores the answers. A line\n"
    "has id, freq, season, and train and test; or values: then its end is cut into windows.\n"
    "\n"
    "  --method NAME      who answers:\n"
    "                       forecast    the shared networks, without a fit (default)\n"
    "                       adapted     the series is fitted, then forecast with its model\n"
    "                       literal     the same with a network of the series' own\n"
    "                       consensus   the drafts, weighted by their record\n"
    "                       draft:NAME  one draft, of those below\n"
    "                       snaive      seasonal naive\n"
    "  --weights FILE     the networks, instead of those of the program\n"
    "  --network I        only the I-th of the networks\n"
    "  --steps N          answer after at most N supervision steps\n"
    "  --no-verify        the networks are not told how their answer does on the record\n"
    "  --limit N          only N lines of each set, evenly spread\n"
    "  --truncate N       show the forecaster only the last N points of train\n"
    "  --horizon-cap N    ask for and score only the first N steps\n"
    "  --windows N        rolling origins of a line with values (3)\n"
    "  --gift             scale by gift_scale where a line has one\n"
    "  --by-step          MASE and WQL after each supervision step too\n"
    "  --forecasts DIR    write DIR/NAME.jsonl, one forecast a line\n"
    "  --json FILE        append one JSON line a set, with 90% bootstrap intervals\n"
    "  --threads N        (2)\n"
    "  --no-progress      no bar on a terminal\n";

enum option_code {
    OPT_METHOD = 256,
    OPT_WEIGHTS,
    OPT_NETWORK,
    OPT_STEPS,
    OPT_NO_VERIFY,
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
    {"weights", required_argument, NULL, OPT_WEIGHTS},
    {"network", required_argument, NULL, OPT_NETWORK},
    {"steps", required_argument, NULL, OPT_STEPS},
    {"no-verify", no_argument, NULL, OPT_NO_VERIFY},
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
    int column = 0;

    fputs(help, to);
    fputs("\ndrafts:\n", to);
    for (int k = 0; k < TRM_BANK_DRAFTS; k++) {
        const char *name = trm_bank_name((enum trm_bank_draft)k);
        if (column + (int)strlen(name) > HELP_WIDTH)
            column = 0, fputc('\n', to);
        column += fprintf(to, "%s%s", column ? " " : "  ", name);
    }
    fputc('\n', to);
}

static int read_count(const char *name, size_t most, size_t *ret, struct tool_err *err)
{
    return argument_count(name, optarg, 1, most, ret, err);
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
    case OPT_WEIGHTS: options->terms.variant.weights = optarg; return 0;
    case OPT_NETWORK:
        return read_count("--network", TRM_BASE_NETWORKS_MAX, &options->terms.variant.network, err);
    case OPT_STEPS: return read_count("--steps", TRM_THINKER_DEPTH_MAX, &options->terms.variant.steps, err);
    case OPT_NO_VERIFY: options->terms.variant.unverified = true; return 0;
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

/* An option that would be ignored is a mistake of whoever gave it. */
static int check_variant(const struct evaluate_options *options, struct tool_err *err)
{
    const struct variant *variant = &options->terms.variant;
    bool weighs = options->question.needs == METHOD_NEEDS_WEIGHTS
                  || options->question.needs == METHOD_NEEDS_BOTH;

    if (weighs || !(variant->weights || variant->network || variant->steps || variant->unverified))
        return 0;
    return tool_fail(err, "--weights, --network, --steps and --no-verify do not go with --method %s",
                     options->terms.method);
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
    if (check_variant(&options, err))
        return -1;
    options.question.truncate = options.terms.truncate;
    options.question.horizon_cap = options.terms.horizon_cap;
    options.question.steps = options.by_step;
    *ret = options;
    return 0;
}
