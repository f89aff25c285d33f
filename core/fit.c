/* Which kind is fitted how. */
#include "core/fit_parts.h"

#include <stdlib.h>

struct trm_fit {
    struct trm_fit_literal *literal; /* one of the two */
    struct trm_fit_record *record;
};

enum trm_status trm_fit_begin(const double *values, size_t n, const struct trm_fit_options *options,
                              struct trm_fit **ret)
{
    enum trm_status status = trm_config_check(&options->config);
    bool literal = options->config.kind == TRM_KIND_LITERAL;

    if (status != TRM_OK)
        return status;
    if (!literal && !options->base_weights)
        return TRM_EINVAL;
    struct trm_fit *fit = calloc(1, sizeof *fit);
    if (!fit)
        return TRM_ENOMEM;
    status = literal ? trm_fit_literal_begin(values, n, options, &fit->literal)
                     : trm_fit_record_begin(values, n, options, &fit->record);
    if (status == TRM_OK)
        *ret = fit;
    else
        free(fit);
    return status;
}

enum trm_status trm_fit_step(struct trm_fit *fit, struct trm_fit_progress *ret)
{
    return fit->literal ? trm_fit_literal_step(fit->literal, ret)
                        : trm_fit_record_step(fit->record, ret);
}

enum trm_status trm_fit_end(struct trm_fit *fit, struct trm_model **ret_model,
                            struct trm_fit_report *ret_report)
{
    return fit->literal ? trm_fit_literal_end(fit->literal, ret_model, ret_report)
                        : trm_fit_record_end(fit->record, ret_model, ret_report);
}

void trm_fit_free(struct trm_fit *fit)
{
    if (!fit)
        return;
    trm_fit_literal_free(fit->literal);
    trm_fit_record_free(fit->record);
    free(fit);
}
