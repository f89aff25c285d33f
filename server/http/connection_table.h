/* Every open connection and how long it has been in its present phase. Knows phases, deadlines and the
 * socket; refuses to know requests. Surprising: a connection past its deadline is shut down at the socket,
 * behind libmicrohttpd's back: its own timeout counts silence only, which a byte every half second
 * outlives. */
#ifndef SERVER_HTTP_CONNECTION_TABLE_H
#define SERVER_HTTP_CONNECTION_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum connection_phase {
    PHASE_NEW,     /* connected, nothing complete yet */
    PHASE_IDLE,    /* between requests */
    PHASE_HEADERS, /* the request line is there, the headers are not */
    PHASE_BODY,    /* its deadline moves with what arrives: see connection_progress */
    PHASE_LINGER,  /* refused already, what still comes is thrown away */
    PHASE_WORK,    /* no deadline here: waits have their own (wait.h) */
    PHASE_ANSWER,
    PHASE_STREAM,  /* an answer without an end: events.h has its deadlines */
    PHASES
};

/* The longest stay in each phase, in ms; 0: no limit. */
extern const uint64_t connection_deadline_ms[PHASES];

struct connection {
    struct connection *next, *prev;
    int fd;
    uint64_t client;  /* client.h; set by who adds it */
    enum connection_phase phase;
    uint64_t since_ns;
    bool surplus;   /* came when the table was full: its requests are refused */
    bool looked;    /* whether the peer has gone, in this phase */
    bool shut;
};

struct connection_table {
    struct connection *first;
    size_t n, max;  /* beyond max, a connection is surplus */
};

/* NULL when out of memory. */
struct connection *connection_add(struct connection_table *table, int fd, uint64_t now_ns);
void connection_remove(struct connection_table *table, struct connection *connection);
void connection_enter(struct connection *connection, enum connection_phase phase, uint64_t now_ns);

/* n bytes of a body have come: they buy time, so that a slow line may take long and a drip may not. */
void connection_progress(struct connection *connection, size_t n, uint64_t now_ns);

/* Shuts down what is past its deadline, and what waits for a peer that has stopped sending (an end of
 * stream that arrives together with bytes escapes libmicrohttpd). Returns how many. */
size_t connection_sweep(struct connection_table *table, uint64_t now_ns);

/* Shuts down what is between requests. */
void connection_shut_idle(struct connection_table *table);

#endif
