/* Time zones of the fuzzer's corpus, for tests. Their files never change, whatever the machine has. */
#ifndef TESTS_CORE_ZONE_FILE_H
#define TESTS_CORE_ZONE_FILE_H

#include "core/zone.h"

#include <stdio.h>

/* Bytes into buf, which holds TRM_ZONE_BYTES_MAX; returns how many. ZONE_FOLDER comes from meson.build. */
static inline size_t zone_bytes(const char *name, unsigned char *buf)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", ZONE_FOLDER, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t n = fread(buf, 1, TRM_ZONE_BYTES_MAX, file);
    fclose(file);
    return n;
}

static inline struct trm_zone *zone_named(const char *name)
{
    static unsigned char buf[TRM_ZONE_BYTES_MAX];
    struct trm_zone *zone = NULL;
    size_t n = zone_bytes(name, buf);
    assert_int_equal(trm_zone_decode(buf, n, &zone), TRM_OK);
    return zone;
}

#endif
