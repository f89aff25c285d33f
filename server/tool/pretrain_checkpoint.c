/* The checkpoint of a run: which network, the networks before it, the curves, what it cost so far,
 * and core's state of the one in training. Knows the order of these; refuses files of another run.
 * Surprising: the file is only good on the machine that wrote it (its byte order), like the run it
 * continues. */
#include "server/tool/pretrain.h"

#include "server/tool/whole_file.h"

#include "core/checkpoint.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAGIC UINT64_C(0x325450434d525453)

struct head {
    uint64_t magic, key, network, networks, step, steps, curve_n, width, state_bytes;
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
                     .networks = run->options->networks,
                     .step = run->pretrain.opt.t,
                     .steps = run->options->steps,
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

/* Whole, and of this version. */
static bool sound(const unsigned char *bytes, size_t n, struct head *ret)
{
    uint32_t crc;

    if (n < sizeof *ret + sizeof crc)
        return false;
    memcpy(ret, bytes, sizeof *ret);
    memcpy(&crc, bytes + n - sizeof crc, sizeof crc);
    return ret->magic == MAGIC && crc == trm_crc32c(0, bytes, n - sizeof crc);
}

static int unsound(const char *path, struct tool_err *err)
{
    return tool_fail(err, "%s: damaged, or no checkpoint of this version", path);
}

static int check(const struct pretrain_run *run, const unsigned char *bytes, size_t n,
                 struct head *ret, struct tool_err *err)
{
    const char *path = run->options->checkpoint;

    if (!sound(bytes, n, ret))
        return unsound(path, err);
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

/* What is there is not overwritten. h: NULL where it is no checkpoint. */
static int refuse(const char *path, const struct head *h, struct tool_err *err)
{
    if (!h)
        return tool_fail(err,
                         "%s is there and is no checkpoint of this version, so it stays as it is: "
                         "remove it, or name another --checkpoint",
                         path);
    return tool_fail(err,
                     "%s holds an unfinished run, %llu of %llu steps done: --resume goes on with "
                     "it; to begin anew, remove it or name another --checkpoint",
                     path, (unsigned long long)(h->network * h->steps + h->step),
                     (unsigned long long)(h->networks * h->steps));
}

int pretrain_checkpoint_look(const struct pretrain_options *o, struct tool_err *err)
{
    unsigned char *bytes;
    struct head h;
    size_t n;

    if (!o->resume && access(o->checkpoint, F_OK))
        return 0;
    if (whole_file_read(o->checkpoint, PRETRAIN_CHECKPOINT_MAX, &bytes, &n, err))
        return o->resume ? -1 : refuse(o->checkpoint, NULL, err);
    bool is_sound = sound(bytes, n, &h);
    free(bytes);
    if (!o->resume)
        return refuse(o->checkpoint, is_sound ? &h : NULL, err);
    return is_sound ? 0 : unsound(o->checkpoint, err);
}
