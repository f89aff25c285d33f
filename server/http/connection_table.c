/* A list: it is walked twice a second and holds a thousand entries at most. See connection_table.h. */
#include "server/http/connection_table.h"

#include <stdlib.h>
#include <sys/socket.h>

/* 16 KiB a second are enough to keep a body coming. */
#define NS_PER_BODY_BYTE (UINT64_C(1000000000) >> 14)

/* How long a connection is silent before it is looked whether the peer is still there. */
#define LOOK_NS UINT64_C(1000000000)

const uint64_t connection_deadline_ms[PHASES] = {
    [PHASE_NEW] = 15000,   [PHASE_IDLE] = 90000, [PHASE_HEADERS] = 15000, [PHASE_BODY] = 20000,
    [PHASE_LINGER] = 3000, [PHASE_WORK] = 0,     [PHASE_ANSWER] = 300000,
    [PHASE_STREAM] = 0,
};

struct connection *connection_add(struct connection_table *table, int fd, uint64_t now_ns)
{
    struct connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL)
        return NULL;
    connection->fd = fd;
    connection->since_ns = now_ns;
    connection->surplus = table->n >= table->max;
    connection->next = table->first;
    if (connection->next != NULL)
        connection->next->prev = connection;
    table->first = connection;
    table->n++;
    return connection;
}

void connection_remove(struct connection_table *table, struct connection *connection)
{
    if (connection->prev != NULL)
        connection->prev->next = connection->next;
    else
        table->first = connection->next;
    if (connection->next != NULL)
        connection->next->prev = connection->prev;
    table->n--;
    free(connection);
}

void connection_enter(struct connection *connection, enum connection_phase phase, uint64_t now_ns)
{
    connection->phase = phase;
    connection->since_ns = now_ns;
    connection->looked = false;
}

void connection_progress(struct connection *connection, size_t n, uint64_t now_ns)
{
    uint64_t since_ns = connection->since_ns + n * NS_PER_BODY_BYTE;
    connection->since_ns = since_ns < now_ns ? since_ns : now_ns;
}

static void shut(struct connection *connection)
{
    connection->shut = true;
    shutdown(connection->fd, SHUT_RDWR);
}

/* Looks when a phase in which the peer has the word has lasted a second: once where nothing has come yet,
 * for a later end of stream comes alone and does not escape; at every sweep within a request. */
static bool peer_has_gone(struct connection *connection, uint64_t stay_ns)
{
    char byte;
    bool once = connection->phase == PHASE_NEW || connection->phase == PHASE_IDLE;
    bool ours = connection->phase >= PHASE_WORK;
    if (ours || stay_ns < LOOK_NS || (once && connection->looked))
        return false;
    connection->looked = true;
    return recv(connection->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

size_t connection_sweep(struct connection_table *table, uint64_t now_ns)
{
    size_t n = 0;
    for (struct connection *at = table->first; at != NULL; at = at->next) {
        uint64_t limit_ns = connection_deadline_ms[at->phase] * 1000000;
        uint64_t stay_ns = now_ns - at->since_ns;
        if (at->shut || !((limit_ns > 0 && stay_ns >= limit_ns) || peer_has_gone(at, stay_ns)))
            continue;
        shut(at);
        n++;
    }
    return n;
}

void connection_shut_idle(struct connection_table *table)
{
    for (struct connection *at = table->first; at != NULL; at = at->next)
        if (!at->shut && at->phase == PHASE_IDLE)
            shut(at);
}
