/* A time zone from the bytes of a TZif file (RFC 9636). Surprising: bytes are measured against the counts of
 * their header before anything is read, so that the reading itself cannot run over. */
#include "core/zone.h"

#include "core/calendar.h"
#include "core/civil.h"
#include "core/zone_parts.h"

#include <stdlib.h>
#include <string.h>

/* Years for which a rule is written out: one before and one in which it begins, a cycle, and what a
 * lookup at the cycle's end looks ahead. */
#define RULE_YEARS (TRM_ZONE_CYCLE_YEARS + 4)

#define TIME_LOW (TRM_TIME_MIN - 4 * TRM_DAY_MS)
#define TIME_HIGH (TRM_TIME_MAX + 4 * TRM_DAY_MS)

/* ---- the file ---- */

struct bytes {
    const unsigned char *at;
    size_t n;
};

struct counts {
    uint32_t is_ut, is_standard, leap, time, type, letter;
};

#define HEADER_BYTES 44
#define TYPE_BYTES 6

static uint64_t big_endian(const unsigned char *at, size_t n)
{
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++) {
        v = v << 8 | at[i];
    }
    return v;
}

static uint32_t count_at(const unsigned char *header, size_t index)
{
    return (uint32_t)big_endian(header + 20 + 4 * index, 4);
}

static enum trm_status take_header(struct bytes *in, unsigned char *ret_version, struct counts *ret)
{
    if (in->n < HEADER_BYTES || memcmp(in->at, "TZif", 4) != 0) {
        return TRM_ECORRUPT;
    }
    *ret_version = in->at[4];
    *ret = (struct counts){count_at(in->at, 0), count_at(in->at, 1), count_at(in->at, 2),
                           count_at(in->at, 3), count_at(in->at, 4), count_at(in->at, 5)};
    in->at += HEADER_BYTES;
    in->n -= HEADER_BYTES;
    return *ret_version == 0 || (*ret_version >= '2' && *ret_version <= '4') ? TRM_OK : TRM_EVERSION;
}

/* The data behind a header, whose times have width bytes each. */
static enum trm_status take_block(struct bytes *in, const struct counts *c, size_t width,
                                  const unsigned char **ret)
{
    uint64_t n = (uint64_t)c->time * (width + 1) + (uint64_t)c->type * TYPE_BYTES + c->letter +
                 (uint64_t)c->leap * (width + 4) + c->is_standard + c->is_ut;
    if (n > in->n) {
        return TRM_ECORRUPT;
    }
    *ret = in->at;
    in->at += n;
    in->n -= n;
    return TRM_OK;
}

static enum trm_status check_counts(const struct counts *c)
{
    if (c->type < 1 || c->type > 256 || c->letter < 1 || (c->is_ut != 0 && c->is_ut != c->type) ||
        (c->is_standard != 0 && c->is_standard != c->type)) {
        return TRM_ECORRUPT;
    }
    return c->leap != 0 ? TRM_EVERSION : TRM_OK;
}

/* What of a file counts: its widest block, and the rule that it ends with. */
struct file {
    struct counts counts;
    const unsigned char *block;
    size_t width; /* of a time in the block */
    bool has_rule;
    struct trm_zone_rule rule;
};

/* "\nTZ\n", and nothing behind it; TZ is empty where no rule is known. */
static enum trm_status take_footer(const struct bytes *in, struct file *ret)
{
    if (in->n < 2 || in->at[0] != '\n' || in->at[in->n - 1] != '\n') {
        return TRM_ECORRUPT;
    }
    ret->has_rule = in->n > 2;
    return ret->has_rule ? trm_zone_rule_parse((const char *)in->at + 1, in->n - 2, &ret->rule) : TRM_OK;
}

static enum trm_status take_part(struct bytes *in, size_t width, unsigned char *ret_version, struct file *ret)
{
    enum trm_status status = take_header(in, ret_version, &ret->counts);
    ret->width = width;
    return status == TRM_OK ? take_block(in, &ret->counts, width, &ret->block) : status;
}

static enum trm_status take_file(struct bytes in, struct file *ret)
{
    unsigned char version, second;
    enum trm_status status = take_part(&in, 4, &version, ret);
    if (status != TRM_OK) {
        return status;
    }
    if (version == 0) {
        return in.n > 0 ? TRM_ECORRUPT : check_counts(&ret->counts);
    }
    status = take_part(&in, 8, &second, ret); /* the same once more, with times of 64 bits */
    if (status == TRM_OK) {
        status = second != version ? TRM_ECORRUPT : take_footer(&in, ret);
    }
    return status == TRM_OK ? check_counts(&ret->counts) : status;
}

/* ---- the list ---- */

static bool offset_at(const unsigned char *types, uint32_t type, int32_t *ret)
{
    *ret = (int32_t)big_endian(types + (size_t)type * TYPE_BYTES, 4);
    return *ret >= TRM_ZONE_OFFSET_MIN && *ret <= TRM_ZONE_OFFSET_MAX;
}

static bool types_are_good(const unsigned char *types, const struct counts *c)
{
    for (uint32_t i = 0; i < c->type; i++) {
        int32_t offset;
        const unsigned char *more = types + (size_t)i * TYPE_BYTES + 4; /* is it summer, where is its name */
        if (!offset_at(types, i, &offset) || more[0] > 1 || more[1] >= c->letter) {
            return false;
        }
    }
    return true;
}

