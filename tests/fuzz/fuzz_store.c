/* Rows that come back from the store: some columns of some rows get other values (any integer,
 * number, text or bytes; blobs with a right checksum, since no fuzzer finds one), then the daemon
 * starts on it and is asked for everything. Promised: it starts or says why not, and every answer
 * is well-formed; a damaged store is no reason to crash. */
#include "core/checkpoint.h"
#include "tests/fuzz/bite.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/house.h"
#include "tests/fuzz/http_strict.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#define CHANGES_MAX 6

static const struct {
    const char *table, *column;
} columns[] = {
    {"series", "id"},
    {"series", "freq_ms"},
    {"series", "freq_months"},
    {"series", "horizon"},
    {"series", "min"},
    {"series", "max"},
    {"series", "integer"},
    {"series", "fit"},
    {"series", "fit_every"},
    {"series", "grid_ms"},
    {"series", "grid_months"},
    {"series", "grid_anchor"},
    {"series", "created_at"},
    {"series", "revision"},
    {"series", "point_n"},
    {"series", "tail_from"},
    {"series", "last_t"},
    {"series", "model"},
    {"series", "aggregate"},
    {"series", "retention"},
    {"series", "zone"},
    {"series_season", "position"},
    {"series_season", "period"},
    {"series_label", "name"},
    {"series_label", "value"},
    {"tail", "series"},
    {"tail", "t"},
    {"tail", "v"},
    {"tail", "added"},
    {"tail", "crc"},
    {"chunk", "t0"},
    {"chunk", "t1"},
    {"chunk", "n"},
    {"chunk", "blob"},
    {"checkpoint", "version"},
    {"checkpoint", "bytes"},
    {"job", "id"},
    {"job", "state"},
    {"job", "kind"},
    {"job", "created_at"},
    {"job", "finished_at"},
    {"job", "request"},
    {"job", "result"},
    {"job", "error"},
    {"said", "origin"},
    {"said", "bytes"},
    {"said", "series"},
};

/* ---- one change ---- */

static void bind(sqlite3_stmt *statement, struct bites *from)
{
    static const char *const words[] = {"",   "every",         "literal", "mean",
                                        "1d", "Europe/Berlin", "pending", "backtest",
                                        "..", "running"};
    char text[256];
    int64_t whole;
    uint8_t kind = bite_byte(from);
    switch (kind % 8) {
    case 0:
        sqlite3_bind_null(statement, 1);
        break;
    case 1:
        sqlite3_bind_int64(statement, 1, (int64_t)kind / 8 - 8);
        break;
    case 2:
        bite(from, &whole, sizeof whole);
        sqlite3_bind_int64(statement, 1, whole);
        break;
    case 3:
        sqlite3_bind_double(statement, 1, bite_double(from));
        break;
    case 4:
        sqlite3_bind_text(statement, 1, words[kind / 8 % 10], -1, SQLITE_STATIC);
        break;
    case 5:
        sqlite3_bind_text(statement, 1, bite_text(from, text), -1, SQLITE_TRANSIENT);
        break;
    default:
        bite_text(from, text);
        sqlite3_bind_blob(statement, 1, text, (int)bite_below(from, 256), SQLITE_TRANSIENT);
    }
}

static void run(sqlite3 *db, const char *sql, struct bites *from)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
        return; /* no such column in this version of the schema */
    if (from != NULL)
        bind(statement, from);
    sqlite3_step(statement); /* a strict table may refuse the type */
    sqlite3_finalize(statement);
}

/* A byte of a blob that is there becomes another one. */
static void flip(sqlite3 *db, const char *table, const char *column, struct bites *from)
{
    char sql[256];
    snprintf(sql, sizeof sql,
             "UPDATE %s SET %s = CAST(substr(%s, 1, %zu) || x'%02x' || substr(%s, %zu) AS BLOB) "
             "WHERE length(%s) > 8",
             table, column, column, bite_below(from, 600), bite_byte(from), column,
             bite_below(from, 600) + 2, column);
    run(db, sql, NULL);
}

