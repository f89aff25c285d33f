/* Every series in memory. Knows how to find an entry by id and by key and to walk them in order of
 * ids; refuses to know what makes an entry change. Surprising: an entry may be here before its
 * series exists (visible is false until its creation is durable), so that two first writes meet at
 * one place.
 *
 * Threads: the loop's only; no locks. */
#ifndef SERVER_REGISTRY_H
#define SERVER_REGISTRY_H

#include "server/base/err.h"
#include "server/base/series.h"
#include "server/registry/fold.h"
#include "server/registry/map.h"
#include "server/registry/said.h"
#include "server/registry/window.h"
#include "server/train/model_ref.h"

/* Points held one by one while the grid is not known: a third time decides it. */
#define ENTRY_RAW_MAX 2

/* Where a model's fit ended cannot be told (its history is older than memory): nothing can be added to what
 * it knows. */
#define ENTRY_END_UNKNOWN INT64_MIN

struct turn; /* a write that waits (the service's) */
struct job;  /* a fit (the service's) */

struct entry {
    int64_t key; /* > 0, never reused */
    char *id;
    struct series_settings settings;
    uint64_t
        settings_revision; /* a hash of what a forecast depends on: equal settings, equal number */
    int64_t created_at;    /* UTC ms */

    bool visible;  /* the series exists: its creation is durable */
    bool deleting; /* its deletion is on the way to the store */
    bool restoring; /* a checkpoint is on its way back: no fit begins */
    bool of_agent; /* has a label __name__, as the series of other systems' agents have */
    bool shaping;  /* a write that may change id, settings or grid is on the way … */
    struct turn *waiting, *waiting_last; /* … and these came after it, oldest first */

    const struct trm_zone *zone; /* the one that the settings name; NULL: UTC; not the entry's to free */
    bool grid_known;
    struct trm_grid grid; /* with this zone */
    struct point raw[ENTRY_RAW_MAX]; /* oldest first, while the grid is not known */
    size_t raw_n;
    struct window recent; /* once the grid is known */
    struct fold fold;     /* the step that is not over yet, where points are aggregated */
    uint32_t refold_n;    /* readings of steps under way: what is remembered of them will change */
    int64_t stale_from;   /* first step that memory has to read again; INT64_MAX: none … */
    bool stale_anew;      /* … and whether all of it has to go before */
    uint64_t revision, point_n;
    uint64_t recent_revision; /* as of the last change of `recent`: what a forecast depends on */

    struct said said;        /* forecasts that wait for values */
    uint32_t forgotten_n;    /* times that they were dropped, because values came to mean something else */
    bool saying;             /* stands in line for a forecast (the service's) */

    uint32_t season;         /* as last worked out; 0: not yet */
    bool season_stale;       /* points came since then */
    struct model_ref *model; /* NULL: none yet */
    uint64_t model_version;  /* 0: none yet */
    uint64_t version_seen;   /* the largest version ever stored, damaged ones included */
    int64_t model_at;        /* UTC ms; 0 without a model */
    int64_t model_end;       /* first step that its fit did not see, or ENTRY_END_UNKNOWN */
    struct job *job;         /* the fit in flight, or NULL */
    uint64_t new_points;     /* points changed since the last fit was started */
    unsigned fit_failures;   /* fits that failed since the last one that did not … */
    uint64_t fit_retry_ns;   /* … and until when none is tried unasked, monotonic */
    unsigned fits_refused;   /* fits in a row that were no better than the model */
    uint64_t client;         /* on whose behalf it is fitted unasked; 0: nobody's */
};

struct registry;

/* secret: for the hash, not guessable from outside. NULL when out of memory. */
struct registry *registry_new(const struct siphash_key *secret);
/* Frees every entry. Accepts NULL. */
void registry_free(struct registry *registry);

/* A new, invisible entry, with default settings. NULL when out of memory (nothing changed). The id
 * and the key must not be there yet. */
struct entry *registry_add(struct registry *registry, const char *id, int64_t key);

/* Frees the entry. */
void registry_remove(struct registry *registry, struct entry *entry);

/* NULL when there is none; invisible ones are found too. */
struct entry *registry_find(const struct registry *registry, const char *id);
struct entry *registry_by_key(const struct registry *registry, int64_t key);

/* Entries in byte order of their ids, by position. */
size_t registry_n(const struct registry *registry);
struct entry *registry_at(const struct registry *registry, size_t position);
/* Position of the first entry with an id >= id (after: > id). */
size_t registry_position(const struct registry *registry, const char *id, bool after);

/* Bytes of the entry: itself, its history and its model. */
size_t entry_bytes(const struct entry *entry);

#endif
