/* The course of a fleet training: excerpts, made-up series, held-out ends, training, judgement. */
#include "core/fleet.h"

#include "core/example.h"
#include "core/num.h"

#include <stdlib.h>
#include <string.h>

#define OFFERED_MAX 96 /* excerpts of a series: one for each half horizon, up to these */
#define BATCH_MAX 256
#define PASSES 2 /* over the examples of a round */
#define RATE 2e-3f
#define EMA .99f /* a run has some tens of steps */
/* How far the challenger goes of what was learned. Half of it keeps most of the gain and forgets
 * little (averaging of weights: Wortsman et al., "Robust fine-tuning of zero-shot models", 2022).
 */
#define SHARE .5f

enum phase { PHASE_ENDS, PHASE_DRAW, PHASE_TRAIN, PHASE_JUDGE, PHASE_DONE };

struct trm_fleet {
    const struct trm_base *champion;
    struct trm_base *challenger;
    uint64_t seed;
    struct trm_source *learn, *judge; /* learn: without the newest horizon */
    size_t learn_n, judge_n;
    size_t room, round, round_n; /* examples of a round; rounds */
    size_t turn;                 /* excerpts cut so far: whose turn it is */
    size_t at;                   /* of the phase */
    size_t work_n, work_expected;
    enum phase phase;
    struct trm_sense *sense;
    struct trm_excerpt *excerpt;
    struct trm_prior_series *made_up;
    struct trm_examples examples, ends; /* of a round; judged by */
    struct trm_pretrain train[TRM_BASE_NETWORKS_MAX];
    struct trm_pretrain_work *work;
    size_t network, shard;
    bool *learned; /* [learn_n] */
    double square; /* sum over the judges of (loss before - loss after)^2 */
    struct trm_fleet_report report;
};

/* ---- begin ---- */

/* Whether a series' end can judge. */
static bool has_end(const struct trm_source *source)
{
    return source->n >= trm_excerpt_horizon(source) +
                            trm_max_size(TRM_EXCERPT_PAST_MIN, (size_t)source->season + 2);
}

static struct trm_source without_end(const struct trm_source *source)
{
    struct trm_source past = *source;

    past.n -= trm_excerpt_horizon(source);
    return past;
}

/* Who judges, evenly spread where there are more than enough, and who is learned from. */
static enum trm_status choose(struct trm_fleet *fleet, const struct trm_fleet_options *options)
{
    size_t able = 0, seen = 0;

    fleet->learn = malloc((options->source_n + 1) * sizeof *fleet->learn);
    fleet->judge = malloc(TRM_FLEET_JUDGE_MAX * sizeof *fleet->judge);
    fleet->learned = calloc(options->source_n + 1, sizeof *fleet->learned);
    if (!fleet->learn || !fleet->judge || !fleet->learned)
        return TRM_ENOMEM;
    for (size_t i = 0; i < options->source_n; i++)
        able += has_end(&options->source[i]);
    size_t judges = trm_min_size(able, TRM_FLEET_JUDGE_MAX);
    for (size_t i = 0; i < options->source_n; i++) {
        if (!has_end(&options->source[i]))
            continue;
        struct trm_source past = without_end(&options->source[i]);
        if (trm_excerpt_fits(&past))
            fleet->learn[fleet->learn_n++] = past;
        if (fleet->judge_n * able <= seen++ * judges && fleet->judge_n < judges)
            fleet->judge[fleet->judge_n++] = options->source[i];
    }
    return fleet->learn_n && fleet->judge_n >= TRM_FLEET_JUDGE_MIN ? TRM_OK : TRM_ESHORT;
}

/* How many excerpts the fleet has to offer that are not nearly the same. */
static size_t offered(const struct trm_fleet *fleet)
{
    size_t sum = 0;

    for (size_t i = 0; i < fleet->learn_n; i++) {
        size_t half = (trm_excerpt_horizon(&fleet->learn[i]) + 1) / 2;
        sum += trm_min_size(fleet->learn[i].n / half, OFFERED_MAX);
    }
    return sum;
}

