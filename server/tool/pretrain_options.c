/* The command line of tstrm pretrain. Knows getopt, ranges and what follows from what. Surprising:
 * a default that depends on other options (steps, card, checkpoint, name) is filled in after all
 * were read. */
#include "server/tool/pretrain.h"

#include "server/tool/argument.h"
#include "server/tool/crew.h"

#include <getopt.h>
#include <string.h>
#include <unistd.h>

#define EPOCHS 8 /* passes over the examples without --steps */

static const char help[] =
    "usage: tstrm pretrain --out FILE [OPTION]...\n"
    "       tstrm pretrain --average FILE... --out FILE\n"
    "\n"
    "Trains the weights that every series shares on made-up series, and on real ones where any are "
    "named,\n"
    "and writes them with a card that says how. Files of series are NAME.jsonl or NAME.jsonl.gz.\n"
    "\n"
    "  --examples N       examples in memory (400000), drawn from --seed\n"
    "  --steps N          (8 passes over the examples)\n"
    "  --networks K       networks that answer together, seeds from --seed on (1)\n"
    "  --seed S           (1)\n"
    "  --inner N, --latent N, --supervision N, --recursions N\n"
    "                     the network's shape (256, 64, 3, 2)\n"
    "  --rate X           (2e-3)    --dropout P  (0)    --batch N  (256, a multiple of 32)\n"
    "  --init FILE        start from the first network of a weights file\n"
    "  --name NAME        kept in the weights (base-INNER-LATENT-SUPERVISION-RECURSIONS)\n"
    "  --real FILE        windows of real series too; may be given several times\n"
    "  --real-share R     their share of the examples (.3), as far as --real-cap lets it\n"
    "  --real-cap N       at most N windows of a series (12)\n"
    "  --validate FILE    show the loss on the last windows of these series; several times too\n"
    "  --examples-file F  keep the examples in a file, and use it again: a new one, or one made "
    "so,\n"
    "                     which is overwritten where its examples are other ones\n"
    "  --checkpoint FILE  (OUT.checkpoint)    --checkpoint-every SECONDS  (60)\n"
    "  --resume           go on from the checkpoint; without it none may be there, so that an "
    "unfinished\n"
    "                     run is not lost\n"
    "  --card FILE        (OUT with .json)\n"
    "  --threads N        (all cores)\n"
    "  --no-progress      no bar on a terminal\n"
    "  --average          put the networks of several weights files into one, at most 4\n";

enum option_code {
    OPT_OUT = 256,
    OPT_EXAMPLES,
    OPT_STEPS,
    OPT_NETWORKS,
    OPT_SEED,
    OPT_INNER,
    OPT_LATENT,
    OPT_SUPERVISION,
    OPT_RECURSIONS,
    OPT_RATE,
    OPT_DROPOUT,
    OPT_BATCH,
    OPT_INIT,
    OPT_NAME,
    OPT_REAL,
    OPT_REAL_SHARE,
    OPT_REAL_CAP,
    OPT_VALIDATE,
    OPT_EXAMPLES_FILE,
    OPT_CHECKPOINT,
    OPT_CHECKPOINT_EVERY,
    OPT_RESUME,
    OPT_CARD,
    OPT_THREADS,
    OPT_NO_PROGRESS,
    OPT_AVERAGE,
    OPT_HELP,
};

