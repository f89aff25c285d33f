/* Little-endian fields in a fixed order, a CRC at the end. schemas/weights.md is the byte table.
 * Surprising: the checksum is looked at before the layout, so that a damaged file never claims to be
 * foreign. */
#include "core/base.h"

#include "core/bytes.h"
#include "core/checkpoint.h"
#include "core/sense.h"

#include <stdlib.h>
#include <string.h>

static const unsigned char magic[8] = {'T', 'S', 'T', 'R', 'M', 'W', 'T', '\n'};

#define U32_FIELDS 13 /* version, layout, five of the inputs, the knots, four of the network, networks */
#define HEAD_BYTES (8 + 4 * U32_FIELDS + 8 + TRM_BASE_NAME_MAX + 1)
#define ALIGNMENT 64

/* ---- what weights belong to ---- */

uint32_t trm_base_layout(void)
{
    const uint32_t numbers[] = {TRM_SENSE_GLOBALS, TRM_SENSE_STEPS, TRM_SENSE_POINTS,
                                TRM_SENSE_FANS, TRM_SENSE_LAYOUT};
    uint32_t crc = 0;

    for (int k = 0; k < TRM_BANK_DRAFTS; k++) {
        const char *name = trm_bank_name((enum trm_bank_draft)k);
        crc = trm_crc32c(crc, name, strlen(name) + 1);
    }
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        unsigned char bytes[4];
        put_u32(bytes, numbers[i]);
        crc = trm_crc32c(crc, bytes, sizeof bytes);
    }
    return crc;
}

uint64_t trm_base_identity(const void *buf, size_t buf_n)
{
    const unsigned char *p = buf;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < buf_n; i++)
        hash = (hash ^ p[i]) * UINT64_C(0x100000001b3);
    return hash;
}

static bool shape_fits(const struct trm_thinker_shape *shape)
{
    return trm_thinker_shape_check(shape) == TRM_OK && shape->drafts == TRM_BANK_DRAFTS &&
           shape->globals == TRM_SENSE_GLOBALS && shape->steps == TRM_SENSE_STEPS &&
           shape->points == TRM_SENSE_POINTS && shape->fans == TRM_SENSE_FANS;
}

/* Printable, not empty, and nothing but zeros after its end. */
static bool name_fits(const char name[TRM_BASE_NAME_MAX + 1])
{
    size_t n = 0;

    while (n < TRM_BASE_NAME_MAX && name[n] >= ' ' && name[n] <= '~')
        n++;
    for (size_t i = n; i <= TRM_BASE_NAME_MAX; i++)
        if (name[i] != '\0')
            return false;
    return n > 0;
}

/* ---- lifetime ---- */

enum trm_status trm_base_new(const struct trm_thinker_shape *shape, size_t network_n, const char *name,
                             struct trm_base **ret)
{
    char padded[TRM_BASE_NAME_MAX + 1] = {0};
    const size_t line = ALIGNMENT / sizeof(float);

    if (strlen(name) > TRM_BASE_NAME_MAX)
        return TRM_EINVAL;
    memcpy(padded, name, strlen(name));
    if (!shape_fits(shape) || !name_fits(padded) || network_n < 1 || network_n > TRM_BASE_NETWORKS_MAX)
        return TRM_EINVAL;
    size_t parameters = trm_thinker_parameters(shape), row = (parameters + line - 1) / line * line;
    struct trm_base *base = calloc(1, sizeof *base);
    if (!base)
        return TRM_ENOMEM;
    base->memory = aligned_alloc(ALIGNMENT, network_n * row * sizeof(float));
    if (!base->memory) {
        free(base);
        return TRM_ENOMEM;
    }
    memset(base->memory, 0, network_n * row * sizeof(float));
    base->shape = *shape;
    base->parameters = parameters;
    base->network_n = network_n;
    for (size_t i = 0; i < network_n; i++)
        base->weights[i] = base->memory + i * row;
    memcpy(base->name, padded, sizeof padded);
    *ret = base;
    return TRM_OK;
}

void trm_base_free(struct trm_base *base)
{
    if (!base)
        return;
    free(base->memory);
    free(base);
}

/* ---- encode ---- */

static size_t bytes_of(size_t network_n, size_t parameters)
{
    return HEAD_BYTES + network_n * parameters * 4 + 4;
}

size_t trm_base_bytes(const struct trm_base *base)
{
    return bytes_of(base->network_n, base->parameters);
}

