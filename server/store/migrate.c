/* Judging a file and bringing it up to date. Surprising: the version is set inside the transaction of the
 * step itself, so that a step is never run twice, whenever the power goes. */
#include "server/store/migrate.h"

#include <inttypes.h>
#include <stdio.h>

int migrate_check(struct db *db, size_t steps_n, struct err *err)
{
    int64_t version, application, tables;

    if (db_user_version(db, &version, err) < 0 ||
        db_query_int(db, "PRAGMA application_id", &application, err) < 0 ||
        db_query_int(db, "SELECT count(*) FROM sqlite_schema", &tables, err) < 0)
        return -1;
    bool empty = version == 0 && application == 0 && tables == 0;
    if (!empty && application != MIGRATE_APPLICATION_ID)
        return err_set(err, ERR_STORAGE, "%s is an SQLite file of another program", db->path);
    if (version < 0 || (uint64_t)version > steps_n)
        return err_set(err, ERR_STORAGE,
                       "%s has schema version %" PRId64 ", newer than this program's %zu: start the "
                       "program that wrote it, or a newer one",
                       db->path, version, steps_n);
    return 0;
}

static int migrate_step(struct db *db, const struct embedded_file *step, size_t version,
                        struct err *err)
{
    char set_version[48];

    snprintf(set_version, sizeof(set_version), "PRAGMA user_version=%zu", version);
    if (db_exec(db, "BEGIN IMMEDIATE", err) < 0)
        return err_wrap(err, "migration %s", step->name);
    if (db_exec(db, (const char *)step->bytes, err) < 0 || db_exec(db, set_version, err) < 0 ||
        db_exec(db, "COMMIT", err) < 0) {
        db_rollback(db);
        return err_wrap(err, "migration %s", step->name);
    }
    return 0;
}

int migrate_run(struct db *db, const struct embedded_file *steps, size_t steps_n, struct err *err)
{
    int64_t version;

    if (db_user_version(db, &version, err) < 0)
        return -1;
    for (size_t at = (size_t)version; at < steps_n; at++)
        if (migrate_step(db, &steps[at], at + 1, err) < 0)
            return -1;
    return 0;
}
