/* Shared weights that the loop and the workers share. A worker that began with one base ends with
 * it, whatever has been published meanwhile. */
#ifndef SERVER_TRAIN_BASE_REF_H
#define SERVER_TRAIN_BASE_REF_H

#include "core/base.h"

struct base_ref;

/* Takes the base; count 1. NULL when out of memory (base not taken). */
struct base_ref *base_ref_new(struct trm_base *base);
/* The same without taking it: the base outlives the reference. */
struct base_ref *base_ref_borrow(const struct trm_base *base);
struct base_ref *base_ref_ref(struct base_ref *ref);
/* Accepts NULL. */
void base_ref_unref(struct base_ref *ref);
const struct trm_base *base_ref_get(const struct base_ref *ref);

#endif
