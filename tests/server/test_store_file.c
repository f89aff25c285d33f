/* Opening files: new, old, newer, foreign, damaged, in use. */
#include "server/store/migrate.h"
#include "tests/server/store_fixture.h"
#include "tests/server/store_loaded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *file_text(const char *path, size_t *ret_n)
{
    FILE *file = fopen(path, "rbe");

    if (!file)
        fail_msg("cannot open %s", path);
    fseek(file, 0, SEEK_END);
    *ret_n = (size_t)ftell(file);
    rewind(file);
    char *text = calloc(1, *ret_n + 1);
    assert_int_equal(fread(text, 1, *ret_n, file), *ret_n);
    fclose(file);
    return text;
}

/* The open must fail with ERR_STORAGE, the words, and the file's name, leaving the file's bytes alone. */
static void refused(struct fixture *f, const char *words)
{
    struct err err = {0};
    size_t before_n, after_n;
    char *before = file_text(f->path, &before_n);

    assert_int_equal(store_open(&f->options, f->mailbox, &f->store, &err), -1);
    assert_null(f->store);
    assert_int_equal(err.code, ERR_STORAGE);
    if (!strstr(err.msg, words) || !strstr(err.msg, f->path))
        fail_msg("\"%s\" names neither %s nor %s", err.msg, words, f->path);
    char *after = file_text(f->path, &after_n);
    assert_int_equal(after_n, before_n);
    assert_memory_equal(after, before, before_n);
    free(before);
    free(after);
}

static void a_new_file_opens_empty_and_again(void **state)
{
    struct fixture *f = *state;
    struct loaded loaded = {0};
    struct err err;

    for (int i = 0; i < 2; i++) {
        fixture_open(f);
        assert_int_equal(loaded_read(f, &loaded, &err), 0);
        assert_int_equal(loaded.series_n, 0);
        assert_int_equal(loaded.max_key, 0);
        fixture_close(f);
    }
}

static void check_v1_series(const struct loaded *loaded)
{
    const struct store_series *power = &loaded->series[0];

    assert_int_equal(loaded->series_n, 2);
    assert_string_equal(power->id, "power");
    assert_int_equal(power->settings.season_n, 2);
    assert_int_equal(power->settings.season[1], 168);
    assert_int_equal(power->settings.fit, FIT_EVERY);
    assert_int_equal(power->settings.model, TRM_KIND_TRM);
    assert_string_equal(power->settings.labels[0].value, "a");
    assert_true(power->grid_known);
    assert_int_equal(power->revision, 11);
    assert_int_equal(power->point_n, 10);
    assert_string_equal(loaded->series[1].id, "empty");
    assert_int_equal(loaded->max_key, 5);
    assert_int_equal(loaded->job_n, 1);
    assert_string_equal(loaded->checkpoints[0].text, "second model");
}

static void a_file_of_version_1_is_read_as_it_was_written(void **state)
{
    static const struct point uneven[] = {{1, 1},      {5, 2},       {1000, 3},   {100000, 4},
                                          {100001, 0}, {100002, -1}, {100003, .5}};
    struct fixture *f = *state;
    struct loaded loaded = {.points_max = 100};
    struct err err;
    size_t n;
    char *sql = file_text(STORE_V1_SQL, &n);

    fixture_sql(f, sql);
    free(sql);
    fixture_open(f);
    assert_int_equal(loaded_read(f, &loaded, &err), 0);
    check_v1_series(&loaded);
    assert_int_equal(loaded.points_n[0], 10);
    for (size_t i = 0; i < 10; i++) {
        assert_int_equal(loaded.points[0][i].t, i * 3600000);
        if (i == 3)
            assert_true(isnan(loaded.points[0][i].v));
        else
            assert_true(loaded.points[0][i].v == (i == 8 ? 99 : 1.5 * (double)i));
    }
    assert_int_equal(loaded.points_n[1], 7);
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(loaded.points[1][i].t, uneven[i].t);
        assert_true(i == 4 ? isnan(loaded.points[1][i].v) : loaded.points[1][i].v == uneven[i].v);
    }
    loaded_clear(&loaded);
}

static void a_newer_schema_is_refused_untouched(void **state)
{
    struct fixture *f = *state;

    fixture_open(f);
    fixture_close(f);
    fixture_sql(f, "PRAGMA user_version=999");
    refused(f, "schema version 999, newer than");
}

static void another_programs_file_is_refused_untouched(void **state)
{
    struct fixture *f = *state;

    fixture_sql(f, "CREATE TABLE songs(name TEXT)");
    refused(f, "another program");
}

static void a_file_that_is_no_database_is_refused_untouched(void **state)
{
    struct fixture *f = *state;
    char text[4097];

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    tmp_write(f->dir, "store.db", text);
    refused(f, "not a database");
}

static int root_page(const struct fixture *f, const char *table)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;

    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT rootpage FROM sqlite_schema WHERE name=?1", -1,
                                        &stmt, NULL), SQLITE_OK);
    sqlite3_bind_text(stmt, 1, table, -1, SQLITE_STATIC);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    int page = sqlite3_column_int(stmt, 0);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return page;
}

