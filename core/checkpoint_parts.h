/* What the parts of a checkpoint share: little-endian fields, and the body of each kind. Nobody
 * else includes this. */
#ifndef TRM_CHECKPOINT_PARTS_H
#define TRM_CHECKPOINT_PARTS_H

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

static inline unsigned char *put_u32(unsigned char *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        *p++ = (unsigned char)(v >> 8 * i);
    return p;
}

static inline unsigned char *put_u64(unsigned char *p, uint64_t v)
{
    return put_u32(put_u32(p, (uint32_t)v), (uint32_t)(v >> 32));
}

static inline unsigned char *put_f32(unsigned char *p, float v)
{
    uint32_t bits;

    memcpy(&bits, &v, sizeof bits);
    return put_u32(p, bits);
}

static inline unsigned char *put_f64(unsigned char *p, double v)
{
    uint64_t bits;

    memcpy(&bits, &v, sizeof bits);
    return put_u64(p, isnan(v) ? UINT64_C(0x7ff8000000000000) : bits);
}

static inline uint32_t get_u32(const unsigned char **p)
{
    uint32_t v = 0;

    for (int i = 0; i < 4; i++)
        v |= (uint32_t) * (*p)++ << 8 * i;
    return v;
}

static inline uint64_t get_u64(const unsigned char **p)
{
    uint64_t low = get_u32(p);

    return low | (uint64_t)get_u32(p) << 32;
}

static inline float get_f32(const unsigned char **p)
{
    uint32_t bits = get_u32(p);
    float v;

    memcpy(&v, &bits, sizeof v);
    return v;
}

static inline double get_f64(const unsigned char **p)
{
    uint64_t bits = get_u64(p);
    double v;

    memcpy(&v, &bits, sizeof v);
    return v;
}

#endif
