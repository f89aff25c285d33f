/* Every allocation that a request causes is refused once, on the loop, on the workers and on the
 * store's thread, and then all of them from there on: the answer is what was asked for or 503, or
 * the connection is closed; what was acknowledged is there, what was refused is there wholly or not
 * at all; and the same request succeeds right after. */
#include "tests/http/house.h"
#include "tests/lib/failing.h"
#include "tests/wire/vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define JSON "Content-Type: application/json\r\n"
#define CSV "Content-Type: text/csv\r\n"
#define LINES "Content-Type: application/x-ndjson\r\n"
#define WAIT "Prefer: wait=20\r\n"
#define SNAPPY                                                                                     \
    "Content-Type: "                                                                               \
    "application/x-protobuf;proto=io.prometheus.write.v2.Request\r\nContent-Encoding: snappy\r\n"
#define ROUNDS_MAX 20000
#define MANY ((size_t)1 << 40)

/* One request. In its line and body %u is another number up to 900 in every round, %r any
 * other, %j the newest job, %v the newest version. */
struct call {
    const char *line, *headers, *body;
    size_t body_n;       /* of a body that is no text */
    unsigned status;     /* with memory */
    const char *before;  /* "LINE|BODY", asked before each round */
    const char *look[2]; /* what says whether it was done: targets, the first read from the store */
    const char *after;   /* undoes it */
};

/* What two calls to the same series are seen by: the store and the memory. */
#define N_POINTS                                                                                   \
    "/v1/series/n/points", "/v1/series/n/forecast?horizon=2&levels=80&quantiles=0.5&format=csv"
#define AGG_POINTS                                                                                 \
    "/v1/series/agg/points", "/api/v1/query?query=agg:actual&time=2026-11-01T12:00:00Z"
#define N_NEW "DELETE /v1/series/n|"
#define N_THREE                                                                                    \
    "POST "                                                                                        \
    "/v1/series/n/points|{\"points\":[[\"2026-11-01\",1],[\"2026-11-02\",2],[\"2026-11-03\",3]]}"
#define X_HISTORY                                                                                  \
    "[10,12,14,13,15,30,28,11,13,15,14,16,31,29,12,14,16,15,17,32,30,13,15,17,16,18,33,31]"

static const struct call writes[] = {
    {"PUT /v1/series/n",
     JSON,
     "{\"frequency\":\"1d\",\"labels\":{\"a\":\"b\"}}",
     0,
     201,
     NULL,
     {"/v1/series?prefix=n&format=csv"},
     N_NEW},
    {"PUT /v1/series/n",
     JSON,
     "{\"labels\":{\"c\":\"d\"},\"min\":0}",
     0,
     200,
     N_THREE,
     {"/v1/series?label=c%3Dd&prefix=n&format=csv"},
     N_NEW},
    {"POST /v1/series/n/points",
     JSON,
     "{\"points\":[[\"2026-11-01\",1],[\"2026-11-02\",2],[\"2026-11-03\",4]]}",
     0,
     201,
     NULL,
     {N_POINTS},
     N_NEW},
    {"POST /v1/series/n/points",
     CSV,
     "2026-11-03,5\n2026-11-04,6\n",
     0,
     200,
     N_THREE,
     {N_POINTS},
     N_NEW},
    {"POST /v1/series/n/points",
     LINES,
     "[\"2026-11-06\",5]\n[\"2026-11-07\",6]\n",
     0,
     200,
     N_THREE,
     {N_POINTS},
     N_NEW},
    {"POST /v1/points",
     JSON,
     "{\"series\":[{\"id\":\"n\",\"points\":[[\"2026-11-04\",7],[\"2026-11-05\",8]]}]}",
     0,
     200,
     N_THREE,
     {N_POINTS},
     N_NEW},
    {"POST /v1/points",
     LINES,
     "{\"series\":\"n\",\"t\":\"2026-11-04\",\"v\":7}\n{\"series\":\"n\",\"t\":\"2026-11-05\","
     "\"v\":8}\n",
     0,
     200,
     NULL,
     {N_POINTS},
     N_NEW},
    {"POST /api/v1/write",
     SNAPPY,
     (const char *)vector_write_2_snappy,
     sizeof vector_write_2_snappy,
     204,
     NULL,
     {"/v1/series/up%7Bjob%3D%22node%22%7D/points"},
     "DELETE /v1/series/up%7Bjob%3D%22node%22%7D|"},
    {"POST /write?precision=s",
     NULL,
     "lines,host=a value=3 1795470000\nlines,host=a value=4 1795470060",
     0,
     204,
     NULL,
     {"/v1/series/lines_value%7Bhost%3D%22a%22%7D/points"},
     "DELETE /v1/series/lines_value%7Bhost%3D%22a%22%7D|"},
    {"DELETE /v1/series/n", NULL, NULL, 0, 204, N_THREE, {N_POINTS}, NULL},
    {"PUT /v1/series/agg",
     JSON,
     "{\"aggregate\":\"sum\"}",
     0,
     200,
     "PUT /v1/series/agg|{\"aggregate\":\"mean\"}",
     {AGG_POINTS},
     NULL},
    {"POST /v1/series/agg/points",
     JSON,
     "{\"points\":[[\"2026-11-01T00:05:00Z\",900]]}",
     0,
     200,
     "POST /v1/series/agg/points|{\"points\":[[\"2026-11-01T00:05:00Z\",1]]}",
     {AGG_POINTS},
     NULL},
    {"PUT /v1/series/long", JSON, "{\"retention_points\":2048}", 0, 200},
};

