/* Writes that may change a series' shape (create it, its settings, its grid) run alone: what comes
 * after one waits until it is durable and is then checked against what really became of the series.
 * What may create a series waits for a deletion as well, and then creates it: there is no moment at which it
 * can be told that there is no such series. Writes of points to a known grid never wait. */
#include "server/service/parts.h"

static int turn_wait(struct entry *entry, struct turn *turn, struct err *err)
{
    if (turn->service->turn_n >= TURNS_MAX)
        return err_set(err, ERR_BUSY,
                       "%d writes are waiting for others to the same series, which is "
                       "the most; try later",
                       TURNS_MAX);
    turn->next = NULL;
    if (entry->waiting)
        entry->waiting_last->next = turn;
    else
        entry->waiting = turn;
    entry->waiting_last = turn;
    turn->service->turn_n++;
    return 0;
}

static int begin_new(struct turn *turn, struct err *err)
{
    if (!turn->may_create)
        return err_no_series(err, turn->id);
    struct entry *entry = entry_create(turn->service, turn->id, turn->settings, err);
    if (!entry)
        return -1;
    turn->creating = true;
    if (turn->send(turn, entry, err)) {
        entry_drop(turn->service, entry);
        return -1;
    }
    return 0;
}

int turn_begin(struct turn *turn, struct err *err)
{
    struct entry *entry = registry_find(turn->service->registry, turn->id);

    if (check_open(turn->service, err))
        return -1;
    if (!entry)
        return begin_new(turn, err);
    if (entry->deleting && !turn->may_create)
        return err_no_series(err, turn->id);
    if (entry->shaping || entry->deleting)
        return turn_wait(entry, turn, err);
    return turn->send(turn, entry, err);
}

struct turn *turns_take(struct entry *entry)
{
    struct turn *turns = entry->waiting;

    entry->shaping = false;
    entry->waiting = entry->waiting_last = NULL;
    return turns;
}

void turns_begin(struct turn *turns)
{
    for (struct turn *turn = turns, *next; turn; turn = next) {
        struct err err;
        next = turn->next;
        turn->service->turn_n--;
        if (turn_begin(turn, &err))
            turn->refuse(turn, &err);
    }
}
