/* The training card: what the weights were made of and by, and how the losses went, as JSON beside
 * them. Knows names and units; refuses to know how anything was computed. */
#include "server/tool/pretrain.h"

#include "server/tool/whole_file.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static json_t *number(double v)
{
    return isfinite(v) ? json_real(v) : json_null();
}

static json_t *rounded(double v, double unit)
{
    return number(round(v / unit) * unit);
}

static json_t *losses(size_t S, const double *loss)
{
    json_t *list = json_array();

    for (size_t s = 0; s < S; s++)
        json_array_append_new(list, rounded(loss[s], 1e-5));
    return list;
}

static json_t *shares(size_t n, const char *(*name)(size_t i), const uint64_t *count)
{
    json_t *object = json_object();

    for (size_t i = 0; i < n && i < PRETRAIN_KINDS_MAX; i++)
        json_object_set_new(object, name(i), json_integer((json_int_t)count[i]));
    return object;
}

static json_t *data_of(const struct pretrain_run *run)
{
    const struct pretrain_options *o = run->options;
    const struct pretrain_tally *tally = &run->examples->tally;
    json_t *real = json_object();

    for (size_t i = 0; i < o->real_n; i++)
        json_object_set_new(real, pretrain_file_name(o->real[i]),
                            json_integer((json_int_t)tally->real[i]));
    return json_pack("{s:I, s:I, s:I, s:o, s:o, s:o}", "examples", (json_int_t)o->examples,
                     "held_out", (json_int_t)run->examples->held_n, "seed", (json_int_t)o->seed,
                     "real", real, "prior_frequencies",
                     shares(trm_prior_frequency_n(), trm_prior_frequency_name, tally->frequency),
                     "prior_families",
                     shares(trm_prior_family_n(), trm_prior_family_name, tally->family));
}

static json_t *curves_of(const struct pretrain_run *run)
{
    size_t S = run->options->supervision;
    json_t *list = json_array();

    for (size_t i = 0; i < run->curve.n; i++) {
        const double *at = run->curve.at + i * run->curve.width, *file = at + 2 + 3 * S;
        json_t *point = json_pack("{s:I, s:I, s:o, s:o}", "network", (json_int_t)at[0] + 1, "step",
                                  (json_int_t)at[1], "train", losses(S, at + 2), "held_out",
                                  losses(S, at + 2 + S));
        if (run->validation->n)
            json_object_set_new(point, "real", losses(S, at + 2 + 2 * S));
        if (i + 1 == run->curve.n && run->validation->n) {
            json_t *files = json_object();
            for (size_t f = 0; f < run->validation->file_n; f++)
                json_object_set_new(files, run->validation->files[f].name, losses(S, file + f * S));
            json_object_set_new(point, "files", files);
        }
        json_array_append_new(list, point);
    }
    return list;
}

static json_t *shape_of(const struct pretrain_run *run)
{
    const struct trm_thinker_shape *s = &run->base->shape;

    return json_pack("{s:i, s:i, s:i, s:i, s:i, s:I, s:i}", "drafts", (int)s->drafts, "inner",
                     (int)s->inner, "latent", (int)s->latent, "supervision_steps",
                     (int)s->supervision, "recursions", (int)s->recursions, "parameters",
                     (json_int_t)run->base->parameters, "networks", (int)run->base->network_n);
}

static json_t *command_of(const struct pretrain_options *o)
{
    char line[512];

    snprintf(line, sizeof line,
             "tstrm pretrain --out FILE --examples %zu --steps %zu --networks %zu --seed %zu "
             "--inner %zu "
             "--latent %zu --supervision %zu --recursions %zu --rate %g --dropout %g --batch %zu",
             o->examples, o->steps, o->networks, o->seed, o->inner, o->latent, o->supervision,
             o->recursions, o->rate, o->dropout, o->batch);
    return json_string(line);
}

/* The text and a line end. */
static int write_line(const char *path, char *json, struct tool_err *err)
{
    size_t n = strlen(json);
    char *line = malloc(n + 1);

    if (!line)
        return tool_fail(err, "out of memory");
    memcpy(line, json, n);
    line[n] = '\n';
    int rc = whole_file_write(path, line, n + 1, err);
    free(line);
    return rc;
}

int pretrain_card_write(const struct pretrain_run *run, uint64_t identity, struct tool_err *err)
{
    const struct pretrain_options *o = run->options;
    char text[24];

    snprintf(text, sizeof text, "%016" PRIx64, identity);
    json_t *cost = json_pack("{s:o, s:o, s:o, s:I}", "wall_s", rounded(run->meter.wall, .1),
                             "cpu_s", rounded(run->meter.cpu, .1), "joules",
                             rounded(run->meter.joules, 1), "threads", (json_int_t)o->threads);
    json_t *card =
        json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "name", o->name, "identity", text,
                  "tstrm", TSTRM_VERSION, "command", command_of(o), "network", shape_of(run),
                  "data", data_of(run), "cost", cost, "curves", curves_of(run));
    char *json = card ? json_dumps(card, JSON_INDENT(1) | JSON_REAL_PRECISION(7)) : NULL;
    int rc = json ? write_line(o->card, json, err) : tool_fail(err, "out of memory");
    free(json);
    json_decref(card);
    return rc;
}
