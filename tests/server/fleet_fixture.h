/* A fleet for the tests of the service: weights that know nothing, series that can teach them. */
#ifndef TESTS_SERVER_FLEET_FIXTURE_H
#define TESTS_SERVER_FLEET_FIXTURE_H

#include "tests/core/a_base.h"

#include "core/fleet.h"
#include "server/train/policy.h"
#include "tests/server/service_fixture.h"

#define SERIES 40
#define POINTS 70

/* For cmocka: a fixture, opened, whose shared weights know nothing; trainings only where asked for.
 */
int fleet_setup(void **state);
/* The fixture's shared weights are replaced, which must be closed. */
void fleet_forget_weights(struct fixture *f);

/* "s07" for 7; valid until the next call. */
const char *fleet_name(size_t series);
/* A week with a burst on a quarter of its days. */
void put_bursts(struct fixture *f, size_t series);
/* n such series, fitted. */
void put_fleet(struct fixture *f, size_t n);
void set_fits(struct fixture *f, size_t series, enum fit_policy fit, uint32_t every);

struct fleet_view fleet_of(struct fixture *f);
/* Trains to the end. */
void train(struct fixture *f);
/* Of the record that answers, which must be there. */
uint64_t identity_of_record(struct fixture *f, const char *id);
/* Series from first on without a record of the weights that answer. */
size_t outdated_n(struct fixture *f, size_t first);

#endif
