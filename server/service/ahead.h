/* Lead-time questions to an outlook: what will it be then, and how long until it is too much. Pure:
 * knows numbers and a grid; refuses to know the clock (now is an argument) and where the outlook
 * came from. Surprising: a value holds for its step, as a dashboard draws it, but a threshold is
 * crossed on the straight line between two steps: the first step beyond it would come too late to
 * act on. Any thread. */
#ifndef SERVER_SERVICE_AHEAD_H
#define SERVER_SERVICE_AHEAD_H

#include "server/service/outlook.h"

struct ahead_value {
    double median, lower, upper;
};

/* Of the step that t lies in. The last known step counts, where its value is observed: then all
 * three are that value. False: t lies before it or behind the horizon (*ret untouched). */
bool ahead_at(const struct outlook *outlook, int64_t t, struct ahead_value *ret);

/* Milliseconds from now until curve ([outlook->horizon]: its median, lower or upper) is at the
 * threshold or beyond it, above or below; 0 where it is so already, by the last known value too.
 * NaN: not within the horizon. */
double ahead_crossing_ms(const struct outlook *outlook, const double *curve, double threshold,
                         bool above, int64_t now);

#endif