/* Rounds of equal size, a third of each made up. */
static void plan(struct trm_fleet *fleet)
{
    size_t own = TRM_FLEET_ROUND * 2 / 3, all = offered(fleet);

    fleet->round_n = trm_min_size((all + own - 1) / own, TRM_FLEET_ROUNDS_MAX);
    fleet->room = trm_min_size(trm_max_size(all / fleet->round_n, 1), own) * 3 / 2;
}

static enum trm_status make_room(struct trm_fleet *fleet)
{
    float *memory = calloc(fleet->room * TRM_EXAMPLE_FLOATS, sizeof *memory);
    float *ends = calloc(fleet->judge_n * TRM_EXAMPLE_FLOATS, sizeof *ends);

    fleet->examples.memory = memory;
    fleet->ends.memory = ends;
    fleet->excerpt = malloc(sizeof *fleet->excerpt);
    fleet->made_up = malloc(sizeof *fleet->made_up);
    if (!memory || !ends || !fleet->excerpt || !fleet->made_up)
        return TRM_ENOMEM;
    trm_examples_place(&fleet->examples, memory, fleet->room);
    trm_examples_place(&fleet->ends, ends, fleet->judge_n);
    enum trm_status status = trm_sense_new(TRM_PRIOR_HORIZON_MAX, &fleet->sense);
    return status == TRM_OK ? trm_pretrain_work_new(&fleet->champion->shape, &fleet->work) : status;
}

/* Steps of a network in a round, and the windows of each. */
static uint32_t batch_of(const struct trm_fleet *fleet)
{
    size_t shards = fleet->room / (4 * TRM_SHARD_WINDOWS) + 1;

    return (uint32_t)(trm_min_size(shards, BATCH_MAX / TRM_SHARD_WINDOWS) * TRM_SHARD_WINDOWS);
}

static size_t round_steps(const struct trm_fleet *fleet)
{
    return PASSES * fleet->room / batch_of(fleet) + 1;
}

/* Every network begins where the champion's stands. */
static enum trm_status prepare(struct trm_fleet *fleet)
{
    const struct trm_base *champion = fleet->champion;
    enum trm_status status = TRM_OK;

    for (size_t i = 0; i < champion->network_n && status == TRM_OK; i++) {
        struct trm_pretrain_options options =
            trm_pretrain_options_default(round_steps(fleet) * fleet->round_n, fleet->seed + i);
        options.batch = batch_of(fleet);
        options.warmup = options.steps / 10 + 1;
        options.rate = RATE;
        options.ema_decay = EMA;
        status = trm_pretrain_init(&fleet->train[i], &champion->shape, &options,
                                   &fleet->examples.set, champion->weights[i]);
    }
    return status;
}

static size_t expected(const struct trm_fleet *fleet)
{
    size_t shards = batch_of(fleet) / TRM_SHARD_WINDOWS * round_steps(fleet);

    return 2 * fleet->judge_n +
           fleet->round_n * (fleet->room + shards * fleet->champion->network_n);
}

static enum trm_status begin(struct trm_fleet *fleet, const struct trm_fleet_options *options)
{
    const struct trm_base *champion = options->champion;
    enum trm_status status =
        trm_base_new(&champion->shape, champion->network_n, options->name, &fleet->challenger);

    if (status == TRM_OK)
        status = choose(fleet, options);
    if (status != TRM_OK)
        return status;
    plan(fleet);
    fleet->work_expected = expected(fleet);
    status = make_room(fleet);
    return status == TRM_OK ? prepare(fleet) : status;
}

enum trm_status trm_fleet_begin(const struct trm_fleet_options *options, struct trm_fleet **ret)
{
    struct trm_fleet *fleet = calloc(1, sizeof *fleet);

    if (!fleet)
        return TRM_ENOMEM;
    fleet->champion = options->champion;
    fleet->seed = options->seed;
    enum trm_status status = begin(fleet, options);
    if (status != TRM_OK) {
        trm_fleet_free(fleet);
        return status;
    }
    *ret = fleet;
    return TRM_OK;
}

void trm_fleet_free(struct trm_fleet *fleet)
{
    if (!fleet)
        return;
    for (size_t i = 0; i < TRM_BASE_NETWORKS_MAX; i++)
        trm_pretrain_done(&fleet->train[i]);
    trm_pretrain_work_free(fleet->work);
    trm_sense_free(fleet->sense);
    trm_base_free(fleet->challenger);
    free(fleet->examples.memory);
    free(fleet->ends.memory);
    free(fleet->excerpt);
    free(fleet->made_up);
    free(fleet->learn);
    free(fleet->judge);
    free(fleet->learned);
    free(fleet);
}

