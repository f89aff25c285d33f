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
    PHASE_ANSWER, /* its deadline moves with what the peer takes */
    PHASE_STREAM,  /* an answer without an end: events.h has its deadlines */
    PHASES
};

/* The longest stay in each phase, in ms; 0: no limit. */
extern const uint64_t connection_deadline_ms[PHASES];

/* Why a connection is one too many: its requests are refused. */
enum connection_surplus {
    SURPLUS_NONE,
    SURPLUS_TABLE,  /* the table was full when it came, and nothing in it had been idle for long */
    SURPLUS_CLIENT, /* its client has as many as one client may have */
};

/* Connections of SURPLUS_CLIENT that are kept open to be told so; more are cut off at once. */
#define CONNECTIONS_TOLD_MAX 32

struct client_share;

struct connection {
    struct connection *next, *prev;
    struct connection *idle_next, *idle_prev; /* among those between requests, the longest there first */
    int fd;
    uint64_t client;            /* client.h; set by who adds it */
    struct client_share *share; /* the same client's (client_shares.h); held as long as this lives */
    enum connection_phase phase;
    uint64_t since_ns;
    uint64_t taken_bytes;       /* PHASE_ANSWER: what the peer has acknowledged, 0: not looked yet */
    enum connection_surplus surplus;
    bool looked;    /* whether the peer has gone, in this phase */
    bool shut;
    bool dead;      /* shut when its peer had reset it: no event of the socket will tell */
    struct MHD_Connection *handle; /* set by who adds it */
};

struct connection_table {
    struct connection *first;
    struct connection *idle_first, *idle_last;
    size_t n, max;    /* n: all of them; beyond max (told_n apart), a connection is surplus */
    size_t told_n;    /* of SURPLUS_CLIENT */
};

/* Where the table is full, the connection that has been idle for longest makes room, if that is a second at
 * least: its client comes back, while who is turned away has to wait. NULL when out of memory. */
struct connection *connection_add(struct connection_table *table, int fd, uint64_t now_ns);
/* Turns it into one of SURPLUS_CLIENT. */
void connection_refuse(struct connection_table *table, struct connection *connection);
void connection_remove(struct connection_table *table, struct connection *connection);
void connection_enter(struct connection_table *table, struct connection *connection,
                      enum connection_phase phase, uint64_t now_ns);

/* n bytes of a body have come: they buy time, so that a slow line may take long and a drip may not. */
void connection_progress(struct connection *connection, size_t n, uint64_t now_ns);

/* Shuts down what is past its deadline (what a peer has taken of an answer buys time as a body does), and
 * what waits for a peer that has stopped sending (an end of stream that arrives together with bytes escapes
 * libmicrohttpd). Returns how many. */
size_t connection_sweep(struct connection_table *table, uint64_t now_ns);

/* Shuts down what is between requests. */
void connection_shut_idle(struct connection_table *table);

#endif
