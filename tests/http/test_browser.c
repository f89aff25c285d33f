/* Pages of somebody else's, and names that are not ours. */
#include "server/http/browser.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct browser_rules local = {.own_names_only = true,
                                           .names = "tstrm.example.org, other.example"};
static const struct browser_rules open = {.own_names_only = false, .names = ""};

static enum browser_verdict reading(const char *host)
{
    return browser_judge(&(struct browser_ask){.host = host}, &local);
}

static enum browser_verdict changing(const struct browser_rules *rules, const char *host,
                                     const char *origin, const char *site)
{
    return browser_judge(&(struct browser_ask){true, host, origin, site}, rules);
}

static void this_machines_names_are_its_own(void **state)
{
    const char *const own[] = {"localhost",
                               "LOCALHOST:8080",
                               "localhost.",
                               "a.localhost:1",
                               "127.0.0.1:8080",
                               "127.0.0.1",
                               "10.1.2.3:80",
                               "[::1]:8080",
                               "[::1]",
                               "x",
                               "tstrm:8080",
                               "",
                               "tstrm.example.org",
                               "Other.Example:443",
                               "tstrm.example.org."};
    (void)state;
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        assert_int_equal(reading(own[i]), BROWSER_FINE);
    assert_int_equal(reading(NULL), BROWSER_FINE);
}

static void other_names_are_refused_on_loopback_and_taken_elsewhere(void **state)
{
    const char *const foreign[] = {"evil.example",           "evil.example:8080",
                                   "127.0.0.1.evil.example", "localhost.evil.example",
                                   "evil.example.",          "tstrm.example.org.evil.example",
                                   "xlocalhost.example",     "1.2.3.4.5"};
    (void)state;
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
        assert_int_equal(reading(foreign[i]), BROWSER_FOREIGN_NAME);
        assert_int_equal(browser_judge(&(struct browser_ask){.host = foreign[i]}, &open),
                         BROWSER_FINE);
    }
    assert_int_equal(reading("[evil.example]"), BROWSER_FOREIGN_NAME);
}

static void a_star_takes_any_name(void **state)
{
    const struct browser_rules any = {.own_names_only = true, .names = "*"};
    (void)state;
    assert_int_equal(browser_judge(&(struct browser_ask){.host = "evil.example"}, &any),
                     BROWSER_FINE);
    assert_int_equal(changing(&any, "a", "http://evil.example", "cross-site"), BROWSER_FINE);
}

static void programs_that_are_no_browsers_may_change_things(void **state)
{
    (void)state;
    assert_int_equal(changing(&local, "127.0.0.1:8080", NULL, NULL), BROWSER_FINE);
    assert_int_equal(changing(&open, NULL, NULL, NULL), BROWSER_FINE);
}

static void a_page_of_ours_may_change_things(void **state)
{
    (void)state;
    assert_int_equal(changing(&local, "127.0.0.1:8080", "http://127.0.0.1:8080", NULL),
                     BROWSER_FINE);
    assert_int_equal(changing(&local, "localhost:8080", "http://LocalHost:8080", "same-origin"),
                     BROWSER_FINE);
    assert_int_equal(changing(&open, "10.0.0.1", NULL, "none"), BROWSER_FINE);
    /* behind a proxy that changes Host */
    assert_int_equal(changing(&local, "127.0.0.1:8080", "https://tstrm.example.org", NULL),
                     BROWSER_FINE);
    assert_int_equal(changing(&local, "127.0.0.1:8080", "https://tstrm.example.org", "same-site"),
                     BROWSER_FINE);
}

static void a_page_of_somebody_elses_may_not(void **state)
{
    const char *const pages[] = {"http://evil.example",
                                 "https://evil.example:8080",
                                 "null",
                                 "",
                                 "http://127.0.0.1:3000",
                                 "http://127.0.0.1",
                                 "file://",
                                 "http://tstrm.example.org.evil.example"};
    (void)state;
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
        assert_int_equal(changing(&local, "127.0.0.1:8080", pages[i], NULL), BROWSER_FOREIGN_PAGE);
        assert_int_equal(changing(&open, "127.0.0.1:8080", pages[i], "cross-site"),
                         BROWSER_FOREIGN_PAGE);
    }
    assert_int_equal(changing(&open, "a", NULL, "cross-site"), BROWSER_FOREIGN_PAGE);
    assert_int_equal(changing(&open, "a", NULL, "same-site"), BROWSER_FOREIGN_PAGE);
    assert_int_equal(changing(&open, NULL, "http://evil.example", NULL), BROWSER_FOREIGN_PAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(this_machines_names_are_its_own),
        cmocka_unit_test(other_names_are_refused_on_loopback_and_taken_elsewhere),
        cmocka_unit_test(a_star_takes_any_name),
        cmocka_unit_test(programs_that_are_no_browsers_may_change_things),
        cmocka_unit_test(a_page_of_ours_may_change_things),
        cmocka_unit_test(a_page_of_somebody_elses_may_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