static const struct option table[] = {
    {"out", required_argument, NULL, OPT_OUT},
    {"examples", required_argument, NULL, OPT_EXAMPLES},
    {"steps", required_argument, NULL, OPT_STEPS},
    {"networks", required_argument, NULL, OPT_NETWORKS},
    {"seed", required_argument, NULL, OPT_SEED},
    {"inner", required_argument, NULL, OPT_INNER},
    {"latent", required_argument, NULL, OPT_LATENT},
    {"supervision", required_argument, NULL, OPT_SUPERVISION},
    {"recursions", required_argument, NULL, OPT_RECURSIONS},
    {"rate", required_argument, NULL, OPT_RATE},
    {"dropout", required_argument, NULL, OPT_DROPOUT},
    {"batch", required_argument, NULL, OPT_BATCH},
    {"init", required_argument, NULL, OPT_INIT},
    {"name", required_argument, NULL, OPT_NAME},
    {"real", required_argument, NULL, OPT_REAL},
    {"real-share", required_argument, NULL, OPT_REAL_SHARE},
    {"real-cap", required_argument, NULL, OPT_REAL_CAP},
    {"validate", required_argument, NULL, OPT_VALIDATE},
    {"examples-file", required_argument, NULL, OPT_EXAMPLES_FILE},
    {"checkpoint", required_argument, NULL, OPT_CHECKPOINT},
    {"checkpoint-every", required_argument, NULL, OPT_CHECKPOINT_EVERY},
    {"resume", no_argument, NULL, OPT_RESUME},
    {"card", required_argument, NULL, OPT_CARD},
    {"threads", required_argument, NULL, OPT_THREADS},
    {"no-progress", no_argument, NULL, OPT_NO_PROGRESS},
    {"average", no_argument, NULL, OPT_AVERAGE},
    {"help", no_argument, NULL, OPT_HELP},
    {NULL, 0, NULL, 0},
};

void pretrain_print_help(FILE *to)
{
    fputs(help, to);
}

struct trm_thinker_shape pretrain_shape(const struct pretrain_options *o)
{
    return trm_example_shape((uint32_t)o->inner, (uint32_t)o->latent, (uint32_t)o->supervision,
                             (uint32_t)o->recursions);
}

const char *pretrain_file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static int add_file(const char *option, const char **files, size_t *n, struct tool_err *err)
{
    if (*n == PRETRAIN_FILES_MAX)
        return tool_fail(err, "%s is given more than %d times", option, PRETRAIN_FILES_MAX);
    files[(*n)++] = optarg;
    return 0;
}

static int keep_text(const char *option, char *to, size_t room, struct tool_err *err)
{
    if (snprintf(to, room, "%s", optarg) >= (int)room || !optarg[0])
        return tool_fail(err, "%s is empty or longer than %zu characters", option, room - 1);
    return 0;
}

static int take_number(int code, struct pretrain_options *o, struct tool_err *err)
{
    switch (code) {
    case OPT_EXAMPLES:
        return argument_count("--examples", optarg, 256, 1000000000, &o->examples, err);
    case OPT_STEPS:
        return argument_count("--steps", optarg, 1, 1000000000, &o->steps, err);
    case OPT_NETWORKS:
        return argument_count("--networks", optarg, 1, TRM_BASE_NETWORKS_MAX, &o->networks, err);
    case OPT_SEED:
        return argument_count("--seed", optarg, 0, (size_t)1 << 62, &o->seed, err);
    case OPT_INNER:
        return argument_count("--inner", optarg, 16, 4096, &o->inner, err);
    case OPT_LATENT:
        return argument_count("--latent", optarg, 16, 4096, &o->latent, err);
    case OPT_SUPERVISION:
        return argument_count("--supervision", optarg, 1, TRM_THINKER_DEPTH_MAX, &o->supervision,
                              err);
    case OPT_RECURSIONS:
        return argument_count("--recursions", optarg, 1, TRM_THINKER_DEPTH_MAX, &o->recursions,
                              err);
    case OPT_BATCH:
        return argument_count("--batch", optarg, TRM_SHARD_WINDOWS, 1u << 20, &o->batch, err);
    case OPT_REAL_CAP:
        return argument_count("--real-cap", optarg, 1, 1000000, &o->real_cap, err);
    case OPT_THREADS:
        return argument_count("--threads", optarg, 1, CREW_MAX, &o->threads, err);
    case OPT_CHECKPOINT_EVERY:
        return argument_count("--checkpoint-every", optarg, 1, 1000000, &o->checkpoint_s, err);
    case OPT_RATE:
        return argument_real("--rate", optarg, 1e-8, 1, &o->rate, err);
    case OPT_DROPOUT:
        return argument_real("--dropout", optarg, 0, 1, &o->dropout, err);
    default:
        return argument_real("--real-share", optarg, 0, 1, &o->real_share, err);
    }
}

