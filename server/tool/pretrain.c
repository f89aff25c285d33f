/* tstrm pretrain: from options to weights and their card. Knows the order of the parts of a run. */
#include "server/tool/pretrain.h"

#include "server/tool/base_file.h"
#include "server/tool/stop.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static uint64_t bits(double v)
{
    uint64_t u;

    memcpy(&u, &v, sizeof u);
    return u;
}

/* Of everything that decides the weights, given the examples' own key. */
static uint64_t key_of(const struct pretrain_options *o, uint64_t examples,
                       const struct trm_base *init)
{
    const uint64_t parts[] = {o->steps,         o->networks,   o->seed,
                              o->inner,         o->latent,     o->supervision,
                              o->recursions,    o->batch,      bits(o->rate),
                              bits(o->dropout), o->validate_n, init ? init->identity : 0};
    uint64_t key = examples;

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        key = pretrain_mix(key, parts[i]);
    return key;
}

static int finish(struct pretrain_run *run, struct tool_err *err)
{
    uint64_t identity;

    meter_look(&run->meter);
    if (base_file_write(run->options->out, run->base, &identity, err) ||
        pretrain_card_write(run, identity, err))
        return TOOL_FAILED;
    unlink(run->options->checkpoint);
    printf("%s: %zu x %zu parameters in %.0f s\n", run->options->out, run->base->network_n,
           run->base->parameters, run->meter.wall);
    return TOOL_CLEAN;
}

/* With examples and validation at hand. */
static int train(const struct pretrain_options *o, const struct pretrain_examples *examples,
                 const struct pretrain_validation *validation, const struct trm_base *init,
                 struct meter meter, struct tool_err *err)
{
    struct trm_thinker_shape shape = pretrain_shape(o);
    struct pretrain_run run = {.options = o,
                               .examples = examples,
                               .validation = validation,
                               .init = init ? init->weights[0] : NULL,
                               .meter = meter,
                               .key = key_of(o, examples->digest, init)};
    int code = TOOL_FAILED;

    run.curve.width = 2 + (3 + validation->file_n) * o->supervision;
    run.saved_wall = meter.wall;
    if (trm_base_new(&shape, o->networks, o->name, &run.base) != TRM_OK)
        tool_fail(err, "out of memory, or --name is not printable");
    else if (gang_new(o->threads, &shape, &run.gang, err) == 0 &&
             pretrain_begin_network(&run, 0, err) == 0 &&
             (!o->resume || pretrain_checkpoint_load(&run, err) == 0))
        code = pretrain_train(&run, err);
    if (code == TOOL_CLEAN)
        code = finish(&run, err);
    trm_pretrain_done(&run.pretrain);
    gang_free(run.gang);
    trm_base_free(run.base);
    free(run.curve.at);
    return code;
}

static int read_init(const struct pretrain_options *o, struct trm_base **ret, struct tool_err *err)
{
    struct trm_thinker_shape shape = pretrain_shape(o);

    if (!o->init)
        return 0;
    if (base_file_read(o->init, ret, err))
        return -1;
    if (memcmp(&(*ret)->shape, &shape, sizeof shape) == 0)
        return 0;
    return tool_fail(err, "%s: its networks have another shape than asked for", o->init);
}

static int run_all(const struct pretrain_options *o, struct tool_err *err)
{
    struct pretrain_pool pool = {0};
    struct pretrain_validation validation = {0};
    struct pretrain_examples examples = {0};
    struct trm_base *init = NULL;
    struct meter meter;
    int code = TOOL_FAILED;

    stop_watch();
    meter_start(&meter, 0, 0, 0);
    if (pretrain_checkpoint_look(o, err) == 0 && read_init(o, &init, err) == 0 &&
        pretrain_pool_read(o, &pool, err) == 0 &&
        pretrain_validation_read(o, &validation, err) == 0) {
        code = pretrain_examples_make(o, &pool, &examples, err);
        meter_look(&meter);
        if (code == TOOL_CLEAN)
            code = train(o, &examples, &validation, init, meter, err);
    }
    pretrain_examples_free(&examples);
    pretrain_validation_free(&validation);
    pretrain_pool_free(&pool);
    trm_base_free(init);
    return code;
}

int tool_pretrain(int argc, char **argv)
{
    struct pretrain_options options;
    struct tool_err err = {{0}};

    if (pretrain_options_parse(argc, argv, &options, &err)) {
        fprintf(stderr, "tstrm pretrain: %s\n", err.msg);
        return TOOL_USAGE;
    }
    if (options.help) {
        pretrain_print_help(stdout);
        return TOOL_CLEAN;
    }
    int code = options.average ? (pretrain_average(&options, &err) ? TOOL_FAILED : TOOL_CLEAN)
                               : run_all(&options, &err);
    if (code != TOOL_CLEAN)
        fprintf(stderr, "%ststrm pretrain: %s\n", code == TOOL_INTERRUPTED ? "\n" : "", err.msg);
    return code;
}
