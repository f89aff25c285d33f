/* Answers that are always the same: what the program is, and what it does not have (rules, alerts,
 * exemplars). Surprising: the version is that of the Prometheus whose API is spoken, because
 * Grafana decides by it which requests to send; the program's own version is the revision. See
 * handlers.h. */
#include "server/http/handlers.h"

#include "server/http/response.h"

#include <microhttpd.h>

#define SUCCESS(data) "{\"status\":\"success\",\"data\":" data "}"

static const char buildinfo[] =
    SUCCESS("{\"version\":\"2.42.0\",\"revision\":\"tstrm-" TSTRM_VERSION
            "\",\"branch\":\"tstrm\",\"buildUser\":\"\",\"buildDate\":\"\",\"goVersion\":\"\"}");
static const char rules[] = SUCCESS("{\"groups\":[]}");
static const char alerts[] = SUCCESS("{\"alerts\":[]}");
static const char exemplars[] = SUCCESS("[]");

void handle_prom_buildinfo(struct request *request)
{
    answer_static(request, MHD_HTTP_OK, TYPE_JSON, buildinfo, sizeof buildinfo - 1);
}

void handle_prom_rules(struct request *request)
{
    answer_static(request, MHD_HTTP_OK, TYPE_JSON, rules, sizeof rules - 1);
}

void handle_prom_alerts(struct request *request)
{
    answer_static(request, MHD_HTTP_OK, TYPE_JSON, alerts, sizeof alerts - 1);
}

void handle_prom_exemplars(struct request *request)
{
    answer_static(request, MHD_HTTP_OK, TYPE_JSON, exemplars, sizeof exemplars - 1);
}
