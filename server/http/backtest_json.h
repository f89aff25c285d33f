/* The body of POST …/backtest. Knows its fields; refuses to know defaults and limits that depend on the
 * series (service). The loop's thread. */
#ifndef SERVER_HTTP_BACKTEST_JSON_H
#define SERVER_HTTP_BACKTEST_JSON_H

#include "server/service/service.h"

/* Empty, or {"horizon","windows","step","methods","levels"}, each optional; methods by their names, levels in
 * percent, 80 and 95 where absent. Returns 0, or -1 with ERR_SYNTAX, ERR_INVALID (place: a JSON pointer),
 * ERR_TOO_LARGE or ERR_NO_MEMORY, *ret untouched. */
__attribute__((warn_unused_result)) int backtest_json_parse(const char *body, size_t n,
                                                            struct backtest_ask *ret, struct err *err);

#endif
