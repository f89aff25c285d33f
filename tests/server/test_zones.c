/* Time zones by name: which names are asked for, what is read, and what is said of the rest. */
#include "server/base/zones.h"

#include "core/calendar.h"
#include "tests/lib/tmp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define WINTER INT64_C(1767225600000) /* 2026-01-01T00:00:00Z */
#define HOUR INT64_C(3600000)

static struct zones *opened(const char *folder)
{
    struct zones *zones = zones_new(folder);

    assert_non_null(zones);
    return zones;
}

static const struct trm_zone *found(struct zones *zones, const char *name)
{
    const struct trm_zone *zone = NULL;
    struct err err;

    if (zones_find(zones, name, &zone, &err))
        fail_msg("%s: %s", name, err.msg);
    return zone;
}

static void refuses(struct zones *zones, const char *name, const char *words)
{
    const struct trm_zone *zone = (const struct trm_zone *)zones;
    struct err err = {.code = ERR_NONE};

    assert_int_equal(zones_find(zones, name, &zone, &err), -1);
    assert_int_equal(err.code, ERR_INVALID);
    assert_ptr_equal(zone, zones);
    if (!strstr(err.msg, words))
        fail_msg("\"%s\": \"%s\" does not say \"%s\"", name, err.msg, words);
}

static void a_zone_is_read_once_and_stays(void **state)
{
    struct zones *zones = opened(ZONE_FOLDER);
    const struct trm_zone *berlin = found(zones, "Berlin");

    (void)state;
    assert_int_equal(trm_zone_local(berlin, WINTER), WINTER + HOUR);
    assert_ptr_not_equal(found(zones, "New_York"), berlin);
    assert_ptr_equal(found(zones, "Berlin"), berlin);
    zones_free(zones);
    zones_free(NULL);
}

static void utc_is_no_zone(void **state)
{
    struct zones *zones = opened("/nowhere");

    (void)state;
    assert_null(found(zones, ""));
    assert_null(found(zones, "UTC"));
    assert_string_equal(zone_shown(""), "UTC");
    assert_string_equal(zone_shown("Asia/Tokyo"), "Asia/Tokyo");
    zones_free(zones);
}

static void names_that_no_zone_has_are_not_looked_for(void **state)
{
    static const char *const names[] = {
        ".", "..", "../Berlin", "/etc/passwd", "Europe//Berlin", "Europe/../Berlin", "Europe/./Berlin",
        "-Berlin", "_Berlin", "5", "Europe/-x", "Ber lin", "Berlin\n", "Berlin\\", "Bérlin", "Berlin.tab",
        "~", "Berlin\x7f", "a;b", "%s"};
    struct zones *zones = opened(ZONE_FOLDER);
    char longer[80];

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        refuses(zones, names[i], "is no name of a time zone");
    refuses(zones, "Europe/", "ends in /");
    memset(longer, 'a', sizeof longer);
    longer[sizeof longer - 1] = '\0';
    refuses(zones, longer, "at most 63 bytes");
    longer[63] = '\0';
    refuses(zones, longer, "no time zone \"aaa");
    zones_free(zones);
}

static void an_unknown_zone_is_named_and_so_is_the_package_that_may_be_missing(void **state)
{
    struct zones *zones = opened(ZONE_FOLDER);

    (void)state;
    refuses(zones, "Europe/Atlantis", "no time zone \"Europe/Atlantis\" in ");
    refuses(zones, "Europe/Atlantis", "package tzdata installed");
    refuses(zones, "Berlin/Mitte", "no time zone \"Berlin/Mitte\" in ");
    zones_free(zones);
    zones = opened("/nowhere");
    refuses(zones, "Europe/Berlin", "no folder /nowhere: install the package tzdata");
    zones_free(zones);
}

static void what_is_no_zone_file_is_refused(void **state)
{
    char folder[TMP_PATH_MAX], path[TMP_PATH_MAX + 16];
    static char large[TRM_ZONE_BYTES_MAX + 2];

    (void)state;
    tmp_make(folder);
    tmp_write(folder, "Text", "Europe/Berlin\n");
    tmp_write(folder, "Empty", "");
    tmp_write(folder, "Folder/Inside", "x");
    memset(large, 'x', sizeof large - 1);
    tmp_write(folder, "Large", large);
    snprintf(path, sizeof path, "%s/Pipe", folder);
    assert_int_equal(mkfifo(path, 0600), 0);
    struct zones *zones = opened(folder);
    refuses(zones, "Text", "its bytes are no time zone");
    refuses(zones, "Empty", "its bytes are no time zone");
    refuses(zones, "Folder", "no regular file");
    refuses(zones, "Pipe", "no regular file");
    refuses(zones, "Large", "larger than 64 KiB");
    zones_free(zones);
    tmp_remove(folder);
}

static void the_folder_may_be_named_by_the_environment(void **state)
{
    (void)state;
    setenv("TZDIR", ZONE_FOLDER, 1);
    struct zones *zones = opened(NULL);
    assert_non_null(found(zones, "Kathmandu"));
    zones_free(zones);
    setenv("TZDIR", "", 1);
    zones = opened(NULL);
    refuses(zones, "Nowhere/At_All", "/usr/share/zoneinfo");
    zones_free(zones);
    unsetenv("TZDIR");
}

static void there_is_a_largest_number_of_zones(void **state)
{
    char folder[TMP_PATH_MAX], path[TMP_PATH_MAX + 16], name[16];
    const struct trm_zone *zone;
    struct err err;

    (void)state;
    tmp_make(folder);
    struct zones *zones = opened(folder);
    for (int i = 0; i <= ZONES_MAX; i++) {
        snprintf(name, sizeof name, "Z%d", i);
        snprintf(path, sizeof path, "%s/%s", folder, name);
        assert_int_equal(symlink(ZONE_FOLDER "/Kathmandu", path), 0);
        if (i < ZONES_MAX)
            (void)found(zones, name);
    }
    assert_int_equal(zones_find(zones, name, &zone, &err), -1);
    assert_int_equal(err.code, ERR_BUSY);
    assert_non_null(found(zones, "Z0"));
    zones_free(zones);
    tmp_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_zone_is_read_once_and_stays),
        cmocka_unit_test(utc_is_no_zone),
        cmocka_unit_test(names_that_no_zone_has_are_not_looked_for),
        cmocka_unit_test(an_unknown_zone_is_named_and_so_is_the_package_that_may_be_missing),
        cmocka_unit_test(what_is_no_zone_file_is_refused),
        cmocka_unit_test(the_folder_may_be_named_by_the_environment),
        cmocka_unit_test(there_is_a_largest_number_of_zones),
    };
    return cmocka_run_group_tests_name("zones", tests, NULL, NULL);
}
