/* The words of the status codes. */
#include "core/status.h"

const char *trm_status_text(enum trm_status status)
{
    switch (status) {
#define TRM_STATUS_CASE(name, text)                                                                \
    case TRM_##name:                                                                               \
        return text;
        TRM_STATUS_LIST(TRM_STATUS_CASE)
#undef TRM_STATUS_CASE
    }
    return "unknown status";
}
