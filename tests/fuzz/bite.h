/* A fuzzer's bytes as values: each call bites some off. Knows nothing of what they are for.
 * Surprising: it never runs out: behind the end everything is zero, so that every input is a whole
 * test and the short ones are simple. */
#ifndef TESTS_FUZZ_BITE_H
#define TESTS_FUZZ_BITE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct bites {
    const uint8_t *at;
    size_t n;
};

static inline void bite(struct bites *from, void *ret, size_t n)
{
    size_t there = n < from->n ? n : from->n;
    memset(ret, 0, n);
    memcpy(ret, from->at, there);
    from->at += there;
    from->n -= there;
}

static inline uint8_t bite_byte(struct bites *from)
{
    uint8_t v;
    bite(from, &v, sizeof v);
    return v;
}

static inline uint32_t bite_u32(struct bites *from)
{
    uint32_t v;
    bite(from, &v, sizeof v);
    return v;
}

/* 0..n-1, of 16 bits. */
static inline size_t bite_below(struct bites *from, size_t n)
{
    uint16_t v;
    bite(from, &v, sizeof v);
    return v % n;
}

/* Any double: NaN, infinities and denormals among them; often a small whole number. */
static inline double bite_double(struct bites *from)
{
    double v;
    uint8_t kind = bite_byte(from);
    if (kind < 128)
        return (double)kind - 64;
    bite(from, &v, sizeof v);
    return v;
}

/* Up to the next NUL, or 255 bytes, as a string in buf[256]. */
static inline const char *bite_text(struct bites *from, char *buf)
{
    size_t n = strnlen((const char *)from->at, from->n < 255 ? from->n : 255);
    memcpy(buf, from->at, n);
    buf[n] = '\0';
    n += n < from->n;
    from->at += n;
    from->n -= n;
    return buf;
}

#endif
