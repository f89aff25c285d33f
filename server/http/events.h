/* Streams of server-sent events about jobs. Knows what is sent when, and how long a client may take to read
 * it; refuses to know how a job changes (it looks). Surprising: nothing is queued. A stream holds the one
 * event that is on its way; what is told next is decided when the client has taken that, so that one who
 * reads slowly skips progress and one who never reads costs one event's memory, until its deadline.
 *
 * The response's reader suspends the connection where nothing is due, and event_sweep, on the loop's timer,
 * lets it go on (bridge_wake): libmicrohttpd would call an idle reader without pause, and a resume from
 * within a handler hangs. A suspended connection notices no disconnect, so the sweep looks at the socket too.
 *
 * Format: WHATWG HTML, "Server-sent events". All on the loop's thread. */
#ifndef SERVER_HTTP_EVENTS_H
#define SERVER_HTTP_EVENTS_H

#include "server/http/request.h"

/* Streams open at once; more are answered 503. */
#define EVENT_STREAMS_MAX 256
/* Between two events of one stream at least, in ms; an end comes at once. */
#define EVENT_PROGRESS_MS 500
/* Silence after which a comment is sent. */
#define EVENT_HEARTBEAT_MS 15000
/* An event that the client has not taken after this long ends the stream (taken: into the system's buffers,
 * which hold tens of kilobytes). */
#define EVENT_READ_MS 30000
/* The longest stream; clients come back by themselves. */
#define EVENT_LIFE_MS 3600000

/* Answers with a stream about the job. Refuses the request where there is no such job (404) or too many
 * streams are open (503). */
void event_stream_begin(struct request *request, const char *job_id, enum time_form form);

/* Wakes the streams that have something to tell, ends those whose client has gone or does not read. */
void event_sweep(struct event_streams *streams, uint64_t now_ns);

/* Whether an event that libmicrohttpd was given at taken_ns is stuck in the socket. Pure. */
bool event_is_stuck(bool suspended, uint64_t taken_ns, uint64_t now_ns);

/* Ends the streams whose request is not allowed any more. */
void event_streams_revoke(struct event_streams *streams, bool (*allowed)(const struct request *request));

/* Ends every stream: the readers see it on the next run of libmicrohttpd. */
void event_streams_end(struct event_streams *streams);

#endif
