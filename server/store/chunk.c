/* The codec of chunk.h: numbers written and read byte by byte, so that neither alignment nor the machine's
 * byte order matters. Surprising: the checksum is tested before the version, so that damage is never
 * mistaken for a newer format. */
#include "server/store/chunk.h"

#include "core/checkpoint.h"

#include <math.h>
#include <string.h>

#define CHUNK_VERSION 2
#define CHUNK_VERSION_WITHOUT_KEY 1
#define CHUNK_HEAD 12
#define CHUNK_CRC 4
#define CHUNK_MISSING UINT64_C(0x7ff8000000000000)

enum { TIMES_EVEN, TIMES_UNEVEN };

static uint8_t *put_uint(uint8_t *at, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        at[i] = (uint8_t)(value >> (8 * i));
    return at + bytes;
}

static uint64_t get_uint(const uint8_t *at, size_t bytes)
{
    uint64_t value = 0;

    for (size_t i = 0; i < bytes; i++)
        value |= (uint64_t)at[i] << (8 * i);
    return value;
}

static uint64_t step_between(const struct point *a, const struct point *b)
{
    return (uint64_t)b->t - (uint64_t)a->t;
}

static bool is_even(const struct point *points, size_t n)
{
    for (size_t i = 2; i < n; i++)
        if (step_between(&points[i - 1], &points[i]) != step_between(&points[0], &points[1]))
            return false;
    return true;
}

static uint8_t *put_times(uint8_t *at, const struct point *points, size_t n, bool even)
{
    if (even)
        return put_uint(at, n > 1 ? step_between(&points[0], &points[1]) : 0, 8);
    for (size_t i = 1; i < n; i++) {
        uint64_t step = step_between(&points[i - 1], &points[i]);
        for (; step >= 0x80; step >>= 7)
            *at++ = (uint8_t)(step | 0x80);
        *at++ = (uint8_t)step;
    }
    return at;
}

static uint8_t *put_values(uint8_t *at, const struct point *points, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t bits = CHUNK_MISSING;
        if (!isnan(points[i].v))
            memcpy(&bits, &points[i].v, sizeof(bits));
        at = put_uint(at, bits, 8);
    }
    return at;
}

static uint32_t checksum(int64_t series, const uint8_t *bytes, size_t n)
{
    uint8_t key[8];
    uint32_t crc = trm_crc32c(0, bytes, n);

    if (bytes[0] == CHUNK_VERSION_WITHOUT_KEY)
        return crc;
    put_uint(key, (uint64_t)series, sizeof(key));
    return trm_crc32c(crc, key, sizeof(key));
}

size_t chunk_encode(int64_t series, const struct point *points, size_t n, uint8_t *buf)
{
    bool even = is_even(points, n);
    uint8_t *at = buf;

    at = put_uint(at, CHUNK_VERSION, 1);
    at = put_uint(at, even ? TIMES_EVEN : TIMES_UNEVEN, 1);
    at = put_uint(at, n, 2);
    at = put_uint(at, (uint64_t)points[0].t, 8);
    at = put_times(at, points, n, even);
    at = put_values(at, points, n);
    at = put_uint(at, checksum(series, buf, (size_t)(at - buf)), CHUNK_CRC);
    return (size_t)(at - buf);
}

/* One LEB128 number; false when it runs over the end or over 64 bits. */
static bool get_leb(const uint8_t **at, const uint8_t *end, uint64_t *ret)
{
    uint64_t value = 0;

    for (unsigned shift = 0; shift < 64 && *at < end; shift += 7) {
        uint8_t byte = *(*at)++;
        if (shift == 63 && byte > 1)
            return false;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            *ret = value;
            return true;
        }
    }
    return false;
}

/* Sets the next time; false when it does not increase within int64_t. */
static bool step_to(struct point *points, size_t i, uint64_t step)
{
    if (step == 0 || step > (uint64_t)INT64_MAX - (uint64_t)points[i - 1].t)
        return false;
    points[i].t = (int64_t)((uint64_t)points[i - 1].t + step);
    return true;
}

static bool get_times(const uint8_t **at, const uint8_t *end, bool even, struct point *points,
                      size_t n)
{
    uint64_t step = 0;

    if (even) {
        if (end - *at < 8)
            return false;
        step = get_uint(*at, 8);
        *at += 8;
    }
    for (size_t i = 1; i < n; i++) {
        if (!even && !get_leb(at, end, &step))
            return false;
        if (!step_to(points, i, step))
            return false;
    }
    return true;
}

enum trm_status chunk_decode(int64_t series, const uint8_t *bytes, size_t bytes_n,
                             struct point *points, size_t *ret_n)
{
    if (bytes_n < CHUNK_HEAD + CHUNK_CRC || bytes_n > CHUNK_BYTES_MAX)
        return TRM_ECORRUPT;
    const uint8_t *at = bytes + CHUNK_HEAD, *end = bytes + bytes_n - CHUNK_CRC;
    if (get_uint(end, CHUNK_CRC) != checksum(series, bytes, bytes_n - CHUNK_CRC))
        return TRM_ECORRUPT;
    if (bytes[0] != CHUNK_VERSION && bytes[0] != CHUNK_VERSION_WITHOUT_KEY)
        return TRM_EVERSION;

    size_t n = get_uint(bytes + 2, 2);
    if (n < 1 || n > CHUNK_POINTS || bytes[1] > TIMES_UNEVEN)
        return TRM_ECORRUPT;
    points[0].t = (int64_t)get_uint(bytes + 4, 8);
    if (!get_times(&at, end, bytes[1] == TIMES_EVEN, points, n) || (size_t)(end - at) != 8 * n)
        return TRM_ECORRUPT;
    for (size_t i = 0; i < n; i++, at += 8) {
        uint64_t bits = get_uint(at, 8);
        memcpy(&points[i].v, &bits, sizeof(bits));
    }
    *ret_n = n;
    return TRM_OK;
}
