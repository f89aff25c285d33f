/* The current forecast of a series as plain numbers: a median and its 95% interval for each step to
 * come. Knows how to keep them until the series changes; refuses to know who asks. Surprising:
 * horizons have rungs (the series' own, then 64, 128, … 1,024): what is said of a step depends a
 * little on how far a forecast reaches, and the same question must not get another answer because
 * somebody else has looked further.
 *
 * The loop's thread only. Cost: a lookup, or one forecast (under a millisecond for hourly steps).
 */
#ifndef SERVER_SERVICE_OUTLOOK_H
#define SERVER_SERVICE_OUTLOOK_H

#include "server/service/service.h"

/* The interval, in percent, and its quantiles. */
#define OUTLOOK_PERCENT 95
#define OUTLOOK_LOWER 0.025
#define OUTLOOK_UPPER 0.975

struct outlook {
    struct trm_grid grid;
    int64_t first_step;                   /* of lead 1 */
    size_t horizon;                       /* leads: the rung */
    int64_t issued_at;                    /* UTC ms of the last step that the forecast knew */
    double last;                          /* its value; NaN = missing */
    const double *median, *lower, *upper; /* [horizon] */
};

/* horizon: leads that are needed (0: the series' own horizon; more than TRM_HORIZON_MAX: so many).
 * Valid until the loop goes on or the next call. Returns 0, or -1 with ERR_NOT_FOUND,
 * ERR_TOO_SHORT, ERR_NO_MEMORY. */
SERVICE_MUST int service_outlook(struct service *service, const char *id, size_t horizon,
                                 struct outlook *ret, struct err *err);

/* Leads from the last known step until t, that of the step at t or before it; 0: t is not ahead. */
size_t service_leads_until(struct service *service, const char *id, int64_t t);

#endif
