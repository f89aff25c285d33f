/* The wish to end early: Ctrl-C and SIGTERM as a flag. Surprising: the second signal ends the program at
 * once, so that a job that does not look at the flag can still be ended. */
#ifndef SERVER_TOOL_STOP_H
#define SERVER_TOOL_STOP_H

#include <stdbool.h>

/* From now on the first SIGINT or SIGTERM only sets the flag. */
void stop_watch(void);
bool stop_wanted(void); /* any thread */

#endif
