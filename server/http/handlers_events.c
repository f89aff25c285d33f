/* GET /v1/jobs/{id}/events. See handlers.h and events.h. */
#include "server/http/handlers.h"

#include "server/http/events.h"
#include "server/http/handler_tools.h"

void handle_get_job_events(struct request *request)
{
    enum time_form form;
    if (param_time_form(request, &form))
        event_stream_begin(request, request_id(request), form);
}
