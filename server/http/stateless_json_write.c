/* POST /v1/forecast: the answer. */
#include "server/http/stateless_json.h"

#include "server/http/forecast_writer.h"

/* The item's error, with a place in the request's body. */
static struct err placed(const struct err *from, size_t item)
{
    struct err err = *from;
    if (err.place[0] == '\0' && err.item >= 0) {
        err_at(&err, "/series/%zu/values/%ld", item, err.item);
    } else if (err.place[0] == '\0') {
        err_at(&err, "/series/%zu", item);
    }
    return err;
}

int stateless_json_write(const struct stateless_batch *batch, const struct forecast_params *params,
                         void (*problem)(struct writer *writer, const struct err *err), char **ret,
                         size_t *ret_n, struct err *err)
{
    struct writer w;
    writer_init(&w, STATELESS_ANSWER_MAX);
    writer_open(&w, '{');
    writer_key(&w, "forecasts");
    writer_open(&w, '[');
    for (size_t i = 0; i < batch->n; i++) {
        const struct stateless_item *item = &batch->items[i];
        if (item->err.code == ERR_NONE) {
            forecast_write(&w, &item->answer, params);
            continue;
        }
        struct err wrong = placed(&item->err, i);
        writer_open(&w, '{');
        writer_key(&w, "series");
        writer_string(&w, item->id);
        writer_key(&w, "error");
        problem(&w, &wrong);
        writer_close(&w, '}');
    }
    writer_close(&w, ']');
    writer_close(&w, '}');
    return writer_finish(&w, ret, ret_n, err);
}
