/* Little-endian fields, for the formats of core: put writes at p and returns what lies behind, get reads at
 * *p and moves it on. Knows no format and no end of a buffer: whoever calls has measured it. Surprising:
 * every double that is missing is written as one NaN, so that equal models give equal bytes; a float
 * keeps its bits. */
#ifndef TRM_BYTES_H
#define TRM_BYTES_H

#include <math.h>
#include <stdint.h>
#include <string.h>

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
        v |= (uint32_t)*(*p)++ << 8 * i;
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