/* The file's changes. Those before our time decide only how it begins; *ret_cut: there were later ones. */
static enum trm_status fill(struct trm_zone *zone, const struct file *file, bool *ret_cut)
{
    const struct counts *c = &file->counts;
    const unsigned char *type_of = file->block + c->time * file->width, *types = type_of + c->time;
    int64_t before = INT64_MIN;
    *ret_cut = false;
    if (!types_are_good(types, c)) {
        return TRM_ECORRUPT;
    }
    (void)offset_at(types, 0, &zone->offset[0]);
    for (uint32_t i = 0; i < c->time; i++) {
        uint64_t raw = big_endian(file->block + i * file->width, file->width);
        int64_t seconds = file->width == 4 ? (int32_t)raw : (int64_t)raw;
        if (type_of[i] >= c->type || (i > 0 && seconds <= before)) {
            return TRM_ECORRUPT;
        }
        before = seconds;
        if (seconds > TIME_HIGH / 1000) {
            *ret_cut = true;
            continue;
        }
        if (seconds >= TIME_LOW / 1000) {
            zone->at[zone->n++] = seconds * 1000;
        }
        (void)offset_at(types, type_of[i], &zone->offset[zone->n]);
    }
    return TRM_OK;
}

/* Appends a change of the rule. Where summer time that lasts all year ends and starts at once, what comes
 * last holds. */
static bool push(struct trm_zone *zone, size_t file_n, int64_t at, int32_t offset)
{
    if (zone->n > file_n && at == zone->at[zone->n - 1]) {
        zone->offset[zone->n] = offset;
        return true;
    }
    if (zone->n > 0 && at <= zone->at[zone->n - 1]) {
        return zone->n == file_n; /* the file has the past; the rule comes in order */
    }
    zone->at[zone->n++] = at;
    zone->offset[zone->n] = offset;
    return true;
}

static int year_of(int64_t time_ms)
{
    int64_t ms_of_day;
    return (int)(trm_civil_from_days(trm_civil_day_of(time_ms, &ms_of_day)).month / 12);
}

/* Writes the rule out behind the file's changes. */
static enum trm_status expand(struct trm_zone *zone, const struct trm_zone_rule *rule)
{
    size_t file_n = zone->n;
    int first = file_n == 0 ? -1 : year_of(zone->at[file_n - 1]) - 1;
    if (!rule->has_saving || file_n == 0) {
        zone->offset[file_n] = rule->standard;
    }
    for (int year = first; rule->has_saving && year < first + RULE_YEARS; year++) {
        int64_t start, end;
        trm_zone_rule_year(rule, year, &start, &end);
        bool good = start < end ? push(zone, file_n, start, rule->saving) &&
                                      push(zone, file_n, end, rule->standard)
                                : push(zone, file_n, end, rule->standard) &&
                                      push(zone, file_n, start, rule->saving);
        if (!good) {
            return TRM_ECORRUPT;
        }
    }
    if (rule->has_saving) {
        struct trm_civil date = {trm_civil_month(first + 2, 1), 1};
        zone->cycle_ms = trm_civil_to_days(date) * TRM_DAY_MS;
    }
    return TRM_OK;
}

static struct trm_zone *zone_new(size_t changes)
{
    struct trm_zone *zone = calloc(1, sizeof *zone);
    if (zone == NULL) {
        return NULL;
    }
    zone->cycle_ms = INT64_MAX;
    zone->at = calloc(changes + 1, sizeof *zone->at);
    zone->offset = calloc(changes + 1, sizeof *zone->offset);
    if (zone->at == NULL || zone->offset == NULL) {
        trm_zone_free(zone);
        return NULL;
    }
    return zone;
}

static bool has_long_jump(const struct trm_zone *zone)
{
    for (size_t i = 0; i < zone->n; i++) {
        if (zone->offset[i + 1] - zone->offset[i] >= TRM_DAY_MS / 1000) {
            return true;
        }
    }
    return false;
}

static enum trm_status make(const struct file *file, struct trm_zone **ret)
{
    bool summer = file->has_rule && file->rule.has_saving, cut;
    struct trm_zone *zone = zone_new(file->counts.time + (summer ? 2 * RULE_YEARS : 0));
    if (zone == NULL) {
        return TRM_ENOMEM;
    }
    enum trm_status status = fill(zone, file, &cut);
    if (status == TRM_OK && file->has_rule && !cut) {
        status = expand(zone, &file->rule);
    }
    if (status != TRM_OK) {
        trm_zone_free(zone);
        return status;
    }
    zone->skips_days = has_long_jump(zone);
    *ret = zone;
    return TRM_OK;
}

enum trm_status trm_zone_decode(const void *bytes, size_t n, struct trm_zone **ret)
{
    struct file file = {.has_rule = false};
    if (n > TRM_ZONE_BYTES_MAX) {
        return TRM_ECORRUPT;
    }
    enum trm_status status = take_file((struct bytes){bytes, n}, &file);
    return status == TRM_OK ? make(&file, ret) : status;
}
