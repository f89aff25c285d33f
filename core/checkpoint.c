/* The head and the checksum around the body of each kind. schemas/checkpoint.md is the byte table.
 */
#include "core/checkpoint_parts.h"

static const unsigned char magic[8] = {'T', 'S', 'T', 'R', 'M', 'C', 'K', '\n'};

#define FIRST_VERSION 1u /* kind literal, no longer period */
#define FIRST_HEAD (sizeof magic + 4)
#define HEAD (sizeof magic + 12) /* version, kind, longer period */

uint32_t trm_crc32c(uint32_t crc, const void *bytes, size_t n)
{
    const unsigned char *p = bytes;

    crc = ~crc;
    for (size_t i = 0; i < n; i++) {
        crc ^= p[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (0x82f63b78u & -(crc & 1));
    }
    return ~crc;
}

size_t trm_checkpoint_bytes(const struct trm_model *model)
{
    size_t body =
        model->record ? trm_checkpoint_record_bytes(model) : trm_checkpoint_literal_bytes(model);

    return HEAD + body + 4;
}

enum trm_status trm_checkpoint_encode(const struct trm_model *model, void *buf, size_t buf_n)
{
    size_t n = trm_checkpoint_bytes(model);
    unsigned char *p = buf;

    if (buf_n < n)
        return TRM_ERANGE;
    memcpy(p, magic, sizeof magic);
    p = put_u32(p + sizeof magic, TRM_CHECKPOINT_VERSION);
    p = put_u32(p, model->info.config.kind);
    p = put_u32(p, model->info.config.season2);
    p = model->record ? trm_checkpoint_record_put(p, model) : trm_checkpoint_literal_put(p, model);
    put_u32(p, trm_crc32c(0, buf, n - 4));
    return TRM_OK;
}

enum trm_status trm_checkpoint_decode(const void *buf, size_t buf_n, struct trm_model **ret)
{
    struct trm_config config = {.kind = TRM_KIND_LITERAL};
    const unsigned char *p = buf;

    if (buf_n < FIRST_HEAD + 4 || buf_n > TRM_CHECKPOINT_MAX || memcmp(p, magic, sizeof magic) != 0)
        return TRM_ECORRUPT;
    p += sizeof magic;
    uint32_t version = get_u32(&p);
    if (version != FIRST_VERSION && version != TRM_CHECKPOINT_VERSION)
        return TRM_EVERSION;
    const unsigned char *end = (const unsigned char *)buf + buf_n - 4, *crc_at = end;
    if (get_u32(&crc_at) != trm_crc32c(0, buf, buf_n - 4) ||
        (version != FIRST_VERSION && buf_n < HEAD + 4))
        return TRM_ECORRUPT;
    if (version != FIRST_VERSION) {
        uint32_t kind = get_u32(&p);
        config.season2 = get_u32(&p);
        if (kind != TRM_KIND_TRM && kind != TRM_KIND_LITERAL)
            return TRM_ECORRUPT;
        config.kind = (enum trm_kind)kind;
    }
    size_t body = (size_t)(end - p);
    return config.kind == TRM_KIND_TRM ? trm_checkpoint_record_get(p, body, &config, ret)
                                       : trm_checkpoint_literal_get(p, body, &config, ret);
}
