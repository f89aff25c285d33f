/* The training of one network after the other. Knows steps, when to look at the validation, when to
 * save and when to stop; refuses to know the loss. */
#include "server/tool/pretrain.h"

#include "server/tool/bar.h"
#include "server/tool/stop.h"

#include <stdlib.h>
#include <string.h>

#define LOOKS 20 /* points of the curves a network */

double *pretrain_curve_grow(struct pretrain_curve *curve)
{
    if (curve->n == curve->room) {
        size_t room = curve->room ? 2 * curve->room : 64;
        double *at = realloc(curve->at, room * curve->width * sizeof *at);
        if (!at)
            return NULL;
        curve->at = at;
        curve->room = room;
    }
    return curve->at + curve->width * curve->n++;
}

int pretrain_begin_network(struct pretrain_run *run, size_t network, struct tool_err *err)
{
    const struct pretrain_options *o = run->options;
    struct trm_thinker_shape shape = pretrain_shape(o);
    struct trm_pretrain_options with = trm_pretrain_options_default(o->steps, o->seed + network);

    with.batch = (uint32_t)o->batch;
    with.rate = (float)o->rate;
    with.dropout = (float)o->dropout;
    trm_pretrain_done(&run->pretrain);
    run->pretrain = (struct trm_pretrain){0};
    run->network = network;
    enum trm_status status =
        trm_pretrain_init(&run->pretrain, &shape, &with, &run->examples->train, run->init);
    return status == TRM_OK ? 0 : tool_fail(err, "cannot begin: %s", trm_status_text(status));
}

static void shard(void *ctx, size_t i, struct trm_pretrain_work *work)
{
    struct trm_pretrain *pretrain = ctx;
    enum trm_status status = trm_pretrain_shard(pretrain, i, work);

    (void)status; /* kept in the pretrain, and told by the end of the step */
}

static void print_losses(const char *what, size_t S, const double *loss)
{
    fprintf(stderr, "  %s", what);
    for (size_t s = 0; s < S; s++)
        fprintf(stderr, " %.4f", loss[s]);
}

/* Losses of the averaged weights, on what was held out and on real windows: into the curves, and
 * told. */
static int look(struct pretrain_run *run, struct tool_err *err)
{
    const struct trm_pretrain *p = &run->pretrain;
    size_t S = p->shape.supervision, n = run->examples->all.set.n;
    double *at = pretrain_curve_grow(&run->curve);

    if (!at)
        return tool_fail(err, "out of memory");
    at[0] = (double)run->network;
    at[1] = (double)p->opt.t;
    double *train = at + 2, *held = train + S, *real = held + S, *file = real + S;
    memcpy(train, p->loss, S * sizeof *train);
    gang_loss(run->gang, p->opt.ema, &run->examples->all.set, n - run->examples->held_n, n, held);
    for (size_t s = 0; s < S; s++)
        real[s] = run->validation->n ? 0 : TRM_NAN;
    for (size_t i = 0; i < run->validation->file_n; i++, file += S) {
        const struct pretrain_validation_file *v = &run->validation->files[i];
        gang_loss(run->gang, p->opt.ema, &v->examples.set, 0, v->n, file);
        for (size_t s = 0; s < S; s++)
            real[s] += file[s] * (double)v->n / (double)run->validation->n;
    }
    fprintf(stderr, "network %zu step %llu", run->network + 1, (unsigned long long)p->opt.t);
    print_losses("train", S, train);
    print_losses("held out", S, held);
    if (run->validation->n)
        print_losses("real", S, real);
    fputc('\n', stderr);
    return 0;
}

static int save_if_due(struct pretrain_run *run, struct tool_err *err)
{
    meter_look(&run->meter);
    if (run->meter.wall - run->saved_wall < (double)run->options->checkpoint_s)
        return 0;
    run->saved_wall = run->meter.wall;
    return pretrain_checkpoint_save(run, err);
}

/* Keeps what was done so far. */
static int interrupt(struct pretrain_run *run, struct tool_err *err)
{
    if (pretrain_checkpoint_save(run, err))
        return TOOL_FAILED;
    tool_fail(err, "interrupted; %s holds what is done, the same command with --resume goes on",
              run->options->checkpoint);
    return TOOL_INTERRUPTED;
}

/* The steps of the network that has begun. */
static int train_network(struct pretrain_run *run, struct tool_err *err)
{
    struct trm_pretrain *p = &run->pretrain;
    uint64_t every = trm_max_size(run->options->steps / LOOKS, 1);
    enum trm_status status = p->opt.t < p->options.steps ? TRM_MORE : TRM_OK;
    struct bar bar;

    bar_start(&bar, "steps", p->opt.t, p->options.steps, run->options->progress);
    while (status == TRM_MORE) {
        if (stop_wanted()) {
            bar_clear(&bar);
            return interrupt(run, err);
        }
        gang_run(run->gang, p->shard_n, shard, p);
        status = trm_pretrain_finish_step(p, NULL);
        bar_show(&bar, p->opt.t);
        if (status != TRM_MORE || p->opt.t % every == 0)
            bar_clear(&bar);
        if (status == TRM_EDIVERGED)
            return tool_fail(err, "step %llu diverged: a smaller --rate",
                             (unsigned long long)p->opt.t),
                   TOOL_FAILED;
        if ((status == TRM_OK || p->opt.t % every == 0) && look(run, err))
            return TOOL_FAILED;
        if (status == TRM_MORE && save_if_due(run, err))
            return TOOL_FAILED;
    }
    return TOOL_CLEAN;
}

int pretrain_train(struct pretrain_run *run, struct tool_err *err)
{
    for (;;) {
        int code = train_network(run, err);
        if (code != TOOL_CLEAN)
            return code;
        memcpy(run->base->weights[run->network], run->pretrain.opt.ema,
               run->base->parameters * sizeof(float));
        if (run->network + 1 == run->options->networks)
            return TOOL_CLEAN;
        if (pretrain_begin_network(run, run->network + 1, err))
            return TOOL_FAILED;
    }
}
