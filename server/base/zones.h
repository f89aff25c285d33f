/* The machine's time zones, by name. Knows where their files lie and which names may be asked for; refuses
 * to know what a clock does (core/zone.h). Surprising: a zone that was read once stays until the end, so
 * that a pointer to it may go anywhere, and a change of the files counts from the next start on.
 *
 * Threads: any may find; the zones themselves do not change. */
#ifndef SERVER_ZONES_H
#define SERVER_ZONES_H

#include "core/zone.h"
#include "server/base/err.h"

#define ZONES_MAX 1024 /* different names; the database has some 600 */

struct zones;

/* folder: where the files lie; NULL: $TZDIR, without it /usr/share/zoneinfo. Nothing is read yet. NULL
 * when out of memory. */
struct zones *zones_new(const char *folder);
/* With every zone that it gave. Accepts NULL. */
void zones_free(struct zones *zones);

/* Finds a zone by its IANA name ("Europe/Berlin"); "" and "UTC" give NULL, which is UTC. Reads a file the
 * first time. Returns 0, or -1 with ERR_INVALID (no such name, no such file, no time zone in it: in words
 * that may be shown to whoever named it), ERR_BUSY (ZONES_MAX) or ERR_NO_MEMORY; *ret untouched. */
__attribute__((warn_unused_result)) int zones_find(struct zones *zones, const char *name,
                                                   const struct trm_zone **ret, struct err *err);

/* Whether a name means no zone. */
bool zone_is_utc(const char *name);
/* The name as it is shown: "UTC" for "". */
const char *zone_shown(const char *name);

#endif
