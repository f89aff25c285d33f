/* Walks every series, cheapest test first: most selectors name one metric, and a name is compared
 * before any label is put together. See prom_select.h. */
#include "server/http/prom_select.h"

#include "server/base/clock.h"
#include "server/service/reads.h"

#include <stdlib.h>
#include <string.h>

struct visit {
    const struct promql_selector *selector; /* NULL: everything */
    struct prom_given given;
    const char *name; /* the name that is asked for by =, or NULL */
    bool listing;     /* thresholds that are not given, too */
    bool (*found)(struct visit *visit, const char *id, const struct prom_labels *labels,
                  enum prom_kind kind, enum prom_field field);
    /* What found() works with. */
    struct prom_streams *streams;
    bool (*each)(void *ctx, const struct prom_labels *labels, enum prom_kind kind);
    void *ctx;
    struct promql *const *earlier; /* [earlier_n]: what they fit has been told */
    size_t earlier_n;
    uint64_t deadline_ns;
    bool stopped, late; /* no more series; because it took too long */
    struct err *err;
};

static bool name_fits(const struct visit *visit, const char *base, enum prom_kind kind)
{
    size_t n = strlen(base);
    return visit->name == NULL || (strncmp(visit->name, base, n) == 0 && visit->name[n] == ':' &&
                                   strcmp(visit->name + n + 1, prom_kind_names[kind]) == 0);
}

static bool visit_kind(struct visit *visit, const char *id, const struct series_settings *settings,
                       enum prom_kind kind)
{
    struct prom_labels labels;
    if (kind == PROM_THRESHOLD && visit->given.threshold == NULL && !visit->listing)
        return true;
    for (size_t field = 0; field < prom_kind_fields(kind, &visit->given); field++) {
        prom_labels_make(id, settings, &visit->given, kind, (enum prom_field)field, &labels);
        if (visit->selector != NULL && !promql_selects(visit->selector, labels.label, labels.n))
            continue;
        if (!visit->found(visit, id, &labels, kind, (enum prom_field)field))
            return false;
    }
    return true;
}

static bool visit_series(void *ctx, const char *id, const struct series_settings *settings)
{
    struct visit *visit = ctx;
    char base[PROM_NAME_MAX];
    if (clock_mono_ns() > visit->deadline_ns) {
        visit->late = true;
        return false;
    }
    prom_base_name(id, settings, base);
    for (int kind = 0; kind < PROM_KINDS; kind++)
        if (name_fits(visit, base, (enum prom_kind)kind) &&
            !visit_kind(visit, id, settings, (enum prom_kind)kind)) {
            visit->stopped = true;
            return false;
        }
    return true;
}

/* Returns 0 or -1 with *visit->err; found() may have stopped it. */
static int walk(struct service *service, struct visit *visit,
                const struct promql_selector *selector)
{
    visit->selector = selector;
    visit->name = selector == NULL ? NULL : promql_given(selector, "__name__");
    visit->deadline_ns = clock_mono_ns() + PROM_SELECT_MS_MAX * UINT64_C(1000000);
    if (prom_given_read(selector, visit->listing, &visit->given, visit->err) != 0)
        return -1;
    service_each_series(service, visit_series, visit);
    if (!visit->late)
        return 0;
    return err_set(visit->err, ERR_INVALID,
                   "the selector takes more than %d ms to match: name the metric, or shorten the "
                   "regular expression",
                   PROM_SELECT_MS_MAX);
}

/* ---- streams ---- */

static bool keep(struct visit *visit, const char *id, const struct prom_labels *labels,
                 enum prom_kind kind, enum prom_field field)
{
    struct prom_streams *streams = visit->streams;
    if (streams->n == PROM_STREAMS_MAX) {
        err_set(visit->err, ERR_INVALID, "the selector fits more than %zu metrics: narrow it",
                PROM_STREAMS_MAX);
        return false;
    }
    if (streams->n == streams->room) {
        size_t room = streams->room == 0 ? 16 : 2 * streams->room;
        struct prom_stream **grown = realloc(streams->at, room * sizeof *grown);
        if (grown != NULL) {
            streams->at = grown;
            streams->room = room;
        }
    }
    struct prom_stream *stream =
        streams->n < streams->room ? prom_stream_new(id, labels, &visit->given, kind, field) : NULL;
    if (stream == NULL) {
        err_set(visit->err, ERR_NO_MEMORY, "out of memory");
        return false;
    }
    streams->at[streams->n++] = stream;
    return true;
}

int prom_select(struct service *service, const struct promql_selector *selector,
                struct prom_streams *ret, struct err *err)
{
    struct visit visit = {.found = keep, .streams = ret, .err = err};
    *ret = (struct prom_streams){.at = NULL};
    if (walk(service, &visit, selector) != 0)
        return -1;
    return visit.stopped ? -1 : 0;
}

void prom_streams_done(struct prom_streams *streams)
{
    for (size_t i = 0; i < streams->n; i++)
        prom_stream_free(streams->at[i]);
    free(streams->at);
    *streams = (struct prom_streams){.at = NULL};
}

/* ---- labels ---- */

static bool tell(struct visit *visit, const char *id, const struct prom_labels *labels,
                 enum prom_kind kind, enum prom_field field)
{
    (void)id, (void)field;
    for (size_t i = 0; i < visit->earlier_n; i++)
        if (promql_selects(visit->earlier[i]->selector, labels->label, labels->n))
            return true;
    return visit->each(visit->ctx, labels, kind);
}

int prom_visit(struct service *service, struct promql *const *selectors, size_t selector_n,
               bool (*each)(void *ctx, const struct prom_labels *labels, enum prom_kind kind),
               void *ctx, struct err *err)
{
    struct visit visit = {.found = tell, .each = each, .ctx = ctx, .listing = true, .err = err};
    for (size_t i = 0; i < (selector_n == 0 ? 1 : selector_n) && !visit.stopped; i++) {
        visit.earlier = selectors;
        visit.earlier_n = i;
        if (walk(service, &visit, selector_n == 0 ? NULL : selectors[i]->selector) != 0)
            return -1;
    }
    return 0;
}
