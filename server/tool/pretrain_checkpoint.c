/* The checkpoint of a run: which network, the networks before it, the curves, what it cost so far,
 * and core's state of the one in training. Knows the order of these; refuses files of another run.
 * Surprising: the file is only good on the machine that wrote it (its byte order), like the run it
 * continues. */
#include "server/tool/pretrain.h"

#include "server/tool/whole_file.h"

#include "core/checkpoint.h"

#include <stdlib.h>
#include <string.h>

#define MAGIC UINT64_C(0x315450434d525453)

struct head {
    uint64_t magic, key, network, curve_n, width, state_bytes;
    double wall, cpu, joules;
};

static size_t finished_bytes(const struct pretrain_run *run, size_t network)
{
    return network * run->base->parameters * sizeof(float);
}

static size_t total_bytes(const struct pretrain_run *run, const struct head *h)
{
    return sizeof *h + finished_bytes(run, h->network) + h->curve_n * h->width * sizeof(double) +
           h->state_bytes + sizeof(uint32_t);
}

int pretrain_checkpoint_save(struct pretrain_run *run, struct tool_err *err)
{
    struct head h = {.magic = MAGIC,
                     .key = run->key,
                     .network = run->network,
                     .curve_n = run->curve.n,
                     .width = run->curve.width,
                     .state_bytes = trm_pretrain_state_bytes(&run->pretrain)};

    meter_look(&run->meter);
    h.wall = run->meter.wall, h.cpu = run->meter.cpu, h.joules = run->meter.joules;
    size_t n = total_bytes(run, &h), curve = h.curve_n * h.width * sizeof(double);
    unsigned char *bytes = malloc(n), *at = bytes;
    if (!bytes)
        return tool_fail(err, "out of memory for the checkpoint");
    memcpy(at, &h, sizeof h), at += sizeof h;
    for (size_t i = 0; i < run->network; i++, at += finished_bytes(run, 1))
        memcpy(at, run->base->weights[i], finished_bytes(run, 1));
    if (curve)
        memcpy(at, run->curve.at, curve);
    at += curve;
    unsigned char *state = malloc(h.state_bytes); /* aligned for its floats */
    if (!state) {
        free(bytes);
        return tool_fail(err, "out of memory for the checkpoint");
    }
    trm_pretrain_export(&run->pretrain, state);
    memcpy(at, state, h.state_bytes), at += h.state_bytes;
    free(state);
    uint32_t crc = trm_crc32c(0, bytes, n - sizeof crc);
    memcpy(at, &crc, sizeof crc);
    int rc = whole_file_write(run->options->checkpoint, bytes, n, err);
    free(bytes);
    return rc;
}

static int check(const struct pretrain_run *run, const unsigned char *bytes, size_t n,
                 struct head *ret, struct tool_err *err)
{
    const char *path = run->options->checkpoint;
    uint32_t crc;

    if (n < sizeof *ret + sizeof crc)
        return tool_fail(err, "%s: damaged, or no checkpoint", path);
    memcpy(ret, bytes, sizeof *ret);
    memcpy(&crc, bytes + n - sizeof crc, sizeof crc);
    if (ret->magic != MAGIC || crc != trm_crc32c(0, bytes, n - sizeof crc))
        return tool_fail(err, "%s: damaged, or no checkpoint", path);
    if (ret->key != run->key || ret->network >= run->options->networks ||
        ret->width != run->curve.width)
        return tool_fail(err, "%s: of a run with other options or of another version", path);
    return total_bytes(run, ret) == n ? 0 : tool_fail(err, "%s: damaged", path);
}

static int take(struct pretrain_run *run, const struct head *h, const unsigned char *at,
                struct tool_err *err)
{
    if (h->network && pretrain_begin_network(run, h->network, err))
        return -1;
    for (size_t i = 0; i < h->network; i++, at += finished_bytes(run, 1))
        memcpy(run->base->weights[i], at, finished_bytes(run, 1));
    for (size_t i = 0; i < h->curve_n; i++, at += h->width * sizeof(double)) {
        double *row = pretrain_curve_grow(&run->curve);
        if (!row)
            return tool_fail(err, "out of memory");
        memcpy(row, at, h->width * sizeof *row);
    }
    unsigned char *state = malloc(h->state_bytes);
    if (!state)
        return tool_fail(err, "out of memory");
    memcpy(state, at, h->state_bytes);
    enum trm_status status = trm_pretrain_import(&run->pretrain, state, h->state_bytes);
    free(state);
    if (status != TRM_OK)
        return tool_fail(err, "%s: %s", run->options->checkpoint, trm_status_text(status));
    meter_start(&run->meter, h->wall, h->cpu, h->joules);
    run->saved_wall = h->wall;
    return 0;
}

int pretrain_checkpoint_load(struct pretrain_run *run, struct tool_err *err)
{
    unsigned char *bytes;
    struct head h;
    size_t n;

    if (whole_file_read(run->options->checkpoint, PRETRAIN_CHECKPOINT_MAX, &bytes, &n, err))
        return -1;
    int rc = check(run, bytes, n, &h, err);
    if (rc == 0)
        rc = take(run, &h, bytes + sizeof h, err);
    free(bytes);
    return rc;
}
