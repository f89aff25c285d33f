/* A table of sets. See pauses.h. */
#include "server/keys/pauses.h"

#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_S UINT64_C(1000000000)

/* Mixed, so that neighbouring addresses lie in different sets (the multiplier is 2^64 over the golden
 * ratio). */
static size_t set_of(uint64_t client)
{
    return (size_t)((client * UINT64_C(0x9E3779B97F4A7C15)) >> 56) % PAUSES_SETS;
}

static const struct pause *find(const struct pauses *pauses, uint64_t client)
{
    const struct pause *set = pauses->sets[set_of(client)];
    for (size_t i = 0; i < PAUSES_WAYS; i++)
        if (set[i].wrong > 0 && set[i].client == client)
            return &set[i];
    return NULL;
}

unsigned pauses_left_s(const struct pauses *pauses, uint64_t client, uint64_t now_ns)
{
    const struct pause *pause = find(pauses, client);
    if (pause == NULL || pause->until_ns <= now_ns)
        return 0;
    return (unsigned)((pause->until_ns - now_ns + NS_PER_S - 1) / NS_PER_S);
}

/* The client's own place, or the one that is given up for it. */
static struct pause *place_of(struct pauses *pauses, uint64_t client)
{
    struct pause *own = (struct pause *)find(pauses, client), *set = pauses->sets[set_of(client)];
    if (own != NULL)
        return own;
    struct pause *oldest = &set[0];
    for (size_t i = 1; i < PAUSES_WAYS; i++)
        if (set[i].last_ns < oldest->last_ns)
            oldest = &set[i];
    *oldest = (struct pause){.client = client};
    return oldest;
}

void pauses_wrong(struct pauses *pauses, uint64_t client, uint64_t now_ns)
{
    struct pause *pause = place_of(pauses, client);
    if (pause->wrong > 0 && now_ns - pause->last_ns >= PAUSES_FORGET_MS * NS_PER_MS)
        pause->wrong = 0;
    pause->last_ns = now_ns;
    pause->wrong++;
    if (pause->wrong <= PAUSES_FREE)
        return;
    unsigned doublings = pause->wrong - PAUSES_FREE - 1;
    uint64_t ms = doublings < 6 ? (uint64_t)PAUSES_FIRST_MS << doublings : PAUSES_LONGEST_MS;
    pause->until_ns = now_ns + ms * NS_PER_MS;
}

void pauses_right(struct pauses *pauses, uint64_t client)
{
    struct pause *pause = (struct pause *)find(pauses, client);
    if (pause != NULL)
        *pause = (struct pause){.client = client};
}