static void change(sqlite3 *db, struct bites *from)
{
    char sql[256];
    size_t i = bite_below(from, sizeof columns / sizeof *columns);
    const char *table = columns[i].table, *column = columns[i].column;
    bool blob = strcmp(column, "bytes") == 0 || strcmp(column, "blob") == 0;
    if (blob && bite_byte(from) % 4 != 0) {
        flip(db, table, column, from);
        return;
    }
    snprintf(sql, sizeof sql, "UPDATE %s SET %s = ?1 WHERE rowid %% %zu = 0 OR 1 = %zu", table,
             column, 1 + bite_below(from, 3), bite_below(from, 2));
    if (strncmp(table, "series_", 7) == 0 || strcmp(table, "said") == 0)
        snprintf(sql, sizeof sql, "UPDATE %s SET %s = ?1", table, column); /* these have no rowid */
    run(db, sql, from);
}

/* ---- checksums made right again ---- */

static void crc_of(sqlite3_context *context, int n, sqlite3_value **values)
{
    const void *bytes = sqlite3_value_blob(values[0]);
    (void)n;
    sqlite3_result_int64(context, trm_crc32c(0, bytes, (size_t)sqlite3_value_bytes(values[0])));
}

static void alter(void *ctx, const char *path)
{
    struct bites *from = ctx;
    sqlite3 *db;
    FUZZ_REQUIRE(sqlite3_open(path, &db) == SQLITE_OK);
    sqlite3_create_function(db, "crc_of", 1, SQLITE_UTF8, NULL, crc_of, NULL, NULL);
    run(db, "PRAGMA ignore_check_constraints = ON", NULL);
    run(db, "PRAGMA synchronous = OFF", NULL);
    for (size_t n = 1 + bite_below(from, CHANGES_MAX); n > 0; n--)
        change(db, from);
    if (bite_byte(from) % 4 != 0) {
        run(db, "UPDATE checkpoint SET crc = crc_of(bytes)", NULL);
        run(db, "UPDATE said SET crc = crc_of(bytes)", NULL);
    }
    FUZZ_REQUIRE(sqlite3_close(db) == SQLITE_OK);
}

/* ---- everything is asked for ---- */

static const char questions[] =
    "GET /v1/series HTTP/1.1\r\nHost: a\r\n\r\nGET /v1/series/a HTTP/1.1\r\nHost: a\r\n\r\n"
    "GET /v1/series/a/points?limit=100 HTTP/1.1\r\nHost: a\r\n\r\nGET "
    "/v1/series/a/forecast?trace=1 HTTP/1.1\r\nHost: a\r\n\r\n"
    "GET /v1/series/a/record HTTP/1.1\r\nHost: a\r\n\r\nGET /v1/series/a/checkpoints "
    "HTTP/1.1\r\nHost: a\r\n\r\n"
    "GET /v1/jobs HTTP/1.1\r\nHost: a\r\n\r\nGET /v1/admin/stats HTTP/1.1\r\nHost: a\r\n\r\n"
    "POST /v1/series/a/points HTTP/1.1\r\nHost: a\r\nContent-Type: text/csv\r\nContent-Length: "
    "18\r\n\r\n2026-03-16,1\nx,3\n\n"
    "POST /v1/series/a/points HTTP/1.1\r\nHost: a\r\nContent-Type: text/csv\r\nContent-Length: "
    "13\r\n\r\n2026-03-16,1\n"
    "GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct bites from = {bytes, n};
    const struct house_pace pace = {0};
    if (n < 4 || !house_move(alter, &from))
        return 0;
    struct house_heard heard = house_talk((const uint8_t *)questions, sizeof questions - 1, &pace);
    if (getenv("FUZZ_SHOW") != NULL)
        fprintf(stderr, "%.*s\n", (int)heard.n, heard.bytes);
    size_t answers = 0;
    for (size_t at = 0; at < heard.n; answers++) {
        struct strict_answer answer;
        strict_answer(heard.bytes + at, heard.n - at, false, &answer);
        FUZZ_REQUIRE(answer.n > 0);
        at += answer.n;
    }
    FUZZ_REQUIRE(answers == 11);
    return 0;
}
