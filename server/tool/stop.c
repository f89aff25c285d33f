/* The flag. Knows signals. */
#include "server/tool/stop.h"

#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>

static atomic_bool wanted;

static void note(int number)
{
    (void)number;
    atomic_store(&wanted, true);
}

void stop_watch(void)
{
    struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART | (int)SA_RESETHAND};

    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

bool stop_wanted(void)
{
    return atomic_load(&wanted);
}
