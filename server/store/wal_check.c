/* See wal_check.h. Whatever cannot be read here is left to SQLite, which then has its own words for it. */
#include "server/store/wal_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD_BYTES 32
#define FRAME_BYTES 24
#define MAGIC UINT32_C(0x377f0682) /* its lowest bit: checksums of big-endian words */
#define PAGE_MAX 65536

struct sum {
    uint32_t a, b;
};

struct wal {
    FILE *file;
    uint8_t head[HEAD_BYTES], *frame; /* frame: its head and its page */
    size_t page_n;
    bool big, head_whole;
};

/* What the log holds. */
struct verdict {
    uint64_t read; /* transactions that SQLite will read */
    uint64_t lost; /* others whose end is there */
};

static uint32_t big_endian(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static uint32_t word(const uint8_t *at, bool big)
{
    uint32_t value = big_endian(at);

    return big ? value : __builtin_bswap32(value);
}

static struct sum add(struct sum sum, const uint8_t *bytes, size_t n, bool big)
{
    for (size_t i = 0; i + 8 <= n; i += 8) {
        sum.a += word(bytes + i, big) + sum.b;
        sum.b += word(bytes + i + 4, big) + sum.a;
    }
    return sum;
}

static struct sum stored(const uint8_t *at)
{
    return (struct sum){big_endian(at), big_endian(at + 4)};
}

static bool same(struct sum x, struct sum y)
{
    return x.a == y.a && x.b == y.b;
}

static bool is_page_size(uint32_t n)
{
    return n >= 512 && n <= PAGE_MAX && (n & (n - 1)) == 0;
}

/* Where the head is damaged, frames are taken to be like those that this program makes. */
static void read_head(struct wal *wal)
{
    uint32_t magic = big_endian(wal->head), page_n = big_endian(wal->head + 8);

    wal->big = magic & 1;
    wal->head_whole = (magic & ~UINT32_C(1)) == MAGIC && is_page_size(page_n) &&
                      same(add((struct sum){0}, wal->head, 24, wal->big), stored(wal->head + 24));
    wal->page_n = wal->head_whole ? page_n : 4096;
    if (!wal->head_whole) /* the machine's own order is what SQLite uses */
        wal->big = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
}

/* The checksum of the frame that follows one with this checksum. */
static struct sum sum_of(const struct wal *wal, struct sum before)
{
    return add(add(before, wal->frame, 8, wal->big), wal->frame + FRAME_BYTES, wal->page_n, wal->big);
}

static void walk(struct wal *wal, struct verdict *ret)
{
    struct sum before = stored(wal->head + 24);
    bool reading = wal->head_whole, any = false;
    uint8_t salt[8];

    memcpy(salt, wal->head + 16, sizeof(salt));
    while (fread(wal->frame, FRAME_BYTES + wal->page_n, 1, wal->file) == 1) {
        struct sum own = stored(wal->frame + 16);
        if (!wal->head_whole && !any)
            memcpy(salt, wal->frame + 8, sizeof(salt));
        bool ours = memcmp(salt, wal->frame + 8, sizeof(salt)) == 0; /* else of a log before this one */
        bool commit = ours && big_endian(wal->frame + 4) != 0;
        reading = reading && ours && same(sum_of(wal, before), own);
        ret->read += reading && commit;
        ret->lost += !reading && commit;
        before = own;
        any = true;
    }
}

static bool copy_aside(FILE *from, const char *path)
{
    char name[4200], piece[16384];
    size_t n;

    snprintf(name, sizeof(name), "%.4000s-wal.damaged", path);
    FILE *to = fopen(name, "wxe");
    if (!to)
        return false;
    rewind(from);
    bool copied = true;
    while (copied && (n = fread(piece, 1, sizeof(piece), from)) > 0)
        copied = fwrite(piece, 1, n, to) == n;
    return fclose(to) == 0 && copied;
}

static void tell(const struct wal *wal, const struct verdict *verdict, const char *path,
                 struct damage *damage)
{
    struct store_damage found = {.kind = STORE_DAMAGE_FILE, .from = 1};
    bool kept = copy_aside(wal->file, path);

    snprintf(found.words, sizeof(found.words),
             "the log is damaged behind transaction %llu: %llu or more of the newest transactions are lost, "
             "unless the power went before they were acknowledged; the log is %s",
             (unsigned long long)verdict->read, (unsigned long long)verdict->lost,
             kept ? "kept as …-wal.damaged" : "not kept");
    damage_note(damage, &found);
}

void wal_check(const char *path, struct damage *damage)
{
    struct wal wal = {.file = NULL};
    struct verdict verdict = {0};
    char name[4200];

    snprintf(name, sizeof(name), "%.4000s-wal", path);
    wal.file = fopen(name, "rbe");
    if (!wal.file)
        return;
    if (fread(wal.head, HEAD_BYTES, 1, wal.file) == 1) {
        read_head(&wal);
        wal.frame = malloc(FRAME_BYTES + wal.page_n);
        if (wal.frame)
            walk(&wal, &verdict);
        if (verdict.lost)
            tell(&wal, &verdict, path, damage);
        free(wal.frame);
    }
    fclose(wal.file);
}
