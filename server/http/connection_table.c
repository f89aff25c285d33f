/* Two lists: all, walked four times a second, and those between requests, in the order in which they came
 * there. See connection_table.h. */
#include "server/http/connection_table.h"

#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>

/* 16 KiB a second are enough to keep a body coming, or an answer going. */
#define NS_PER_BODY_BYTE (UINT64_C(1000000000) >> 14)

/* How long a connection is silent before it is looked whether the peer is still there. */
#define LOOK_NS UINT64_C(1000000000)
/* How long a connection has been idle before it makes room for another one. */
#define MAKE_ROOM_NS UINT64_C(1000000000)

const uint64_t connection_deadline_ms[PHASES] = {
    [PHASE_NEW] = 15000,   [PHASE_IDLE] = 90000, [PHASE_HEADERS] = 15000, [PHASE_BODY] = 20000,
    [PHASE_LINGER] = 3000, [PHASE_WORK] = 0,     [PHASE_ANSWER] = 30000,
    [PHASE_STREAM] = 0,
};

/* ---- those between requests ---- */

static bool is_idle(enum connection_phase phase)
{
    return phase == PHASE_NEW || phase == PHASE_IDLE;
}

static void idle_append(struct connection_table *table, struct connection *connection)
{
    connection->idle_prev = table->idle_last;
    connection->idle_next = NULL;
    *(table->idle_last != NULL ? &table->idle_last->idle_next : &table->idle_first) = connection;
    table->idle_last = connection;
}

static void idle_unlink(struct connection_table *table, struct connection *connection)
{
    struct connection *next = connection->idle_next, *prev = connection->idle_prev;
    *(prev != NULL ? &prev->idle_next : &table->idle_first) = next;
    *(next != NULL ? &next->idle_prev : &table->idle_last) = prev;
}

static void shut(struct connection *connection)
{
    connection->shut = true;
    connection->dead = shutdown(connection->fd, SHUT_RDWR) != 0;
}

/* Shuts down the one that has been idle for longest; it leaves the list of the idle, so that the next one to
 * come finds another. Whether there was one. */
static bool make_room(struct connection_table *table, uint64_t now_ns)
{
    struct connection *oldest = table->idle_first;
    if (oldest == NULL || now_ns - oldest->since_ns < MAKE_ROOM_NS)
        return false;
    shut(oldest);
    connection_enter(table, oldest, PHASE_LINGER, now_ns);
    return true;
}

/* ---- coming and going ---- */

struct connection *connection_add(struct connection_table *table, int fd, uint64_t now_ns)
{
    struct connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL)
        return NULL;
    if (table->n - table->told_n >= table->max && !make_room(table, now_ns))
        connection->surplus = SURPLUS_TABLE;
    connection->fd = fd;
    connection->since_ns = now_ns;
    connection->next = table->first;
    if (connection->next != NULL)
        connection->next->prev = connection;
    table->first = connection;
    table->n++;
    idle_append(table, connection);
    return connection;
}

void connection_refuse(struct connection_table *table, struct connection *connection)
{
    connection->surplus = SURPLUS_CLIENT;
    if (++table->told_n > CONNECTIONS_TOLD_MAX)
        shut(connection);
}

void connection_remove(struct connection_table *table, struct connection *connection)
{
    if (is_idle(connection->phase))
        idle_unlink(table, connection);
    if (connection->prev != NULL)
        connection->prev->next = connection->next;
    else
        table->first = connection->next;
    if (connection->next != NULL)
        connection->next->prev = connection->prev;
    table->n--;
    table->told_n -= connection->surplus == SURPLUS_CLIENT;
    free(connection);
}

void connection_enter(struct connection_table *table, struct connection *connection,
                      enum connection_phase phase, uint64_t now_ns)
{
    if (is_idle(connection->phase))
        idle_unlink(table, connection);
    connection->phase = phase;
    connection->since_ns = now_ns;
    connection->looked = false;
    connection->taken_bytes = 0;
    if (is_idle(phase))
        idle_append(table, connection);
}

void connection_progress(struct connection *connection, size_t n, uint64_t now_ns)
{
    uint64_t since_ns = connection->since_ns + n * NS_PER_BODY_BYTE;
    connection->since_ns = since_ns < now_ns ? since_ns : now_ns;
}

/* What the peer has acknowledged of an answer that has been going for a while buys time. */
static void look_at_answer(struct connection *connection, uint64_t stay_ns, uint64_t now_ns)
{
    struct tcp_info info;
    socklen_t n = sizeof info;
    if (connection->phase != PHASE_ANSWER || stay_ns < LOOK_NS ||
        getsockopt(connection->fd, IPPROTO_TCP, TCP_INFO, &info, &n) != 0 ||
        n < offsetof(struct tcp_info, tcpi_bytes_acked) + sizeof info.tcpi_bytes_acked)
        return;
    if (connection->taken_bytes > 0 && info.tcpi_bytes_acked > connection->taken_bytes)
        connection_progress(connection, info.tcpi_bytes_acked - connection->taken_bytes, now_ns);
    connection->taken_bytes = info.tcpi_bytes_acked;
}

/* Looks when a phase in which the peer has the word has lasted a second: once where nothing has come yet,
 * for a later end of stream comes alone and does not escape; at every sweep within a request. */
static bool peer_has_gone(struct connection *connection, uint64_t stay_ns)
{
    char byte;
    bool once = is_idle(connection->phase);
    bool ours = connection->phase >= PHASE_WORK;
    if (ours || stay_ns < LOOK_NS || (once && connection->looked))
        return false;
    connection->looked = true;
    ssize_t got = recv(connection->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
}

size_t connection_sweep(struct connection_table *table, uint64_t now_ns)
{
    size_t n = 0;
    for (struct connection *at = table->first; at != NULL; at = at->next) {
        uint64_t limit_ns = connection_deadline_ms[at->phase] * 1000000;
        look_at_answer(at, now_ns - at->since_ns, now_ns);
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
