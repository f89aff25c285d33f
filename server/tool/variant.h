/* The shared networks as an evaluation wants them: which of them, how many steps deep, with or without what
 * verification says. Knows where weights come from and how a base is changed without training; refuses to
 * know who asks it. Surprising: nothing here steers the networks while they think. What is taken away is
 * taken out of a copy of the weights, so that the copy runs through every path that the original does. */
#ifndef SERVER_TOOL_VARIANT_H
#define SERVER_TOOL_VARIANT_H

#include "server/tool/tool.h"

#include "core/base.h"

#include <stdio.h>

struct variant {
    const char *weights; /* a file, NULL = those of the program */
    size_t network;      /* only this one, from 1; 0 = all */
    size_t steps;        /* supervision steps at most; 0 = as many as were trained */
    bool unverified;     /* every step is told what a series without a record is told */
};

/* *ret is the caller's; *ret_identity names the weights before any change. */
int variant_make(const struct variant *variant, struct trm_base **ret, uint64_t *ret_identity,
                 struct tool_err *err);

/* Networks that say nothing, for those who only want what comes before them. NULL without memory. */
struct trm_base *variant_blank(void);

#endif
