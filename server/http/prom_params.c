/* See prom_params.h. */
#include "server/http/prom_params.h"

#include "server/wire/prom_number.h"

#include <stdlib.h>
#include <string.h>

static int hex(char c)
{
    const char *digits = "0123456789abcdef",
               *found = strchr(digits, c >= 'A' && c <= 'F' ? c + 32 : c);
    return c == '\0' || found == NULL ? -1 : (int)(found - digits);
}

static int decode(char *text, struct err *err)
{
    char *out = text;
    for (const char *in = text; *in != '\0'; in++) {
        if (*in != '%') {
            *out++ = *in == '+' ? ' ' : *in;
            continue;
        }
        int high = hex(in[1]), low = high < 0 ? -1 : hex(in[2]);
        if (low < 0 || (high == 0 && low == 0))
            return err_set(err, ERR_SYNTAX, "invalid URL escape \"%.3s\" in the parameters", in);
        *out++ = (char)(high * 16 + low);
        in += 2;
    }
    *out = '\0';
    return 0;
}

static int add_pairs(char *text, struct prom_params *params, struct err *err)
{
    char *rest = text;
    while (rest != NULL) {
        char *value = strsep(&rest, "&");
        char *name = strsep(&value, "=");
        if (*name == '\0' && value == NULL)
            continue;
        if (decode(name, err) != 0 || (value != NULL && decode(value, err) != 0))
            return -1;
        if (params->n == PROM_PARAMS_MAX)
            return err_set(err, ERR_TOO_LARGE, "more than %d parameters", PROM_PARAMS_MAX);
        params->at[params->n].name = name;
        params->at[params->n++].value = value == NULL ? "" : value;
    }
    return 0;
}

int prom_params_parse(const char *form, const char *query, struct prom_params *ret, struct err *err)
{
    size_t form_n = form == NULL ? 0 : strlen(form),
           query_n = query == NULL ? 0 : strcspn(query, "#");
    ret->n = 0;
    ret->text = calloc(1, form_n + query_n + 2);
    if (ret->text == NULL)
        return err_set(err, ERR_NO_MEMORY, "out of memory");
    char *behind = ret->text + form_n + 1;
    if (form != NULL)
        memcpy(ret->text, form, form_n);
    if (query != NULL)
        memcpy(behind, query, query_n);
    if (add_pairs(ret->text, ret, err) == 0 && add_pairs(behind, ret, err) == 0)
        return 0;
    prom_params_done(ret);
    return -1;
}

int prom_params_read(const struct request *request, struct prom_params *ret, struct err *err)
{
    const char *query = strchr(request->target, '?');
    const struct body *body = &request->body;
    if (body->n > 0 && memchr(body->bytes, '\0', body->n) != NULL)
        return err_set(err, ERR_SYNTAX, "the form must not contain a zero byte");
    return prom_params_parse(body->bytes, query == NULL ? NULL : query + 1, ret, err);
}

void prom_params_done(struct prom_params *params)
{
    free(params->text);
    params->text = NULL;
    params->n = 0;
}

const char *prom_param(const struct prom_params *params, const char *name)
{
    for (size_t i = 0; i < params->n; i++)
        if (strcmp(params->at[i].name, name) == 0)
            return params->at[i].value;
    return NULL;
}

int prom_param_time(const struct prom_params *params, const char *name, int64_t *ret,
                    struct err *err)
{
    const char *value = prom_param(params, name);
    if (value == NULL || *value == '\0' || prom_time_parse(value, ret))
        return 0;
    return err_set(err, ERR_SYNTAX,
                   "invalid parameter \"%s\": cannot parse \"%.60s\" to a valid timestamp", name,
                   value);
}

int prom_param_duration(const struct prom_params *params, const char *name, int64_t *ret,
                        struct err *err)
{
    const char *value = prom_param(params, name);
    if (value == NULL || *value == '\0' || prom_duration_parse(value, ret))
        return 0;
    return err_set(err, ERR_SYNTAX,
                   "invalid parameter \"%s\": cannot parse \"%.60s\" to a valid duration", name,
                   value);
}

int prom_param_limit(const struct prom_params *params, size_t *ret, struct err *err)
{
    const char *value = prom_param(params, "limit");
    *ret = SIZE_MAX;
    if (value == NULL || *value == '\0')
        return 0;
    if (strspn(value, "0123456789") != strlen(value) || strlen(value) > 9)
        return err_set(
            err, ERR_SYNTAX,
            "invalid parameter \"limit\": \"%.60s\" is not a whole number from 0 to 999999999",
            value);
    size_t limit = (size_t)strtoul(value, NULL, 10);
    *ret = limit == 0 ? SIZE_MAX : limit;
    return 0;
}
