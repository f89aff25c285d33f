/* POST /v1/forecast: its shapes on the way that stateless requests go. See handlers.h. */
#include "server/http/handlers.h"

#include "server/http/problem.h"
#include "server/http/stateless_json.h"
#include "server/http/stateless_run.h"

#include <stdlib.h>

static int parse(struct stateless_run *run, char *body, size_t n, struct err *err)
{
    struct forecast_params *params = malloc(sizeof *params);
    if (params == NULL)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    if (stateless_json_parse(body, n, run->zones, &run->batch, params, err) != 0) {
        free(params);
        return -1;
    }
    run->asked = params;
    return 0;
}

static int write_answer(const struct stateless_run *run, char **ret, size_t *ret_n, struct err *err)
{
    return stateless_json_write(run->batch, run->asked, problem_write_entry, ret, ret_n, err);
}

static const struct stateless_form form = {.parse = parse, .write = write_answer, .free_asked = free};

void handle_post_forecast(struct request *request)
{
    stateless_run_begin(request, &form, 0);
}