static const struct call works[] = {
    {"POST /v1/series/a/fit", JSON WAIT, "{\"mode\":\"full\"}", 0, 200},
    {"POST /v1/series/lit/fit", JSON WAIT, "{\"mode\":\"full\"}", 0, 200},
    {"POST /v1/series/a/backtest", JSON WAIT, "{\"horizon\":2,\"windows\":2}", 0, 200},
    {"POST /v2/forecast", JSON,
     "{\"series\":{\"y\":" X_HISTORY ",\"sizes\":[28]},\"freq\":\"D\",\"h\":2,\"level\":[80],"
     "\"finetune_steps\":5}",
     0, 200},
    {"POST /v1/forecast", JSON,
     "{\"horizon\":2,\"series\":[{\"frequency\":\"1d\",\"values\":" X_HISTORY "}]}", 0, 200},
    {"POST /v2/forecast", JSON,
     "{\"series\":{\"y\":" X_HISTORY ",\"sizes\":[28]},\"freq\":\"D\",\"h\":2,\"level\":[80]}", 0,
     200},
    {"POST /v2/cross_validation", JSON,
     "{\"series\":{\"y\":" X_HISTORY ",\"sizes\":[28]},\"freq\":\"D\",\"h\":2,"
     "\"n_windows\":2,\"step_size\":2}",
     0, 200},
    {"POST /v2/online_anomaly_detection", JSON,
     "{\"series\":{\"y\":" X_HISTORY ",\"sizes\":[28]},\"freq\":\"D\",\"h\":1,"
     "\"detection_size\":2,\"level\":99}",
     0, 200},
    {"POST /v1/timeseries/forecast", JSON,
     "{\"model\":\"tstrm\",\"inputs\":[{\"type\":\"univariate_time_series\",\"name\":"
     "\"s\",\"series\":" X_HISTORY ",\"frequency\":\"D\"}],\"options\":{\"horizon\":2}}",
     0, 200},
    {"POST /v1/admin/backup", JSON, "{\"name\":\"b%r.db\"}", 0, 201},
    {"POST /v1/series/a/checkpoints/%v/restore", NULL, NULL, 0, 200},
};

