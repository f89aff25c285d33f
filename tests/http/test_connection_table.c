/* Deadlines of connections, on real sockets and an invented clock. */
#include "server/http/connection_table.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define S UINT64_C(1000000000)

struct pair {
    struct connection_table table;
    int ours, theirs;
    struct connection *connection;
};

static struct pair new_pair(void)
{
    struct pair pair = {.table.max = 2};
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    pair.ours = fds[0];
    pair.theirs = fds[1];
    return pair;
}

static void open_at(struct pair *pair, uint64_t now_ns)
{
    pair->connection = connection_add(&pair->table, pair->ours, now_ns);
    assert_non_null(pair->connection);
}

static void end(struct pair *pair)
{
    connection_remove(&pair->table, pair->connection);
    assert_int_equal(pair->table.n, 0);
    close(pair->ours);
    close(pair->theirs);
}

/* Two ends of a connection over TCP, where a peer can reset it. */
static struct pair new_tcp_pair(void)
{
    struct pair pair = {.table.max = 2};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    pair.theirs = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, n), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &n), 0);
    assert_int_equal(connect(pair.theirs, (struct sockaddr *)&address, n), 0);
    pair.ours = accept(listener, NULL, NULL);
    assert_true(pair.ours >= 0);
    close(listener);
    return pair;
}

