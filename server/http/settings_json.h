/* Series and jobs in JSON. Knows the fields of a series' settings, as they come and as they are
 * shown, and of a job; refuses to know what changing them does. Surprising: what comes in goes
 * through jansson (a tree, so that fields may come in any order and be told apart), what goes out
 * does not.
 *
 * The loop's thread (jansson seeds its hash once). */
#ifndef SERVER_HTTP_SETTINGS_JSON_H
#define SERVER_HTTP_SETTINGS_JSON_H

#include "server/http/json_writer.h"
#include "server/service/service.h"

#define SETTINGS_MUST __attribute__((warn_unused_result))

/* Longest body that settings_json_parse takes (32 labels of full length fit, escaped). */
#define SETTINGS_BYTES_MAX ((size_t)128 << 10)

/* The body of PUT /v1/series/{id}: {"frequency","timezone","season","horizon","min","max","integer",
 * "model","fit","aggregate","retention_points","labels"}, each optional. Returns 0, and the caller frees
 * the settings with series_settings_done. Or -1 with ERR_SYNTAX, ERR_INVALID (place: a JSON pointer),
 * ERR_TOO_LARGE or ERR_NO_MEMORY, *ret untouched. */
SETTINGS_MUST int settings_json_parse(const char *body, size_t n, struct series_patch *ret,
                                      struct err *err);

/* The body of POST …/fit: empty, or {"mode":"incremental"|"full"}. */
SETTINGS_MUST int fit_json_parse(const char *body, size_t n, struct fit_ask *ret, struct err *err);

/* The body of POST /v1/admin/backup: empty, or {"name":TEXT}, which goes into name[name_n] ("" without it;
 * what does not fit is refused). Whether it may be a file's name is the service's to say. */
SETTINGS_MUST int backup_json_parse(const char *body, size_t n, char *ret_name, size_t name_n,
                                    struct err *err);

/* One value each, into a larger text or alone. */
void series_json_write(struct writer *writer, const struct series_view *view, enum time_form form);
void job_json_write(struct writer *writer, const struct job_view *view, enum time_form form);

#endif