static const struct call reads[] = {
    {"GET /v1/series/a/forecast?horizon=%u", NULL, NULL, 0, 200},
    {"GET /v1/series/a/forecast?horizon=%u&trace=1&time=rfc3339", "Accept-Encoding: gzip\r\n", NULL,
     0, 200},
    {"GET /v1/series/a/forecast?horizon=5&format=csv", "Accept-Encoding: gzip\r\n", NULL, 0, 200},
    {"GET /v1/series/a/forecast?horizon=5", NULL, NULL, 0, 200},
    {"GET /v1/series/a/ahead?ahead=1d&threshold=2&direction=above", NULL, NULL, 0, 200},
    {"GET /v1/series/a/points?limit=9", NULL, NULL, 0, 200},
    {"GET /v1/series/a/points?format=csv", "Accept-Encoding: gzip\r\n", NULL, 0, 200},
    {"GET /v1/series/a", NULL, NULL, 0, 200},
    {"GET /v1/series/a/record", NULL, NULL, 0, 200},
    {"GET /v1/series/a/anomalies?level=90", NULL, NULL, 0, 200},
    {"GET /v1/series/a/checkpoints", NULL, NULL, 0, 200},
    {"GET /v1/series", NULL, NULL, 0, 200},
    {"GET /v1/series?format=csv&label=a%3Db", NULL, NULL, 0, 200},
    {"GET /v1/jobs?format=csv", NULL, NULL, 0, 200},
    {"GET /v1/jobs/%j", NULL, NULL, 0, 200},
    {"GET /v1/jobs/%j/events", NULL, NULL, 0, 200},
    {"DELETE /v1/jobs/%j", NULL, NULL, 0, 409},
    {"GET /v1/fleet", NULL, NULL, 0, 200},
    {"GET /v1/admin/stats", NULL, NULL, 0, 200},
    {"GET /metrics", "Accept-Encoding: gzip\r\n", NULL, 0, 200},
    {"GET /openapi.json", NULL, NULL, 0, 200},
    {"GET /api/v1/query?query=a:predicted*2", NULL, NULL, 0, 200},
    {"POST /api/v1/query_range", "Content-Type: application/x-www-form-urlencoded\r\n",
     "query=max_over_time(a:actual[3d])>1&start=2026-03-01T00:00:00Z&end=2026-03-05T00:00:00Z&step="
     "1d",
     0, 200},
    {"GET "
     "/api/v1/"
     "query_range?query=%7B__name__%3D~%22a:.*%22%7D&start=1772323200&end=1772409600&step=3600",
     NULL, NULL, 0, 200},
    {"GET /api/v1/series?match[]=a:actual", NULL, NULL, 0, 200},
    {"GET /api/v1/labels", NULL, NULL, 0, 200},
    {"GET /api/v1/label/__name__/values", NULL, NULL, 0, 200},
    {"GET /api/v1/metadata", NULL, NULL, 0, 200},
    {"GET /livez", NULL, NULL, 0, 200},
    {"GET /nothing", NULL, NULL, 0, 404},
    {"POST /v1/series/a/points", JSON, "{\"points\":[[5,", 0, 400},
    {"PUT /v1/series/a", JSON, "{\"season\":[0]}", 0, 422},
    {"POST /v2/forecast", JSON, "{\"series\":{}}", 0, 422},
    {"POST /write", NULL, "no line", 0, 400},
    {"GET /api/v1/query?query=sum(a)", NULL, NULL, 0, 422},
};

static struct house_answer answer, state;
static char newest_job[64] = "0", newest_version[24] = "1";
static unsigned round_number;

/* ---- asking ---- */

static const char *what_stands_for(char letter)
{
    static char number[16];

    if (letter == 'j')
        return newest_job;
    if (letter == 'v')
        return newest_version;
    snprintf(number, sizeof number, "%u", letter == 'r' ? round_number : round_number % 900 + 1);
    return number;
}

static void fill_in(const char *from, char *to, size_t to_n)
{
    size_t n = 0;

    for (; *from; from++) {
        bool marked = *from == '%' && (from[1] == 'u' || from[1] == 'r' || from[1] == 'j' || from[1] == 'v');
        if (marked)
            n += (size_t)snprintf(to + n, to_n - n, "%s", what_stands_for(*++from));
        else
            to[n++] = *from;
        assert_true(n + 1 < to_n);
    }
    to[n] = '\0';
}

static size_t ask(struct house *house, const struct call *call, unsigned threads, size_t nth,
                  size_t n)
{
    static char request[64 << 10];
    char line[512], body[2048];
    const char *content = call->body;

    round_number++;
    fill_in(call->line, line, sizeof line);
    if (call->body && !call->body_n) {
        fill_in(call->body, body, sizeof body);
        content = body;
    }
    size_t content_n = call->body_n ? call->body_n : content ? strlen(content) : 0;
    size_t request_n =
        house_request(line, call->headers, content, content_n, request, sizeof request);
    return house_ask_failing(house, request, request_n, threads, nth, n, &answer);
}

/* "LINE|BODY". */
static void ask_text(struct house *house, const char *text)
{
    char line[512];

    if (!text)
        return;
    const char *bar = strchr(text, '|');
    snprintf(line, sizeof line, "%.*s", (int)(bar - text), text);
    house_ask(house, line, JSON, bar[1] ? bar + 1 : NULL, &answer);
}

