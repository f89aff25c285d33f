/* Who has shown wrong keys lately, and how long they must wait before another one is looked at. Knows
 * clients' numbers and times; refuses to know keys. Surprising: a full table forgets whom it has not
 * heard of for longest: it keeps one client from asking for checks without end, it does not keep count.
 * Loop's thread. */
#ifndef SERVER_KEYS_PAUSES_H
#define SERVER_KEYS_PAUSES_H

#include <stddef.h>
#include <stdint.h>

/* Wrong keys that cost no pause: clients are set up by people. */
#define PAUSES_FREE 8
/* The first pause and the longest, in ms; each wrong key doubles it. */
#define PAUSES_FIRST_MS 1000
#define PAUSES_LONGEST_MS 64000
/* After so long without a wrong key all is forgotten. */
#define PAUSES_FORGET_MS 300000
#define PAUSES_SETS 256
#define PAUSES_WAYS 4

struct pause {
    uint64_t client;
    unsigned wrong;    /* 0: a free place */
    uint64_t until_ns; /* no check before; monotonic */
    uint64_t last_ns;  /* of its last wrong key */
};

/* All zero is the valid start. */
struct pauses {
    struct pause sets[PAUSES_SETS][PAUSES_WAYS];
};

/* Whole seconds, rounded up, that the client must wait; 0: none. */
unsigned pauses_left_s(const struct pauses *pauses, uint64_t client, uint64_t now_ns);

/* The client has shown a wrong key, a right one. */
void pauses_wrong(struct pauses *pauses, uint64_t client, uint64_t now_ns);
void pauses_right(struct pauses *pauses, uint64_t client);

#endif
