/* What the codecs of server/wire cost, each beside something plain that is timed in turn with it:
 * a memcpy of as many bytes, a snappy decoder that goes byte by byte, libc's strtod on the same
 * numbers. CPU time of this thread, medians of `rounds` (argument, default 9). Ratios carry over to
 * other machines, rates do not. */
#include "server/wire/line_protocol.h"
#include "server/wire/remote_write.h"
#include "server/wire/snappy.h"
#include "tests/wire/encode.h"
#include "tests/bench/rounds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS_MAX 101
#define SERIES 2000
#define SAMPLES_EACH 5
#define LINES 20000

static void must(int failed, const struct err *err)
{
    if (failed != 0) {
        fprintf(stderr, "wire: %s: %s\n", err->place, err->msg);
        exit(1);
    }
}

/* ---- remote write ---- */

static void put_label(struct bytes *series, struct bytes *label, const char *name,
                      const char *value)
{
    put_text(label, 1, name);
    put_text(label, 2, value);
    put_message(series, 1, label);
}

/* What a scrape of some machines looks like: seven labels a series. */
static void make_message(struct bytes *message)
{
    struct bytes series = {0}, part = {0};
    uint64_t seed = 1;
    char text[64];

    for (int i = 0; i < SERIES; i++) {
        put_label(&series, &part, "__name__", "node_network_receive_bytes_total");
        put_label(&series, &part, "cluster", "production-west");
        snprintf(text, sizeof text, "eth%d", i % 8);
        put_label(&series, &part, "device", text);
        snprintf(text, sizeof text, "node-%03d.example:9100", i / 8);
        put_label(&series, &part, "instance", text);
        put_label(&series, &part, "job", "node-exporter");
        put_label(&series, &part, "namespace", "monitoring");
        put_label(&series, &part, "service", "node-exporter");
        for (int k = 0; k < SAMPLES_EACH; k++) {
            put_double(&part, 1, (double)(next_random(&seed) % 1000000) / 8);
            put_number(&part, 2, (uint64_t)(INT64_C(1764000000000) + 15000 * k));
            put_message(&series, 2, &part);
        }
        put_message(message, 1, &series);
    }
    bytes_done(&series);
    bytes_done(&part);
}

static enum wire_verdict sum_series(void *context, const struct remote_write_series *series,
                                    struct err *err)
{
    (void)err;
    for (size_t i = 0; i < series->point_n; i++) {
        *(double *)context += series->points[i].v;
    }
    return WIRE_TAKEN;
}

static void read_message(const void *message, size_t n)
{
    static const struct remote_write_limits limits = {SERIES, SERIES * SAMPLES_EACH, 1, 32, 1024};
    double sum = 0;
    const struct remote_write_visitor visitor = {sum_series, &sum};
    struct wire_errors errors = {NULL, 0, 0};
    struct remote_write_totals totals;
    struct err err;

    must(remote_write_read(REMOTE_WRITE_1, message, n, &limits, &visitor, &errors, &totals, &err),
         &err);
    if (totals.samples_taken != SERIES * SAMPLES_EACH) {
        exit(1);
    }
}

/* The decoder to compare with: right for right blocks, a byte at a time. */
__attribute__((noinline)) static void plain_snappy(const uint8_t *at, size_t n, uint8_t *to)
{
    const uint8_t *end = at + n;
    size_t done = 0;

    while (*at++ >= 0x80)
        ;
    while (at < end) {
        size_t tag = *at++, kind = tag & 3, length = (tag >> 2) + 1, number = 0;
        size_t number_n = kind == 0 ? (length > 60 ? length - 60 : 0) : kind == 3 ? 4 : kind;
        for (size_t i = 0; i < number_n; i++)
            number |= (size_t)*at++ << (8 * i);
        if (kind == 0 && number_n > 0)
            length = number + 1;
        if (kind == 1)
            length = (tag >> 2 & 7) + 4, number |= tag >> 5 << 8;
        for (; length > 0; length--, done++) {
            __asm__ volatile("" ::: "memory"); /* one byte at a time, and no vectors */
            to[done] = kind == 0 ? *at++ : to[done - number];
        }
    }
}