/* When a series was made is another time in every round: noughts in its place. */
static void hide_present(char *text)
{
    struct timespec now;
    char digits[24];

    clock_gettime(CLOCK_REALTIME, &now);
    for (long long minute = now.tv_sec / 100 - 9; minute <= now.tv_sec / 100; minute++) {
        int n = snprintf(digits, sizeof digits, "%lld", minute);
        for (char *at = text; (at = strstr(at, digits)); at += n)
            memset(at, '0', strspn(at, "0123456789"));
    }
}

/* The bodies of what a call is seen by. */
static char *look(struct house *house, const struct call *call)
{
    char line[512], *seen = calloc(1, 1);

    for (int i = 0; i < 2 && call->look[i]; i++) {
        snprintf(line, sizeof line, "GET %s", call->look[i]);
        house_ask(house, line, NULL, NULL, &state);
        size_t n = strlen(seen);
        seen = realloc(seen, n + state.n + 16);
        snprintf(seen + n, state.n + 16, "%u %s\n", state.status, state.text);
    }
    hide_present(seen);
    return seen;
}

static void remember_job(void)
{
    const char *id = strstr(answer.text, "\"id\":\"");

    if (id)
        snprintf(newest_job, sizeof newest_job, "%.*s", (int)strcspn(id + 6, "\""), id + 6);
}

static void remember_version(struct house *house)
{
    house_ask(house, "GET /v1/series/a/checkpoints", NULL, NULL, &state);
    const char *version = strstr(state.text, "\"version\":");
    if (version)
        snprintf(newest_version, sizeof newest_version, "%lu", strtoul(version + 10, NULL, 10));
}

/* ---- one round ---- */

static const char *what(const struct call *call, unsigned threads, size_t nth, size_t n)
{
    static char text[700];

    snprintf(text, sizeof text, "%s: allocation %zu%s of threads %u; %u %.300s", call->line, nth,
             n > 1 ? " and on" : "", threads, answer.status, answer.text);
    return text;
}

/* Whether this may be said where memory was refused. A job may have failed, and an entry of
 * several, too. */
static bool is_allowed(const struct call *call)
{
    if (answer.status == 0 || answer.status == 503)
        return true;
    if (answer.status == 202 && call->headers && strstr(call->headers, WAIT))
        return true; /* it goes on, and nobody waits for it */
    return answer.status == call->status;
}

static void check_job(const struct call *call)
{
    if (!strstr(answer.text, "\"state\":\"failed\"") || strstr(answer.text, "memory"))
        return;
    fail_msg("%s: %s", call->line, answer.text);
}

/* Wholly there, or not at all; and there where it was acknowledged. */
static void check_state(struct house *house, const struct call *call, const char *without,
                        const char *with, const char *told)
{
    bool acknowledged = answer.status >= 200 && answer.status < 300;

    service_tick(house->f.service); /* what could not be read then is read now */
    run_idle(&house->f);
    char *seen = look(house, call);

    if (strcmp(seen, with) != 0 && (acknowledged || strcmp(seen, without) != 0))
        fail_msg("%s\nis neither\n%s\nnor\n%s\nafter %s", seen, without, with, told);
    free(seen);
}

static size_t round_of(struct house *house, const struct call *call, unsigned threads, size_t nth,
                       size_t n, const char *without, const char *with)
{
    char told[700];

    ask_text(house, call->before);
    if (with)
        free(look(house, call)); /* as it was looked at when it was learnt: a forecast leaves its
                                    mark in the record */
    if (strstr(call->line, "%v"))
        remember_version(house);
    size_t refused = ask(house, call, threads, nth, n);
    snprintf(told, sizeof told, "%s", what(call, threads, nth, n));
    if (refused ? !is_allowed(call) : answer.status != call->status)
        fail_msg("%s", told);
    check_job(call);
    if (with)
        check_state(house, call, without, with, told);
    ask(house, call, 0, 0, 0);
    bool done_twice = (call->status == 201 && answer.status == 200) ||
                      (call->status == 204 && answer.status == 404);
    if (answer.status != call->status && !done_twice)
        fail_msg("not again: %s, first %s", what(call, 0, 0, 0), told);
    if (strstr(answer.text, "\"state\":\"failed\""))
        fail_msg("not again: %s", answer.text);
    ask_text(house, call->after);
    return refused;
}

/* ---- sweeps ---- */

