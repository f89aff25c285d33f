/* The base: weights that were trained before any series of the user's was seen, and that every series
 * shares. Knows the format of schemas/weights.md and how many networks answer together; refuses to know
 * files, training and forecasts. Surprising: weights are bound to the order of the drafts and to the
 * meaning of every input by a layout number, so that a file made for other inputs is refused by name
 * instead of answering nonsense. */
#ifndef TRM_BASE_H
#define TRM_BASE_H

#include "core/thinker.h"

/* Most networks whose quantiles are averaged. */
#define TRM_BASE_NETWORKS_MAX 4
/* Longest name, without its end. */
#define TRM_BASE_NAME_MAX 31
/* Longest file that is accepted, in bytes. */
#define TRM_BASE_MAX ((size_t)64 << 20)
#define TRM_BASE_VERSION 1u

/* Once made it is only read: any number of threads may. */
struct trm_base {
    struct trm_thinker_shape shape;
    size_t parameters;       /* of one network */
    size_t network_n;        /* 1..TRM_BASE_NETWORKS_MAX */
    float *weights[TRM_BASE_NETWORKS_MAX]; /* each [parameters], at a multiple of 64 bytes */
    uint64_t identity;       /* trm_base_identity of the bytes it was decoded from; 0 before */
    char name[TRM_BASE_NAME_MAX + 1];
    float *memory;
};

/* Networks of zeros, to be filled. TRM_EINVAL for a shape that is not this build's (trm_example_shape makes
 * those), a bad number of networks, or a name that is empty, too long or has other than printable ASCII. */
TRM_MUST_CHECK enum trm_status trm_base_new(const struct trm_thinker_shape *shape, size_t network_n,
                                            const char *name, struct trm_base **ret);
void trm_base_free(struct trm_base *base); /* accepts NULL */

/* CRC-32C over what the inputs mean: the drafts' names in their order, how many numbers describe a series
 * and a lead, and TRM_SENSE_LAYOUT. */
uint32_t trm_base_layout(void);

/* FNV-1a of the bytes: names exactly these weights. */
uint64_t trm_base_identity(const void *buf, size_t buf_n);

/* Exact size of the base's bytes. */
size_t trm_base_bytes(const struct trm_base *base);

/* Writes exactly trm_base_bytes(base) bytes, equal for equal bases on every machine. TRM_OK or TRM_ERANGE
 * (buf_n too small; buf untouched). */
TRM_MUST_CHECK enum trm_status trm_base_encode(const struct trm_base *base, void *buf, size_t buf_n);

/* Copies the weights out of buf. TRM_OK; TRM_ECORRUPT (magic, sizes, checksum, a weight that is not finite,
 * a field out of range); TRM_EVERSION (another format, or weights made for other drafts); TRM_ENOMEM.
 * *ret untouched on failure; the caller owns it. Never reads outside buf[buf_n]. */
TRM_MUST_CHECK enum trm_status trm_base_decode(const void *buf, size_t buf_n, struct trm_base **ret);

#endif
