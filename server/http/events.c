/* One stream: state → progress … → end. See events.h. */
#include "server/http/events.h"

#include "server/base/clock.h"
#include "server/http/bridge.h"
#include "server/http/response.h"
#include "server/http/settings_json.h"

#include <microhttpd.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define EVENT_BYTES_MAX ((size_t)128 << 10)
/* libmicrohttpd's buffer for one call of the reader. */
#define BLOCK_BYTES ((size_t)4 << 10)
#define NS_PER_MS UINT64_C(1000000)

struct event_stream {
    struct event_stream *next, *prev;
    struct event_streams *list;
    struct request *request; /* outlives the reader's last call */
    char job_id[JOB_ID_MAX + 1];
    enum time_form form;
    char *bytes;             /* the event on its way, malloc, or NULL */
    size_t n, sent;
    bool begun, ended;       /* the first event, the last one has been made */
    bool gone;               /* the client has */
    enum job_state state;    /* as told last … */
    double progress;         /* … */
    uint64_t begun_ns, told_ns; /* … at this time */
    uint64_t taken_ns;       /* when the reader was called last */
};

/* ---- events ---- */

/* Without memory the stream ends, and the client comes back. */
static void take_event(struct event_stream *stream, struct writer *writer)
{
    struct err err;
    stream->sent = 0;
    if (writer_finish(writer, &stream->bytes, &stream->n, &err) != 0) {
        stream->bytes = NULL;
        stream->gone = true;
    }
}

/* The job's JSON has no line ends, so it is one line of data. */
static void write_event(struct event_stream *stream, const char *name, const struct job_view *view)
{
    struct writer json, text;
    char *bytes;
    size_t n;
    struct err err;
    writer_init(&json, EVENT_BYTES_MAX);
    writer_init(&text, EVENT_BYTES_MAX);
    job_json_write(&json, view, stream->form);
    if (writer_finish(&json, &bytes, &n, &err) != 0) {
        stream->gone = true;
        return;
    }
    writer_text(&text, "event: ");
    writer_text(&text, name);
    writer_text(&text, "\ndata: ");
    writer_bytes(&text, bytes, n);
    writer_text(&text, "\n\n");
    free(bytes);
    take_event(stream, &text);
}

static void write_words(struct event_stream *stream, const char *words)
{
    stream->sent = 0;
    stream->bytes = strdup(words);
    stream->n = stream->bytes == NULL ? 0 : strlen(words);
    stream->gone = stream->bytes == NULL;
}

static bool has_ended(const struct job_view *view)
{
    return view->row->state != JOB_PENDING && view->row->state != JOB_RUNNING;
}

static bool has_moved(const struct event_stream *stream, const struct job_view *view)
{
    return view->row->state != stream->state || view->progress > stream->progress ||
           view->progress < stream->progress;
}

/* What is due now, by name; NULL: nothing. */
static const char *due(const struct event_stream *stream, const struct job_view *view, uint64_t now_ns)
{
    uint64_t silent_ns = now_ns - stream->told_ns;
    if (!stream->begun)
        return "state";
    if (has_ended(view))
        return "end";
    if (has_moved(stream, view) && silent_ns >= EVENT_PROGRESS_MS * NS_PER_MS)
        return "progress";
    return silent_ns >= EVENT_HEARTBEAT_MS * NS_PER_MS ? "" : NULL;
}

static bool must_close(const struct event_stream *stream, uint64_t now_ns)
{
    return stream->request->http->closing || now_ns - stream->begun_ns >= EVENT_LIFE_MS * NS_PER_MS;
}

/* Whether there is something to send. */
static bool is_due(const struct event_stream *stream, uint64_t now_ns)
{
    struct job_view view;
    struct err err;
    return stream->ended || stream->gone || must_close(stream, now_ns) ||
           service_get_job(stream->request->http->service, stream->job_id, &view, &err) != 0 ||
           due(stream, &view, now_ns) != NULL;
}

static void tell(struct event_stream *stream, const char *name, const struct job_view *view)
{
    if (*name == '\0')
        write_words(stream, ": still here\n\n");
    else
        write_event(stream, name, view);
    stream->ended = strcmp(name, "end") == 0;
    stream->begun = true;
    stream->state = view->row->state;
    stream->progress = view->progress;
}

/* Makes the next event where one is due. */
static void make_event(struct event_stream *stream, uint64_t now_ns)
{
    struct job_view view;
    struct err err;
    const char *name = NULL;
    if (service_get_job(stream->request->http->service, stream->job_id, &view, &err) != 0) {
        write_words(stream, "event: gone\ndata: {\"detail\":\"the job is not known any more: its series "
                            "was deleted, or newer jobs have taken its place\"}\n\n");
        stream->ended = true;
    } else if ((name = due(stream, &view, now_ns)) != NULL) {
        tell(stream, name, &view);
    } else if (must_close(stream, now_ns)) {
        write_words(stream, ": closing, come back later\n\n");
        stream->ended = true;
    } else {
        return;
    }
    stream->told_ns = now_ns;
}

/* ---- libmicrohttpd's side ---- */

