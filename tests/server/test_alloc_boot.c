/* The whole daemon is started with one allocation refused, then the next one, in all libraries and
 * threads, and with all of them refused from there on: it does not start and says so, or it starts
 * and stops cleanly; and what is on the disk is what was there before. */
#include "server/daemon.h"
#include "server/http/server.h"
#include "tests/lib/failing.h"
#include "tests/server/service_fixture.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define POINTS 40
#define STARTS_MAX 50000
#define MANY ((size_t)1 << 40)
#define HANGS_S 120

static struct fixture f;
static size_t started_n, refused_n;

void __real_http_server_on_reload(struct http_server *server, http_reload reload, void *ctx);
void __wrap_http_server_on_reload(struct http_server *server, http_reload reload, void *ctx);

/* The last thing of a start: enough memory from here on, and the operator's wish to stop. */
void __wrap_http_server_on_reload(struct http_server *server, http_reload reload, void *ctx)
{
    refused_n = failing_disarm();
    started_n++;
    __real_http_server_on_reload(server, reload, ctx);
    raise(SIGTERM);
}

static int no_reload(void *ctx, struct config *ret, struct err *err)
{
    (void)ctx, (void)ret;
    return err_set(err, ERR_INTERNAL, "nobody asked");
}

static void put_aggregated(const char *id)
{
    struct series_patch patch = {.set = PATCH_FREQ | PATCH_AGGREGATE | PATCH_LABELS};
    struct series_label label = {"site", "x"};
    struct point *points = daily(0, POINTS);
    struct err err;

    series_settings_init(&patch.settings);
    patch.settings.freq = (struct trm_freq){.ms = DAY};
    patch.settings.aggregate = AGGREGATE_MEAN;
    patch.settings.labels = &label;
    patch.settings.label_n = 1;
    put_series(&f, id, &patch, &err);
    assert_int_equal(err.code, ERR_NONE);
    put_ok(&f, id, points, POINTS);
    free(points);
}

/* Series with and without a model, readings of steps, a forecast that waits for its values. */
static int setup(void **state)
{
    char job[JOB_ID_MAX + 1];

    (void)state;
    fixture_init(&f);
    fixture_open(&f);
    make_daily(&f, "a", POINTS, FIT_OFF);
    make_daily(&f, "b", POINTS, FIT_OFF);
    put_aggregated("c");
    assert_int_equal(fit_wait(&f, "a", true, job), JOB_SUCCEEDED);
    struct forecast_answer answer = forecast_of(&f, "a", 5);
    forecast_answer_done(&answer);
    run_idle(&f);
    fixture_close(&f);
    snprintf(f.config.listen_host, sizeof f.config.listen_host, "127.0.0.1");
    f.config.listen_port = 0;
    f.config.drain_delay_ms = 0;
    snprintf(f.config.weights_path, sizeof f.config.weights_path, "builtin");
    failing_init();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fixture_done(&f);
    return 0;
}

/* Thousands of reasons why it does not start. */
static int silence(void)
{
    int old = dup(STDERR_FILENO), null = open("/dev/null", O_WRONLY | O_CLOEXEC);

    if (!getenv("FAILING_TRACE"))
        dup2(null, STDERR_FILENO);
    close(null);
    return old;
}

static void speak(int old)
{
    dup2(old, STDERR_FILENO);
    close(old);
}

/* A start and its stop, with the nth allocation and the n - 1 after it refused. Returns how many
 * were. */
static size_t start(unsigned threads, size_t nth, size_t n)
{
    struct daemon_options options = {.config = &f.config, .reload = no_reload};
    size_t before = started_n;
    int old = silence();

    refused_n = 0;
    alarm(HANGS_S);
    failing_arm(threads, nth, n);
    enum exit_code code = daemon_run(&options);
    size_t refused = failing_disarm();
    alarm(0);
    speak(old);
    if (started_n == before)
        assert_int_equal(code, EXIT_FAILED);
    else
        assert_int_equal(code, EXIT_CLEAN);
    if (refused_n + refused == 0)
        assert_int_equal(started_n, before + 1);
    return refused_n + refused;
}

static void everything_is_there(void)
{
    fixture_open(&f);
    assert_int_equal(view_of(&f, "a").point_n, POINTS);
    assert_int_equal(view_of(&f, "b").point_n, POINTS);
    assert_int_equal(view_of(&f, "c").point_n, POINTS);
    assert_int_equal(view_of(&f, "a").model_version, 1);
    fixture_close(&f);
}

static size_t sweep(unsigned threads, size_t n, size_t stride)
{
    size_t starts = 0, refused = 1;

    for (size_t nth = 1; refused > 0 && starts < STARTS_MAX; nth += stride, starts++)
        refused = start(threads, nth, n);
    assert_int_equal(refused, 0);
    everything_is_there();
    return starts - 1;
}

static void a_start_with_one_allocation_refused_loses_nothing(void **state)
{
    (void)state;
    size_t n = sweep(FAILING_LOOP, 1, failing_stride(9));
    size_t of_store = sweep(FAILING_STORE, 1, failing_stride(9));
    printf("# %zu and %zu starts\n", n, of_store);
    assert_true(n > 20);
}

static void a_start_without_memory_from_somewhere_on_loses_nothing(void **state)
{
    (void)state;
    size_t n = sweep(FAILING_LOOP | FAILING_STORE | FAILING_WORKER, MANY, failing_stride(13));
    printf("# %zu starts\n", n);
    assert_true(n > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_start_with_one_allocation_refused_loses_nothing),
        cmocka_unit_test(a_start_without_memory_from_somewhere_on_loses_nothing),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
