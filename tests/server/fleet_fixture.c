/* Making the fleet and asking about it. */
#include "tests/server/fleet_fixture.h"

#include <stdio.h>

static struct trm_base *empty_base(void)
{
    struct trm_base *made = made_base(.02f), *base = NULL;
    size_t n = trm_base_bytes(made);
    void *bytes = malloc(n);

    assert_int_equal(trm_base_encode(made, bytes, n), TRM_OK);
    assert_int_equal(trm_base_decode(bytes, n, &base), TRM_OK);
    trm_base_free(made);
    free(bytes);
    return base;
}

void fleet_forget_weights(struct fixture *f)
{
    trm_base_free(f->base);
    f->base = empty_base();
}

int fleet_setup(void **state)
{
    struct fixture *f = malloc(sizeof *f);

    fixture_init(f);
    fleet_forget_weights(f);
    f->config.fleet = CONFIG_FLEET_OFF;
    fixture_open(f);
    *state = f;
    return 0;
}

const char *fleet_name(size_t series)
{
    static char name[16];

    snprintf(name, sizeof name, "s%02zu", series);
    return name;
}

void put_bursts(struct fixture *f, size_t series)
{
    struct point points[POINTS];
    double v[POINTS];
    struct series_patch patch = {.set = PATCH_HORIZON};
    struct err err;
    const char *id = fleet_name(series);
    struct trm_rng rng;

    trm_rng_seed(&rng, series + 1);
    seasonal_series(v, POINTS, 7, series + 1);
    for (size_t t = 0; t < POINTS; t++)
        points[t] =
            (struct point){START + (int64_t)t * DAY, v[t] + (trm_rng_uniform(&rng) < .25 ? 40 : 0)};
    series_settings_init(&patch.settings);
    patch.settings.horizon = 7;
    put_series(f, id, &patch, &err);
    put_ok(f, id, points, POINTS);
}

void put_fleet(struct fixture *f, size_t n)
{
    for (size_t i = 0; i < n; i++)
        put_bursts(f, i);
    run_idle(f); /* their first fits */
}

struct fleet_view fleet_of(struct fixture *f)
{
    struct fleet_view view;

    service_fleet(f->service, &view);
    return view;
}

void train(struct fixture *f)
{
    struct err err;

    if (service_fleet_train(f->service, &err))
        fail_msg("%s", err.msg);
    assert_string_equal(fleet_of(f).state, "training");
    run_idle(f);
}

uint64_t identity_of_record(struct fixture *f, const char *id)
{
    const struct trm_model_info *model = view_of(f, id).model;

    assert_non_null(model); /* one that answers */
    return model->base_identity;
}

void set_fits(struct fixture *f, size_t series, enum fit_policy fit, uint32_t every)
{
    struct series_patch patch = {.set = PATCH_FIT};
    struct err err;

    series_settings_init(&patch.settings);
    patch.settings.fit = fit;
    patch.settings.fit_every = every;
    put_series(f, fleet_name(series), &patch, &err);
    assert_int_equal(err.code, ERR_NONE);
}

size_t outdated_n(struct fixture *f, size_t first)
{
    size_t n = 0;

    for (size_t i = first; i < SERIES; i++) {
        const struct trm_model_info *model = view_of(f, fleet_name(i)).model;
        n += !model || model->base_identity != fleet_of(f).base->identity;
    }
    return n;
}
