/* A model as bytes. Knows the format of schemas/checkpoint.md; refuses to know files. Surprising: every
 * byte is covered by the checksum, and a decoder given foreign bytes allocates nothing before sizes and
 * checksum have been checked. */
#ifndef TRM_CHECKPOINT_H
#define TRM_CHECKPOINT_H

#include "core/model.h"

/* Longest checkpoint that is accepted, in bytes. */
#define TRM_CHECKPOINT_MAX ((size_t)8 << 20)
/* Written; version 1 (kind literal only) is still read. */
#define TRM_CHECKPOINT_VERSION 2u

/* Exact size of the model's checkpoint. */
size_t trm_checkpoint_bytes(const struct trm_model *model);

/* Writes exactly trm_checkpoint_bytes(model) bytes. Equal models give equal bytes on every machine.
 * Returns TRM_OK or TRM_ERANGE (buf_n too small; buf untouched). */
TRM_MUST_CHECK enum trm_status trm_checkpoint_encode(const struct trm_model *model, void *buf,
                                                     size_t buf_n);

/* Returns TRM_OK; TRM_ECORRUPT (magic, sizes, checksum, a weight that is not finite, a field out of
 * range); TRM_EVERSION; TRM_ENOMEM. *ret untouched on failure; the caller owns it. Never reads outside
 * buf[buf_n]. */
TRM_MUST_CHECK enum trm_status trm_checkpoint_decode(const void *buf, size_t buf_n,
                                                     struct trm_model **ret);

/* CRC-32C (Castagnoli, reflected polynomial 0x82f63b78, RFC 3720 appendix B.4) of bytes, continued from
 * crc (0 to start). */
uint32_t trm_crc32c(uint32_t crc, const void *bytes, size_t n);

#endif
