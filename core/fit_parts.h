/* The fits that fit.c chooses between, one a kind. They promise what fit.h does; config has been
 * checked. Nobody else includes this. */
#ifndef TRM_FIT_PARTS_H
#define TRM_FIT_PARTS_H

#include "core/fit.h"
#include "core/model_parts.h"

struct trm_fit_literal;
TRM_MUST_CHECK enum trm_status trm_fit_literal_begin(const double *values, size_t n,
                                                     const struct trm_fit_options *options,
                                                     struct trm_fit_literal **ret);
TRM_MUST_CHECK enum trm_status trm_fit_literal_step(struct trm_fit_literal *fit,
                                                    struct trm_fit_progress *ret);
TRM_MUST_CHECK enum trm_status trm_fit_literal_end(struct trm_fit_literal *fit,
                                                   struct trm_model **ret_model,
                                                   struct trm_fit_report *ret_report);
void trm_fit_literal_free(struct trm_fit_literal *fit);

struct trm_fit_record;
TRM_MUST_CHECK enum trm_status trm_fit_record_begin(const double *values, size_t n,
                                                    const struct trm_fit_options *options,
                                                    struct trm_fit_record **ret);
TRM_MUST_CHECK enum trm_status trm_fit_record_step(struct trm_fit_record *fit,
                                                   struct trm_fit_progress *ret);
TRM_MUST_CHECK enum trm_status trm_fit_record_end(struct trm_fit_record *fit,
                                                  struct trm_model **ret_model,
                                                  struct trm_fit_report *ret_report);
void trm_fit_record_free(struct trm_fit_record *fit);

#endif
