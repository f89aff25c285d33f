/* The optimiser's update rule. */
#include "core/adamw.h"

#include "core/num.h"

#include <stdlib.h>
#include <string.h>

enum trm_status trm_adamw_init(struct trm_adamw *opt, const struct trm_adamw_options *options,
                               const float *weights, size_t n)
{
    float *all = calloc(3 * n, sizeof *all);

    if (!all)
        return TRM_ENOMEM;
    *opt = (struct trm_adamw){
        .options = *options, .n = n, .m = all, .v = all + n, .ema = all + 2 * n, .all = all};
    memcpy(opt->ema, weights, n * sizeof *weights);
    return TRM_OK;
}

void trm_adamw_done(struct trm_adamw *opt)
{
    free(opt->all);
    *opt = (struct trm_adamw){0};
}

/* Scales grad to a norm of at most clip; the norm is summed in double over eight lanes so that the
 * compiler may vectorise without reordering anything. */
static enum trm_status clip_norm(size_t n, float clip, float *grad)
{
    double lane[8] = {0}, sum = 0;

    for (size_t i = 0; i < n; i++)
        lane[i % 8] += (double)grad[i] * (double)grad[i];
    for (int i = 0; i < 8; i++)
        sum += lane[i];
    if (!isfinite(sum))
        return TRM_EDIVERGED;
    if (sum > (double)clip * (double)clip) {
        float shrink = (float)((double)clip / sqrt(sum));
        for (size_t i = 0; i < n; i++)
            grad[i] *= shrink;
    }
    return TRM_OK;
}

/* The constants of one update, apart from the arrays so that the compiler sees they do not change. */
struct update {
    struct trm_adamw_options o;
    float rate, fix1, fix2, keep;
};

static void update_all(const struct update *at, size_t n, const float *restrict grad, float *restrict m,
                       float *restrict v, float *restrict ema, float *restrict weights)
{
    const struct update u = *at;

    for (size_t i = 0; i < n; i++) {
        m[i] = u.o.beta1 * m[i] + (1 - u.o.beta1) * grad[i];
        v[i] = u.o.beta2 * v[i] + (1 - u.o.beta2) * grad[i] * grad[i];
        float step = m[i] * u.fix1 / (sqrtf(v[i] * u.fix2) + u.o.epsilon);
        weights[i] -= u.rate * (step + u.o.weight_decay * weights[i]);
        ema[i] = u.keep * ema[i] + (1 - u.keep) * weights[i];
    }
}

enum trm_status trm_adamw_step(struct trm_adamw *opt, float rate, float *weights, float *grad)
{
    const struct trm_adamw_options *o = &opt->options;

    if (clip_norm(opt->n, o->clip, grad) != TRM_OK)
        return TRM_EDIVERGED;
    opt->t++;
    double t = (double)opt->t;
    float fix1 = (float)(1 / (1 - pow((double)o->beta1, t)));
    float fix2 = (float)(1 / (1 - pow((double)o->beta2, t)));
    float keep = (float)fmin((double)o->ema_decay, (1 + t) / (10 + t));
    struct update u = {.o = *o, .rate = rate, .fix1 = fix1, .fix2 = fix2, .keep = keep};

    update_all(&u, opt->n, grad, opt->m, opt->v, opt->ema, weights);
    return TRM_OK;
}