/* ---- examples ---- */

static void enter(struct trm_fleet *fleet, enum phase phase)
{
    fleet->phase = phase;
    fleet->at = 0;
}

/* Whether any of the leads that were drawn for a judge has been observed. */
static bool observed(const struct trm_examples *ends, size_t at)
{
    const float *weight = ends->set.weight + at * TRM_EXAMPLE_ROWS;

    for (size_t i = 0; i < TRM_EXAMPLE_ROWS; i++)
        if (weight[i] > 0)
            return true;
    return false;
}

/* The newest horizon of one judge. One that cannot be forecast judges nothing. */
static enum trm_status draw_end(struct trm_fleet *fleet)
{
    const struct trm_source *source = &fleet->judge[fleet->at];
    size_t horizon = trm_excerpt_horizon(source);
    const struct trm_excerpt *cut = fleet->excerpt;

    trm_excerpt_at(source, source->n - horizon, horizon, fleet->excerpt);
    enum trm_status status =
        trm_example_write(&fleet->ends, fleet->report.judged_n, fleet->sense, cut->values, cut->n,
                          cut->season, cut->season2, horizon, fleet->seed + fleet->at);
    if (status == TRM_ENOMEM)
        return status;
    fleet->report.judged_n += status == TRM_OK && observed(&fleet->ends, fleet->report.judged_n);
    if (++fleet->at < fleet->judge_n)
        return TRM_MORE;
    enter(fleet, PHASE_DRAW);
    return fleet->report.judged_n >= TRM_FLEET_JUDGE_MIN ? TRM_MORE : TRM_ESHORT;
}

/* An excerpt of the series whose turn it is: each in turn, then again from the first. One that
 * cannot be forecast is cut again elsewhere. */
static enum trm_status draw_own(struct trm_fleet *fleet)
{
    size_t turn = fleet->turn++ % fleet->learn_n;
    enum trm_status status =
        trm_example_cut(&fleet->examples, fleet->at, fleet->sense, fleet->learn, fleet->learn_n,
                        turn, fleet->seed + fleet->turn, fleet->excerpt);

    fleet->report.own_n += status == TRM_OK;
    fleet->learned[turn] |= status == TRM_OK;
    return status;
}

static enum trm_status draw_made_up(struct trm_fleet *fleet)
{
    uint64_t seed = ~(fleet->seed + fleet->round * fleet->room + fleet->at);
    enum trm_status status =
        trm_example_draw(&fleet->examples, fleet->at, fleet->sense, fleet->made_up, seed);

    fleet->report.made_up_n += status == TRM_OK;
    return status;
}

/* One example of the round: two of the fleet's, then one made up, which also stands in where the
 * fleet's cannot be forecast. */
static enum trm_status draw(struct trm_fleet *fleet)
{
    enum trm_status status = fleet->at % 3 == 2 ? TRM_ESHORT : draw_own(fleet);

    if (status != TRM_OK && status != TRM_ENOMEM)
        status = draw_made_up(fleet);
    if (status != TRM_OK)
        return status;
    if (++fleet->at < fleet->room)
        return TRM_MORE;
    enter(fleet, PHASE_TRAIN);
    return fleet->report.own_n ? TRM_MORE : TRM_ESHORT;
}

/* ---- training ---- */

/* The challenger stands between the champion and what was learned. */
static void take_weights(struct trm_fleet *fleet)
{
    const struct trm_base *champion = fleet->champion;

    for (size_t i = 0; i < champion->network_n; i++) {
        const float *was = champion->weights[i], *learned = fleet->train[i].opt.ema;
        for (size_t k = 0; k < champion->parameters; k++)
            fleet->challenger->weights[i][k] = was[k] + SHARE * (learned[k] - was[k]);
        fleet->report.steps += fleet->train[i].opt.t;
    }
    for (size_t i = 0; i < fleet->learn_n; i++)
        fleet->report.learned_n += fleet->learned[i];
}