static void bench_remote_write(int rounds)
{
    double decode[ROUNDS_MAX], plain[ROUNDS_MAX], copy[ROUNDS_MAX], read[ROUNDS_MAX];
    struct bytes message = {0}, block = {0};
    struct err err;

    make_message(&message);
    snappy_compress(message.at, message.n, &block);
    uint8_t *to = malloc(message.n);
    if (to == NULL)
        exit(1);
    for (int r = 0; r < rounds; r++) {
        double t0 = cpu_ms();
        must(snappy_decode(block.at, block.n, to, message.n, &err), &err);
        double t1 = cpu_ms();
        read_message(to, message.n);
        double t2 = cpu_ms();
        plain_snappy(block.at, block.n, to);
        double t3 = cpu_ms();
        memcpy(to, message.at, message.n);
        double t4 = cpu_ms();
        decode[r] = t1 - t0, read[r] = t2 - t1, plain[r] = t3 - t2, copy[r] = t4 - t3;
    }
    double decode_ms = median(decode, rounds), read_ms = median(read, rounds);
    double samples = SERIES * SAMPLES_EACH, mb = 1e-6 * (double)message.n;
    printf("{\"message_bytes\":%zu,\"block_bytes\":%zu,\"snappy_mb_s\":%.0f,"
           "\"bytewise_snappy_mb_s\":%.0f,\"memcpy_mb_s\":%.0f}\n",
           message.n, block.n, 1e3 * mb / decode_ms, 1e3 * mb / median(plain, rounds),
           1e3 * mb / median(copy, rounds));
    printf("{\"samples\":%.0f,\"series\":%d,\"remote_write_mb_s\":%.0f,"
           "\"remote_write_samples_s\":%.0f,\"with_snappy_samples_s\":%.0f}\n",
           samples, SERIES, 1e3 * mb / read_ms, 1e3 * samples / read_ms,
           1e3 * samples / (decode_ms + read_ms));
    free(to);
    bytes_done(&message);
    bytes_done(&block);
}

/* ---- line protocol ---- */

static void make_lines(struct bytes *body)
{
    uint64_t seed = 1;
    char line[256];

    for (int i = 0; i < LINES; i++) {
        int n = snprintf(line, sizeof line,
                         "cpu,host=node-%03d,region=west,zone=b user=%.2f,system=%.3f,idle=%di,"
                         "steal=%.15g %lld000000\n",
                         i % 250, (double)(next_random(&seed) % 10000) / 100,
                         (double)(next_random(&seed) % 10000) / 1000, i,
                         (double)(next_random(&seed) % 1000000000) / 1e9, 1764000000000LL + i);
        bytes_add(body, line, (size_t)n);
    }
}

static enum wire_verdict sum_line(void *context, const struct line_point *point, struct err *err)
{
    (void)err;
    for (size_t i = 0; i < point->field_n; i++) {
        *(double *)context += point->fields[i].value;
    }
    return WIRE_TAKEN;
}

static void read_lines(const struct bytes *body)
{
    static const struct line_options options = {
        .precision = LINE_NS, .limits = {.tags_max = 32, .fields_max = 64, .name_bytes_max = 256}};
    double sum = 0;
    const struct line_visitor visitor = {sum_line, &sum};
    struct wire_errors errors = {NULL, 0, 0};
    struct line_totals totals;
    struct err err;

    must(line_read((const char *)body->at, body->n, &options, &visitor, &errors, &totals, &err),
         &err);
    if (totals.fields_taken != 4 * LINES) {
        exit(1);
    }
}

/* What reading the numbers alone would cost with libc: four fields and a time a line. */
static double strtod_all(const struct bytes *body)
{
    const char *at = (const char *)body->at, *end = at + body->n;
    double sum = 0;

    for (int equals = 0; at < end; at++) {
        equals = *at == '\n' ? 0 : equals + (*at == '=');
        if (*at == '=' && equals > 3)
            sum += strtod(at + 1, NULL);
    }
    return sum;
}

static void bench_lines(int rounds)
{
    double read[ROUNDS_MAX], numbers[ROUNDS_MAX], copy[ROUNDS_MAX];
    struct bytes body = {0};

    make_lines(&body);
    char *to = malloc(body.n);
    if (to == NULL)
        exit(1);
    for (int r = 0; r < rounds; r++) {
        double t0 = cpu_ms();
        read_lines(&body);
        double t1 = cpu_ms();
        if (!(strtod_all(&body) > 0))
            exit(1);
        double t2 = cpu_ms();
        memcpy(to, body.at, body.n);
        read[r] = t1 - t0, numbers[r] = t2 - t1, copy[r] = cpu_ms() - t2;
    }
    double read_ms = median(read, rounds), mb = 1e-6 * (double)body.n;
    printf("{\"line_bytes\":%zu,\"lines\":%d,\"line_protocol_mb_s\":%.0f,\"fields_s\":%.0f,"
           "\"strtod_alone_mb_s\":%.0f,\"memcpy_mb_s\":%.0f}\n",
           body.n, LINES, 1e3 * mb / read_ms, 4e3 * LINES / read_ms,
           1e3 * mb / median(numbers, rounds), 1e3 * mb / median(copy, rounds));
    free(to);
    bytes_done(&body);
}

int main(int argc, char **argv)
{
    int rounds = argc > 1 ? atoi(argv[1]) : 9;

    if (rounds < 1 || rounds > ROUNDS_MAX) {
        fprintf(stderr, "wire: rounds must be 1..%d\n", ROUNDS_MAX);
        return 2;
    }
    bench_remote_write(rounds);
    bench_lines(rounds);
    return 0;
}