/* A page that opening has no other reason to read, so that only the check of the whole file sees it. */
static void a_damaged_file_is_refused_with_the_damage_named(void **state)
{
    struct fixture *f = *state;
    struct store_series series = plain_series(1);
    char junk[4096];

    fixture_open(f);
    fixture_start(f);
    assert_int_equal(put_series(f, &series).err.code, ERR_NONE);
    assert_int_equal(put_checkpoint(f, 1, 1, "model").err.code, ERR_NONE);
    fixture_close(f);
    long page = root_page(f, "checkpoint");
    FILE *file = fopen(f->path, "r+be");
    memset(junk, 0x5a, sizeof(junk));
    assert_int_equal(fseek(file, (page - 1) * 4096, SEEK_SET), 0);
    assert_int_equal(fwrite(junk, 1, sizeof(junk), file), sizeof(junk));
    fclose(file);
    refused(f, "is damaged");
}

static void a_file_in_use_is_refused(void **state)
{
    struct fixture *f = *state;
    struct store *second = NULL;
    struct err err;

    fixture_open(f);
    assert_int_equal(store_open(&f->options, f->mailbox, &second, &err), -1);
    assert_int_equal(err.code, ERR_STORAGE);
    assert_non_null(strstr(err.msg, "in use"));
    fixture_reopen(f);
}

static void a_folder_that_is_not_there_is_named(void **state)
{
    struct fixture *f = *state;
    struct err err;

    snprintf(f->path, sizeof(f->path), "%s/no/store.db", f->dir);
    assert_int_equal(store_open(&f->options, f->mailbox, &f->store, &err), -1);
    assert_int_equal(err.code, ERR_STORAGE);
    assert_non_null(strstr(err.msg, f->path));
}

/* ---- migrate.h ---- */

#define STEP(name, text) {name, (const unsigned char *)(text), sizeof(text) - 1}

static int64_t query(struct db *db, const char *sql)
{
    sqlite3_stmt *stmt = NULL;

    assert_int_equal(sqlite3_prepare_v2(db->sqlite, sql, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    int64_t value = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return value;
}

static struct db *bare_db(struct fixture *f)
{
    struct db *db = calloc(1, sizeof(*db));

    db->path = strdup(f->path);
    db->lock_fd = -1;
    assert_int_equal(sqlite3_open(f->path, &db->sqlite), SQLITE_OK);
    return db;
}

static void migrations_run_once_each_from_where_the_file_stands(void **state)
{
    static const struct embedded_file steps[] = {
        STEP("0001_a.sql", "PRAGMA application_id=0x74737472; CREATE TABLE a(x); INSERT INTO a VALUES(1)"),
        STEP("0002_b.sql", "INSERT INTO a VALUES(2); CREATE TABLE b(x)"),
        STEP("0003_c.sql", "INSERT INTO a VALUES(3)"),
    };
    struct fixture *f = *state;
    struct db *db = bare_db(f);
    struct err err = {0};

    assert_int_equal(migrate_check(db, 1, &err), 0);
    assert_int_equal(migrate_run(db, steps, 1, &err), 0);
    assert_int_equal(query(db, "PRAGMA user_version"), 1);
    assert_int_equal(migrate_check(db, 3, &err), 0);
    assert_int_equal(migrate_run(db, steps, 3, &err), 0);
    assert_int_equal(migrate_run(db, steps, 3, &err), 0);
    assert_int_equal(query(db, "PRAGMA user_version"), 3);
    assert_int_equal(query(db, "SELECT sum(x) FROM a"), 6);
    assert_int_equal(migrate_check(db, 2, &err), -1);
    assert_non_null(strstr(err.msg, "newer"));
    db_close(db);
}

static void a_failing_migration_leaves_the_version_before_it_whole(void **state)
{
    static const struct embedded_file steps[] = {
        STEP("0001_a.sql", "PRAGMA application_id=0x74737472; CREATE TABLE a(x)"),
        STEP("0002_b.sql", "INSERT INTO a VALUES(2); CREATE TABLE b(x); INSERT INTO missing VALUES(1)"),
    };
    struct fixture *f = *state;
    struct db *db = bare_db(f);
    struct err err = {0};

    assert_int_equal(migrate_run(db, steps, 2, &err), -1);
    assert_non_null(strstr(err.msg, "0002_b.sql"));
    assert_int_equal(query(db, "PRAGMA user_version"), 1);
    assert_int_equal(query(db, "SELECT count(*) FROM a"), 0);
    assert_int_equal(query(db, "SELECT count(*) FROM sqlite_schema"), 1);
    db_close(db);
}

#define FRESH(name) cmocka_unit_test_setup_teardown(name, fixture_new, fixture_free)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(a_new_file_opens_empty_and_again),
        FRESH(a_file_of_version_1_is_read_as_it_was_written),
        FRESH(a_newer_schema_is_refused_untouched),
        FRESH(another_programs_file_is_refused_untouched),
        FRESH(a_file_that_is_no_database_is_refused_untouched),
        FRESH(a_damaged_file_is_refused_with_the_damage_named),
        FRESH(a_file_in_use_is_refused),
        FRESH(a_folder_that_is_not_there_is_named),
        FRESH(migrations_run_once_each_from_where_the_file_stands),
        FRESH(a_failing_migration_leaves_the_version_before_it_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