static ssize_t hand_out(struct event_stream *stream, char *block, size_t max)
{
    size_t rest = stream->n - stream->sent, n = rest < max ? rest : max;
    memcpy(block, stream->bytes + stream->sent, n);
    stream->sent += n;
    if (stream->sent == stream->n) {
        free(stream->bytes);
        stream->bytes = NULL;
    }
    return (ssize_t)n;
}

static ssize_t on_read(void *cls, uint64_t position, char *block, size_t max)
{
    struct event_stream *stream = cls;
    (void)position;
    stream->request->suspended = false;
    stream->taken_ns = clock_mono_ns();
    if (stream->bytes == NULL && !stream->ended && !stream->gone)
        make_event(stream, stream->taken_ns);
    if (stream->gone)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (stream->bytes != NULL)
        return hand_out(stream, block, max);
    if (stream->ended)
        return MHD_CONTENT_READER_END_OF_STREAM;
    stream->request->suspended = true;
    MHD_suspend_connection(stream->request->connection);
    return 0;
}

static void on_free(void *cls)
{
    struct event_stream *stream = cls;
    if (stream->prev != NULL)
        stream->prev->next = stream->next;
    else
        stream->list->first = stream->next;
    if (stream->next != NULL)
        stream->next->prev = stream->prev;
    stream->list->n--;
    free(stream->bytes);
    free(stream);
}

static struct event_stream *stream_new(struct request *request, const char *job_id, enum time_form form)
{
    struct event_streams *list = &request->http->events;
    struct event_stream *stream = calloc(1, sizeof *stream);
    if (stream == NULL)
        return NULL;
    stream->list = list;
    stream->request = request;
    stream->form = form;
    memcpy(stream->job_id, job_id, strlen(job_id));
    stream->begun_ns = stream->told_ns = stream->taken_ns = clock_mono_ns();
    stream->next = list->first;
    if (stream->next != NULL)
        stream->next->prev = stream;
    list->first = stream;
    list->n++;
    return stream;
}

static void answer_stream(struct request *request, struct event_stream *stream)
{
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, on_read, stream, on_free);
    if (response == NULL)
        on_free(stream);
    answer_made(request, MHD_HTTP_OK, response);
    answer_header(request, MHD_HTTP_HEADER_CONTENT_TYPE, "text/event-stream");
    answer_header(request, NO_SNIFF_NAME, NO_SNIFF);
    answer_header(request, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    answer_header(request, "X-Accel-Buffering", "no"); /* proxies hold such answers back otherwise */
    answer_header(request, MHD_HTTP_HEADER_CONNECTION, "close");
    request->streaming = response != NULL;
}

void event_stream_begin(struct request *request, const char *job_id, enum time_form form)
{
    struct job_view view;
    struct err err;
    if (service_get_job(request->http->service, job_id, &view, &err) != 0) {
        request_refuse(request, &err);
        return;
    }
    if (request->http->events.n >= EVENT_STREAMS_MAX) {
        err_set(&err, ERR_UNAVAILABLE, "%d streams of events are open, which is the most; try later",
                EVENT_STREAMS_MAX);
        request_refuse(request, &err);
        return;
    }
    struct event_stream *stream = stream_new(request, view.row->id, form);
    if (stream == NULL) {
        err_set(&err, ERR_NO_MEMORY, "out of memory");
        request_refuse(request, &err);
        return;
    }
    answer_stream(request, stream);
}

/* ---- the sweep ---- */

/* An end of stream may stand behind bytes that nobody has read: TLS says goodbye first. */
static bool client_has_gone(const struct event_stream *stream)
{
    struct pollfd fd = {.fd = stream->request->peer->fd, .events = POLLRDHUP};
    return poll(&fd, 1, 0) == 1;
}

/* libmicrohttpd asks for more, and is suspended then, as soon as the socket has taken what it has. */
bool event_is_stuck(bool suspended, uint64_t taken_ns, uint64_t now_ns)
{
    return !suspended && now_ns > taken_ns && now_ns - taken_ns >= EVENT_READ_MS * NS_PER_MS;
}

void event_sweep(struct event_streams *streams, uint64_t now_ns)
{
    for (struct event_stream *at = streams->first; at != NULL; at = at->next) {
        bool stuck = event_is_stuck(at->request->suspended, at->taken_ns, now_ns);
        if (!at->gone && (stuck || client_has_gone(at))) {
            at->gone = true;
            shutdown(at->request->peer->fd, SHUT_RDWR);
        }
        if (at->request->suspended && is_due(at, now_ns))
            bridge_wake(at->request);
    }
}

void event_streams_revoke(struct event_streams *streams, bool (*allowed)(const struct request *request))
{
    for (struct event_stream *at = streams->first; at != NULL; at = at->next)
        if (!allowed(at->request)) {
            at->gone = true;
            bridge_wake(at->request);
        }
}

void event_streams_end(struct event_streams *streams)
{
    for (struct event_stream *at = streams->first; at != NULL; at = at->next) {
        at->gone = true;
        bridge_wake(at->request);
    }
}
