/* Parameters of Prometheus' HTTP API: the form in the body, then the query of the target. Knows
 * Go's way of decoding them; refuses to know what they mean. Surprising: "+" is a space here,
 * unlike everywhere else in this server, and unknown parameters are nobody's error: clients of that
 * API send more than one documents. */
#ifndef SERVER_HTTP_PROM_PARAMS_H
#define SERVER_HTTP_PROM_PARAMS_H

#include "server/http/request.h"

#define PROM_PARAMS_MAX 128
#define PROM_FORM_BYTES_MAX ((size_t)64 << 10)

struct prom_params {
    struct {
        const char *name, *value;
    } at[PROM_PARAMS_MAX];
    size_t n;
    char *text; /* what they point into */
};

/* Returns 0, or -1 with ERR_SYNTAX (a bad escape, a zero byte), ERR_TOO_LARGE, ERR_NO_MEMORY. */
__attribute__((warn_unused_result)) int prom_params_read(const struct request *request,
                                                         struct prom_params *ret, struct err *err);
/* The same from texts of a form and of a query (either may be NULL). */
__attribute__((warn_unused_result)) int prom_params_parse(const char *form, const char *query,
                                                          struct prom_params *ret, struct err *err);
void prom_params_done(struct prom_params *params);

/* The first of that name, or NULL. */
const char *prom_param(const struct prom_params *params, const char *name);

/* Times and numbers that may be absent (*ret is then untouched). Each returns 0, or -1 with
 * ERR_SYNTAX. */
__attribute__((warn_unused_result)) int
prom_param_time(const struct prom_params *params, const char *name, int64_t *ret, struct err *err);
__attribute__((warn_unused_result)) int prom_param_duration(const struct prom_params *params,
                                                            const char *name, int64_t *ret,
                                                            struct err *err);
/* limit=: how many entries an answer has at most; 0 and absent: no limit (SIZE_MAX). */
__attribute__((warn_unused_result)) int prom_param_limit(const struct prom_params *params,
                                                         size_t *ret, struct err *err);

#endif