/* The steps of this round and network are done. */
static void next_network(struct trm_fleet *fleet)
{
    enter(fleet, PHASE_TRAIN);
    if (++fleet->network < fleet->champion->network_n)
        return;
    fleet->network = 0;
    if (++fleet->round < fleet->round_n) {
        enter(fleet, PHASE_DRAW);
        return;
    }
    take_weights(fleet);
    enter(fleet, PHASE_JUDGE);
}

/* One shard, and the update behind the last one of a batch. */
static enum trm_status train(struct trm_fleet *fleet)
{
    struct trm_pretrain *train = &fleet->train[fleet->network];
    enum trm_status status = trm_pretrain_shard(train, fleet->shard, fleet->work);

    if (status != TRM_OK)
        return status;
    if (++fleet->shard < train->shard_n)
        return TRM_MORE;
    fleet->shard = 0;
    status = trm_pretrain_finish_step(train, NULL);
    if (status != TRM_OK && status != TRM_MORE)
        return status;
    if (++fleet->at == round_steps(fleet))
        next_network(fleet);
    return TRM_MORE;
}

/* ---- judgement ---- */

/* Loss of a judge after the last supervision step, mean of the networks. */
static enum trm_status loss_of(struct trm_fleet *fleet, const struct trm_base *base, double *ret)
{
    double loss[TRM_THINKER_DEPTH_MAX], sum = 0;

    for (size_t i = 0; i < base->network_n; i++) {
        enum trm_status status =
            trm_pretrain_validate(&base->shape, base->weights[i], &fleet->ends.set, fleet->at,
                                  fleet->at + 1, fleet->work, loss);
        if (status != TRM_OK)
            return status;
        sum += loss[base->shape.supervision - 1] / (double)base->network_n;
    }
    *ret = sum;
    return TRM_OK;
}

static void verdict(struct trm_fleet *fleet)
{
    struct trm_fleet_report *r = &fleet->report;
    double n = (double)r->judged_n;

    r->loss_before /= n;
    r->loss_after /= n;
    double mean = r->loss_before - r->loss_after;
    double variance = fmax(fleet->square / n - mean * mean, 0) / fmax(n - 1, 1);
    r->gain = r->loss_before > 0 ? 1 - r->loss_after / r->loss_before : 0;
    r->certainty = variance > 0 ? mean / sqrt(variance) : 0;
    r->better = r->certainty >= TRM_FLEET_CERTAINTY;
    enter(fleet, PHASE_DONE);
}

static enum trm_status judge(struct trm_fleet *fleet)
{
    double before, after;
    enum trm_status status = loss_of(fleet, fleet->champion, &before);

    if (status == TRM_OK)
        status = loss_of(fleet, fleet->challenger, &after);
    if (status != TRM_OK)
        return status;
    fleet->report.loss_before += before;
    fleet->report.loss_after += after;
    fleet->square += (before - after) * (before - after);
    if (++fleet->at < fleet->report.judged_n)
        return TRM_MORE;
    verdict(fleet);
    return TRM_OK;
}

/* ---- the course ---- */

static enum trm_status advance(struct trm_fleet *fleet)
{
    switch (fleet->phase) {
    case PHASE_ENDS:
        return draw_end(fleet);
    case PHASE_DRAW:
        return draw(fleet);
    case PHASE_TRAIN:
        return train(fleet);
    case PHASE_JUDGE:
        return judge(fleet);
    case PHASE_DONE:
        break;
    }
    return TRM_OK;
}

enum trm_status trm_fleet_step(struct trm_fleet *fleet, double *ret_fraction)
{
    enum trm_status status = advance(fleet);

    fleet->work_n++;
    *ret_fraction = fleet->phase == PHASE_DONE
                        ? 1
                        : fmin((double)fleet->work_n / (double)fleet->work_expected, .999);
    return status;
}

enum trm_status trm_fleet_end(struct trm_fleet *fleet, struct trm_base **ret,
                              struct trm_fleet_report *ret_report)
{
    if (fleet->phase != PHASE_DONE || !fleet->challenger)
        return TRM_EINVAL;
    *ret = fleet->challenger;
    fleet->challenger = NULL;
    *ret_report = fleet->report;
    return TRM_OK;
}
