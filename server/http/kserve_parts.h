/* A parsed KServe request. Private to kserve_*.c. */
#ifndef SERVER_HTTP_KSERVE_PARTS_H
#define SERVER_HTTP_KSERVE_PARTS_H

#include "server/http/kserve.h"
#include "server/http/query.h"

#include <jansson.h>

struct kserve_input {
    const char *name, *frequency; /* in the tree, as they came */
    bool multivariate;
    size_t item, item_n;          /* of the batch: one, or one for each variable */
};

struct kserve_request {
    json_t *root;
    const char *model;
    struct forecast_params params; /* quantile_n 0: none asked for */
    struct kserve_input *input;
    size_t input_n;
};

#endif
