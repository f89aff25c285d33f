/* What the parts of a checkpoint share: the body of each kind. Nobody else includes this. */
#ifndef TRM_CHECKPOINT_PARTS_H
#define TRM_CHECKPOINT_PARTS_H

#include "core/bytes.h"
#include "core/checkpoint.h"
#include "core/model_parts.h"

#include <string.h>

/* The body is what lies between the head (version, kind, longer period) and the checksum. *config
 * has kind and season2 from the head; get fills in a model or answers TRM_ECORRUPT, TRM_EVERSION or
 * TRM_ENOMEM. */
size_t trm_checkpoint_literal_bytes(const struct trm_model *model);
unsigned char *trm_checkpoint_literal_put(unsigned char *p, const struct trm_model *model);
TRM_MUST_CHECK enum trm_status trm_checkpoint_literal_get(const unsigned char *p, size_t n,
                                                          const struct trm_config *config,
                                                          struct trm_model **ret);

size_t trm_checkpoint_record_bytes(const struct trm_model *model);
unsigned char *trm_checkpoint_record_put(unsigned char *p, const struct trm_model *model);
TRM_MUST_CHECK enum trm_status trm_checkpoint_record_get(const unsigned char *p, size_t n,
                                                         const struct trm_config *config,
                                                         struct trm_model **ret);

#endif