static int take(int code, struct pretrain_options *o, struct tool_err *err)
{
    switch (code) {
    case OPT_OUT:
        o->out = optarg;
        return 0;
    case OPT_INIT:
        o->init = optarg;
        return 0;
    case OPT_EXAMPLES_FILE:
        o->examples_file = optarg;
        return 0;
    case OPT_NAME:
        return keep_text("--name", o->name, sizeof o->name, err);
    case OPT_CARD:
        return keep_text("--card", o->card, sizeof o->card, err);
    case OPT_CHECKPOINT:
        return keep_text("--checkpoint", o->checkpoint, sizeof o->checkpoint, err);
    case OPT_REAL:
        return add_file("--real", o->real, &o->real_n, err);
    case OPT_VALIDATE:
        return add_file("--validate", o->validate, &o->validate_n, err);
    case OPT_RESUME:
        o->resume = true;
        return 0;
    case OPT_NO_PROGRESS:
        o->progress = false;
        return 0;
    case OPT_AVERAGE:
        o->average = true;
        return 0;
    case OPT_HELP:
        o->help = true;
        return 0;
    default:
        return take_number(code, o, err);
    }
}

static int fill_paths(struct pretrain_options *o, struct tool_err *err)
{
    size_t n = strlen(o->out), bare = n > 5 && strcmp(o->out + n - 5, ".trmw") == 0 ? n - 5 : n;

    if (n + sizeof ".checkpoint" > PRETRAIN_PATH_MAX)
        return tool_fail(err, "--out is too long");
    if (!o->card[0])
        snprintf(o->card, sizeof o->card, "%.*s.json", (int)bare, o->out);
    if (!o->checkpoint[0])
        snprintf(o->checkpoint, sizeof o->checkpoint, "%s.checkpoint", o->out);
    if (strcmp(o->card, o->out) == 0 || strcmp(o->checkpoint, o->out) == 0)
        return tool_fail(err, "--card and --checkpoint must be other files than --out");
    return 0;
}

static int complete(struct pretrain_options *o, struct tool_err *err)
{
    struct trm_thinker_shape shape = pretrain_shape(o);

    if (!o->out)
        return tool_fail(err, "--out is missing (--help says more)");
    if (o->part_n && !o->average)
        return tool_fail(err, "what is %s? (--help says more)", o->parts[0]);
    if (o->average && o->part_n == 0)
        return tool_fail(err, "--average names no weights file");
    if (trm_thinker_shape_check(&shape) != TRM_OK)
        return tool_fail(err, "--inner and --latent must be multiples of 16");
    if (o->batch % TRM_SHARD_WINDOWS)
        return tool_fail(err, "--batch must be a multiple of %d", TRM_SHARD_WINDOWS);
    if (o->steps == 0)
        o->steps = (EPOCHS * o->examples + o->batch - 1) / o->batch;
    if (!o->name[0] && !o->average)
        snprintf(o->name, sizeof o->name, "base-%zu-%zu-%zu-%zu", o->inner, o->latent,
                 o->supervision, o->recursions);
    return fill_paths(o, err);
}

static size_t cores(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n > CREW_MAX ? CREW_MAX : (size_t)n;
}

int pretrain_options_parse(int argc, char **argv, struct pretrain_options *ret,
                           struct tool_err *err)
{
    int code;

    *ret = (struct pretrain_options){.examples = 400000,
                                     .networks = 1,
                                     .seed = 1,
                                     .inner = 256,
                                     .latent = 64,
                                     .supervision = 3,
                                     .recursions = 2,
                                     .batch = 256,
                                     .real_cap = 12,
                                     .threads = cores(),
                                     .checkpoint_s = 60,
                                     .rate = 2e-3,
                                     .real_share = .3,
                                     .progress = true};
    opterr = 0;
    while ((code = getopt_long(argc, argv, ":", table, NULL)) != -1) {
        if (code == ':')
            return tool_fail(err, "%s needs a value", argv[optind - 1]);
        if (code == '?')
            return tool_fail(err, "unknown option %s (--help lists them)", argv[optind - 1]);
        if (take(code, ret, err))
            return -1;
    }
    ret->parts = argv + optind;
    ret->part_n = (size_t)(argc - optind);
    return ret->help ? 0 : complete(ret, err);
}