static unsigned char *put_head(unsigned char *p, const struct trm_base *b)
{
    const struct trm_thinker_shape *s = &b->shape;
    const uint32_t u32[U32_FIELDS] = {
        TRM_BASE_VERSION, trm_base_layout(), s->drafts, s->globals, s->steps, s->points, s->fans,
        TRM_KNOTS, s->inner, s->latent, s->supervision, s->recursions, (uint32_t)b->network_n};

    memcpy(p, magic, sizeof magic);
    p += sizeof magic;
    for (int i = 0; i < U32_FIELDS; i++)
        p = put_u32(p, u32[i]);
    p = put_u64(p, b->parameters);
    memcpy(p, b->name, sizeof b->name);
    return p + sizeof b->name;
}

enum trm_status trm_base_encode(const struct trm_base *base, void *buf, size_t buf_n)
{
    size_t n = trm_base_bytes(base);

    if (buf_n < n)
        return TRM_ERANGE;
    unsigned char *p = put_head(buf, base);
    for (size_t k = 0; k < base->network_n; k++)
        for (size_t i = 0; i < base->parameters; i++)
            p = put_f32(p, base->weights[k][i]);
    put_u32(p, trm_crc32c(0, buf, n - 4));
    return TRM_OK;
}

/* ---- decode ---- */

/* What the head says, before anything of it is believed. */
struct head {
    struct trm_thinker_shape shape;
    uint32_t version, layout, knots, network_n;
    uint64_t parameters;
    char name[TRM_BASE_NAME_MAX + 1];
};

static void get_head(const unsigned char *p, struct head *ret)
{
    struct trm_thinker_shape *s = &ret->shape;

    p += sizeof magic;
    ret->version = get_u32(&p);
    ret->layout = get_u32(&p);
    s->drafts = get_u32(&p);
    s->globals = get_u32(&p);
    s->steps = get_u32(&p);
    s->points = get_u32(&p);
    s->fans = get_u32(&p);
    ret->knots = get_u32(&p);
    s->inner = get_u32(&p);
    s->latent = get_u32(&p);
    s->supervision = get_u32(&p);
    s->recursions = get_u32(&p);
    ret->network_n = get_u32(&p);
    ret->parameters = get_u64(&p);
    memcpy(ret->name, p, sizeof ret->name);
}

/* Every field in range, and the sizes agree with each other and with the length. */
static bool head_ok(const struct head *h, size_t buf_n)
{
    if (!shape_fits(&h->shape) || h->knots != TRM_KNOTS || h->network_n < 1 ||
        h->network_n > TRM_BASE_NETWORKS_MAX || !name_fits(h->name))
        return false;
    size_t parameters = trm_thinker_parameters(&h->shape);
    return h->parameters == parameters && buf_n == bytes_of(h->network_n, parameters);
}

static bool get_weights(const unsigned char *p, struct trm_base *base)
{
    for (size_t k = 0; k < base->network_n; k++)
        for (size_t i = 0; i < base->parameters; i++) {
            base->weights[k][i] = get_f32(&p);
            if (!isfinite(base->weights[k][i]))
                return false;
        }
    return true;
}

/* TRM_OK when the bytes are whole, made for this build, and of the length that they say. */
static enum trm_status check(const unsigned char *p, size_t buf_n, struct head *ret)
{
    if (buf_n < HEAD_BYTES + 4 || buf_n > TRM_BASE_MAX || memcmp(p, magic, sizeof magic) != 0)
        return TRM_ECORRUPT;
    const unsigned char *crc_at = p + buf_n - 4;
    get_head(p, ret);
    if (ret->version != TRM_BASE_VERSION)
        return TRM_EVERSION;
    if (get_u32(&crc_at) != trm_crc32c(0, p, buf_n - 4))
        return TRM_ECORRUPT;
    if (ret->layout != trm_base_layout())
        return TRM_EVERSION;
    return head_ok(ret, buf_n) ? TRM_OK : TRM_ECORRUPT;
}

enum trm_status trm_base_decode(const void *buf, size_t buf_n, struct trm_base **ret)
{
    struct trm_base *base;
    struct head head;
    enum trm_status status = check(buf, buf_n, &head);

    if (status == TRM_OK)
        status = trm_base_new(&head.shape, head.network_n, head.name, &base);
    if (status != TRM_OK)
        return status;
    if (!get_weights((const unsigned char *)buf + HEAD_BYTES, base)) {
        trm_base_free(base);
        return TRM_ECORRUPT;
    }
    base->identity = trm_base_identity(buf, buf_n);
    *ret = base;
    return TRM_OK;
}
