/* A series' forecasts that still wait for values, and the score of those that had theirs. Knows
 * which of them are worth holding against which value; refuses to know where they came from and
 * where they are stored. Surprising: not all of them are: of forecasts at every step, each is held
 * against its first few values and one in sixteenths of a horizon against all, by its position
 * alone, so that memory stays small and a restart that reads them back scores as if it had not
 * happened. */
#ifndef SERVER_SAID_H
#define SERVER_SAID_H

#include "core/said.h"
#include "server/registry/window.h"

/* Forecasts of one value that have all their leads, at most. */
#define SAID_WHOLE_MAX 16

struct said_row {
    int64_t origin; /* step of lead 1 */
    uint32_t leads; /* kept */
    uint8_t *bytes; /* core/said.h, cut behind them */
};

/* Zeroed memory is valid. Rows stay until what was said last had nothing to wait for from them any more, so
 * that all since can be scored again, as a restart does. */
struct said {
    struct trm_tally tally;
    struct trm_tally at_newest; /* when that was said, with the model's widening: as it is stored */
    uint64_t beside_version; /* of the model whose widening the tally corrects; 0: of none */
    bool stale;              /* a value that has had its turn has changed, or came late */
    bool any;                /* something was ever said … */
    int64_t newest;          /* … last at this origin … */
    uint32_t newest_leads;   /* … with so many leads … */
    uint32_t newest_version; /* … by this model */
    struct said_row *rows;   /* [n] by origin */
    size_t n, room;
};

void said_done(struct said *said);

/* Whether a forecast from this origin with so many leads says something new. */
bool said_is_news(const struct said *said, int64_t origin, uint32_t leads);

/* Takes a copy of what will be needed of bytes that trm_said_decode accepts and that are news.
 * False when out of memory (nothing changed). */
__attribute__((warn_unused_result)) bool said_put(struct said *said, int64_t origin,
                                                  const uint8_t *bytes, size_t n);

struct said_scored {
    size_t pairs, inside[2]; /* 80%, 95% */
};
/* Holds the values that have come since the last call against what was said about them. */
void said_score(struct said *said, const struct window *window, struct said_scored *ret);

/* The value of a step is about to be set. */
void said_touch(struct said *said, int64_t step);

size_t said_bytes(const struct said *said);

#endif