/* Different remainders for different calls, so that together they get everywhere. */
static size_t sweep_call(struct house *house, const struct call *call, size_t stride,
                         unsigned threads, bool persisting)
{
    static size_t sweeps;
    char *without = NULL, *with = NULL;
    size_t total = 0, refused = 1;

    if (call->look[0]) {
        ask_text(house, call->before);
        without = look(house, call);
        ask(house, call, 0, 0, 0);
        assert_int_equal(answer.status, call->status);
        with = look(house, call);
        ask_text(house, call->after);
    }
    for (size_t nth = 1 + sweeps++ % stride; refused > 0 && nth < ROUNDS_MAX; nth += stride) {
        refused = round_of(house, call, threads, nth, persisting ? MANY : 1, without, with);
        total += refused > 0;
    }
    assert_int_equal(refused, 0);
    free(without);
    free(with);
    return total;
}

static void sweep(struct house *house, const struct call *calls, size_t n, size_t stride)
{
    static const struct {
        unsigned threads;
        const char *name;
    } rows[] = {{FAILING_LOOP, "loop"}, {FAILING_WORKER, "worker"}, {FAILING_STORE, "store"}};

    size_t total = 0;

    for (size_t i = 0; i < n; i++)
        for (size_t k = 0, of_call = 0; k < 3; k++) {
            size_t once = sweep_call(house, &calls[i], stride, rows[k].threads, false);
            size_t on = once ? sweep_call(house, &calls[i], stride, rows[k].threads, true) : 0;
            if (once)
                printf("# %s: %s: %zu refused once, %zu from there on\n", calls[i].line,
                       rows[k].name, once, on);
            of_call += once;
            total += once + on;
            if (k == 2)
                assert_true(of_call > 0);
        }
    printf("# %zu refusals\n", total);
}

/* ---- what is there ---- */

static void must(struct house *house, const char *line, const char *headers, const char *body)
{
    house_ask(house, line, headers, body, &answer);
    if (answer.status < 200 || answer.status > 299)
        fail_msg("%s: %u %s", line, answer.status, answer.text);
}

static const char *days(size_t n)
{
    static char text[64 << 10];
    size_t used = 0;

    for (size_t i = 0; i < n; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%lld,%zu\n",
                                 START + (long long)i * DAY, 10 + i % 7 + i * 7919 % 3);
    return text;
}

static int setup(void **ret)
{
    struct house *house = calloc(1, sizeof *house);

    failing_init();
    house_open(house);
    must(house, "PUT /v1/series/a", JSON,
         "{\"frequency\":\"1d\",\"season\":[7],\"fit\":\"off\",\"labels\":{\"a\":\"b\"}}");
    must(house, "POST /v1/series/a/points", CSV, days(60));
    must(house, "PUT /v1/series/lit", JSON,
         "{\"frequency\":\"1d\",\"season\":[7],\"fit\":\"off\",\"model\":\"literal\"}");
    must(house, "POST /v1/series/lit/points", CSV, days(40));
    must(house, "PUT /v1/series/agg", JSON,
         "{\"frequency\":\"1d\",\"season\":[7],\"fit\":\"off\",\"aggregate\":\"mean\"}");
    must(house, "POST /v1/series/agg/points", JSON,
         "{\"points\":[[\"2026-11-01\",1],[\"2026-11-01T12:00:00Z\",2],"
         "[\"2026-11-02\",3],[\"2026-11-03\",4],[\"2026-11-03T03:00:00Z\",5],[\"2026-11-04\",6],["
         "\"2026-11-05\",7]]}");
    must(house, "PUT /v1/series/long", JSON, "{\"frequency\":\"1d\",\"fit\":\"off\"}");
    must(house, "POST /v1/series/long/points", CSV, days(3000));
    must(house, "POST /v1/series/a/fit", WAIT, NULL);
    remember_job();
    *ret = house;
    return 0;
}

static int teardown(void **ret)
{
    house_close(*ret);
    free(*ret);
    return 0;
}

static void reads_without_memory_are_503_or_closed(void **ret)
{
    sweep(*ret, reads, sizeof reads / sizeof *reads, failing_stride(1));
}

static void writes_without_memory_are_whole_or_not_at_all(void **ret)
{
    sweep(*ret, writes, sizeof writes / sizeof *writes, failing_stride(2));
}

static void work_without_memory_ends_and_succeeds_afterwards(void **ret)
{
    sweep(*ret, works, sizeof works / sizeof *works, failing_stride(12));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reads_without_memory_are_503_or_closed, setup, teardown),
        cmocka_unit_test_setup_teardown(writes_without_memory_are_whole_or_not_at_all, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(work_without_memory_ends_and_succeeds_afterwards, setup,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
