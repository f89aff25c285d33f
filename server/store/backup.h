/* A copy of the open database in another file, made in small steps while writes go on. Knows files and
 * SQLite's backup interface; refuses to know requests. Surprising: the copy is made by the connection that
 * writes, so SQLite itself repeats every change in the pages that are copied already, and the copy is of the
 * moment of its last page; a second connection would begin anew at every commit.
 *
 * The copy grows under a hidden name in the same folder, is read once more for its checksum while the system
 * writes it out piece by piece, is synced, and gets its name by a link, which never replaces a file. It is
 * locked as long as somebody works on it: a process id would tell nothing in the next container, or after a
 * reboot.
 * Thread: the connection's, outside of any transaction. */
#ifndef SERVER_STORE_BACKUP_H
#define SERVER_STORE_BACKUP_H

#include "server/store/db.h"
#include "server/store/store.h"

/* Of one step, each about a millisecond's work. */
#define BACKUP_PAGES 64
#define BACKUP_PIECE_BYTES ((size_t)256 << 10)

struct backup;

/* Returns 0, or -1 with *err: ERR_CONFLICT (dir/name is there), ERR_STORAGE, ERR_NO_SPACE, ERR_NO_MEMORY.
 * db must outlive the backup. */
__attribute__((warn_unused_result)) int backup_begin(struct db *db, const char *dir, const char *name,
                                                     struct backup **ret, struct err *err);

/* Returns 1 when there is more to do, 0 when the backup is there under its name, durable, with *ret about
 * it, or -1 with *err as above. After 0 and -1 only backup_free may follow. */
__attribute__((warn_unused_result)) int backup_step(struct backup *backup, struct store_backup *ret,
                                                    struct err *err);

/* Removes what has not got its name. Accepts NULL. */
void backup_free(struct backup *backup);

/* Removes from dir what killed processes left of their backups: .NAME.PID.partial with a NAME that ends in
 * .db, and nobody's lock on it. Returns how many. Any thread. */
size_t backup_sweep(const char *dir);

#endif
