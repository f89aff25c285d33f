/* The refit rules. */
#include "server/train/policy.h"

static uint64_t max_u64(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

size_t policy_first_fit_n(enum trm_kind kind, uint32_t season)
{
    size_t wanted = 2 * (size_t)season + POLICY_FIRST_FIT_EXTRA;
    size_t most = kind == TRM_KIND_TRM ? POLICY_FIRST_RECORD : POLICY_FIRST_FIT_MOST;

    return wanted < most ? wanted : most;
}

uint64_t policy_refit_n(uint32_t season, size_t observed_n)
{
    return max_u64(max_u64(season, observed_n / 10), 1);
}

static enum policy_verdict decide(const struct policy_input *input, size_t first_n, uint64_t wait_n)
{
    bool waited = input->failed ? input->rested : input->new_points >= wait_n;

    if (input->has_model)
        return waited ? POLICY_REFIT : POLICY_WAIT;
    if (input->observed_n < first_n || (input->failed && !input->rested))
        return POLICY_WAIT;
    return POLICY_FIRST_FIT;
}

uint64_t policy_rest_ns(unsigned failures)
{
    uint64_t rest = POLICY_REST_FIRST_NS;

    for (unsigned i = 1; i < failures && rest < POLICY_REST_MOST_NS; i++)
        rest *= 2;
    return rest < POLICY_REST_MOST_NS ? rest : POLICY_REST_MOST_NS;
}

enum policy_verdict policy_decide(const struct policy_input *input)
{
    switch (input->fit) {
    case FIT_AUTO:
        return decide(input, policy_first_fit_n(input->kind, input->season),
                      policy_refit_n(input->season, input->observed_n));
    case FIT_EVERY:
        if (!input->failed && input->new_points < max_u64(input->fit_every, 1))
            return POLICY_WAIT;
        return decide(input, TRM_OBSERVED_MIN, max_u64(input->fit_every, 1));
    case FIT_OFF:
        break;
    }
    return POLICY_WAIT;
}

uint64_t policy_fleet_points(uint64_t points_trained)
{
    return max_u64(points_trained / 10, POLICY_FLEET_POINTS);
}

bool policy_fleet_due(const struct policy_fleet_input *input)
{
    uint64_t new_points = input->points - input->points_trained;

    return new_points >= policy_fleet_points(input->points_trained) &&
           input->now_ns >= input->rest_until_ns &&
           input->fits_n <= input->models_n / POLICY_FLEET_BUSY;
}