static void a_peer_that_has_reset_the_connection_is_found_and_marked_as_dead(void **state)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    struct pair pair = new_tcp_pair();
    (void)state;
    open_at(&pair, 0);
    assert_int_equal(setsockopt(pair.theirs, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
    close(pair.theirs);
    pair.theirs = -1;
    assert_int_equal(connection_sweep(&pair.table, S / 2), 0);
    assert_int_equal(connection_sweep(&pair.table, S), 1);
    assert_true(pair.connection->shut && pair.connection->dead);
    end(&pair);
}

static void every_phase_but_work_ends_at_its_deadline_and_not_before(void **state)
{
    (void)state;
    for (int phase = PHASE_NEW; phase < PHASES; phase++) {
        struct pair pair = new_pair();
        uint64_t limit_ns = connection_deadline_ms[phase] * 1000000;
        open_at(&pair, 0);
        connection_enter(&pair.table, pair.connection, (enum connection_phase)phase, 100 * S);
        assert_int_equal(connection_sweep(&pair.table, 100 * S + limit_ns - (limit_ns > 0)), 0);
        assert_int_equal(connection_sweep(&pair.table, 100 * S + limit_ns), limit_ns > 0);
        assert_int_equal(connection_sweep(&pair.table, 100000 * S), 0);
        assert_int_equal(limit_ns == 0, phase == PHASE_WORK || phase == PHASE_STREAM);
        end(&pair);
    }
}

static void a_connection_shut_down_reads_as_ended_on_the_other_side(void **state)
{
    struct pair pair = new_pair();
    char byte;
    (void)state;
    open_at(&pair, 0);
    assert_int_equal(connection_sweep(&pair.table, 1000 * S), 1);
    assert_int_equal(read(pair.theirs, &byte, 1), 0);
    end(&pair);
}

static void a_drip_buys_no_time_and_a_stream_does(void **state)
{
    struct pair drip = new_pair(), stream = new_pair();
    uint64_t limit_s = connection_deadline_ms[PHASE_BODY] / 1000;
    (void)state;
    open_at(&drip, 0);
    open_at(&stream, 0);
    connection_enter(&drip.table, drip.connection, PHASE_BODY, 0);
    connection_enter(&stream.table, stream.connection, PHASE_BODY, 0);
    for (uint64_t s = 1; s <= limit_s; s++) {
        connection_progress(drip.connection, 2, s * S);
        connection_progress(stream.connection, 1 << 14, s * S);
    }
    assert_int_equal(connection_sweep(&stream.table, 2 * limit_s * S - S), 0);
    assert_int_equal(connection_sweep(&drip.table, limit_s * S + S), 1);
    end(&drip);
    end(&stream);
}

static void a_burst_buys_no_time_ahead(void **state)
{
    struct pair pair = new_pair();
    (void)state;
    open_at(&pair, 0);
    connection_enter(&pair.table, pair.connection, PHASE_BODY, 0);
    connection_progress(pair.connection, 1 << 30, S);
    assert_int_equal(connection_sweep(&pair.table, S + connection_deadline_ms[PHASE_BODY] * 1000000), 1);
    end(&pair);
}

static void connections_beyond_the_maximum_are_surplus(void **state)
{
    struct connection_table table = {.max = 2};
    struct connection *connections[3];
    (void)state;
    for (int i = 0; i < 3; i++) {
        connections[i] = connection_add(&table, -1, 0);
        assert_int_equal(connections[i]->surplus, i == 2);
    }
    connection_remove(&table, connections[1]);
    connection_remove(&table, connections[2]);
    connections[1] = connection_add(&table, -1, 0);
    assert_false(connections[1]->surplus);
    connection_remove(&table, connections[0]);
    connection_remove(&table, connections[1]);
    assert_null(table.first);
}

static void a_full_table_makes_room_by_the_one_idle_for_longest(void **state)
{
    struct connection_table table = {.max = 3};
    struct connection *connections[4];
    (void)state;
    for (int i = 0; i < 3; i++)
        connections[i] = connection_add(&table, -1, (uint64_t)i * S);
    connection_enter(&table, connections[0], PHASE_BODY, 3 * S);
    connection_enter(&table, connections[1], PHASE_ANSWER, 3 * S);
    connection_enter(&table, connections[1], PHASE_IDLE, 4 * S);
    connections[3] = connection_add(&table, -1, 5 * S);
    assert_int_equal(connections[3]->surplus, SURPLUS_NONE);
    assert_false(connections[0]->shut);
    assert_false(connections[1]->shut);
    assert_true(connections[2]->shut);
    assert_ptr_equal(table.idle_first, connections[1]);
    assert_ptr_equal(table.idle_last, connections[3]);
    for (int i = 0; i < 4; i++)
        connection_remove(&table, connections[i]);
    assert_null(table.idle_first);
    assert_null(table.idle_last);
}

static void one_clients_surplus_leaves_room_to_others_and_only_some_are_told(void **state)
{
    struct connection_table table = {.max = 2};
    struct connection *connections[CONNECTIONS_TOLD_MAX + 2];
    (void)state;
    for (int i = 0; i < CONNECTIONS_TOLD_MAX + 2; i++) {
        connections[i] = connection_add(&table, -1, 0);
        if (i > 0)
            connection_refuse(&table, connections[i]);
        assert_int_equal(connections[i]->surplus, i > 0 ? SURPLUS_CLIENT : SURPLUS_NONE);
        assert_int_equal(connections[i]->shut, i > CONNECTIONS_TOLD_MAX);
    }
    struct connection *other = connection_add(&table, -1, 0);
    assert_int_equal(other->surplus, SURPLUS_NONE);
    for (int i = 0; i < CONNECTIONS_TOLD_MAX + 2; i++)
        connection_remove(&table, connections[i]);
    connection_remove(&table, other);
    assert_int_equal(table.told_n, 0);
}

static void a_peer_that_has_gone_is_noticed_where_it_has_the_word(void **state)
{
    (void)state;
    for (int phase = PHASE_NEW; phase < PHASES; phase++) {
        struct pair pair = new_pair();
        bool ours = phase == PHASE_WORK || phase == PHASE_ANSWER || phase == PHASE_STREAM;
        open_at(&pair, 0);
        connection_enter(&pair.table, pair.connection, (enum connection_phase)phase, 10 * S);
        assert_int_equal(shutdown(pair.theirs, SHUT_WR), 0);
        assert_int_equal(connection_sweep(&pair.table, 10 * S), 0);
        assert_int_equal(connection_sweep(&pair.table, 12 * S), !ours);
        end(&pair);
    }
}

static void bytes_that_wait_are_not_an_end(void **state)
{
    struct pair pair = new_pair();
    (void)state;
    open_at(&pair, 0);
    connection_enter(&pair.table, pair.connection, PHASE_BODY, 10 * S);
    assert_int_equal(write(pair.theirs, "x", 1), 1);
    assert_int_equal(shutdown(pair.theirs, SHUT_WR), 0);
    assert_int_equal(connection_sweep(&pair.table, 12 * S), 0);
    end(&pair);
}

static void shutting_the_idle_leaves_the_busy_alone(void **state)
{
    struct pair idle = new_pair(), busy = new_pair();
    (void)state;
    open_at(&idle, 0);
    open_at(&busy, 0);
    connection_enter(&idle.table, idle.connection, PHASE_IDLE, 0);
    connection_enter(&busy.table, busy.connection, PHASE_WORK, 0);
    connection_shut_idle(&idle.table);
    connection_shut_idle(&busy.table);
    assert_true(idle.connection->shut);
    assert_false(busy.connection->shut);
    end(&idle);
    end(&busy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_peer_that_has_reset_the_connection_is_found_and_marked_as_dead),
        cmocka_unit_test(every_phase_but_work_ends_at_its_deadline_and_not_before),
        cmocka_unit_test(a_connection_shut_down_reads_as_ended_on_the_other_side),
        cmocka_unit_test(a_drip_buys_no_time_and_a_stream_does),
        cmocka_unit_test(a_burst_buys_no_time_ahead),
        cmocka_unit_test(connections_beyond_the_maximum_are_surplus),
        cmocka_unit_test(a_full_table_makes_room_by_the_one_idle_for_longest),
        cmocka_unit_test(one_clients_surplus_leaves_room_to_others_and_only_some_are_told),
        cmocka_unit_test(a_peer_that_has_gone_is_noticed_where_it_has_the_word),
        cmocka_unit_test(bytes_that_wait_are_not_an_end),
        cmocka_unit_test(shutting_the_idle_leaves_the_busy_alone),
    };
    return cmocka_run_group_tests_name("connection_table", tests, NULL, NULL);
}
