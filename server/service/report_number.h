/* A number inside a report that is stored as JSON text. */
#ifndef SERVER_SERVICE_REPORT_NUMBER_H
#define SERVER_SERVICE_REPORT_NUMBER_H

#include <math.h>
#include <stdio.h>

#define REPORT_NUMBER_MAX 32

/* buf: REPORT_NUMBER_MAX bytes, returned; null for NaN and infinities. */
static inline const char *report_number(double v, char *buf)
{
    if (isfinite(v))
        snprintf(buf, REPORT_NUMBER_MAX, "%.6g", v);
    else
        snprintf(buf, REPORT_NUMBER_MAX, "null");
    return buf;
}

#endif
